"""What backward leaves out, found by holding it in forward; what calls and objects have in common."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

from gradcheck import run, targets
from gradcheck.diagnose.interventions_state import drawn_once

AVERAGE = """
class Average:
    def __init__(self, alpha=0.3):
        self.alpha = alpha

    def forward(self, x):
        y = np.zeros(x.shape)
        state = np.zeros_like(y[:, 0])
        for t in range(x.shape[1]):
            state = self.alpha * x[:, t] + (1 - self.alpha) * state
            y[:, t] = state
        return y

    def backward(self, dy):
        dx, flow = np.zeros_like(dy), np.zeros_like(dy[:, 0])
        for t in reversed(range(dy.shape[1])):
            flow = {flow}
            dx[:, t] = self.alpha * flow
        return dx
"""
POOLED = """
class Pooled:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y.mean(axis=1)

    def backward(self, dout):
        spread = np.repeat(dout[:, None], self.y.shape[1], axis=1)
        return {spread} * (1 - self.y**2)
"""
GATE = """
class Gate:
    def forward(self, x):
        self.x = x.copy()
        self.s = 1 / (1 + np.exp(-(x * x)))
        return x * self.s

    def backward(self, dout):
        return dout * ({derivative})
"""
MOMENTUM = """
class Momentum:
    {shared}

    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum = lr, momentum
        {own}

    def update(self, params, grads):
        for key, w in params.items():
            v = self.momentum * self.v.get(key, np.zeros_like(w)) - self.lr * grads[key]
            self.v[key] = v
            w += v
"""
DROPOUT = """
class Dropout:
    def __init__(self, rate=0.4):
        self.rate = rate

    def draw(self, shape):
        return np.random.binomial(1, 1 - self.rate, shape) / (1 - self.rate)

    def forward(self, x, training=True):
        self.mask = self.draw(x.shape) if training else np.ones(x.shape)
        return x * self.mask

    def backward(self, dout):
        return dout * {mask}
"""
UNIT = """
class Unit:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)

    def forward(self, x):
        self.x, saved = x.copy(), self.W.copy()
        self.length = np.sqrt((saved**2).sum(axis=0))
        self.W /= self.length
        self.unit = self.W.copy()
        out = x @ self.W
        {back}
        return out

    def backward(self, dout):
        g = self.x.T @ dout
        self.dW = (g - self.unit * (self.unit * g).sum(axis=0)) / self.length
        return dout @ self.unit.T
"""
DIRECTION = """
class Direction:
    def __init__(self, n_in, n_out):
        self.v, self.g = np.random.randn(n_in, n_out), np.ones(n_out)

    def forward(self, x):
        self.x, self.length = x.copy(), np.linalg.norm(self.v, axis=0)
        self.W = self.g * self.v / self.length
        return x @ self.W

    def backward(self, dout):
        dW = self.x.T @ dout
        self.dg = np.sum(dW * self.v, axis=0) / self.length
        self.dv = self.g / self.length * dW
        return dout @ self.W.T
"""
LARGEST = """
class Largest:
    def __init__(self, k=2):
        self.k = k

    def forward(self, x):
        n, c, w = x.shape
        self.shape, whole = x.shape, w // self.k * self.k
        cut = x[:, :, :whole].reshape(n, c, -1, self.k)
        self.arg = cut.argmax(axis=3)
        return cut.max(axis=3)

    def backward(self, dout):
        n, c, w = self.shape
        dx = np.zeros((n, c, dout.shape[2], self.k))
        np.put_along_axis(dx, self.arg[..., None], dout[..., None], axis=3)
        return {dx}
"""
SMOOTH = """
class Smooth:
    def forward(self, x):
        self.wide = np.pad(x, ((0, 0), (1, 1)))
        return (self.wide[:, :-2] + 2 * self.wide[:, 1:-1] + self.wide[:, 2:]) / 4

    def backward(self, dout):
        wide = np.zeros_like(self.wide)
        wide[:, :-2] += dout / 4
        wide[:, 1:-1] += dout / 2
        wide[:, 2:] += dout / 4
        return {wide}
"""
CASES = [
    (LARGEST, "dx", "np.pad(dx.reshape(n, c, -1), ((0, 0), (0, 0), (0, w % self.k)))",
     "dx.reshape(n, c, -1)", "Largest", "gradient-shape"),
    (SMOOTH, "wide", "wide[:, 1:-1]", "wide", "Smooth", "gradient-shape"),
    (AVERAGE, "flow", "dy[:, t] + (1 - self.alpha) * flow", "dy[:, t]", "Average", "missing-carry"),
    (POOLED, "spread", "spread / self.y.shape[1]", "spread", "Pooled", "summed-not-averaged"),
    (GATE, "derivative", "self.s + 2 * self.x**2 * self.s * (1 - self.s)", "self.s", "Gate",
     "missing-chain-factor"),
    (DROPOUT, "mask", "self.mask", "self.draw(dout.shape)", "Dropout", "resampled-mask"),
    (UNIT, "back", "self.W[...] = saved", "pass", "Unit", "restore-missing"),
]  # fmt: skip


def checked(tmp_path, text, name):
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n" + textwrap.dedent(text))
    return run.check(targets.load(targets.parse(str(path))[0]), name, run.Options())


def causes(subject):
    failed = [v.cause for v in subject.verdicts if v.status == "fail"]
    return [c.id for c in failed if c is not None and c.id != "unknown"]


@pytest.mark.parametrize(
    ("text", "hole", "right", "wrong", "name", "cause"), CASES, ids=[c[4] for c in CASES]
)
def test_what_is_left_out_is_named(tmp_path, text, hole, right, wrong, name, cause):
    fine = checked(tmp_path, text.replace(f"{{{hole}}}", right), name)
    assert fine.status in {"pass", "note"}, [v.message for v in fine.verdicts]
    found = causes(checked(tmp_path, text.replace(f"{{{hole}}}", wrong), name))
    assert found and found[0] == cause


def test_a_lost_carry_comes_with_no_change_of_forward(tmp_path):
    subject = checked(tmp_path, AVERAGE.replace("{flow}", "dy[:, t]"), "Average")
    (failed,) = [v for v in subject.verdicts if v.law == "gradient" and v.status == "fail"]
    assert "`state` of the step before" in failed.cause.text
    assert "alpha - self.alpha" not in failed.cause.fix


@pytest.mark.parametrize(
    ("shared", "own", "cause"),
    [("", "self.v = {}", ""), ("v = {}", "", "shared-state")],
    ids=["own", "shared"],
)
def test_a_state_that_belongs_to_the_class_is_told(tmp_path, shared, own, cause):
    text = MOMENTUM.replace("{shared}", shared).replace("{own}", own)
    subject = checked(tmp_path, text, "Momentum")
    if not cause:
        assert subject.status in {"pass", "note"}
        return
    by_law = {v.law: v.cause for v in subject.verdicts if v.status == "fail"}
    assert by_law["state_per_parameter"].id == cause
    assert "`v` belongs to the class Momentum" in by_law["state_per_parameter"].text


def test_a_small_case_where_nothing_can_be_measured_costs_no_cause(tmp_path):
    (failed,) = [
        v for v in checked(tmp_path, DIRECTION, "Direction").verdicts if v.status == "fail"
    ]
    assert "diagnosis" not in failed.detail
    assert failed.cause is not None and failed.cause.id == "missing-norm-term"
    assert "`self.length`" in failed.cause.text


def test_numbers_are_drawn_once_and_numpy_is_put_back():
    before = np.random.rand
    with drawn_once():
        one, two, other = np.random.rand(3), np.random.rand(3), np.random.rand(4)
        one[0] = 7.0  # the caller's own copy
        assert np.array_equal(two, np.random.rand(3)) and other.shape == (4,)
    assert np.random.rand is before
