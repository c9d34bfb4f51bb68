"""Causes that sit in state, modes, optimizers, models, accuracies and numerical gradients."""

from __future__ import annotations

from gradcheck.diagnose.about import (
    CS_A2,
    FISH_4,
    FISH_5,
    FISH_6,
    NNFS_DROP,
    NNFS_OPT,
    NUMPY_B,
    NUMPY_C,
    About,
)

ADAM = {"nnfs": "corrected = layer.weight_momentums / (1 - self.beta_1 ** (self.iterations + 1))",
        "any": "t += 1\nm_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)"}  # fmt: skip

TRAINING: dict[str, About] = {
    "stale-mask": About(
        "a value of an earlier call is used again",
        "a mask, shape or output kept from the first batch does not fit the next one",
        {"any": "self.mask = x <= 0  # in every forward"},
        FISH_5,
    ),
    "resampled-mask": About(
        "backward draws a new random mask",
        "the units that were dropped in forward are those that get no gradient",
        {"nnfs": "self.dinputs = dvalues * self.binary_mask", "any": "dx = dout * self.mask"},
        NNFS_DROP,
    ),
    "mode-ignored": About(
        "training and evaluation are not told apart where they should be",
        "dropout and normalisation compute different functions in the two modes, and so do "
        "their gradients",
        {"nnfs": "if not training:\n    self.output = inputs.copy(); return",
         "any": "if train:\n    mu, var = x.mean(0), x.var(0)  # else the running ones"},
        CS_A2,
    ),
    "dropout-scale": About(
        "kept units are not scaled by 1/(1 - rate), or by the wrong share",
        "without it the mean of the output changes between training and evaluation",
        {"nnfs": "self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / "
                 "self.rate",
         "any": "mask = (rng.random(x.shape) < keep) / keep"},
        NNFS_DROP,
    ),
    "running-statistics": About(
        "the running mean or variance is not what training has seen",
        "evaluation standardises with them: mean with mean, and the root of the variance",
        {"any": "running_var = momentum * running_var + (1 - momentum) * var\nstd = "
                "np.sqrt(running_var + eps)"},
        CS_A2,
    ),
    "edits-gradient": About(
        "the optimizer writes into the gradient array it is given",
        "weight_updates = layer.dweights is a second name for it: the layer's gradient changes",
        {"nnfs": "weight_updates = self.momentum * layer.weight_momentums - rate * layer.dweights",
         "any": "g = grads[key].copy()"},
        NUMPY_C,
    ),
    "accumulates": About(
        "every backward adds to the gradient of the last one",
        "fine where a zero_grad() is called; without one the steps grow and grow",
        {"any": "self.dW[...] = 0\nnp.add.at(self.dW, idx, dout)"},
        FISH_5,
    ),
    "not-repeatable": About(
        "the same call gives another result the second time",
        "something is changed by the call and not put back",
        {"any": "# assign in forward what backward uses; backward changes nothing but gradients"},
        FISH_5,
    ),
    "shared-state": About(
        "two objects, or two calls, share one array",
        "class attributes and default arguments exist once for all objects",
        {"any": "def __init__(self):\n    self.cache = {}  # on the object, not on the class"},
        "Python tutorial, 'Class and instance variables'",
    ),
    "bias-correction": About(
        "the averages of Adam are not corrected for their start at zero",
        "the first steps are then too small, by (1 - beta**t)",
        ADAM,
        NNFS_OPT,
    ),
    "step-counter": About(
        "the step count t is off: not increased, one too small, or counted per tensor",
        "bias correction needs t = 1 in the first step",
        ADAM,
        NNFS_OPT,
    ),
    "moment-not-squared": About(
        "the second moment adds up gradients, not their squares",
        "its root measures the size of the gradient; a sum of signed numbers does not",
        {"nnfs": "layer.weight_cache += layer.dweights**2", "any": "h += g * g"},
        NNFS_OPT,
    ),
    "decay-wrong": About(
        "weight or learning-rate decay is not applied as defined",
        "rate / (1 + decay * t) starts from the first rate each time; AdamW decays by lr * wd * w",
        {"nnfs": "self.current_learning_rate = self.learning_rate / (1. + self.decay * "
                 "self.iterations)",
         "any": "w -= lr * weight_decay * w"},
        NNFS_OPT,
    ),
    "update-wrong": About(
        "the step is not that of the method of this name",
        "compare it term by term with the formula",
        {"any": "write the step as the formula named in the message, term by term"},
        FISH_6,
    ),
    "state-shared-between-parameters": About(
        "one momentum or cache serves several parameters",
        "each parameter has its own history",
        {"any": "self.v = {k: np.zeros_like(p) for k, p in params.items()}"},
        FISH_6,
    ),
    "restore-missing": About(
        "a value is not put back to what it was",
        "x moved by h must be restored before the next entry; saved parameters must come back "
        "bit by bit",
        {"fish": "x[idx] = tmp_val  # restore before the next entry", "any": "x[idx] = saved"},
        FISH_4,
    ),
    "numerical-gradient-wrong": About(
        "the difference quotient is wrong",
        "(f(x+h) - f(x-h)) / (2*h), one entry at a time, h about 1e-4",
        {"any": "x[idx] = v + h; f1 = f(x)\nx[idx] = v - h; f2 = f(x); grad[idx] = (f1 - f2) / "
                "(2 * h); x[idx] = v"},
        FISH_4,
    ),
    "forward-wrong": About(
        "forward does not compute what its name says",
        "a gradient check cannot see this: backward may be the right derivative of the wrong "
        "function",
        {"any": "# compare with the reference: gradcheck check FILE::NAME --law same_as_reference"},
        FISH_5,
    ),
    "accuracy-broadcast": About(
        "predictions and labels of different shapes are compared, each entry with every other",
        "(n,) == (n, 1) is a table of n x n, and its mean is not the accuracy",
        {"any": "return np.mean(predictions.ravel() == y.ravel())"},
        NUMPY_B,
    ),
    "never-wired": About(
        "a layer or parameter is built but takes no part",
        "its gradient is zero for ever, or is never applied",
        {"any": "x = self.dropout.forward(x)  # in forward, and in reverse order in backward"},
        FISH_5,
    ),
}  # fmt: skip
