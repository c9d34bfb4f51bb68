"""Bugs in layers, losses and update rules in the CS231n style.

This half is held back while a diagnosis is written.
"""

from gradcheck_reference.bugs.types import Bug

BUGS: tuple[Bug, ...] = (
    Bug(
        id="cs-affine-returns-swapped",
        title="dw and dx are returned in the other order.",
        like="survey: several values returned, order mixed up",
        right="cs231n_layers",
        target="affine_forward",
        old="return dx, dw, db",
        new="return dw, dx, db",
        law="contract",
        also=("gradient", "batch"),
        wrt="x",
        cause="gradient-shape",
        init="affine_forward(x, w, b) / affine_backward(dout, cache)",
        lineage="cs231n",
    ),
    Bug(
        id="cs-affine-relu-skips-relu",
        title="The composite hands dout to the affine layer without the ReLU step.",
        like="survey: output-activation derivative missing",
        right="cs231n_layers",
        target="affine_relu_forward",
        old="return affine_backward(da, fc_cache)",
        new="return affine_backward(dout, fc_cache)",
        law="gradient",
        also=("kinks",),
        wrt="x",
        cause="missing-chain-factor",
        init="affine_relu_forward(x, w, b) / affine_relu_backward(dout, cache)",
        lineage="cs231n",
    ),
    Bug(
        id="cs-dropout-backward-unscaled",
        title="backward applies the mask without its 1/p.",
        like="survey: dropout scale",
        right="cs231n_layers",
        target="dropout_forward",
        old="return dout * mask",
        new="return dout * (mask > 0)",
        law="gradient",
        also=("train_eval",),
        wrt="x",
        cause="dropout-scale",
        also_causes=("constant-factor", "missing-chain-factor"),
        init=(
            "dropout_forward(x, {'p': 0.7, 'mode': 'train', 'seed': 1}) / "
            "dropout_backward(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-dropout-test-scaled",
        title="Test mode multiplies by p although training already divided by it.",
        like="two conventions of dropout mixed up",
        right="cs231n_layers",
        target="dropout_forward",
        old="mask = np.ones(x.shape)",
        new="mask = np.ones(x.shape) * p",
        law="train_eval",
        also=("roles", "same_as_reference"),
        wrt="out",
        cause="dropout-scale",
        init=(
            "dropout_forward(x, {'p': 0.7, 'mode': 'train', 'seed': 1}) / "
            "dropout_backward(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-momentum-mutable-default",
        title="The default config is one dict for all parameters: def f(config={}).",
        like="Python's mutable default argument",
        right="cs231n_optim",
        target="sgd_momentum",
        old="def sgd_momentum(w, dw, config=None):",
        new="def sgd_momentum(w, dw, config={}):  # noqa: B006",
        law="state_per_parameter",
        also=("optimizer_steps", "contract"),
        wrt="config",
        cause="state-shared-between-parameters",
        also_causes=("shared-state",),
        init="sgd_momentum(w, dw, {'learning_rate': 0.1})",
        lineage="cs231n",
    ),
    Bug(
        id="cs-momentum-velocity-not-stored",
        title="The velocity is stored as zeros: there is no momentum.",
        like="survey: result kept in a local name",
        right="cs231n_optim",
        target="sgd_momentum",
        old='config["velocity"] = v',
        new='config["velocity"] = np.zeros_like(v)',
        law="optimizer_steps",
        wrt="w",
        cause="update-wrong",
        init="sgd_momentum(w, dw, {'learning_rate': 0.1})",
        lineage="cs231n",
    ),
    Bug(
        id="cs-rmsprop-moves-at-zero",
        title=(
            "The gradient is shifted by epsilon before it is divided: parameters drift where "
            "the gradient is 0."
        ),
        like="epsilon added to the wrong term",
        right="cs231n_optim",
        target="rmsprop",
        old='next_w = w - config["learning_rate"] * dw / (np.sqrt(cache) + config["epsilon"])',
        new=(
            'next_w = w - config["learning_rate"] * (dw + 1e-8) / (np.sqrt(cache) + '
            'config["epsilon"])'
        ),
        law="zero_gradient_rests",
        also=("optimizer_steps",),
        wrt="w",
        cause="epsilon-placement",
        init="rmsprop(w, dw, {'learning_rate': 0.1})",
        lineage="cs231n",
    ),
    Bug(
        id="cs-adam-corrected-moment-stored",
        title="The corrected first moment is written back and corrected again at the next step.",
        like="survey: state overwritten by a derived value",
        right="cs231n_optim",
        target="adam",
        old='m_hat = config["m"] / (1 - config["beta1"] ** config["t"])',
        new='m_hat = config["m"] = config["m"] / (1 - config["beta1"] ** config["t"])',
        law="bias_correction",
        also=("optimizer_steps", "bowl_descends"),
        wrt="w",
        cause="bias-correction",
        init="adam(w, dw, {'learning_rate': 0.01})",
        lineage="cs231n",
    ),
)
