"""Right layers, losses, optimizers and models: what hand-written code is compared with.

``functional`` holds the mathematics once; ``nnfs`` and ``fish`` are thin skins over it in the words
of two books; ``data`` loads what they train on. NumPy only.
"""
