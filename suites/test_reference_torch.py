"""The reference against PyTorch in float64: every forward, every gradient, every optimizer.

Errors are relative to the largest entry of PyTorch's array. ``GRADCHECK_DEEP=1`` draws 200 random
shapes for every function in place of 20.
"""

from __future__ import annotations

import importlib
import math
import os
import pkgutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the second oracle, PyTorch, is not installed")

oracle = importlib.import_module("suites.oracle_torch")
importlib.import_module("suites.oracle_torch_more")
optimizers = importlib.import_module("suites.oracle_optimizers")

DEEP = bool(os.environ.get("GRADCHECK_DEEP")) or os.environ.get("HYPOTHESIS_PROFILE") == "deep"
SHAPES = 200 if DEEP else 20
BOUND = 1e-12


@pytest.mark.parametrize("name", oracle.ROWS)
def test_forward_and_gradients_equal_pytorch(name):
    for seed in range(SHAPES):
        for what, error in oracle.compare(name, seed):
            assert error <= BOUND, f"{what}, seed {seed}"


@pytest.mark.parametrize("name", oracle.ROWS)
def test_float32_stays_float32(name):
    forward, backward, draw = oracle.functions(name)
    for seed in range(SHAPES):
        rng = np.random.default_rng(seed)
        d = draw(rng)
        singles = [a.astype(np.float32) for a in d.arrays]
        y, cache = forward(*singles, *d.extra, **d.options)
        g = rng.normal(size=y.shape).astype(np.float32)
        grads = oracle.as_tuple(backward(g, cache))
        assert {a.dtype for a in (y, *grads)} == {np.dtype("float32")}
        doubles = [a.astype(np.float64) for a in singles]
        exact, cache = forward(*doubles, *d.extra, **d.options)
        assert oracle.relative(y.astype(np.float64), exact) <= 1e-4


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


@pytest.mark.parametrize("name", optimizers.NAMES)
def test_optimizers_equal_pytorch_or_their_formula_for_50_steps(name):
    for what, error in optimizers.compare(name):
        assert error <= BOUND, what
