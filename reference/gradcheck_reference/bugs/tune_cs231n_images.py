"""Bugs in convolution, pooling and normalisation in the CS231n style.

This half may be looked at while a diagnosis is written.
"""

from gradcheck_reference.bugs.types import Bug

BUGS: tuple[Bug, ...] = (
    Bug(
        id="cs-bn-std-squared",
        title="The input gradient is divided by the variance.",
        like="survey: variance used as standard deviation",
        right="cs231n_norm",
        target="batchnorm_forward",
        old="dx = (N * dx_hat - total - x_hat * total_hat) / (N * std)",
        new="dx = (N * dx_hat - total - x_hat * total_hat) / (N * std**2)",
        law="gradient",
        also=("train_eval",),
        wrt="x",
        cause="wrong-derivative",
        init=(
            "batchnorm_forward(x, gamma, beta, {'mode': 'train'}) / batchnorm_backward(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-ln-last-term-missing",
        title="The term with x_hat is missing.",
        like="survey: normalisation terms lost",
        right="cs231n_norm",
        target="layernorm_forward",
        old="dx = (D * dx_hat - total - x_hat * total_hat) / (D * std)",
        new="dx = (D * dx_hat - total - 0 * total_hat) / (D * std)",
        law="gradient",
        wrt="x",
        cause="missing-norm-term",
        init="layernorm_forward(x, gamma, beta, {}) / layernorm_backward(dout, cache)",
        lineage="cs231n",
    ),
    Bug(
        id="cs-gn-variance-axes",
        title="The variance of forward leaves out the width, the mean does not.",
        like="survey: axis slip",
        right="cs231n_norm",
        target="spatial_groupnorm_forward",
        old="var = grouped.var(axis=(2, 3, 4), keepdims=True)",
        new="var = grouped.var(axis=(2, 3), keepdims=True)",
        law="gradient",
        also=("roles", "same_as_reference"),
        wrt="x",
        cause="wrong-axis-sum",
        init=(
            "spatial_groupnorm_forward(x, gamma, beta, 2, {}) / "
            "spatial_groupnorm_backward(dout, cache)"
        ),
        lineage="cs231n",
    ),
    Bug(
        id="cs-pool-overlap-lost",
        title="= in place of +=: overlapping windows overwrite each other.",
        like="fish lineage: overlapping windows overwritten",
        right="cs231n_conv",
        target="max_pool_forward_naive",
        old="dx[:, :, rows, cols] += share * dout[:, :, i, j].reshape(N, C, 1, 1)",
        new="dx[:, :, rows, cols] = share * dout[:, :, i, j].reshape(N, C, 1, 1)",
        law="gradient",
        wrt="x",
        cause="overlap-lost",
        init="max_pool_forward_naive(x, {'pool_height': 3, 'pool_width': 3, 'stride': 2})",
        lineage="cs231n",
    ),
    Bug(
        id="cs-pool-channel-zero",
        title="All channels use the maxima of channel 0.",
        like="survey: channel index",
        right="cs231n_conv",
        target="max_pool_forward_naive",
        old="is_max = window == window.max(axis=(2, 3), keepdims=True)",
        new="is_max = window == window.max(axis=(1, 2, 3), keepdims=True)",
        law="gradient",
        also=("zero_cotangent", "kinks", "extremes"),
        wrt="x",
        cause="wrong-axis-sum",
        init=(
            "max_pool_forward_naive(x, {'pool_height': 2, 'pool_width': 2, 'stride': 2}) / "
            "max_pool_backward_naive(dout, cache)"
        ),
        lineage="cs231n",
    ),
)
