"""What a layer's place, a list's twins, a dtype and a size tell: a bug that is named, and one that is not."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from gradcheck import run, targets

TWO = """
class Scale:
    def __init__(self, k):
        self.k = k

    def forward(self, x):
        self.x = x.copy()
        return np.tanh(self.k * x)

    def backward(self, d):
        return d * self.k * (1 - np.tanh(self.k * self.x) ** 2)


class Two:
    def __init__(self):
        self.layers = {layers}

    def forward(self, x):
        first, second = self.layers
        y = first.forward(x)
        {second}

    def backward(self, d):
        first, second = self.layers
        return first.backward(second.backward(d))
"""
APART, ONE = "[Scale(0.7), Scale(0.7)]", "[Scale(0.7)] * 2"
USED, LOST = "return second.forward(y)", "second.forward(y); return y"
SQUARE = """
class Norm:
    def forward(self, x):
        self.n = x.shape[{axis}]
        self.x = x.copy()
        self.mean = (x ** 2).mean(axis=1, keepdims=True)
        return x / (1 + self.mean)

    def backward(self, d):
        s = 1 + self.mean
        inner = np.sum(d * self.x, axis=1, keepdims=True)
        return d / s - 2 * self.x * inner / s ** 2 / self.n
"""
SHARED = """
class Conv:
    def __init__(self):
        self.w, self.b = np.random.randn(3), np.random.randn(1)

    def forward(self, x):
        self.x = x.copy()
        return np.stack([x[:, i : i + 3] @ self.w for i in range(x.shape[1] - 2)], axis=1) + self.b

    def backward(self, d):
        dx = np.zeros(self.x.shape)
        self.dw = np.zeros(3)
        for i in range(d.shape[1]):
            dx[:, i : i + 3] += d[:, i : i + 1] * self.w
            self.dw += d[:, i] @ self.x[:, i : i + 3]
        self.db = np.array([d{some}.sum()])
        return dx
"""
WHOLE = """
class Rounded:
    def forward(self, x):
        self.slope = 2 * x + 9
        return x ** 2 + 9 * x

    def backward(self, d):
        return d * self.slope.astype({dtype})
"""
CASES = {
    "two objects": (TWO.format(layers=APART, second=USED), "Two", ""),
    "one object twice": (TWO.format(layers=ONE, second=USED), "Two", "shared-state"),
    "a result thrown away": (TWO.format(layers=APART, second=LOST), "Two", "never-wired"),
    "the size of a row": (SQUARE.format(axis=1), "Norm", ""),
    "the size of the batch": (SQUARE.format(axis=0), "Norm", "square-only"),
    "all outputs": (SHARED.format(some=""), "Conv", ""),
    "the first output": (SHARED.format(some="[:, 0]"), "Conv", "missing-broadcast-sum"),
    "floats": (WHOLE.format(dtype="np.float64"), "Rounded", ""),
    "whole numbers": (WHOLE.format(dtype="np.int64"), "Rounded", "int-truncation"),
}


@pytest.mark.parametrize(("text", "name", "wanted"), CASES.values(), ids=CASES)
def test_a_cause_is_told_and_its_neighbour_is_not(tmp_path: Path, text, name, wanted):
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n\n\n" + textwrap.dedent(text), encoding="utf-8")
    loaded = targets.load(targets.parse(f"{path}::{name}")[0])
    subject = run.check(loaded, name, run.Options(examples=0))
    failed = [v for v in subject.verdicts if v.status == "fail"]
    if not wanted:
        assert not failed
        return
    told = next(v for v in failed if v.law == "gradient")
    assert told.cause is not None and told.cause.id == wanted
