"""Causes that sit in the formula of a gradient."""

from __future__ import annotations

from gradcheck.diagnose.about import (
    CS_A2,
    CS_A3,
    CS_BP,
    FISH_5,
    FISH_6,
    FISH_7,
    NNFS_9,
    NNFS_CH14,
    NNFS_LOSS,
    NUMPY_B,
    About,
)

GRADIENT: dict[str, About] = {
    "sign-flipped": About(
        "a gradient, or one of its terms, has the opposite sign",
        "training then climbs where it should descend; -y/p and (p - y) carry their sign for a "
        "reason",
        {"nnfs": "self.dinputs = -y_true / dvalues\nself.dinputs = self.dinputs / samples",
         "any": "dx = (p - y) / N  # prediction minus target"},
        NNFS_LOSS,
    ),
    "constant-factor": About(
        "every entry is wrong by one and the same factor",
        "a factor of the formula was dropped or counted twice (the 2 of a square, 1/k^2 of a mean)",
        {"any": "# d/dx of x**2 is 2*x; a mean over k*k values gives each of them 1/(k*k)\n"
                "dx = 2 * (pred - target) / pred.size"},
        CS_BP,
    ),
    "missing-mean": About(
        "the division by the number of samples (or outputs) is missing",
        "forward takes a mean, so backward must divide by the same count",
        {"nnfs": "samples = len(dvalues)\nself.dinputs = self.dinputs / samples",
         "fish": "batch_size = self.t.shape[0]\ndx = (self.y - self.t) / batch_size",
         "cs231n": "N = x.shape[0]\ndx /= N"},
        NNFS_LOSS,
    ),
    "extra-mean": About(
        "it is divided by the number of samples (or outputs) once too often",
        "the loss has divided already; a layer must sum over the batch, not average",
        {"nnfs": "self.dbiases = np.sum(dvalues, axis=0, keepdims=True)",
         "any": "db = dout.sum(axis=0)  # sum, not mean: the loss holds the 1/N"},
        NNFS_9,
    ),
    "transposed": About(
        "a matrix or its axes are transposed",
        "the gradient of X @ W is X.T @ dout for W and dout @ W.T for X; shapes alone do not "
        "tell in "
        "square cases",
        {"nnfs": "self.dweights = np.dot(self.inputs.T, dvalues)\nself.dinputs = "
                 "np.dot(dvalues, self.weights.T)",
         "fish": "self.dW = np.dot(self.x.T, dout)\ndx = np.dot(dout, self.W.T)",
         "cs231n": "dw = x.T @ dout\ndx = dout @ w.T"},
        CS_BP,
    ),
    "kernel-flipped": About(
        "the kernel is used the wrong way round",
        "backward of a correlation is a convolution: exactly one of the two flips the kernel",
        {"any": "# scatter with the same, unflipped kernel that forward gathered with\n"
                "dx[window] += dout[:, :, t] * weight"},
        FISH_7,
    ),
    "wrong-axis-sum": About(
        "a sum, mean or maximum runs over the wrong axis",
        "what was shared along an axis gets the sum along that axis, and no other",
        {"nnfs": "self.dbiases = np.sum(dvalues, axis=0, keepdims=True)  # over the samples",
         "any": "db = dout.sum(axis=0)  # over the samples\nrow = p.sum(axis=1, keepdims=True)  "
                "# over the classes"},
        NUMPY_B,
    ),
    "summed-not-averaged": About(
        "a part that forward averages is summed without the division",
        "each of k averaged values has the weight 1/k",
        {"any": "dmu = dxc.sum(axis=0)\ndx = dxc - dmu / N"},
        CS_A2,
    ),
    "missing-broadcast-sum": About(
        "an array was used by several outputs, but the gradients of the copies are not added up",
        "what broadcasting copies in forward must be summed in backward",
        {"any": "db = dout.sum(axis=0)  # b (M,) was added to every row\n"
                "dscale = (dout * xn).sum(axis=tuple(range(dout.ndim - 1)))"},
        NUMPY_B,
    ),
    "bias-shape": About(
        "the gradient of the bias has another shape than the bias",
        "biases -= lr * dbiases then fails, or quietly changes the shape by broadcasting",
        {"nnfs": "self.dbiases = np.sum(dvalues, axis=0, keepdims=True)  # (1, n), as the biases",
         "any": "db = dout.sum(axis=0).reshape(b.shape)"},
        NNFS_9,
    ),
    "missing-regulariser": About(
        "the loss has a regularisation term, the gradient does not",
        "lambda * |w|^2 adds 2 * lambda * w to the gradient of w",
        {"nnfs": "self.dweights += 2 * self.weight_regularizer_l2 * self.weights",
         "any": "dW += 2 * reg * W  # reg * W where the loss has 0.5 * reg * W**2"},
        NNFS_CH14,
    ),
    "wrong-regulariser": About(
        "the regularisation term of the gradient is not that of the loss",
        "L1 adds lambda * sign(w), L2 adds 2 * lambda * w, each with its own parameter",
        {"nnfs": "dL1 = np.where(self.weights < 0, -1, 1)\nself.dweights += "
                 "self.weight_regularizer_l1 * dL1",
         "any": "db += 2 * bias_l2 * b  # the bias, not the weights"},
        NNFS_CH14,
    ),
    "missing-norm-term": About(
        "one of the terms of a normalisation's gradient is missing",
        "mean and variance depend on every input, so they carry gradient too: three terms, not one",
        {"any": "dn = dout * gamma\n"
                "dx = (dn - dn.mean(0) - xn * (dn * xn).mean(0)) / std"},
        CS_A2,
    ),
    "softmax-diagonal-only": About(
        "only the diagonal of the softmax Jacobian is used",
        "every output depends on every logit of its row: the Jacobian is diag(s) - s s^T",
        {"nnfs": "inner = np.sum(dvalues * self.output, axis=1, keepdims=True)\nself.dinputs = "
                 "self.output * (dvalues - inner)",
         "any": "inner = (dout * s).sum(axis=1, keepdims=True)\ndx = s * (dout - inner)"},
        NNFS_9,
    ),
    "missing-carry": About(
        "a contribution is not carried over from step to step",
        "in a loop every step uses the same weights and passes a gradient on: add, and hand over",
        {"any": "dWh += h_prev.T @ dz  # add, over all steps, the first one too\ndh_prev = dz @ "
                "Wh.T  # goes into the step before"},
        CS_A3,
    ),
    "derivative-at-wrong-point": About(
        "the derivative is taken at another array than it should be",
        "1 - y**2 wants y = tanh(x) itself; the gradient of a*b for a is b, for b is a",
        {"nnfs": "self.dinputs = dvalues * (1 - self.output ** 2)  # of the output",
         "any": "da, db = dout * b, dout * a\ndx = dout * (1 - y * y)  # y = tanh(x)"},
        CS_BP,
    ),
    "missing-chain-factor": About(
        "a factor or term of the chain rule is missing",
        "every function on the way contributes its derivative, every path its term",
        {"nnfs": "self.dinputs = dvalues * (1 - self.output) * self.output",
         "any": "dx = dout * y * (1 - y)\n# f(x) = x * g(x): dout * (g + x * dg)"},
        CS_BP,
    ),
    "wrong-derivative": About(
        "the formula is not the derivative of what forward computes",
        "forward and backward must be the same function and its derivative, constant for constant",
        {"any": "# write forward as small steps, one derivative each,\n# and multiply them in "
                "reverse order"},
        CS_BP,
    ),
    "identity-backward": About(
        "backward returns its upstream gradient unchanged",
        "that is right only for the identity (or where the loss behind it returns p - y already)",
        {"any": "dx = dout * local_derivative"},
        FISH_5,
    ),
    "zero-gradient": About(
        "the gradient is zero although the output depends on this input",
        "an array was made and never filled, or its gradient was dropped on the way",
        {"any": "return dx, dprev, dWx, dWh, db  # the computed arrays, not the empty ones"},
        FISH_5,
    ),
    "upstream-ignored": About(
        "the upstream gradient does not enter the result as a factor",
        "the chain rule multiplies the local derivative by what comes from above; a test with "
        "ones hides it",
        {"nnfs": "self.dinputs = dvalues * (1 - self.output) * self.output",
         "any": "dx = dout * local_derivative"},
        CS_BP,
    ),
    "wrong-mask-side": About(
        "a mask keeps the side that should be dropped",
        "the gradient passes where the input passed",
        {"nnfs": "self.dinputs = dvalues.copy()\nself.dinputs[self.inputs <= 0] = 0",
         "fish": "dx = dout.copy()\ndx[self.mask] = 0  # mask = (x <= 0)",
         "cs231n": "dx = dout * (x > 0)"},
        FISH_5,
    ),
    "duplicates-lost": About(
        "an index that occurs twice gets the gradient of one occurrence only",
        "dW[idx] += g writes each position once; np.add.at adds every occurrence",
        {"any": "dW = np.zeros_like(W)\nnp.add.at(dW, idx, dout)"},
        CS_A3,
    ),
    "overlap-lost": About(
        "where windows overlap, the last one overwrites the others",
        "an input in several windows gets the sum of their gradients: += and not =",
        {"any": "dx[:, :, rows, cols] += d_window"},
        FISH_7,
    ),
    "updated-weights-used": About(
        "the gradient of the input is computed with weights that were updated already",
        "the derivative belongs to the weights that forward used",
        {"any": "dx = dout @ self.W.T  # first\nself.W -= lr * self.dW  # then"},
        FISH_5,
    ),
    "epsilon-placement": About(
        "an epsilon stands inside a root in one place and outside in another",
        "sqrt(v + eps) and sqrt(v) + eps differ most where v is small",
        {"any": "std = np.sqrt(var + eps)  # the same expression in forward and backward"},
        FISH_6,
    ),
    "unknown": About(
        "no hypothesis explains the numbers",
        "the nearest ones and how far they miss are given",
        {"any": "# check one term at a time: set the others to zero in forward and in backward"},
        CS_BP,
    ),
}  # fmt: skip
