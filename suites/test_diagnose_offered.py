"""A change that is offered leaves what was right as it was; names of exchanged arrays are proved."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from gradcheck import run, targets

DROPOUT = """
class Dropout:
    def __init__(self, rate=0.4):
        self.rate = rate

    def forward(self, x, training=True):
        if not training or self.rate == 0:
            self.mask = np.ones(x.shape)
            return x.copy()
        self.mask = (np.random.rand(*x.shape) >= self.rate){scale}
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask
"""
HINGE = """
def hinge_loss(scores, t):
    s = {two} * np.asarray(t) - {one}
    gap = 1 - s * scores
    return np.mean(np.maximum(gap, 0)), np.where(gap > 0, -s, 0.0) / scores.size
"""
ACCURACY = """
class Accuracy_Binary:
    def __init__(self, threshold=0.5):
        self.threshold = threshold

    def compare(self, predictions, y):
        decided = {guess}
        above = predictions > self.threshold
        decided[above], decided[~above] = 1, 0
        return decided == y.reshape(predictions.shape)
"""
#: Wrong code, its name, and calls whose results are right before any change.
OFFERED = {
    "dropout": (
        DROPOUT.format(scale=""),
        "Dropout",
        lambda made: (made["Dropout"]().forward(POINTS) == 0, made["Dropout"]().forward(POINTS, False)),
    ),
    "labels": (
        HINGE.format(two="2", one="1"),
        "hinge_loss",
        lambda made: made["hinge_loss"](POINTS, BITS),
    ),
    "accuracy": (
        ACCURACY.format(guess="predictions"),
        "Accuracy_Binary",
        lambda made: (made["Accuracy_Binary"]().compare(np.abs(POINTS), BITS),),
    ),
}  # fmt: skip
POINTS = np.random.default_rng(4).normal(size=(6, 5))
BITS = np.random.default_rng(5).integers(0, 2, size=(6, 5))


def subject_of(path: Path, text: str, name: str):
    path.write_text("import numpy as np\n\n\n" + textwrap.dedent(text), encoding="utf-8")
    loaded = targets.load(targets.parse(f"{path}::{name}")[0])
    return run.check(loaded, name, run.Options(examples=0))


def result(text: str, call):
    made = {"np": np}
    exec(textwrap.dedent(text), made)
    np.random.seed(0)
    return call(made)


@pytest.mark.parametrize(("text", "name", "call"), OFFERED.values(), ids=OFFERED)
def test_a_change_that_is_offered_alters_nothing_that_was_right(tmp_path, text, name, call):
    subject = subject_of(tmp_path / "mine.py", text, name)
    failed = [v for v in subject.verdicts if v.status == "fail"]
    assert failed and all(v.cause is not None for v in failed)
    for v in failed:
        change = re.match(r"change `(.*?)` to `(.*?)`", v.cause.fix, re.DOTALL)
        if change is None:
            continue
        spaced = re.sub(r"\n\s*", " ", change[2])
        line = next(x for x in text.splitlines() if x.strip() and plain(change[1]) == plain(x))
        other = text.replace(line.strip(), spaced)
        for before, after in zip(result(text, call), result(other, call), strict=True):
            assert np.allclose(before, after), v.cause.fix


def plain(code: str) -> str:
    """Code without spaces and brackets."""
    return re.sub(r"[\s()]", "", code)


RESIDUAL = """
class Residual:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)
        self.V = np.random.randn(n_out, n_out)

    def forward(self, x):
        self.x = x.copy()
        self.z = x @ self.W
        self.a = np.tanh(self.z)
        self.b = self.a + np.sin(self.a @ self.V)
        return self.b

    def backward(self, d):
        inner = d * np.cos(self.a @ self.V)
        self.dV = self.{left}.T @ inner
        da = d + inner @ self.V.T
        dz = da * (1 - np.tanh(self.{point}) ** 2)
        self.dW = self.x.T @ dz
        return dz @ self.W.T
"""


@pytest.mark.parametrize(
    ("left", "point", "wanted"),
    [("a", "z", None), ("a", "a", True), ("b", "z", False)],
    ids=["right", "output for input", "array of another layer"],
)
def test_a_wrong_point_is_the_input_or_output_of_one_function(tmp_path, left, point, wanted):
    text = RESIDUAL.format(left=left, point=point)
    subject = subject_of(tmp_path / "mine.py", text, "Residual")
    failed = [v for v in subject.verdicts if v.status == "fail" and v.law == "gradient"]
    if wanted is None:
        assert not failed
        return
    told = [v.cause.id for v in failed]
    assert ("derivative-at-wrong-point" in told) is wanted, told
