"""Custom functions of PyTorch: the right ones pass, every wrong one fails on the gradient at fault."""

from __future__ import annotations

import pytest

from gradcheck import run, targets

pytest.importorskip("torch", reason="PyTorch is not installed")

TEXT = """
import torch
from torch.autograd import Function


class Linear(Function):
    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_for_backward(x, w)
        return x @ w.t() + b

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g @ w, g.t() @ x, g.sum(0)


class LinearDoubleBias(Linear):
    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g @ w, g.t() @ x, 2 * g.sum(0)


class Scaled(Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.alpha = alpha
        return x * alpha

    @staticmethod
    def backward(ctx, g):
        return g * ctx.alpha, None


class TwoStages(Function):
    @staticmethod
    def forward(x):
        return x.tanh()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * (1 - y**2)


class Swapped(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * a, g * b


class TooFew(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, g):
        return g


class Norm(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.norm()
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * x / y


class Abstract(Function):
    pass
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    path = tmp_path_factory.mktemp("torch") / "functions.py"
    path.write_text(TEXT)
    return targets.load(targets.parse(str(path))[0])


def check(loaded, name):
    return run.check(loaded, name, run.Options(diagnose=False))


@pytest.mark.parametrize("name", ["Linear", "Scaled", "TwoStages", "Norm"])
def test_a_right_function_passes(loaded, name):
    subject = check(loaded, name)
    bad = [v.message for v in subject.verdicts if v.status not in {"pass", "note", "skipped"}]
    assert not bad
    assert any(v.law == "gradient" and v.status == "pass" for v in subject.verdicts), subject.reason


@pytest.mark.parametrize(
    ("name", "law", "wrong"),
    [
        ("LinearDoubleBias", "gradient", {"b"}),
        ("Swapped", "gradient", {"a", "b"}),
        ("TooFew", "contract", {"a"}),
    ],
)
def test_a_wrong_function_fails_where_it_is_wrong(loaded, name, law, wrong):
    subject = check(loaded, name)
    failed = {v.wrt for v in subject.verdicts if v.status == "fail" and v.law == law}
    assert failed == wrong, [v.message for v in subject.verdicts]


def test_what_pytorch_refuses_is_told_in_its_words(loaded):
    (message,) = [v.message for v in check(loaded, "TooFew").verdicts if v.status == "fail"]
    assert "incorrect number of gradients (expected 2, got 1)" in message


def test_a_function_without_its_two_methods_is_skipped(loaded):
    (planned,) = [p for p in run.plan(loaded) if p.name == "Abstract"]
    assert planned.reason
