"""Every class of the nnfs and fish skins, as registered, against PyTorch in float64.

The functions under them are verified over many shapes and options in `test_reference_torch`; here
the classes: parameters, modes, regularisers, means over the batch, every entry of the registry.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from gradcheck_reference import registry

torch = pytest.importorskip("torch", reason="the second oracle, PyTorch, is not installed")
tf = torch.nn.functional

BOUND = 1e-12
SIZES = (
    {"N": 3, "D": 5, "C": 4, "H": 6, "W": 7, "T": 4},
    {"N": 1, "D": 4, "C": 2, "H": 5, "W": 5, "T": 1},
)


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


# Verified elsewhere: two or three inputs, indices, optimizers, accuracies, plain functions.
OTHERS = {"MulLayer", "AddLayer", "Layer_Attention", "Layer_Embedding"}
CLASSES = [e for e in registry.entries() if e.skin != "functional"]
LAYER_ENTRIES = [e for e in CLASSES if e.kind in ("layer", "activation") and e.name not in OTHERS]
LOSS_ENTRIES = [e for e in CLASSES if e.kind == "loss"]


def sized(shape, sizes):
    return tuple(sizes[n] if isinstance(n, str) else n for n in shape)


def agree(ours, theirs, what, size=0.0):
    """Equal up to 1e-12 of the largest entry (or a thousandth of `size`, where all cancels)."""
    theirs = np.asarray(theirs)
    assert np.shape(ours) == theirs.shape, what
    error = np.abs(ours - theirs).max()
    assert error <= BOUND * max(np.abs(theirs).max(), 1e-3 * size), what


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


@pytest.mark.parametrize("sizes", SIZES, ids=["several", "one"])
@pytest.mark.parametrize("entry", LAYER_ENTRIES, ids=lambda e: e.make[:60])
def test_layers_equal_pytorch(entry, sizes):
    if "Normal" in entry.name and sizes["N"] == 1 and len(next(iter(entry.inputs.values()))) == 2:
        pytest.skip("PyTorch has no batch normalisation of a single value")
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
    agree(output, theirs.detach(), "output")
    ((theirs * torch.tensor(g)).sum() + penalties(o, p)).backward()
    agree(dinputs, tx.grad, "dinputs", np.abs(g).max())
    size = max([np.abs(g).max(), *(np.abs(t.grad.numpy()).max() for t in p.values())])
    for name in names:
        if name == "key_biases":  # 0 in exact arithmetic
            assert np.abs(o.dkey_biases).max() <= BOUND * size
        else:
            agree(getattr(o, f"d{name}"), p[name].grad, f"d{name}", size)


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


@pytest.mark.parametrize("sizes", SIZES, ids=["several", "one"])
@pytest.mark.parametrize("entry", LOSS_ENTRIES, ids=lambda e: e.make)
def test_losses_equal_pytorch_for_every_form_of_labels(entry, sizes):
    rng = np.random.default_rng(0)
    shape = sizes["N"], sizes["C"]
    p = predictions(entry, rng, shape)
    for y, t in labels(entry, rng, shape):
        o, y_before = registry.build(entry), y.copy()
        tp = tensor(p)
        theirs = LOSSES[entry.name](o, tp, t)
        theirs.mean().backward()
        if entry.skin == "fish":
            value, dinputs = o.forward(p, y), o.backward()
        elif entry.name.startswith("Activation"):
            value = o.forward(p, y)
            kept = o.output.copy()
            o.backward(o.output, y)
            dinputs = o.dinputs
            assert np.array_equal(kept, o.output), "the stored output was edited"
        else:
            value = o.calculate(p, y)
            o.backward(p, y)
            dinputs = o.dinputs
            rows = theirs.detach().reshape(len(p), -1).mean(dim=1)
            agree(o.forward(p, y), rows, "one loss a sample")
        agree(value, theirs.mean().detach(), "mean loss")
        agree(dinputs, tp.grad, "dinputs", 1 / len(p))
        assert np.array_equal(y, y_before)


def test_embedding_equals_pytorch():
    from gradcheck_reference.nnfs import Layer_Embedding

    rng = np.random.default_rng(0)
    layer = Layer_Embedding(5, 3, rng=0)
    index = np.array([[0, 4, 4], [1, 4, 0]])
    g = rng.normal(size=(2, 3, 3))
    layer.forward(index)
    layer.backward(g)
    table = tensor(layer.weights)
    theirs = tf.embedding(torch.tensor(index), table)
    theirs.backward(torch.tensor(g))
    agree(layer.output, theirs.detach(), "output")
    agree(layer.dweights, table.grad, "dweights")


@pytest.mark.parametrize("causal", [False, True])
def test_attention_equals_pytorch(causal):
    from gradcheck_reference.nnfs import Layer_Attention

    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=s) for s in ((2, 4, 3), (2, 4, 3), (2, 4, 5))]
    g = rng.normal(size=(2, 4, 5))
    layer = Layer_Attention(causal)
    layer.forward(*arrays)
    layer.backward(g)
    tensors = [tensor(a) for a in arrays]
    theirs = tf.scaled_dot_product_attention(*tensors, is_causal=causal)
    theirs.backward(torch.tensor(g))
    agree(layer.output, theirs.detach(), "output")
    for ours, t in zip((layer.dqueries, layer.dkeys, layer.dvalues), tensors, strict=True):
        agree(ours, t.grad, "gradient")


@pytest.mark.parametrize("name", ["Layer_BatchNormalization", "BatchNormalization"])
def test_batch_normalisation_in_evaluation_uses_the_running_statistics(name):
    entry = next(e for e in CLASSES if e.name == name)
    rng = np.random.default_rng(0)
    o = registry.build(entry)
    module = torch.nn.BatchNorm1d(3, eps=getattr(o, "eps", 1e-6), momentum=0.1).double()
    if name == "BatchNormalization":  # the book starts both at 0
        module.running_var.zero_()
    with torch.no_grad():
        module.weight.copy_(torch.tensor(o.gamma.reshape(-1)))
        module.bias.copy_(torch.tensor(o.beta.reshape(-1)))
    for _ in range(5):
        x = 3 + 2 * rng.normal(size=(8, 3))
        o.forward(x, True)
        module(torch.tensor(x))
        # PyTorch keeps the unbiased variance; with it in place, the two must stay equal.
        module.running_var.copy_(torch.tensor(o.running_var))
        agree(o.running_mean, module.running_mean, "running mean")
    module.eval()
    x, g = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    before = o.running_mean.copy(), o.running_var.copy()
    returned = o.forward(x, False)
    tx = tensor(x)
    theirs = module(tx)
    theirs.backward(torch.tensor(g))
    dx = o.backward(g)
    agree(o.output if entry.skin == "nnfs" else returned, theirs.detach(), "output")
    agree(o.dinputs if entry.skin == "nnfs" else dx, tx.grad, "dinputs")
    assert np.array_equal(before[0], o.running_mean)
    assert np.array_equal(before[1], o.running_var)


class Parameters:
    parameter_names = ("weights", "biases")

    def __init__(self, rng):
        self.weights, self.biases = rng.normal(size=(4, 3)), rng.normal(size=(1, 3))


def stepped(optimizer, rng, steps=50):
    """Parameters after every step, and the gradients that led there."""
    layer = Parameters(rng)
    for _ in range(steps):
        layer.dweights, layer.dbiases = rng.normal(size=(4, 3)), rng.normal(size=(1, 3))
        grads = [layer.dweights.copy(), layer.dbiases.copy()]
        before = [layer.weights.copy(), layer.biases.copy()]
        optimizer.pre_update_params()
        optimizer.update_params(layer)
        optimizer.post_update_params()
        assert np.array_equal(grads[0], layer.dweights)
        yield before, grads, [layer.weights, layer.biases]


@pytest.fixture
def double_scalars():
    """PyTorch keeps NAdam's momentum product in its default dtype: float32 would cost 1e-10."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("double_scalars")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("AdamW(0.01, weight_decay=0.1)", lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1)),
        ("AMSGrad(0.01)", lambda p: torch.optim.Adam(p, 0.01, amsgrad=True)),
        ("Nadam(0.01)", lambda p: torch.optim.NAdam(p, 0.01)),
    ],
)
def test_more_optimizers_equal_pytorch_for_50_steps(ours, theirs):
    module = importlib.import_module("gradcheck_reference.nnfs")
    optimizer = eval(f"Optimizer_{ours}", dict(vars(module)))
    tensors = []
    for before, grads, after in stepped(optimizer, np.random.default_rng(0)):
        if not tensors:
            tensors = [torch.tensor(a) for a in before]
            other = theirs(tensors)
        for t, g in zip(tensors, grads, strict=True):
            t.grad = torch.tensor(g)
        other.step()
        for a, t in zip(after, tensors, strict=True):
            agree(a, t, ours)


def test_lion_equals_its_formula():
    from gradcheck_reference.nnfs import Optimizer_Lion

    optimizer, m = Optimizer_Lion(0.01, weight_decay=0.1), [0.0, 0.0]
    for before, grads, after in stepped(optimizer, np.random.default_rng(0)):
        for i, (w, g) in enumerate(zip(before, grads, strict=True)):
            expected = w - 0.01 * (np.sign(0.9 * m[i] + 0.1 * g) + 0.1 * w)
            m[i] = 0.99 * m[i] + 0.01 * g
            agree(after[i], expected, "Lion")


def test_every_registered_class_is_verified_and_every_exported_class_registered():
    assert {e.name for e in LAYER_ENTRIES} == set(LAYERS)
    assert {e.name for e in LOSS_ENTRIES} == set(LOSSES)
    bases = {"Loss", "Accuracy", "FlatParameters", "Model", "ModelFileError"}
    for skin in ("nnfs", "fish"):
        module = importlib.import_module(f"gradcheck_reference.{skin}")
        exported = set(module.__all__) - bases
        registered = {e.name for e in registry.entries(skin)}
        assert exported - registered <= {"shuffle_dataset"}
        assert registered <= exported
