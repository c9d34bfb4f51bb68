"""The reference against PyTorch in float64: every forward, every gradient, every optimizer.

Errors are relative to the largest entry of PyTorch's array. ``GRADCHECK_DEEP=1`` draws 200 random
shapes for every function in place of 20.
"""

from __future__ import annotations

import importlib.util
import math
import os
import pathlib
import pkgutil
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the second oracle, PyTorch, is not installed")

HERE = pathlib.Path(__file__).parent
DEEP = bool(os.environ.get("GRADCHECK_DEEP")) or os.environ.get("HYPOTHESIS_PROFILE") == "deep"
SHAPES = 200 if DEEP else 20
BOUND = 1e-12


def load(name):
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


oracle = load("oracle_torch")
load("oracle_torch_more")


def relative(ours, theirs, size=0.0):
    """The largest error over the largest entry; 0 where both are equal.

    A gradient that cancels to less than a thousandth of its cotangent or of the other gradients
    (a saturated softmax) has lost the digits below 1e-15 of those in PyTorch as well: it is
    measured against their `size`.
    """
    assert ours.shape == theirs.shape
    error = np.abs(ours - theirs).max(initial=0.0)
    return error / max(np.abs(theirs).max(), 1e-3 * size) if error else 0.0


def layout(rng, a):
    """The same values in C order, Fortran order, or as every second element of a larger array."""
    kind = rng.integers(3)
    if kind == 0 or a.ndim == 0:
        return a
    if kind == 1:
        return np.asfortranarray(a)
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def functions(name):
    module, draw = oracle.ROWS[name]
    return getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward"), draw


def as_tuple(grads):
    return grads if isinstance(grads, tuple) else (grads,)


@pytest.mark.parametrize("name", oracle.ROWS)
def test_forward_and_gradients_equal_pytorch(name):
    forward, backward, draw = functions(name)
    for seed in range(SHAPES):
        rng = np.random.default_rng(seed)
        d = draw(rng)
        arrays = [layout(rng, a) for a in d.arrays]
        before = [a.copy() for a in arrays]
        y, cache = forward(*arrays, *d.extra, **d.options)
        g = layout(rng, rng.normal(size=y.shape))
        g_before = g.copy()
        grads = as_tuple(backward(g, cache))

        tensors = [torch.tensor(a, requires_grad=True) for a in d.arrays]
        theirs = d.theirs(*tensors)
        theirs.backward(torch.tensor(g_before))
        assert relative(y, theirs.detach().numpy()) <= BOUND, f"output, seed {seed}"
        assert len(grads) == len(tensors)
        size = max(np.abs(a).max() for a in (g, *(t.grad.numpy() for t in tensors)))
        for i, (grad, tensor) in enumerate(zip(grads, tensors, strict=True)):
            if i in d.zero:
                assert np.abs(grad).max() <= BOUND * size, f"gradient {i}, seed {seed}"
                continue
            assert relative(grad, tensor.grad.numpy(), size) <= BOUND, f"gradient {i}, seed {seed}"
        for a, b in zip([*arrays, g], [*before, g_before], strict=True):
            assert np.array_equal(a, b), f"an argument was edited, seed {seed}"


@pytest.mark.parametrize("name", oracle.ROWS)
def test_float32_stays_float32(name):
    forward, backward, draw = functions(name)
    for seed in range(SHAPES):
        rng = np.random.default_rng(seed)
        d = draw(rng)
        singles = [a.astype(np.float32) for a in d.arrays]
        y, cache = forward(*singles, *d.extra, **d.options)
        g = rng.normal(size=y.shape).astype(np.float32)
        grads = as_tuple(backward(g, cache))
        assert {a.dtype for a in (y, *grads)} == {np.dtype("float32")}
        doubles = [a.astype(np.float64) for a in singles]
        exact, cache = forward(*doubles, *d.extra, **d.options)
        assert relative(y.astype(np.float64), exact) <= 1e-4


def test_erfc_keeps_relative_precision_in_both_tails():
    from gradcheck_reference.functional.erf import erfc

    x = np.linspace(-8, 25, 3001)
    exact = np.array([math.erfc(v) for v in x])
    assert np.abs(erfc(x) / exact - 1).max() < 1e-13
    assert erfc(np.array([-1e4, 1e4])).tolist() == [2.0, 0.0]
    assert erfc(x.astype(np.float32)).dtype == np.float32


def test_every_function_of_the_core_has_an_oracle():
    import gradcheck_reference.functional as core

    names = set()
    for info in pkgutil.iter_modules(core.__path__):
        module = importlib.import_module(f"{core.__name__}.{info.name}")
        names |= {n.removesuffix("_backward") for n in vars(module) if n.endswith("_backward")}
    assert names == set(oracle.ROWS)


STEPS = 50
SHAPES_OF_PARAMETERS = {"weights": (4, 3), "biases": (1, 3)}


class Parameters:
    """What an nnfs optimizer sees of a layer."""

    def __init__(self, rng):
        for name, shape in SHAPES_OF_PARAMETERS.items():
            setattr(self, name, rng.normal(size=shape))


def decayed(optimizer, decay):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + decay * t))


def nnfs_optimizers():
    from gradcheck_reference import nnfs

    sgd, optim = torch.optim.SGD, torch.optim
    return {
        "SGD": (nnfs.Optimizer_SGD(0.3), lambda p: sgd(p, 0.3), 0),
        "SGD decay": (nnfs.Optimizer_SGD(0.3, decay=0.1), lambda p: sgd(p, 0.3), 0.1),
        "SGD momentum": (
            nnfs.Optimizer_SGD(0.1, momentum=0.8),
            lambda p: sgd(p, 0.1, momentum=0.8),
            0,
        ),
        "Adagrad": (
            nnfs.Optimizer_Adagrad(0.5, decay=0.05),
            lambda p: optim.Adagrad(p, 0.5, lr_decay=0.05, eps=1e-7),
            0,
        ),
        "RMSprop": (
            nnfs.Optimizer_RMSprop(0.01, rho=0.8),
            lambda p: optim.RMSprop(p, 0.01, alpha=0.8, eps=1e-7),
            0,
        ),
        "Adam": (nnfs.Optimizer_Adam(0.01), lambda p: optim.Adam(p, 0.01, eps=1e-7), 0),
        "Adam decay": (
            nnfs.Optimizer_Adam(0.01, decay=0.02, epsilon=1e-3, beta_1=0.8, beta_2=0.9),
            lambda p: optim.Adam(p, 0.01, betas=(0.8, 0.9), eps=1e-3),
            0.02,
        ),
    }


NNFS_OPTIMIZERS = nnfs_optimizers()


@pytest.mark.parametrize("name", NNFS_OPTIMIZERS)
def test_nnfs_optimizers_equal_pytorch_for_50_steps(name):
    ours, make, decay = NNFS_OPTIMIZERS[name]
    rng = np.random.default_rng(0)
    layer = Parameters(rng)
    tensors = {n: torch.tensor(getattr(layer, n)) for n in SHAPES_OF_PARAMETERS}
    theirs = make(list(tensors.values()))
    schedule = decayed(theirs, decay)
    for step in range(STEPS):
        for n, shape in SHAPES_OF_PARAMETERS.items():
            g = rng.normal(size=shape)
            setattr(layer, f"d{n}", g.copy())
            tensors[n].grad = torch.tensor(g)
        ours.pre_update_params()
        ours.update_params(layer)
        ours.post_update_params()
        theirs.step()
        schedule.step()
        for n in SHAPES_OF_PARAMETERS:
            assert relative(getattr(layer, n), tensors[n].numpy()) <= BOUND, f"{n}, step {step}"
            assert np.array_equal(getattr(layer, f"d{n}"), tensors[n].grad.numpy())


def fish_optimizers():
    from gradcheck_reference import fish

    sgd, optim = torch.optim.SGD, torch.optim
    return {
        "SGD": (fish.SGD(0.1), lambda p: sgd(p, 0.1)),
        "Momentum": (fish.Momentum(0.1, 0.8), lambda p: sgd(p, 0.1, momentum=0.8)),
        "Nesterov": (
            fish.Nesterov(0.1, 0.8),
            lambda p: sgd(p, 0.1, momentum=0.8, nesterov=True),
        ),
        "AdaGrad": (fish.AdaGrad(0.1), lambda p: optim.Adagrad(p, 0.1, eps=1e-7)),
        "RMSprop": (fish.RMSprop(0.01), lambda p: optim.RMSprop(p, 0.01, alpha=0.99, eps=1e-7)),
    }


FISH_OPTIMIZERS = fish_optimizers()


@pytest.mark.parametrize("name", FISH_OPTIMIZERS)
def test_fish_optimizers_equal_pytorch_for_50_steps(name):
    ours, make = FISH_OPTIMIZERS[name]
    rng = np.random.default_rng(0)
    params = {n: rng.normal(size=shape) for n, shape in SHAPES_OF_PARAMETERS.items()}
    tensors = {n: torch.tensor(a) for n, a in params.items()}
    theirs = make(list(tensors.values()))
    for step in range(STEPS):
        grads = {n: rng.normal(size=shape) for n, shape in SHAPES_OF_PARAMETERS.items()}
        for n, g in grads.items():
            tensors[n].grad = torch.tensor(g)
        ours.update(params, grads)
        theirs.step()
        for n in params:
            assert relative(params[n], tensors[n].numpy()) <= BOUND, f"{n}, step {step}"
            assert np.array_equal(grads[n], tensors[n].grad.numpy())


def test_fish_adam_equals_its_formula():
    """Its epsilon stands beside the uncorrected root: PyTorch has no such Adam."""
    from gradcheck_reference import fish

    rng = np.random.default_rng(0)
    w = rng.normal(size=(4, 3))
    params, ours = {"W": w.copy()}, fish.Adam(0.01)
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, STEPS + 1):
        g = rng.normal(size=w.shape)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        w -= 0.01 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
        ours.update(params, {"W": g})
        assert relative(params["W"], w) <= BOUND
