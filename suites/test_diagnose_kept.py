"""What is kept in single precision, by reference, or never read: bugs that are named, and twins that are not."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

import pytest

from gradcheck import run, targets
from gradcheck.diagnose.senseless import senseless

CELL = """
class Cell:
    def __init__(self, n_in, n_hidden):
        self.Wx, self.Wh = np.random.randn(n_in, n_hidden), np.random.randn(n_hidden, n_hidden)

    def forward(self, xs):
        h = np.zeros((xs.shape[0], self.Wh.shape[0]))
        self.xs, self.steps = xs.copy(), []
        out = np.zeros((xs.shape[0], xs.shape[1], h.shape[1]){dtype})
        for t in range(xs.shape[1]):
            z = np.tanh(xs[:, t] @ self.Wx + h @ self.Wh)
            self.steps.append((h, z))
            {step}
            out[:, t] = h
        return out

    def backward(self, dout):
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        dxs, dh = np.zeros_like(self.xs), 0.0
        for t in reversed(range(dout.shape[1])):
            h, z = self.steps[t]
            total = dout[:, t] + dh
            dz = 0.5 * total * (1 - z ** 2)
            self.dWx += self.xs[:, t].T @ dz
            self.dWh += h.T @ dz
            dxs[:, t] = dz @ self.Wx.T
            dh = 0.5 * total + dz @ self.Wh.T
        return dxs
"""
NEW, IN_PLACE = "h = h + 0.5 * (z - h)", "h += 0.5 * (z - h)"
SINGLE = """
class Root:
    def forward(self, x):
        self.s = np.sqrt(1.0 + x * x).astype({dtype}).astype(float)
        self.x = x.copy()
        return np.sqrt(1.0 + x * x)

    def backward(self, d):
        return d * self.x / self.s
"""
SHIFT = """
class Shift:
    def __init__(self, n):
        self.W, self.shift = np.random.randn(n, n), np.random.randn(n)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.W{shift}

    def backward(self, d):
        self.dW, self.dshift = self.x.T @ d, d.sum(axis=0)
        return d @ self.W.T
"""
NET = """
def relu(a):
    return np.maximum(a, 0), a > 0


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.params = {{"V": np.random.randn(n_in, n_hidden), "W": np.random.randn(n_hidden, n_out)}}

    def predict(self, x):
        a = x @ self.params["V"]
        {kept}, self.mask = relu(a)
        self.x, self.a = x, a
        return a @ self.params["W"]

    def loss(self, x, t):
        z = self.predict(x)
        z = z - z.max(axis=1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        rows = np.arange(len(x))
        loss = -np.mean(np.log(p[rows, t]))
        p[rows, t] -= 1
        d = p / len(x)
        grads = {{"W": self.a.T @ d}}
        grads["V"] = self.x.T @ ((d @ self.params["W"].T) * self.mask)
        return loss, grads
"""
DICE = """
def overlap_loss(logits, labels):
    n, classes = logits.shape
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    truth = np.eye(classes)[labels]
    weight = 1.0 + np.arange(classes)
    dp = np.zeros_like(p)
    for c in range({count}):
        dp[:, c] = -weight[c] * truth[:, c] / n
    grad = p * (dp - np.sum(dp * p, axis=1, keepdims=True))
    return -np.sum(weight * truth * p) / n, grad
"""


def causes(tmp_path: Path, code: str, name: str) -> dict[str, str]:
    """The causes of the failures of a class, with how they were confirmed; ? where one is none."""
    file = tmp_path / "mine.py"
    file.write_text("import numpy as np\n" + textwrap.dedent(code), encoding="utf-8")
    loaded = targets.load(targets.parse(str(file))[0])
    subject = run.check(loaded, name, run.Options())
    failed = [v for v in subject.verdicts if v.status in {"fail", "error"}]
    return {
        v.cause.id if v.cause else "?": v.cause.evidence if v.cause else v.message for v in failed
    }


@pytest.mark.parametrize(
    ("code", "name", "cause"),
    [
        (CELL.format(dtype="", step=NEW), "Cell", None),
        (CELL.format(dtype="", step=IN_PLACE), "Cell", "cached-by-reference"),
        (SINGLE.format(dtype="np.float64"), "Root", None),
        (SINGLE.format(dtype="np.float32"), "Root", "float32-inside"),
        (SHIFT.format(shift=" + self.shift"), "Shift", None),
        (SHIFT.format(shift=""), "Shift", "never-wired"),
        (NET.format(kept="a"), "Net", None),
        (NET.format(kept="_"), "Net", "never-wired"),
        (DICE.format(count="classes"), "overlap_loss", None),
        (DICE.format(count="labels.max()"), "overlap_loss", "last-class"),
    ],
)
def test_cause(tmp_path, code, name, cause):
    found = causes(tmp_path, code, name)
    assert (cause in found) if cause else (not found), found


def test_single_precision_is_named_only_where_it_stands_in_the_code(tmp_path):
    code = SINGLE.format(dtype="float").replace(
        "d * self.x / self.s", "d * self.x / self.s * (1 + 1e-6)"
    )
    found = causes(tmp_path, code, "Root")
    assert found
    assert "float32-inside" not in found, found


class At:
    """A place in a statement, and what is put there."""

    def __init__(self, statement: str, old: str, new: str) -> None:
        tree = ast.parse(statement)
        pairs = [(p, c) for p in ast.walk(tree) for c in ast.iter_child_nodes(p)]
        self.parent, self.node = next((p, c) for p, c in pairs if ast.unparse(c) == old)
        self.statement, self.new, self.site = tree.body[0], ast.parse(new, mode="eval").body, self


@pytest.mark.parametrize(
    ("statement", "old", "new", "out"),
    [
        ("y = self.rate == 0", "0", "1", False),
        ("y = self.rate == k", "k", "self.rate", True),
        ("y = a / b", "b", "a", True),
        ("y = a * b", "b", "a", False),
        ("n = x.shape[0]", "x.shape[0]", "-x.shape[0]", True),
        ("n = x.sum()", "x.sum()", "-x.sum()", False),
        ("self.s = x.shape", "x.shape", "x.shape * len(x)", True),
        ("y = h / self.out_h", "self.out_h", "np.sign(self.out_h)", True),
        ("y = h / self.beta", "self.beta", "np.sign(self.beta)", False),
        ("t = 0", "0", "0.5", True),
    ],
)
def test_changes_without_sense_are_left_out(statement, old, new, out):
    assert senseless(At(statement, old, new)) is out
