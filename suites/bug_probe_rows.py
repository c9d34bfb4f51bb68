"""How to drive each class and function pair of the catalogue's right modules."""

from __future__ import annotations

import numpy as np
from bug_probe_subject import Row

ND = ("N", 4)
NNFS = {"weights": "dweights", "biases": "dbiases"}
IMAGE = ("N", 2, 7, 5)


def penalty(layer):
    """L1 and L2 terms that an NNFS dense layer adds in backward only."""
    return (
        layer.weight_regularizer_l1 * np.abs(layer.weights).sum()
        + layer.weight_regularizer_l2 * (layer.weights**2).sum()
        + layer.bias_regularizer_l1 * np.abs(layer.biases).sum()
        + layer.bias_regularizer_l2 * (layer.biases**2).sum()
    )


def simple(config, **options):
    """A layer without parameters, its input called x."""
    return Row("layer", (config,), {"x": ND}, **options)


def nnfs(config, **options):
    return Row("layer", (config,), {"inputs": ND}, **options)


def pair(backward, inputs, *configs, returns=()):
    return Row("pair", configs, inputs, backward=backward, returns=returns)


def conv_configs(cls, *sizes):
    return tuple(
        f"{cls}(np.zeros({shape}), np.zeros({shape[0]}), stride={s}, pad={p})"
        for shape in sizes
        for s, p in ((1, 0), (1, 1), (2, 1), (2, 0))
    )


POOL = "{{'pool_height': {}, 'pool_width': {}, 'stride': {}}}"
BN = {"x": ND, "gamma": (4,), "beta": (4,)}
RNN = {"x": ("N", 4, 3), "h0": ("N", 2), "Wx": (3, 2), "Wh": (2, 2), "b": (2,)}
STEP = {"x": ("N", 3), "prev_h": ("N", 2), "Wx": (3, 2), "Wh": (2, 2), "b": (2,)}
LSTM = {"Wx": (3, 8), "Wh": (2, 8), "b": (8,)}
QKV = {"q": ("N", 3, 4), "k": ("N", 5, 4), "v": ("N", 5, 2)}
LOGITS = {"logits": ("N", 3), "labels": ()}

ROWS: dict[tuple[str, str], Row] = {
    ("nnfs_dense", "Layer_Dense"): Row(
        "layer",
        ("Layer_Dense(4, 3)", "Layer_Dense(4, 3, 0.3, 0.2, 0.15, 0.1)"),
        {"inputs": ND},
        NNFS,
        penalty=penalty,
    ),
    ("nnfs_dense", "Layer_DensePlain"): Row(
        "layer", ("Layer_DensePlain(4, 3)",), {"inputs": ND}, NNFS
    ),
    ("nnfs_activations", "Activation_ReLU"): nnfs("Activation_ReLU()"),
    ("nnfs_activations", "Activation_Softmax"): nnfs("Activation_Softmax()"),
    ("nnfs_activations", "Activation_SoftmaxRows"): nnfs("Activation_SoftmaxRows()"),
    ("nnfs_activations", "Activation_Sigmoid"): nnfs("Activation_Sigmoid()"),
    ("nnfs_activations", "Activation_Linear"): nnfs("Activation_Linear()"),
    ("nnfs_activations", "Activation_Tanh"): nnfs("Activation_Tanh()"),
    ("nnfs_activations", "Activation_LeakyReLU"): nnfs("Activation_LeakyReLU(0.1)"),
    **{
        ("nnfs_losses", name): Row(
            "nnfs_loss", (f"{name}()",), {"dinputs": spec, "labels": ()}, labels=labels
        )
        for name, spec, labels in (
            ("Loss_CategoricalCrossentropy", ("unit", ("N", 3)), "class"),
            ("Loss_BinaryCrossentropy", ("unit", ("N", 3)), "binary"),
            ("Loss_MeanSquaredError", ("N", 3), "real"),
            ("Loss_MeanAbsoluteError", ("N", 3), "real"),
        )
    },
    ("nnfs_fused", "Activation_Softmax_Loss_CategoricalCrossentropy"): Row(
        "fused",
        ("Activation_Softmax_Loss_CategoricalCrossentropy()",),
        {"dinputs": ("N", 3), "labels": ()},
        labels="class",
    ),
    ("nnfs_fused", "Activation_Sigmoid_Loss_BinaryCrossentropy"): Row(
        "fused",
        ("Activation_Sigmoid_Loss_BinaryCrossentropy()",),
        {"dinputs": ("N", 3), "labels": ()},
        labels="binary",
    ),
    ("nnfs_dropout", "Layer_Dropout"): nnfs("Layer_Dropout(0.3)", flag="training"),
    ("nnfs_dropout", "Layer_BatchNorm"): nnfs(
        "Layer_BatchNorm(4)", flag="training", params={"gamma": "dgamma", "beta": "dbeta"}
    ),
    ("fish_layers", "MulLayer"): Row("layer", ("MulLayer()",), {"x": ND, "y": ND}),
    ("fish_layers", "AddLayer"): Row("layer", ("AddLayer()",), {"x": ND, "y": ND}),
    ("fish_layers", "Relu"): simple("Relu()"),
    ("fish_layers", "Sigmoid"): simple("Sigmoid()"),
    ("fish_layers", "Affine"): Row(
        "layer",
        ("Affine(np.zeros((6, 4)), np.zeros(4))",),
        {"x": ("N", 2, 3)},
        {"W": "dW", "b": "db"},
    ),
    ("fish_layers", "SoftmaxWithLoss"): Row(
        "fish_loss", ("SoftmaxWithLoss()",), {"x": ("N", 3), "labels": ()}, labels="class"
    ),
    ("fish_layers", "Flatten"): Row("layer", ("Flatten()",), {"x": ("N", 2, 3)}),
    ("fish_conv", "Convolution"): Row(
        "layer",
        conv_configs("Convolution", (3, 2, 3, 2)),
        {"x": IMAGE},
        {"W": "dW", "b": "db"},
    ),
    ("fish_conv", "Pooling"): Row(
        "layer",
        ("Pooling(2, 2)", "Pooling(3, 2, stride=1)", "Pooling(2, 2, stride=2, pad=1)"),
        {"x": IMAGE},
    ),
    ("fish_norm", "Dropout"): simple("Dropout(0.3)", flag="train_flg"),
    ("fish_norm", "BatchNormalization"): simple(
        "BatchNormalization(np.ones(4), np.zeros(4))",
        flag="train_flg",
        params={"gamma": "dgamma", "beta": "dbeta"},
    ),
    ("cs231n_layers", "affine_forward"): pair(
        "affine_backward", {"x": ("N", 2, 3), "w": (6, 4), "b": (4,)}, "affine_forward"
    ),
    ("cs231n_layers", "relu_forward"): pair("relu_backward", {"x": ND}, "relu_forward"),
    ("cs231n_layers", "affine_relu_forward"): pair(
        "affine_relu_backward", {"x": ND, "w": (4, 3), "b": (3,)}, "affine_relu_forward"
    ),
    ("cs231n_layers", "softmax_loss"): Row(
        "loss_function", ("softmax_loss",), {"x": ("N", 3), "labels": ()}, labels="class"
    ),
    ("cs231n_layers", "svm_loss"): Row(
        "loss_function", ("svm_loss",), {"x": ("N", 3), "labels": ()}, labels="class"
    ),
    ("cs231n_layers", "dropout_forward"): pair(
        "dropout_backward",
        {"x": ND},
        "dropout_forward({'p': 0.7, 'mode': 'train', 'seed': 1})",
        "dropout_forward({'p': 0.7, 'mode': 'test'})",
    ),
    ("cs231n_norm", "batchnorm_forward"): pair(
        "batchnorm_backward",
        BN,
        "batchnorm_forward({'mode': 'train'})",
        "batchnorm_forward({'mode': 'test', 'running_mean': np.ones(4)})",
    ),
    ("cs231n_norm", "layernorm_forward"): pair("layernorm_backward", BN, "layernorm_forward({})"),
    ("cs231n_norm", "spatial_groupnorm_forward"): pair(
        "spatial_groupnorm_backward",
        {"x": ("N", 4, 3, 2), "gamma": (1, 4, 1, 1), "beta": (1, 4, 1, 1)},
        "group_norm_of_two",
    ),
    ("cs231n_conv", "conv_forward_naive"): pair(
        "conv_backward_naive",
        {"x": IMAGE, "w": (3, 2, 3, 2), "b": (3,)},
        *(
            f"conv_forward_naive({{'stride': {s}, 'pad': {p}}})"
            for s, p in ((1, 0), (1, 1), (2, 1), (2, 0))
        ),
    ),
    ("cs231n_conv", "max_pool_forward_naive"): pair(
        "max_pool_backward_naive",
        {"x": IMAGE},
        *(f"max_pool_forward_naive({POOL.format(*size)})" for size in ((2, 2, 2), (3, 2, 1))),
    ),
    ("cs231n_rnn", "rnn_step_forward"): pair("rnn_step_backward", STEP, "rnn_step_forward"),
    ("cs231n_rnn", "rnn_forward"): pair("rnn_backward", RNN, "rnn_forward"),
    ("cs231n_rnn", "lstm_step_forward"): pair(
        "lstm_step_both", {**STEP, "prev_c": ("N", 2), **LSTM}, "lstm_step_stacked"
    ),
    ("cs231n_rnn", "lstm_forward"): pair("lstm_backward", {**RNN, **LSTM}, "lstm_forward"),
    ("cs231n_rnn", "word_embedding_forward"): pair(
        "word_embedding_backward",
        {"x": ("index", ("N", 6), 4), "W": (4, 3)},
        "word_embedding_forward",
        returns=("W",),
    ),
    ("cs231n_rnn", "temporal_affine_forward"): pair(
        "temporal_affine_backward",
        {"x": ("N", 4, 3), "w": (3, 2), "b": (2,)},
        "temporal_affine_forward",
    ),
    ("wild_activations", "ELU"): simple("ELU(1.5)"),
    **{
        ("wild_activations", name): simple(f"{name}()")
        for name in ("SELU", "GELU", "GELUTanh", "Softplus", "SiLU", "LogSoftmax", "ReLU6", "Abs")
    },
    ("wild_activations", "PReLU"): simple("PReLU(4)", params={"alpha": "dalpha"}),
    **{
        ("wild_elementwise", name): Row("elementwise", (f"{name}()",), {"x": ND})
        for name in ("Sigmoid", "TanH", "LeakyReLU", "SoftPlus")
    },
    **{
        ("wild_losses", name): Row(
            "plain_loss", (config,), {"pred": ("N", 3), "labels": ()}, labels=labels
        )
        for name, config, labels in (
            ("HuberLoss", "HuberLoss(1.5)", "real"),
            ("MSELoss", "MSELoss()", "real"),
            ("LogCoshLoss", "LogCoshLoss()", "real"),
            ("HingeLoss", "HingeLoss()", "sign"),
        )
    },
    ("wild_losses", "KLDivLoss"): Row(
        "plain_loss",
        ("KLDivLoss()",),
        {"pred": ("simplex", ("N", 3)), "target": ("simplex", ("N", 3))},
        returns=("pred",),
    ),
    ("wild_losses", "FocalLoss"): Row("plain_loss", ("FocalLoss(2.5)",), LOGITS, labels="class"),
    ("wild_losses", "WeightedCrossEntropy"): Row(
        "plain_loss", ("WeightedCrossEntropy([1.0, 2.0, 0.5])",), LOGITS, labels="class"
    ),
    ("wild_losses", "CosineEmbeddingLoss"): Row(
        "plain_loss", ("CosineEmbeddingLoss()",), {"a": ND, "b": ND}, returns=("a",)
    ),
    ("wild_norm", "LayerNorm"): simple(
        "LayerNorm(4)", params={"params.gamma": "grads.gamma", "params.beta": "grads.beta"}
    ),
    ("wild_norm", "RMSNorm"): simple("RMSNorm(4)", params={"params.gain": "grads.gain"}),
    ("wild_norm", "L2Normalize"): simple("L2Normalize()"),
    ("wild_shapes", "Conv1D"): Row(
        "layer",
        ("Conv1D(3, 2, 3)", "Conv1D(3, 2, 3, stride=2, padding=1, dilation=2)"),
        {"x": ("N", 3, 8)},
        {"weight": "dweight", "bias": "dbias"},
    ),
    ("wild_shapes", "AvgPool2D"): Row("layer", ("AvgPool2D(3, 2)", "AvgPool2D()"), {"x": IMAGE}),
    ("wild_shapes", "GlobalAveragePool2D"): Row("layer", ("GlobalAveragePool2D()",), {"x": IMAGE}),
    ("wild_shapes", "UpSampling2D"): Row("layer", ("UpSampling2D(3)",), {"x": ("N", 2, 3, 2)}),
    ("wild_shapes", "ConvTranspose1D"): Row(
        "layer", ("ConvTranspose1D(3, 2, 3, stride=2)",), {"x": ("N", 3, 4)}, {"weight": "dweight"}
    ),
    ("wild_shapes", "Dense1D"): simple("Dense1D(4, 3)", params={"W": "dW"}),
    ("wild_sequence", "Embedding"): Row(
        "layer", ("Embedding(4, 3)",), {"x": ("index", ("N", 6), 4)}, {"W": "dW"}, returns=("x",)
    ),
    ("wild_sequence", "RNN"): Row(
        "layer", ("RNN(3, 4)",), {"x": ("N", 5, 3)}, {"Wx": "dWx", "Wh": "dWh", "b": "db"}
    ),
    ("wild_sequence", "GRU"): Row(
        "layer",
        ("GRU(np.zeros((3, 12)), np.zeros((4, 12)), np.zeros(12))",),
        {"x": ("N", 3), "h_prev": ND},
        {"Wx": "dWx", "Wh": "dWh", "b": "db"},
    ),
    ("wild_sequence", "attention_forward"): pair("attention_backward", QKV, "attention_forward"),
    ("wild_sequence", "SelfAttention"): Row(
        "layer",
        ("SelfAttention(4)",),
        {"x": ("N", 3, 4)},
        {"Wq": "dWq", "Wk": "dWk", "Wv": "dWv"},
    ),
    ("wild_styles", "LinearFunction"): Row(
        "ctx", ("LinearFunction",), {"x": ND, "weight": (3, 4), "bias": (3,)}
    ),
    ("wild_styles", "MultiplyFunction"): Row("ctx", ("MultiplyFunction",), {"a": ND, "b": ND}),
    ("wild_styles", "Linear"): simple(
        "Linear(4, 3)", params={"weight.value": "weight.grad", "bias.value": "bias.grad"}
    ),
    ("wild_styles", "FCLayer"): Row(
        "update", ("FCLayer(4, 3)",), {"input": ND}, {"weights": "weights", "bias": "bias"}
    ),
    ("wild_styles", "Scale"): simple(
        "Scale(4)", params={"params.gain": "grads.gain", "params.shift": "grads.shift"}
    ),
    ("wild_styles", "HalfSquare"): simple("HalfSquare()"),
    ("wild_styles", "scaled_tanh_forward"): pair(
        "scaled_tanh_backward", {"x": ND, "scale": (4,)}, "scaled_tanh_forward"
    ),
    ("wild_styles", "BroadcastAdd"): Row("layer", ("BroadcastAdd()",), {"x": ND, "row": (4,)}),
}

#: Wrappers run in a module's names, so that every pair fits forward(*inputs) -> (out, cache).
GLUE = {
    "cs231n_norm": """
def group_norm_of_two(x, gamma, beta):
    return spatial_groupnorm_forward(x, gamma, beta, 2, {})
""",
    "cs231n_rnn": """
def lstm_step_stacked(x, prev_h, Wx, Wh, b, prev_c):
    next_h, next_c, cache = lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b)
    return np.stack([next_h, next_c]), cache


def lstm_step_both(dout, cache):
    dx, dh, dc, dWx, dWh, db = lstm_step_backward(dout[0], dout[1], cache)
    return dx, dh, dWx, dWh, db, dc
""",
}
