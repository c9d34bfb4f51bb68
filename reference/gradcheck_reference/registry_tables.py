"""The rows of the registry: what to build, from where it comes, and what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Shape = tuple[int | str, ...]


@dataclass(frozen=True)
class Row:
    """See `registry.Entry`."""

    kind: str
    make: str
    source: str
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    labels: str = ""
    domain: str = "real"


def _each(kind: str, source: str, inputs: Mapping[str, Shape], makes: Iterable[str]) -> list[Row]:
    return [Row(kind, make, source, inputs) for make in makes]


def _losses(rows: Iterable[tuple[str, str, str, str]], argument: str) -> list[Row]:
    """(make, labels, domain, source): predictions (N, C)."""
    return [
        Row("loss", make, source, {argument: ("N", "C")}, labels, domain)
        for make, labels, domain, source in rows
    ]


MATRIX: Shape = ("N", "D")
IMAGE: Shape = ("N", 2, "H", "W")
SEQUENCE: Shape = ("N", "T", 3)

DENSE = "NNFS chapters 3, 9; fish book chapter 5.6"
CONVOLUTION = "fish book chapter 7; Dumoulin and Visin 2016"
POOLS = "fish book chapter 7.3"
BATCH_NORM = "Ioffe and Szegedy 2015; fish book chapter 6.3"
VASWANI = "Vaswani et al. 2017"

ACTIVATIONS = {
    "linear": "NNFS chapter 17",
    "relu": "NNFS chapters 4, 9; fish book chapter 5.5",
    "sigmoid": "NNFS chapter 16; fish book chapter 5.5",
    "tanh": "LeCun et al. 1998",
    "softmax": "NNFS chapters 4, 9; fish book chapter 3.5",
    "log_softmax": "Bridle 1990",
}
MORE_ACTIVATIONS = {
    "leaky_relu(alpha=0.2)": "Maas et al. 2013",
    "elu(alpha=0.7)": "Clevert et al. 2016",
    "selu": "Klambauer et al. 2017",
    "gelu": "Hendrycks and Gimpel 2016",
    "gelu_tanh": "Hendrycks and Gimpel 2016",
    "silu": "Elfwing et al. 2018",
    "softplus": "Dugas et al. 2001",
    "hardtanh(low=-0.5, high=2.0)": "Collobert 2004",
    "relu6": "Krizhevsky 2010",
}

CONV2D: Mapping[str, Shape] = {"x": IMAGE, "W": (3, 2, 2, 3), "b": (3,)}
STATES: Mapping[str, Shape] = {"x": SEQUENCE, "h0": ("N", 2)}
PROJECTIONS: Mapping[str, Shape] = {
    **dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (4, 4)),
    **dict.fromkeys(("bq", "bk", "bv", "bo"), (4,)),
}

FUNCTIONAL: list[Row] = [
    Row("function", "dense.dense", DENSE, {"x": ("N", 4), "W": (4, 3), "b": (3,)}),
    Row("function", "dense.reshape(shape=(3, 2))", "fish book chapter 5.6", {"x": ("N", 6)}),
    Row("function", "dense.flatten", "fish book chapter 5.6", {"x": IMAGE}),
    *(Row("function", f"activations.{n}", s, {"x": MATRIX}) for n, s in ACTIVATIONS.items()),
    *(
        Row("function", f"more_activations.{n}", s, {"x": MATRIX})
        for n, s in MORE_ACTIVATIONS.items()
    ),
    Row("function", "more_activations.prelu", "He et al. 2015", {"x": ("N", 4), "alpha": (4,)}),
    *_losses(
        (
            ("losses.categorical_crossentropy", "index", "simplex", "NNFS chapters 5, 9"),
            ("losses.binary_crossentropy", "binary", "unit", "NNFS chapter 16"),
            ("losses.mean_squared_error", "real", "real", "NNFS chapter 17"),
            ("losses.mean_absolute_error", "real", "real", "NNFS chapter 17"),
            ("more_losses.huber(delta=0.5)", "real", "real", "Huber 1964"),
            ("more_losses.log_cosh", "real", "real", "Chen et al. 2019"),
            ("more_losses.cosine", "real", "real", "Salton and McGill 1983"),
        ),
        "p",
    ),
    *_losses(
        (
            ("losses.softmax_crossentropy", "index", "real", "NNFS chapter 9"),
            ("losses.sigmoid_crossentropy", "binary", "real", "NNFS chapters 16, 18"),
            ("more_losses.hinge", "sign", "real", "Cortes and Vapnik 1995"),
            ("more_losses.multiclass_hinge(margin=0.7)", "index", "real", "Weston, Watkins 1999"),
            ("more_losses.focal(gamma=1.5, alpha=0.3)", "binary", "real", "Lin et al. 2017"),
        ),
        "x",
    ),
    *_losses(
        (("more_losses.kl_divergence", "simplex", "log_simplex", "Kullback, Leibler 1951"),),
        "log_p",
    ),
    Row(
        "function",
        "norms.batch_norm",
        BATCH_NORM,
        {"x": ("N", 3), "gamma": (3,), "beta": (3,)},
    ),
    Row(
        "function",
        "norms.layer_norm",
        "Ba, Kiros and Hinton 2016",
        {"x": ("N", 4), "gamma": (4,), "beta": (4,)},
    ),
    Row("function", "norms.rms_norm", "Zhang, Sennrich 2019", {"x": ("N", 4), "gamma": (4,)}),
    Row(
        "function",
        "norms.group_norm(groups=2)",
        "Wu and He 2018",
        {"x": ("N", 4, "H", "W"), "gamma": (4,), "beta": (4,)},
    ),
    Row("function", "convolution.conv2d", CONVOLUTION, CONV2D),
    Row("function", "convolution.conv2d(stride=2, padding=1)", CONVOLUTION, CONV2D),
    Row("function", "convolution.conv2d(dilation=(2, 1))", CONVOLUTION, CONV2D),
    Row(
        "function",
        "convolution.conv1d(stride=2, padding=1)",
        CONVOLUTION,
        {"x": ("N", 2, "W"), "W": (3, 2, 3), "b": (3,)},
    ),
    Row(
        "function",
        "convolution.conv_transpose2d(stride=2, padding=1)",
        CONVOLUTION,
        {"x": IMAGE, "W": (2, 3, 3, 2), "b": (3,)},
    ),
    *_each(
        "function",
        POOLS,
        {"x": IMAGE},
        (
            "pooling.max_pool2d(kernel=2)",
            "pooling.max_pool2d(kernel=3, stride=2, padding=1)",
            "pooling.avg_pool2d(kernel=2)",
            "pooling.avg_pool2d(kernel=3, stride=2, padding=1)",
            "pooling.global_avg_pool",
            "pooling.global_max_pool",
            "pooling.upsample(factor=2)",
        ),
    ),
    Row("function", "embedding.embedding", "Bengio et al. 2003", {"W": (5, 3)}, "rows"),
    Row(
        "function",
        "recurrent.rnn",
        "Elman 1990",
        {**STATES, "Wx": (3, 2), "Wh": (2, 2), "b": (2,)},
    ),
    Row(
        "function",
        "recurrent.lstm",
        "Hochreiter and Schmidhuber 1997",
        {**STATES, "c0": ("N", 2), "Wx": (3, 8), "Wh": (2, 8), "b": (8,)},
    ),
    Row(
        "function",
        "recurrent.gru",
        "Cho et al. 2014",
        {**STATES, "Wx": (3, 6), "Wh": (2, 6), "bx": (6,), "bh": (6,)},
    ),
    *_each(
        "function",
        VASWANI,
        {"q": ("N", "T", 3), "k": ("N", "T", 3), "v": ("N", "T", 2)},
        ("attention.attention", "attention.attention(causal=True)"),
    ),
    Row(
        "function",
        "attention.self_attention(heads=2)",
        VASWANI,
        {"x": ("N", "T", 4), **PROJECTIONS},
    ),
]

NNFS: list[Row] = [
    *_each(
        "layer",
        "NNFS chapters 3, 9, 14",
        {"inputs": ("N", 4)},
        (
            "Layer_Dense(4, 3)",
            "Layer_Dense(4, 3, weight_regularizer_l2=0.01, bias_regularizer_l2=0.02)",
            "Layer_Dense(4, 3, weight_regularizer_l1=0.01, bias_regularizer_l1=0.02)",
        ),
    ),
    Row("layer", "Layer_Input()", "NNFS chapter 18", {"inputs": MATRIX}),
    Row("layer", "Layer_Dropout(0.3)", "NNFS chapter 15", {"inputs": MATRIX}),
    *(
        Row("activation", f"Activation_{name}()", source, {"inputs": MATRIX})
        for name, source in (
            ("ReLU", "NNFS chapters 4, 9"),
            ("Softmax", "NNFS chapters 4, 9"),
            ("Sigmoid", "NNFS chapter 16"),
            ("Linear", "NNFS chapter 17"),
            ("Tanh", ACTIVATIONS["tanh"]),
            ("LogSoftmax", ACTIVATIONS["log_softmax"]),
            ("SELU", MORE_ACTIVATIONS["selu"]),
            ("GELU", MORE_ACTIVATIONS["gelu"]),
            ("GELUTanh", MORE_ACTIVATIONS["gelu_tanh"]),
            ("SiLU", MORE_ACTIVATIONS["silu"]),
            ("Softplus", MORE_ACTIVATIONS["softplus"]),
            ("ReLU6", MORE_ACTIVATIONS["relu6"]),
        )
    ),
    Row("activation", "Activation_LeakyReLU(0.2)", "Maas et al. 2013", {"inputs": MATRIX}),
    Row("activation", "Activation_ELU(0.7)", "Clevert et al. 2016", {"inputs": MATRIX}),
    Row("activation", "Activation_Hardtanh(-0.5, 2.0)", "Collobert 2004", {"inputs": MATRIX}),
    Row("activation", "Activation_PReLU()", "He et al. 2015", {"inputs": MATRIX}),
    Row("activation", "Activation_PReLU(4)", "He et al. 2015", {"inputs": ("N", 4)}),
    *_losses(
        (
            ("Loss_CategoricalCrossentropy()", "index", "simplex", "NNFS chapters 5, 9"),
            ("Loss_BinaryCrossentropy()", "binary", "unit", "NNFS chapter 16"),
            ("Loss_MeanSquaredError()", "real", "real", "NNFS chapter 17"),
            ("Loss_MeanAbsoluteError()", "real", "real", "NNFS chapter 17"),
            ("Loss_Huber(0.5)", "real", "real", "Huber 1964"),
            ("Loss_LogCosh()", "real", "real", "Chen et al. 2019"),
            ("Loss_CosineSimilarity()", "real", "real", "Salton and McGill 1983"),
            ("Loss_Hinge()", "sign", "real", "Cortes and Vapnik 1995"),
            ("Loss_MulticlassHinge(0.7)", "index", "real", "Weston, Watkins 1999"),
            ("Loss_Focal(1.5, 0.3)", "binary", "real", "Lin et al. 2017"),
            ("Loss_KLDivergence()", "simplex", "log_simplex", "Kullback, Leibler 1951"),
        ),
        "y_pred",
    ),
    *_losses(
        (
            (
                "Activation_Softmax_Loss_CategoricalCrossentropy()",
                "index",
                "real",
                "NNFS chapter 9",
            ),
            (
                "Activation_Sigmoid_Loss_BinaryCrossentropy()",
                "binary",
                "real",
                "NNFS chapters 16, 18",
            ),
        ),
        "inputs",
    ),
    *(
        Row("optimizer", f"Optimizer_{make}", source)
        for make, source in (
            ("SGD(0.1)", "NNFS chapter 10"),
            ("SGD(0.1, decay=0.01, momentum=0.9)", "NNFS chapter 10"),
            ("Adagrad(0.1, decay=0.01)", "NNFS chapter 10"),
            ("RMSprop(0.01, decay=0.01)", "NNFS chapter 10"),
            ("Adam(0.01, decay=0.01)", "NNFS chapter 10"),
            ("AdamW(0.01)", "Loshchilov and Hutter 2019"),
            ("AMSGrad(0.01)", "Reddi et al. 2018"),
            ("Nadam(0.01)", "Dozat 2016"),
            ("Lion(0.001)", "Chen et al. 2023"),
        )
    ),
    Row("accuracy", "Accuracy_Categorical()", "NNFS chapters 5, 18", labels="index"),
    Row("accuracy", "Accuracy_Binary()", "NNFS chapter 16", labels="binary"),
    Row("accuracy", "Accuracy_Regression()", "NNFS chapter 17", labels="real"),
    Row("layer", "Layer_BatchNormalization(3)", BATCH_NORM, {"inputs": ("N", 3)}),
    Row("layer", "Layer_BatchNormalization(2)", BATCH_NORM, {"inputs": IMAGE}),
    Row("layer", "Layer_LayerNorm(4)", "Ba, Kiros and Hinton 2016", {"inputs": ("N", 4)}),
    Row("layer", "Layer_RMSNorm(4)", "Zhang, Sennrich 2019", {"inputs": ("N", 4)}),
    Row("layer", "Layer_GroupNorm(4, 2)", "Wu and He 2018", {"inputs": ("N", 4, "H", "W")}),
    *_each(
        "layer",
        CONVOLUTION,
        {"inputs": IMAGE},
        (
            "Layer_Conv2D(2, 3, 3)",
            "Layer_Conv2D(2, 3, (2, 3), stride=2, padding=1)",
            "Layer_Conv2D(2, 3, 2, dilation=2)",
            "Layer_ConvTranspose2D(2, 3, (3, 2), stride=2, padding=1)",
        ),
    ),
    Row(
        "layer",
        "Layer_Conv1D(2, 3, 3, stride=2, padding=1)",
        CONVOLUTION,
        {"inputs": ("N", 2, "W")},
    ),
    *_each(
        "layer",
        POOLS,
        {"inputs": IMAGE},
        (
            "Layer_MaxPool2D(2)",
            "Layer_MaxPool2D(3, stride=2, padding=1)",
            "Layer_AvgPool2D(2)",
            "Layer_AvgPool2D(3, stride=2, padding=1)",
            "Layer_GlobalAvgPool()",
            "Layer_GlobalMaxPool()",
            "Layer_Upsampling(2)",
            "Layer_Flatten()",
        ),
    ),
    Row("layer", "Layer_Reshape((3, 2))", "fish book chapter 5.6", {"inputs": ("N", 6)}),
    Row("layer", "Layer_Embedding(5, 3)", "Bengio et al. 2003", {"inputs": ("N", "T")}, "rows"),
    Row("layer", "Layer_RNN(3, 2)", "Elman 1990", {"inputs": SEQUENCE}),
    Row("layer", "Layer_LSTM(3, 2)", "Hochreiter and Schmidhuber 1997", {"inputs": SEQUENCE}),
    Row("layer", "Layer_GRU(3, 2)", "Cho et al. 2014", {"inputs": SEQUENCE}),
    Row(
        "layer",
        "Layer_Attention()",
        VASWANI,
        {"queries": ("N", "T", 3), "keys": ("N", "T", 3), "values": ("N", "T", 2)},
    ),
    Row("layer", "Layer_MultiHeadAttention(4, heads=2)", VASWANI, {"inputs": ("N", "T", 4)}),
]


def _random(*shape: int) -> str:
    return f"np.random.default_rng(0).normal(size={shape})"


FISH: list[Row] = [
    Row("layer", "MulLayer()", "fish book chapter 5.4", {"x": ("N",), "y": ("N",)}),
    Row("layer", "AddLayer()", "fish book chapter 5.4", {"x": ("N",), "y": ("N",)}),
    Row("activation", "Relu()", "fish book chapter 5.5", {"x": MATRIX}),
    Row("activation", "Sigmoid()", "fish book chapter 5.5", {"x": MATRIX}),
    *_each(
        "layer",
        "fish book chapter 5.6",
        {"x": ("N", 4)},
        (f"Affine({_random(4, 3)}, {_random(3)})",),
    ),
    Row(
        "layer",
        f"Affine({_random(12, 3)}, {_random(3)})",
        "fish book chapter 5.6",
        {"x": ("N", 2, 2, 3)},
    ),
    Row("loss", "SoftmaxWithLoss()", "fish book chapter 5.6", {"x": ("N", "C")}, "index"),
    *_each(
        "layer",
        "fish book chapter 7.4",
        {"x": IMAGE},
        (
            f"Convolution({_random(3, 2, 2, 3)}, {_random(3)})",
            f"Convolution({_random(3, 2, 3, 2)}, {_random(3)}, stride=2, pad=1)",
            "Pooling(2, 2)",
            "Pooling(3, 2, stride=1, pad=1)",
        ),
    ),
    Row(
        "layer",
        f"BatchNormalization({_random(3)}, {_random(3)})",
        "fish book chapter 6.3",
        {"x": ("N", 3)},
    ),
    Row("layer", "Dropout(0.3)", "fish book chapter 6.4", {"x": MATRIX}),
    *_each(
        "optimizer",
        "fish book chapter 6.1",
        {},
        (
            "SGD(0.1)",
            "Momentum(0.1)",
            "Nesterov(0.1)",
            "AdaGrad(0.1)",
            "RMSprop(0.01)",
            "Adam(0.01)",
        ),
    ),
    Row(
        "model",
        "TwoLayerNet(4, 5, 3, rng=0)",
        "fish book chapters 4.5, 5.7",
        {"x": ("N", 4)},
        "index",
    ),
    *_each(
        "function",
        "fish book chapters 3, 4",
        {"x": MATRIX},
        (
            "identity_function",
            "step_function",
            "sigmoid",
            "sigmoid_grad",
            "relu",
            "relu_grad",
            "softmax",
        ),
    ),
    Row(
        "function",
        "cross_entropy_error",
        "fish book chapter 4.2",
        {"y": ("N", "C")},
        "index",
        "simplex",
    ),
    Row("function", "softmax_loss", "fish book chapter 5.6", {"x": ("N", "C")}, "index"),
    Row("function", "mean_squared_error", "fish book chapter 4.2", {"y": MATRIX}, "real"),
    Row("function", "im2col", "fish book chapter 7.4"),
    Row("function", "col2im", "fish book chapter 7.4"),
    Row("function", "numerical_gradient", "fish book chapter 4.4"),
    Row("function", "numerical_gradient_1d", "fish book chapter 4.4"),
    Row("function", "numerical_gradient_2d", "fish book chapter 4.4"),
    Row("function", "numerical_gradient_columns", "fish book chapter 4.4"),
]
