"""Bugs in optimizers and numerical differentiation in the fish-book style.

This half may be looked at while a diagnosis is written.
"""

from gradcheck_reference.bugs.types import Bug

BUGS: tuple[Bug, ...] = (
    Bug(
        id="fish-sgd-ascends",
        title="The gradient is added: the loss grows.",
        like="survey: sign flipped",
        right="fish_optimizers",
        target="SGD",
        old="for key in params:\n            params[key] -= self.lr * grads[key]",
        new="for key in params:\n            params[key] += self.lr * grads[key]",
        law="optimizer_steps",
        also=("bowl_descends",),
        wrt="params",
        cause="sign-flipped",
        init="SGD(0.1)",
        lineage="fish",
    ),
    Bug(
        id="fish-sgd-rebinds-name",
        title="The new value is bound to a local name and never put into params.",
        like="survey: dX never written; += on a name",
        right="fish_optimizers",
        target="SGD",
        old="for key in params:\n            params[key] -= self.lr * grads[key]",
        new=(
            "for key in params:\n"
            "            value = params[key] - self.lr * grads[key]  # noqa: F841"
        ),
        law="optimizer_steps",
        also=("bowl_descends",),
        wrt="params",
        cause="update-wrong",
        init="SGD(0.1)",
        lineage="fish",
    ),
    Bug(
        id="fish-adagrad-forgets",
        title="The squared gradients replace the sum instead of being added.",
        like="survey: = instead of +=",
        right="fish_optimizers",
        target="AdaGrad",
        old="self.h[key] += grads[key] * grads[key]",
        new="self.h[key] = grads[key] * grads[key]",
        law="optimizer_steps",
        wrt="params",
        cause="update-wrong",
        init="AdaGrad(0.1)",
        lineage="fish",
    ),
    Bug(
        id="fish-adagrad-no-epsilon",
        title="A gradient of zero gives 0 / 0.",
        like="fish book explains the 1e-7",
        right="fish_optimizers",
        target="AdaGrad",
        old=(
            "self.h[key] += grads[key] * grads[key]\n"
            "            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)"
        ),
        new=(
            "self.h[key] += grads[key] * grads[key]\n"
            "            params[key] -= self.lr * grads[key] / np.sqrt(self.h[key])"
        ),
        law="zero_gradient_rests",
        also=("optimizer_steps",),
        wrt="params",
        cause="nan-at-extreme",
        init="AdaGrad(0.1)",
        lineage="fish",
    ),
    Bug(
        id="fish-rmsprop-shared-zeros",
        title="dict.fromkeys gives every key the same array of zeros.",
        like="survey: one array for all parameters; right as long as their shapes differ too much",
        right="fish_optimizers",
        target="RMSprop",
        old=(
            "self.h = {key: np.zeros_like(value) for key, value in params.items()}\n"
            "        for key in params:\n"
            "            self.h[key] *= self.decay_rate"
        ),
        new=(
            "self.h = dict.fromkeys(params, np.zeros_like(next(iter(params.values()))))\n"
            "        for key in params:\n"
            "            self.h[key] *= self.decay_rate"
        ),
        law="state_per_parameter",
        also=("optimizer_steps", "contract"),
        wrt="params",
        cause="state-shared-between-parameters",
        init="RMSprop(0.01)",
        lineage="fish",
    ),
    Bug(
        id="numdiff-brackets",
        title="/ 2 * h multiplies by h.",
        like="survey: operator precedence",
        right="fish_gradient",
        target="numerical_diff",
        old="return (f(x + h) - f(x - h)) / (2 * h)",
        new="return (f(x + h) - f(x - h)) / 2 * h",
        law="numerical_gradient",
        wrt="gradient",
        cause="numerical-gradient-wrong",
        also_causes=("constant-factor",),
        init="numerical_diff",
        lineage="fish",
    ),
    Bug(
        id="numdiff-step-1e-50",
        title="The step is so small that x + h is x.",
        like="fish book ch. 4 warns of h = 1e-50",
        right="fish_gradient",
        target="numerical_diff",
        old="h = 1e-4\n    return (f(x + h) - f(x - h)) / (2 * h)",
        new="h = 1e-50\n    return (f(x + h) - f(x - h)) / (2 * h)",
        law="numerical_gradient",
        wrt="gradient",
        cause="numerical-gradient-wrong",
        init="numerical_diff",
        lineage="fish",
    ),
    Bug(
        id="numgrad-x-never-restored",
        title="Every entry stays shifted, so that later entries are measured at another point.",
        like="fish lineage: differences of 1e-3 to 5e-2 in place of 1e-10",
        right="fish_gradient",
        target="numerical_gradient",
        old="x[idx] = tmp\n        grad[idx] = (fxh1 - fxh2) / (2 * h)",
        new="tmp = x[idx]\n        grad[idx] = (fxh1 - fxh2) / (2 * h)",
        law="numerical_gradient",
        wrt="x",
        cause="restore-missing",
        init="numerical_gradient",
        lineage="fish",
    ),
    Bug(
        id="numgrad-whole-column",
        title="A whole column is shifted at once: every entry gets the column's sum of slopes.",
        like='fish lineage: a "vectorised" variant that perturbs a whole column',
        right="fish_gradient",
        target="numerical_gradient_rows",
        old="step[i, j] = h",
        new="step[:, j] = h",
        law="numerical_gradient",
        wrt="gradient",
        cause="numerical-gradient-wrong",
        init="numerical_gradient_rows",
        lineage="fish",
    ),
)
