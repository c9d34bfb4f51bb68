"""The mathematics, once: ``y, cache = name_forward(x, ...)``, ``dx = name_backward(g, cache)``.

Pure functions of NumPy arrays. float32 stays float32 and float64 stays float64; whole numbers are
promoted; any memory layout and any batch of at least one sample. Arguments are never edited. A
cache refers to the arrays it needs, it does not copy them.
"""
