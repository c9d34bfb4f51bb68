"""Causes that sit in labels, shapes, memory, dtypes and special values."""

from __future__ import annotations

from gradcheck.diagnose.about import (
    FISH_5,
    FISH_7,
    NNFS_9,
    NNFS_LOSS,
    NUMPY_B,
    NUMPY_C,
    NUMPY_T,
    About,
)

CAST = "y_true = y_true.astype(float)  # once, on entry"
COPY = {"nnfs": "self.dinputs = dvalues.copy()\nself.dinputs[self.inputs <= 0] = 0",
        "fish": "dx = dout.copy()\ndx[self.mask] = 0",
        "cs231n": "dx = np.where(x > 0, dout, 0)"}  # fmt: skip

DATA: dict[str, About] = {
    "label-dtype-wrap": About(
        "arithmetic on labels of a small integer dtype wraps around",
        "in uint8 there is no -1: it becomes 255, and 0 - 1 is 255 too; MNIST's labels are uint8",
        {"nnfs": "self.dinputs = -(y_true / p - (1 - y_true) / (1 - p))\n" + CAST, "any": CAST},
        NUMPY_T,
    ),
    "int-truncation": About(
        "results are written into an array of whole numbers, which drops the fractions",
        "np.zeros_like(x) and x.copy() have the dtype of x: whole numbers stay whole",
        {"any": "x = np.asarray(x, dtype=float)\nout = np.zeros(x.shape)"},
        NUMPY_T,
    ),
    "labels-broadcast": About(
        "labels of shape (n,) against predictions of shape (n, 1) make a table of n x n",
        "NumPy broadcasts (n, 1) with (n,) to (n, n) without a word",
        {"nnfs": "y_true = y_true.reshape(y_pred.shape)", "any": "t = t.reshape(y.shape)"},
        NUMPY_B,
    ),
    "onehot-as-index": About(
        "one-hot labels are used as class numbers",
        "p[range(n), y] wants class numbers; a one-hot row is a mask",
        {"any": "if y.ndim == 2:\n    y = np.argmax(y, axis=1)"},
        NNFS_LOSS,
    ),
    "last-class": About(
        "the last class is never reached",
        "range(n - 1) and modulo (n - 1) leave it out",
        {"any": "for c in range(n_classes):\n    ..."},
        NNFS_LOSS,
    ),
    "batch-of-one": About(
        "wrong, or failing, for a batch of one sample",
        "squeeze() drops the batch axis together with the others when it is 1",
        {"any": "x = x.reshape(len(x), -1)  # in place of x.squeeze()"},
        NUMPY_B,
    ),
    "batch-mixed": About(
        "the result of one sample depends on the other samples of the batch",
        "x[:, y] takes the columns y of every row; x[np.arange(n), y] takes one entry of each",
        {"any": "dx[np.arange(n), y] -= 1"},
        NNFS_LOSS,
    ),
    "memory-layout": About(
        "the result depends on how the array lies in memory",
        "ravel() of an array in Fortran order is a copy: writing into it is lost; order='F' "
        "scrambles",
        {"any": "dx = np.zeros(x.shape)  # C order, whatever x has\ndx[...] = (dout @ "
                "W.T).reshape(x.shape)"},
        NUMPY_C,
    ),
    "square-only": About(
        "right only where two sizes are equal",
        "two axes are exchanged, or one size is used for both",
        {"any": "n, c, h, w = x.shape\n"
                "return out.reshape(n, out_h, out_w, f).transpose(0, 3, 1, 2)"},
        FISH_7,
    ),
    "stride-ignored": About(
        "backward ignores the stride",
        "window t starts at t * stride in forward, so it does in backward",
        {"any": "start = t * stride\ndx[:, :, start : start + k] += d_window"},
        FISH_7,
    ),
    "padding-zero": About(
        "with padding 0 the slice [p:-p] is empty",
        "-0 is 0, so [0:-0] is [0:0]",
        {"any": "dx = dx_pad[:, :, p : dx_pad.shape[2] - p]"},
        FISH_7,
    ),
    "option-ignored": About(
        "an option of the constructor is used in forward, but not in backward (or not at all)",
        "slope, alpha, pad, stride belong into both directions",
        {"any": "dx = dout * np.where(x > 0, 1.0, self.alpha)"},
        NNFS_9,
    ),
    "softmax-broadcast": About(
        "the row sums have shape (n,), so they are divided into the columns, or do not fit at all",
        "sum(axis=1) drops the axis; keepdims=True keeps it as (n, 1). Square batches hide this",
        {"nnfs": "self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)",
         "any": "p = e / e.sum(axis=1, keepdims=True)"},
        NUMPY_B,
    ),
    "softmax-whole-batch": About(
        "softmax is taken over the whole batch in place of each row",
        "np.sum(e) without an axis adds up all samples: the rows no longer sum to 1",
        {"nnfs": "exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))\n"
                 "self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)",
         "any": "e = np.exp(x - x.max(axis=-1, keepdims=True))\np = e / e.sum(axis=-1, "
                "keepdims=True)"},
        FISH_5,
    ),
    "edits-argument": About(
        "a call writes into an array that belongs to the caller",
        "x -= x.max() changes the caller's data; the next use of it is wrong",
        {"any": "x = x - x.max(axis=1, keepdims=True)  # a new array"},
        NUMPY_C,
    ),
    "edits-upstream": About(
        "backward writes into the upstream gradient it was given",
        "dx = dout is a second name, not a copy; the layer above still needs its array",
        COPY,
        NUMPY_C,
    ),
    "overwrites-output": About(
        "backward writes into the output that forward stored",
        "dinputs = output is a second name for it; a later use of the output is wrong",
        {"nnfs": "self.dinputs = dvalues.copy()\nself.dinputs[range(samples), y_true] -= 1",
         "any": "dx = self.y.copy()\ndx[np.arange(n), t] -= 1"},
        NUMPY_C,
    ),
    "cached-by-reference": About(
        "an array is kept by reference, not copied",
        "if the caller changes it between forward and backward, backward sees the change",
        {"any": "self.x = x.copy()"},
        NUMPY_C,
    ),
    "float32-inside": About(
        "something inside is computed in single precision",
        "float64 input then gives about 7 digits; a numerical check has nothing to measure with",
        {"any": "out = np.zeros(shape, dtype=x.dtype)"},
        NUMPY_T,
    ),
    "overflow": About(
        "an intermediate value overflows",
        "exp(710) is infinite in float64",
        {"any": "z = x - x.max(axis=1, keepdims=True)\nlog_p = z - np.log(np.exp(z).sum(axis=1, "
                "keepdims=True))"},
        "Neural Networks from Scratch, chapter 4 (softmax); CS231n notes, 'Linear classification'",
    ),
    "nan-at-extreme": About(
        "0/0, inf/inf or 0*inf gives NaN for a legal input",
        "one NaN spreads to every weight in the next step",
        {"any": "p = np.clip(p, 1e-7, 1 - 1e-7)\n# sigmoid: np.exp(-np.logaddexp(0, -x))"},
        NNFS_LOSS,
    ),
    "clip-mismatch": About(
        "forward and backward clip at different values",
        "outside of forward's limits the derivative is another one, or infinite",
        {"nnfs": "clipped = np.clip(dvalues, 1e-7, 1 - 1e-7)  # the limits of forward"},
        NNFS_LOSS,
    ),
    "kink-value": About(
        "at a kink another value of the allowed interval is used than usual",
        "at 0 any slope between the two one-sided ones is a subgradient; the books use 0 for ReLU",
        {"nnfs": "self.dinputs[self.inputs <= 0] = 0", "any": "dx = dout * (x > 0)"},
        FISH_5,
    ),
    "tie-gradient": About(
        "equal maxima get more gradient together than there is",
        "along all of them together the slope is 1: share it, or give it to one",
        {"any": "mask = x == m\ndx = dout * mask / mask.sum(axis=axis, keepdims=True)"},
        FISH_7,
    ),
    "gradient-missing": About(
        "backward computes no gradient for this array, or does not keep it",
        "a local variable is gone when the method returns",
        {"nnfs": "self.dinputs = np.dot(dvalues, self.weights.T)", "fish": "self.dW = "
                                                                           "...\nreturn dx",
         "cs231n": "return dx, dw, db"},
        NNFS_9,
    ),
    "gradient-shape": About(
        "the gradient has another shape than its array",
        "a gradient has one entry for each entry of the array",
        {"any": "dx = dx.reshape(self.x_shape)"},
        FISH_5,
    ),
    "gradient-dtype": About(
        "the gradient is an array of whole numbers",
        "fractions are cut off: small gradients become 0",
        {"any": "dx = np.zeros(x.shape)  # float64, whatever x is"},
        NUMPY_T,
    ),
    "name-error": About(
        "the code uses a name that does not exist",
        "a line that never ran hides a misspelt name",
        {"any": "# the message names it; compare with what __init__ and forward assign"},
        "Python tutorial, 'Errors and exceptions'",
    ),
}  # fmt: skip
