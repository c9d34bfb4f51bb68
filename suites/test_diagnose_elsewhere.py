"""What agrees by chance is not shown; causes that look alike are told apart by an experiment more."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from gradcheck import run, targets
from gradcheck.conventions.signature import arguments
from gradcheck.diagnose.elsewhere import odd_call
from gradcheck.diagnose.parts import of_powers

HEAD = "import numpy as np\n\n\n"
FRAMES = """
class Frames:
    def __init__(self, size=4, hop=2):
        self.size, self.hop = size, hop

    def forward(self, signal):
        self.shape = signal.shape
        frames = 1 + (signal.shape[1] - self.size) // self.hop
        self.index = np.arange(self.size) + self.hop * np.arange(frames)[:, None]
        return 2 * signal[:, self.index]

    def backward(self, dout):
        dsignal = np.zeros(self.shape)
        {line}
        return 2 * dsignal
"""
REPEAT = """
class Repeat:
    def __init__(self, n=3):
        self.n = n

    def forward(self, x):
        return np.repeat(x[:, None, :], self.n, axis=1)

    def backward(self, dout):
        return {line}
"""
TANH = """
class Tanh:
    def forward(self, inputs):
        self.output = np.tanh(inputs)

    def backward(self, dvalues):
        self.dinputs = {line}
"""
LOGCOSH = """
class LogCoshLoss:
    def forward(self, pred, target):
        self.pred, self.err = pred.copy(), pred - target
        return np.mean(np.logaddexp(self.err, -self.err) - np.log(2))

    def backward(self):
        return {line}
"""
ADAM = """
class Optimizer_Adam:
    def __init__(self, learning_rate=0.002, epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        self.learning_rate, self.epsilon = learning_rate, epsilon
        self.beta_1, self.beta_2, self.step = beta_1, beta_2, 0

    def pre_update_params(self):
        self.step += {early}

    def update_params(self, layer):
        self.step += 1 - {early}
        b1, b2, t = self.beta_1, self.beta_2, self.step
        if not hasattr(layer, "moments"):
            layer.moments = [[np.zeros_like(p), np.zeros_like(p)] for p in (layer.weights, layer.biases)]
        for (m, v), p, g in zip(layer.moments, (layer.weights, layer.biases), (layer.dweights, layer.dbiases)):
            m[...] = b1 * m + (1 - b1) * g
            v[...] = b2 * v + (1 - b2) * g ** 2
            p -= self.learning_rate * m / (1 - b1 ** t) / (np.sqrt(v / (1 - b2 ** t)) + self.epsilon)

    def post_update_params(self):
        pass
"""


@pytest.fixture
def checked(tmp_path):
    def check(code, name):
        path = tmp_path / "code.py"
        path.write_text(HEAD + code.strip() + "\n", encoding="utf-8")
        return run.check(targets.load(targets.parse(str(path))[0]), name, run.Options())

    return check


def causes(subject):
    return {v.law: v.cause.id for v in subject.verdicts if v.status == "fail" and v.cause}


@pytest.mark.parametrize(
    ("code", "name", "line", "law", "cause"),
    [
        (FRAMES, "Frames", "dsignal[:, self.index] += dout", "gradient", "duplicates-lost"),
        (REPEAT, "Repeat", "dout[:, 0]", "gradient", "missing-broadcast-sum"),
        (TANH, "Tanh", "dvalues * self.output * (1.0 - self.output)", "gradient", "unknown"),
        (LOGCOSH, "LogCoshLoss", "np.tanh(self.pred) / self.pred.size", "gradient",
         "derivative-at-wrong-point"),
    ],
    ids=["frames", "repeat", "tanh", "logcosh"],
)  # fmt: skip
def test_named(checked, code, name, line, law, cause):
    found = causes(checked(code.format(line=line), name))
    assert found == {law: cause}


@pytest.mark.parametrize(
    ("code", "name", "line"),
    [
        (FRAMES, "Frames", "np.add.at(dsignal, (slice(None), self.index), dout)"),
        (REPEAT, "Repeat", "dout.sum(axis=1)"),
        (TANH, "Tanh", "dvalues * (1 - self.output**2)"),
        (LOGCOSH, "LogCoshLoss", "np.tanh(self.err) / self.err.size"),
    ],
    ids=["frames", "repeat", "tanh", "logcosh"],
)
def test_right_twin(checked, code, name, line):
    assert checked(code.format(line=line), name).status in {"pass", "note"}


def test_a_count_for_every_layer_is_no_shared_average(checked):
    wrong = causes(checked(ADAM.format(early=0), "Optimizer_Adam"))
    assert wrong["state_per_parameter"] == "step-counter"
    assert checked(ADAM.format(early=1), "Optimizer_Adam").status in {"pass", "note"}


class Given:
    def __init__(self, n_in, n_out, rate=0.9, l2=0.0, eps=0.01, bias=True):
        pass


def test_odd_numbers():
    args = arguments(Given.__init__)
    text = odd_call("Given(4, 3)", args, True)
    call = ast.parse(text, mode="eval").body
    assert [a.value for a in call.args] == [5, 4]
    given = {k.arg: k.value.value for k in call.keywords}
    assert given.keys() == {"rate", "l2"} and given["rate"] < 0.9 and 0 < given["l2"] < 1
    assert odd_call("made; of several", args, True) == ""


def test_a_power_below_one_needs_a_division():
    rng = np.random.default_rng(0)
    x, norm = rng.normal(size=(3, 4)) + 3, rng.normal(size=(3, 4)) + 5
    pool, term = {"x": x, "norm": norm}, x * norm**-3
    assert [t for t, _ in of_powers(pool, term, "norm")] == ["x * norm**-3"]
    assert not list(of_powers(pool, term, "size"))
