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


class WithoutBias(Function):
    @staticmethod
    def forward(ctx, x, w, b=None):
        ctx.save_for_backward(x, w, b)
        return x @ w.t() if b is None else x @ w.t() + b

    @staticmethod
    def backward(ctx, g):
        x, w, b = ctx.saved_tensors
        gb = None
        if b is not None:
            gb = g.mean(0)
        return g @ w, g.t() @ x, gb


class Entropy(Function):
    @staticmethod
    def forward(ctx, logits, target):
        p = torch.softmax(logits, 1)
        ctx.save_for_backward(p, target)
        return torch.nn.functional.cross_entropy(logits, target)

    @staticmethod
    def backward(ctx, g):
        p, target = ctx.saved_tensors
        d = p.clone()
        d[torch.arange(len(target)), target] -= 1
        return g * d / len(target), None


class EntropyAlone(Entropy):
    @staticmethod
    def backward(ctx, g):
        p, target = ctx.saved_tensors
        d = p.clone()
        d[torch.arange(len(target)), target] -= 1
        return d / len(target), None


class Range(Function):
    @staticmethod
    def forward(ctx, x, dim):
        high, low = x.max(dim), x.min(dim)
        ctx.save_for_backward(high.indices, low.indices)
        ctx.dim, ctx.like = dim, x
        return high.values, low.values

    @staticmethod
    def backward(ctx, g_high, g_low):
        high, low = (i.unsqueeze(ctx.dim) for i in ctx.saved_tensors)
        d = torch.zeros_like(ctx.like)
        d = d.scatter_add(ctx.dim, high, g_high.unsqueeze(ctx.dim))
        return d.scatter_add(ctx.dim, low, g_low.unsqueeze(ctx.dim)), None


class RangeOfOne(Range):
    @staticmethod
    def backward(ctx, g_high, g_low):
        high, low = (i.unsqueeze(ctx.dim) for i in ctx.saved_tensors)
        d = torch.zeros_like(ctx.like)
        return d.scatter_add(ctx.dim, high, g_high.unsqueeze(ctx.dim)), None


class Rectify(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        x.clamp_(min=0)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * (y > 0)


class Table(Function):
    @staticmethod
    def forward(ctx, weight, idx):
        ctx.save_for_backward(idx)
        ctx.rows = len(weight)
        return weight[idx]

    @staticmethod
    def backward(ctx, g):
        (idx,) = ctx.saved_tensors
        d = torch.zeros(ctx.rows, g.shape[-1], dtype=g.dtype)
        return d.index_add(0, idx.reshape(-1), g.reshape(-1, g.shape[-1])), None


class TableOnce(Table):
    @staticmethod
    def backward(ctx, g):
        (idx,) = ctx.saved_tensors
        d = torch.zeros(ctx.rows, g.shape[-1], dtype=g.dtype)
        d[idx] = g
        return d, None


class Products(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return torch.bmm(a, b)

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return torch.bmm(g, b.transpose(1, 2)), torch.bmm(a.transpose(1, 2), g)


class Log(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.log()

    @staticmethod
    def backward(ctx, g):
        return g / ctx.saved_tensors[0]


class Dropout(Function):
    @staticmethod
    def forward(ctx, x, p=0.5):
        ctx.mask = (torch.rand_like(x) > p).to(x.dtype) / (1 - p)
        return x * ctx.mask

    @staticmethod
    def backward(ctx, g):
        return g * ctx.mask, None


class DropoutAnew(Dropout):
    @staticmethod
    def backward(ctx, g):
        return g * (torch.rand_like(g) > 0.5).to(g.dtype) / 0.5, None


class Cell(Function):
    @staticmethod
    def forward(ctx, x, weights, h):
        ctx.save_for_backward(torch.cat([h, x], 1), weights)
        return torch.cat([h, x], 1) @ weights.t()

    @staticmethod
    def backward(ctx, g):
        both, weights = ctx.saved_tensors
        d = g @ weights
        return d[:, 6:], g.t() @ both, d[:, :6]


class Abstract(Function):
    pass
"""

RIGHT = ["Linear", "Scaled", "TwoStages", "Norm", "Entropy", "Range", "Rectify", "Table", "Products",
         "Log", "Dropout"]  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    path = tmp_path_factory.mktemp("torch") / "functions.py"
    path.write_text(TEXT)
    return targets.load(targets.parse(str(path))[0])


def check(loaded, name):
    return run.check(loaded, name, run.Options(diagnose=False))


@pytest.mark.parametrize("name", RIGHT)
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
        ("WithoutBias", "gradient", {"b"}),
        ("EntropyAlone", "gradient", {"logits"}),
        ("RangeOfOne", "gradient", {"x"}),
        ("TableOnce", "gradient", {"weight"}),
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


def test_a_mask_drawn_again_in_backward_fails(loaded):
    failed = [v.law for v in check(loaded, "DropoutAnew").verdicts if v.status == "fail"]
    assert "gradient" in failed


def test_the_shapes_of_a_call_can_be_given(loaded):
    assert "--init" in check(loaded, "Cell").reason
    init = "Cell.apply(torch.randn(3, 4), torch.randn(5, 10), torch.randn(3, 6))"
    subject = run.check(loaded, "Cell", run.Options(init=(init,), diagnose=False))
    assert subject.status in {"pass", "note"}
    assert {v.wrt for v in subject.verdicts if v.law == "gradient"} == {"x", "weights", "h"}
    wrong = run.Options(init=("Cell.apply(torch.randn(3, 4))",), diagnose=False)
    assert "missing a required argument: 'weights'" in run.check(loaded, "Cell", wrong).reason
