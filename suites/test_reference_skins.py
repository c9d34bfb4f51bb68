"""Every class of the nnfs and fish skins, as registered, against PyTorch in float64.

The functions under them are verified over many shapes and options in `test_reference_torch`, with
the optimizers; here the classes: parameters, modes, regularisers, means over the batch, labels.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from gradcheck_reference import registry

torch = pytest.importorskip("torch", reason="the second oracle, PyTorch, is not installed")
tf = torch.nn.functional

oracle = importlib.import_module("suites.oracle_skins")
optimizers = importlib.import_module("suites.oracle_optimizers")
tensor, relative = oracle.tensor, oracle.relative

BOUND = 1e-12

# Below, apart from the others: more than one input, or indices.
OTHERS = {"MulLayer", "AddLayer", "Layer_Attention", "Layer_Embedding"}
CLASSES = [e for e in registry.entries() if e.skin != "functional"]
LAYERS = [e for e in CLASSES if e.kind in ("layer", "activation") and e.name not in OTHERS]
LOSSES = [e for e in CLASSES if e.kind == "loss"]


def agree(ours, theirs, what):
    assert relative(ours, np.asarray(theirs)) <= BOUND, what


def of_one_value(entry, size):
    """PyTorch refuses to normalise a batch of one value a channel."""
    shape = next(iter(entry.inputs.values()))
    return "BatchNorm" in entry.name and size == "one" and len(shape) == 2


@pytest.mark.parametrize(
    ("entry", "size"),
    [(e, s) for e in LAYERS for s in oracle.SIZES if not of_one_value(e, s)],
    ids=lambda value: value if isinstance(value, str) else value.make[:60],
)
def test_layers_equal_pytorch(entry, size):
    for what, error in oracle.compare_layer(entry, oracle.SIZES[size]):
        assert error <= BOUND, what


@pytest.mark.parametrize("size", oracle.SIZES)
@pytest.mark.parametrize("entry", LOSSES, ids=lambda e: e.make)
def test_losses_equal_pytorch_for_every_form_of_labels(entry, size):
    for what, error in oracle.compare_loss(entry, oracle.SIZES[size]):
        assert error <= BOUND, what


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


@pytest.mark.parametrize(("name", "output"), [("MulLayer", 6.0), ("AddLayer", 5.0)])
def test_gates_equal_pytorch(name, output):
    from gradcheck_reference import fish

    gate = getattr(fish, name)()
    a, b = tensor([2.0, -1.0]), tensor([3.0, 4.0])
    theirs = a * b if name == "MulLayer" else a + b
    g = np.array([0.5, 2.0])
    theirs.backward(torch.tensor(g))
    assert gate.forward(2.0, 3.0) == output
    agree(gate.forward(np.array([2.0, -1.0]), np.array([3.0, 4.0])), theirs.detach(), "output")
    for ours, t in zip(gate.backward(g), (a, b), strict=True):
        agree(ours, t.grad, "gradient")


def test_every_registered_class_is_verified_and_every_exported_class_registered():
    assert {e.name for e in LAYERS} == set(oracle.LAYERS)
    assert {e.name for e in LOSSES} == set(oracle.LOSSES)
    rows = {name.split()[0] for name in optimizers.NAMES}
    assert {e.name for e in CLASSES if e.kind == "optimizer"} == rows
    bases = {"Loss", "Accuracy", "FlatParameters", "Model", "ModelFileError"}
    for skin in ("nnfs", "fish"):
        module = importlib.import_module(f"gradcheck_reference.{skin}")
        exported = set(module.__all__) - bases
        registered = {e.name for e in registry.entries(skin)}
        assert exported - registered <= {"shuffle_dataset"}
        assert registered <= exported
