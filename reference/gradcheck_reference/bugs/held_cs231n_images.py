"""Bugs in convolution, pooling and normalisation in the CS231n style.

This half is held back while a diagnosis is written.
"""

from gradcheck_reference.bugs.types import Bug

BUGS: tuple[Bug, ...] = (
    Bug(
        id="cs-bn-running-std",
        title="The running variance averages the standard deviation.",
        like="survey: running statistics",
        right="cs231n_norm",
        target="batchnorm_forward",
        old='bn_param["running_var"] = momentum * running_var + (1 - momentum) * var',
        new='bn_param["running_var"] = momentum * running_var + (1 - momentum) * np.sqrt(var)',
        law="train_eval",
        also=("same_as_reference", "roles"),
        wrt="running_var",
        cause="running-statistics",
        init=(
            "batchnorm_forward(x, gamma, beta, {'mode': 'train'}) / batchnorm_backward(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-ln-sum-over-batch",
        title="One of the two sums of backward runs over the batch, as in batch normalisation.",
        like="CS231n assignment 2: batchnorm copied to layernorm",
        right="cs231n_norm",
        target="layernorm_forward",
        old="total = dx_hat.sum(axis=1, keepdims=True)",
        new="total = dx_hat.sum(axis=0, keepdims=True)",
        law="gradient",
        also=("batch",),
        wrt="x",
        cause="wrong-axis-sum",
        also_causes=("batch-mixed",),
        init="layernorm_forward(x, gamma, beta, {}) / layernorm_backward(dout, cache)",
        lineage="cs231n",
    ),
    Bug(
        id="cs-ln-n-in-place-of-d",
        title="The number of samples stands where the number of features should.",
        like="CS231n assignment 2: batchnorm copied to layernorm",
        right="cs231n_norm",
        target="layernorm_forward",
        old="D = dout.shape[1]",
        new="D = dout.shape[0]",
        law="gradient",
        also=("batch",),
        wrt="x",
        cause="square-only",
        init="layernorm_forward(x, gamma, beta, {}) / layernorm_backward(dout, cache)",
        lineage="cs231n",
    ),
    Bug(
        id="cs-gn-dgamma-whole-image",
        title="dgamma is summed over the channels too.",
        like="survey: axis slip",
        right="cs231n_norm",
        target="spatial_groupnorm_forward",
        old="dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)",
        new="dgamma = (dout * x_hat).sum(axis=(0, 1, 2), keepdims=True)",
        law="contract",
        also=("gradient",),
        wrt="gamma",
        cause="wrong-axis-sum",
        also_causes=("gradient-shape",),
        init=(
            "spatial_groupnorm_forward(x, gamma, beta, 2, {}) / "
            "spatial_groupnorm_backward(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-gn-mean-not-over-channels",
        title="The mean of backward leaves out the channels of the group.",
        like="survey: axis slip",
        right="cs231n_norm",
        target="spatial_groupnorm_forward",
        old="mean_d = dx_hat.mean(axis=(2, 3, 4), keepdims=True)",
        new="mean_d = dx_hat.mean(axis=(3, 4), keepdims=True)",
        law="gradient",
        wrt="x",
        cause="wrong-axis-sum",
        init=(
            "spatial_groupnorm_forward(x, gamma, beta, 2, {}) / "
            "spatial_groupnorm_backward(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-conv-stride-in-backward",
        title="backward moves the window by 1 whatever the stride.",
        like="survey: stride missing in conv backward",
        right="cs231n_conv",
        target="conv_forward_naive",
        old="for j in range(dout.shape[3]):\n            top, left = i * stride, j * stride",
        new="for j in range(dout.shape[3]):\n            top, left = i, j",
        law="gradient",
        wrt="w",
        cause="stride-ignored",
        also_causes=("option-ignored",),
        init=(
            "conv_forward_naive(x, w, b, {'stride': 1, 'pad': 1}) / "
            "conv_backward_naive(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-conv-db-per-position",
        title="db keeps the axis of the width.",
        like="survey: reduction missing",
        right="cs231n_conv",
        target="conv_forward_naive",
        old="db = dout.sum(axis=(0, 2, 3))",
        new="db = dout.sum(axis=(0, 2))",
        law="contract",
        also=("gradient", "batch"),
        wrt="b",
        cause="missing-broadcast-sum",
        also_causes=("bias-shape",),
        init=(
            "conv_forward_naive(x, w, b, {'stride': 1, 'pad': 1}) / "
            "conv_backward_naive(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-conv-dw-last-window-only",
        title="dw keeps the last window: = in place of +=.",
        like="survey: reused variable = instead of +=",
        right="cs231n_conv",
        target="conv_forward_naive",
        old="dw += np.tensordot(dout[:, :, i, j], window, axes=(0, 0))",
        new="dw = np.tensordot(dout[:, :, i, j], window, axes=(0, 0))",
        law="gradient",
        wrt="w",
        cause="overlap-lost",
        also_causes=("missing-broadcast-sum",),
        init=(
            "conv_forward_naive(x, w, b, {'stride': 1, 'pad': 1}) / "
            "conv_backward_naive(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-conv-output-size-formula",
        title="The 1 of the output size is missing.",
        like="survey: output-size formula",
        right="cs231n_conv",
        target="conv_forward_naive",
        old="W_out = 1 + (W + 2 * pad - WW) // stride",
        new="W_out = (W + 2 * pad - WW) // stride",
        law="same_as_reference",
        also=("contract", "batch"),
        wrt="out",
        cause="forward-wrong",
        init=(
            "conv_forward_naive(x, w, b, {'stride': 1, 'pad': 1}) / "
            "conv_backward_naive(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-conv-height-used-for-width",
        title="The width of the output is computed from the height: right for square images.",
        like="survey: H/W swapped, right for squares",
        right="cs231n_conv",
        target="conv_forward_naive",
        old="W_out = 1 + (W + 2 * pad - WW) // stride",
        new="W_out = 1 + (H + 2 * pad - WW) // stride",
        law="contract",
        also=("gradient", "same_as_reference"),
        wrt="out",
        cause="square-only",
        init=(
            "conv_forward_naive(x, w, b, {'stride': 1, 'pad': 1}) / "
            "conv_backward_naive(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-pool-ties-all-full",
        title="Every entry equal to the maximum gets the whole gradient.",
        like="survey: every tied maximum given the full gradient",
        right="cs231n_conv",
        target="max_pool_forward_naive",
        old="share = is_max / is_max.sum(axis=(2, 3), keepdims=True)",
        new="share = is_max * 1.0",
        law="kinks",
        also=("extremes", "dtype"),
        wrt="x",
        cause="tie-gradient",
        init=(
            "max_pool_forward_naive(x, {'pool_height': 2, 'pool_width': 2, 'stride': 2}) / "
            "max_pool_backward_naive(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-pool-window-uses-height",
        title="The window's width is its height.",
        like="survey: H/W swapped",
        right="cs231n_conv",
        target="max_pool_forward_naive",
        old="cols = slice(j * stride, j * stride + pw)",
        new="cols = slice(j * stride, j * stride + ph)",
        law="gradient",
        wrt="x",
        cause="square-only",
        init="max_pool_forward_naive(x, {'pool_height': 2, 'pool_width': 3, 'stride': 2})",
        lineage="cs231n",
    ),
)
