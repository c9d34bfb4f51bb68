"""For every layer and loss of the two skins: PyTorch's answer, and the comparison with ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from gradcheck_reference import registry

from suites.oracle_torch import relative

SIZES = {
    "several": {"N": 3, "D": 5, "C": 4, "H": 6, "W": 7, "T": 4},
    "one": {"N": 1, "D": 4, "C": 2, "H": 5, "W": 5, "T": 1},
}


def tensor(a):
    return torch.tensor(np.asarray(a), dtype=torch.float64, requires_grad=True)


def affine(o, x):
    return x.flatten(1) @ o["W"] + o["b"]


def conv_options(o):
    return {"stride": o.stride, "padding": o.padding, "dilation": o.dilation}


def normed(o, x, p):
    return tf.batch_norm(x, None, None, p["gamma"].flatten(), p["beta"].flatten(), True, 0, o.eps)


def recurrent(kind):
    def theirs(o, x, p):
        module = kind(x.shape[2], len(p["hidden_weights"]), batch_first=True).double()
        hidden = p.get("hidden_biases", torch.zeros_like(p["biases"])).flatten()
        weights = (p["input_weights"].T, p["hidden_weights"].T, p["biases"].flatten(), hidden)
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (x,))[0]

    return theirs


def multi_head(o, x, p):
    def project(name, value):
        return value @ p[f"{name}_weights"] + p[f"{name}_biases"]

    def split(value):
        return value.reshape(*value.shape[:2], o.heads, -1).transpose(1, 2)

    q, k, v = (split(project(name, x)) for name in ("query", "key", "value"))
    mixed = tf.scaled_dot_product_attention(q, k, v, is_causal=o.causal).transpose(1, 2)
    return project("output", mixed.flatten(2))


# name -> (object, input tensor, {parameter name: tensor}) -> output tensor
LAYERS = {
    "Layer_Dense": lambda o, x, p: x @ p["weights"] + p["biases"],
    "Layer_Input": lambda o, x, p: x * 1,
    "Layer_Dropout": lambda o, x, p: x * torch.tensor(o.binary_mask),
    "Activation_ReLU": lambda o, x, p: torch.relu(x),
    "Activation_Softmax": lambda o, x, p: torch.softmax(x, 1),
    "Activation_Sigmoid": lambda o, x, p: torch.sigmoid(x),
    "Activation_Linear": lambda o, x, p: x * 1,
    "Activation_Tanh": lambda o, x, p: torch.tanh(x),
    "Activation_LogSoftmax": lambda o, x, p: torch.log_softmax(x, 1),
    "Activation_LeakyReLU": lambda o, x, p: tf.leaky_relu(x, o.alpha),
    "Activation_PReLU": lambda o, x, p: tf.prelu(x, p["alpha"]),
    "Activation_ELU": lambda o, x, p: tf.elu(x, o.alpha),
    "Activation_SELU": lambda o, x, p: torch.selu(x),
    "Activation_GELU": lambda o, x, p: tf.gelu(x),
    "Activation_GELUTanh": lambda o, x, p: tf.gelu(x, approximate="tanh"),
    "Activation_SiLU": lambda o, x, p: tf.silu(x),
    "Activation_Softplus": lambda o, x, p: tf.softplus(x),
    "Activation_Hardtanh": lambda o, x, p: tf.hardtanh(x, o.low, o.high),
    "Activation_ReLU6": lambda o, x, p: tf.relu6(x),
    "Layer_BatchNormalization": normed,
    "Layer_LayerNorm": lambda o, x, p: tf.layer_norm(
        x, x.shape[-1:], p["gamma"].flatten(), p["beta"].flatten(), o.eps
    ),
    "Layer_RMSNorm": lambda o, x, p: tf.rms_norm(x, x.shape[-1:], p["gamma"].flatten(), o.eps),
    "Layer_GroupNorm": lambda o, x, p: tf.group_norm(
        x, o.groups, p["gamma"].flatten(), p["beta"].flatten(), o.eps
    ),
    "Layer_Conv2D": lambda o, x, p: tf.conv2d(
        x, p["weights"], p["biases"].flatten(), **conv_options(o)
    ),
    "Layer_Conv1D": lambda o, x, p: tf.conv1d(
        x, p["weights"], p["biases"].flatten(), **conv_options(o)
    ),
    "Layer_ConvTranspose2D": lambda o, x, p: tf.conv_transpose2d(
        x, p["weights"], p["biases"].flatten(), **conv_options(o)
    ),
    "Layer_MaxPool2D": lambda o, x, p: tf.max_pool2d(x, o.kernel, o.stride, o.padding),
    "Layer_AvgPool2D": lambda o, x, p: tf.avg_pool2d(x, o.kernel, o.stride, o.padding),
    "Layer_GlobalAvgPool": lambda o, x, p: x.mean(dim=(2, 3)),
    "Layer_GlobalMaxPool": lambda o, x, p: x.amax(dim=(2, 3)),
    "Layer_Upsampling": lambda o, x, p: tf.interpolate(x, scale_factor=o.factor),
    "Layer_Flatten": lambda o, x, p: x.flatten(1),
    "Layer_Reshape": lambda o, x, p: x.reshape(-1, *o.shape),
    "Layer_RNN": recurrent(torch.nn.RNN),
    "Layer_LSTM": recurrent(torch.nn.LSTM),
    "Layer_GRU": recurrent(torch.nn.GRU),
    "Layer_MultiHeadAttention": multi_head,
    "Relu": lambda o, x, p: torch.relu(x),
    "Sigmoid": lambda o, x, p: torch.sigmoid(x),
    "Affine": lambda o, x, p: x.flatten(1) @ p["W"] + p["b"],
    "Convolution": lambda o, x, p: tf.conv2d(x, p["W"], p["b"], stride=o.stride, padding=o.pad),
    "Pooling": lambda o, x, p: tf.max_pool2d(x, (o.pool_h, o.pool_w), o.stride, o.pad),
    "BatchNormalization": lambda o, x, p: tf.batch_norm(
        x, None, None, p["gamma"], p["beta"], True, 0, 1e-6
    ),
    "Dropout": lambda o, x, p: x * torch.tensor(o.mask),
}

# name -> (object, predictions, labels as PyTorch wants them) -> one loss a sample
LOSSES = {
    "Loss_CategoricalCrossentropy": lambda o, p, t: tf.nll_loss(p.log(), t, reduction="none"),
    "Loss_BinaryCrossentropy": lambda o, p, t: tf.binary_cross_entropy(p, t, reduction="none"),
    "Loss_MeanSquaredError": lambda o, p, t: (p - t) ** 2,
    "Loss_MeanAbsoluteError": lambda o, p, t: (p - t).abs(),
    "Loss_Huber": lambda o, p, t: tf.huber_loss(p, t, reduction="none", delta=o.delta),
    "Loss_LogCosh": lambda o, p, t: torch.cosh(p - t).log(),
    "Loss_CosineSimilarity": lambda o, p, t: 1 - tf.cosine_similarity(p, t, dim=1),
    "Loss_Hinge": lambda o, p, t: (1 - p * t).clamp(min=0),
    "Loss_MulticlassHinge": lambda o, p, t: (
        p.shape[1] * tf.multi_margin_loss(p, t, margin=o.margin, reduction="none")
    ),
    "Loss_Focal": lambda o, p, t: focal(p, t, o.gamma, o.alpha),
    "Loss_KLDivergence": lambda o, p, t: tf.kl_div(p, t, reduction="none").sum(1),
    "Activation_Softmax_Loss_CategoricalCrossentropy": lambda o, x, t: tf.cross_entropy(
        x, t, reduction="none"
    ),
    "Activation_Sigmoid_Loss_BinaryCrossentropy": lambda o, x, t: (
        tf.binary_cross_entropy_with_logits(x, t, reduction="none")
    ),
    "SoftmaxWithLoss": lambda o, x, t: tf.cross_entropy(x, t, reduction="none"),
}


def focal(x, t, gamma, alpha):
    q = torch.sigmoid((2 * t - 1) * x)
    return -(alpha * t + (1 - alpha) * (1 - t)) * (1 - q) ** gamma * q.log()


def sized(shape, sizes):
    return tuple(sizes[n] if isinstance(n, str) else n for n in shape)


def randomised(o, names, rng):
    for name in names:
        getattr(o, name)[...] = rng.normal(size=getattr(o, name).shape)


def penalties(o, p):
    total = 0.0
    for name, prefix in (("weights", "weight"), ("biases", "bias")):
        l1 = getattr(o, f"{prefix}_regularizer_l1", 0.0)
        l2 = getattr(o, f"{prefix}_regularizer_l2", 0.0)
        if l1 or l2:
            total = total + l1 * p[name].abs().sum() + l2 * (p[name] ** 2).sum()
    return total


FISH_PARAMETERS = {
    "Affine": ("W", "b"),
    "Convolution": ("W", "b"),
    "BatchNormalization": ("gamma", "beta"),
}


def compare_layer(entry: registry.Entry, sizes: dict[str, int]) -> Iterator[tuple[str, float]]:
    """The relative errors of the output and of every gradient of one layer."""
    rng = np.random.default_rng(0)
    o = registry.build(entry)
    names = FISH_PARAMETERS.get(entry.name, getattr(o, "parameter_names", ()))
    randomised(o, names, rng)
    (shape,) = entry.inputs.values()
    x = rng.normal(size=sized(shape, sizes))
    returned = o.forward(x)
    output = o.output if entry.skin == "nnfs" else returned
    g = rng.normal(size=output.shape)
    returned = o.backward(g)
    dinputs = o.dinputs if entry.skin == "nnfs" else returned

    tx, p = tensor(x), {name: tensor(getattr(o, name)) for name in names}
    theirs = LAYERS[entry.name](o, tx, p)
    yield "output", relative(output, theirs.detach().numpy())
    ((theirs * torch.tensor(g)).sum() + penalties(o, p)).backward()
    size = max([np.abs(g).max(), *(np.abs(t.grad.numpy()).max() for t in p.values())])
    yield "dinputs", relative(dinputs, tx.grad.numpy(), size)
    for name in names:
        if name == "key_biases":  # 0 in exact arithmetic
            yield "dkey_biases", float(np.abs(o.dkey_biases).max() / size)
        else:
            yield f"d{name}", relative(getattr(o, f"d{name}"), p[name].grad.numpy(), size)


def predictions(entry, rng, shape):
    if entry.domain == "simplex":
        return rng.dirichlet(np.ones(shape[1]), size=shape[0])
    if entry.domain == "log_simplex":
        return np.log(rng.dirichlet(np.ones(shape[1]), size=shape[0]))
    return rng.uniform(0.05, 0.95, shape) if entry.domain == "unit" else rng.normal(size=shape)


def labels(entry, rng, shape):
    """Labels in every form we take, with PyTorch's form of them."""
    n, c = shape
    if entry.labels == "index":
        index = rng.integers(0, c, size=n)
        index[0] = c - 1
        forms = [index, index[:, None], np.eye(c)[index]]
        dtypes = ("uint8", "int64", "float32")
        return [(f.astype(d), torch.tensor(index)) for f in forms for d in dtypes]
    values = {
        "binary": lambda: rng.integers(0, 2, size=shape),
        "sign": lambda: 2 * rng.integers(0, 2, size=shape) - 1,
        "simplex": lambda: rng.dirichlet(np.ones(c), size=n),
        "real": lambda: rng.normal(size=shape),
    }[entry.labels]()
    dtypes = {"binary": ("uint8", "bool", "int64"), "sign": ("int8", "int64")}
    forms = [values.astype(d) for d in dtypes.get(entry.labels, ("float64",))]
    return [(f, torch.tensor(values.astype(float))) for f in forms]


def compare_loss(entry: registry.Entry, sizes: dict[str, int]) -> Iterator[tuple[str, float]]:
    """The relative errors of the losses, their mean and its gradient, for all forms of labels.

    Raises
    ------
    AssertionError
        The labels or the stored output were edited.
    """
    rng = np.random.default_rng(0)
    shape = sizes["N"], sizes["C"]
    p = predictions(entry, rng, shape)
    for y, t in labels(entry, rng, shape):
        form = f"labels {y.shape} {y.dtype}"
        o, before = registry.build(entry), y.copy()
        tp = tensor(p)
        theirs = LOSSES[entry.name](o, tp, t)
        theirs.mean().backward()
        value, dinputs = loss_of(entry, o, p, y)
        if not entry.name.startswith("Activation") and entry.skin == "nnfs":
            rows = theirs.detach().reshape(len(p), -1).mean(dim=1)
            yield f"losses, {form}", relative(o.forward(p, y), rows.numpy())
        yield f"mean loss, {form}", relative(np.asarray(value), theirs.mean().detach().numpy())
        yield f"dinputs, {form}", relative(dinputs, tp.grad.numpy(), 1 / len(p))
        if not np.array_equal(y, before):
            raise AssertionError(f"{entry.name} edited its labels")


def loss_of(entry: registry.Entry, o: Any, p: np.ndarray, y: np.ndarray) -> tuple[Any, Any]:
    """The mean loss and its gradient, in the words of each convention."""
    if entry.skin == "fish":
        return o.forward(p, y), o.backward()
    if entry.name.startswith("Activation"):
        value = o.forward(p, y)
        kept = o.output.copy()
        o.backward(o.output, y)
        if not np.array_equal(kept, o.output):
            raise AssertionError(f"{entry.name} edited its stored output")
        return value, o.dinputs
    value = o.calculate(p, y)
    o.backward(p, y)
    return value, o.dinputs
