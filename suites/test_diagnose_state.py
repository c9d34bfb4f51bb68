"""What forward leaves for backward, exchanged: random numbers, stored arrays, a penalty's strength."""

from __future__ import annotations

import textwrap

import pytest

from gradcheck import run, targets

NOISE = """
class Noise:
    def __init__(self):
        self.training = True

    def forward(self, x):
        self.noise = 1.0 + 0.5 * np.random.randn(*x.shape) if self.training else np.ones(x.shape)
        return x * self.noise

    def backward(self, dout):
        return dout * {factor}
"""
SQUASH = """
class Squash:
    def forward(self, x):
        y = {forward}
        self.kept = {kept}
        return y

    def backward(self, dout):
        return dout * {slope}
"""
LOGISTIC = "1.0 / (1.0 + np.exp(-x))"
RIDGE = """
def ridge_cost(W, X, y, reg):
    err = X @ W - y
    loss = np.sum(err**2) / len(y) + reg * np.sum(W * W)
    dW = 2 * X.T @ err / len(y) {term}
    return loss, dW
"""
NETWORK = """
def forward(X, parameters):
    A1 = np.tanh(X @ parameters["W1"])
    A2 = 1.0 / (1.0 + np.exp(-A1 @ parameters["W2"]))
    return A2, (X, A1, A2)


def compute_cost(A2, Y, parameters, lambd):
    data = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / len(Y)
    return data + lambd * (np.sum(parameters["W1"] ** 2) + np.sum(parameters["W2"] ** 2))


def backward(cache, Y, parameters, lambd):
    X, A1, A2 = cache
    dZ2 = (A2 - Y) / len(Y)
    dZ1 = dZ2 @ parameters["W2"].T * (1 - A1**2)
    return {{"dW1": X.T @ dZ1 {first}, "dW2": A1.T @ dZ2 + 2 * lambd * parameters["W2"]}}
"""
CASES = [
    (NOISE.format(factor="(1.0 + 0.5 * np.random.randn(*dout.shape))"), "Noise", "resampled-mask", ""),
    (SQUASH.format(forward=LOGISTIC, kept="x.copy()", slope="self.kept * (1 - self.kept)"), "Squash",
     "derivative-at-wrong-point", "holds the input"),
    (SQUASH.format(forward="x**3", kept="y.copy()", slope="3 * self.kept**2"), "Squash",
     "derivative-at-wrong-point", "holds the output"),
    (RIDGE.format(term=""), "ridge_cost", "missing-regulariser", "reg adds to the loss"),
    (RIDGE.format(term="+ reg * W"), "ridge_cost", "wrong-regulariser", ""),
    (NETWORK.format(first=""), "forward", "missing-regulariser", "lambd adds to the loss"),
]  # fmt: skip
RIGHT = [
    (NOISE.format(factor="self.noise"), "Noise"),
    (SQUASH.format(forward=LOGISTIC, kept="y.copy()", slope="self.kept * (1 - self.kept)"), "Squash"),
    (RIDGE.format(term="+ 2 * reg * W"), "ridge_cost"),
    (NETWORK.format(first='+ 2 * lambd * parameters["W1"]'), "forward"),
]  # fmt: skip


def checked(folder, text, name):
    path = folder / "mine.py"
    path.write_text("import numpy as np\n\n" + textwrap.dedent(text), encoding="utf-8")
    return run.check(targets.load(targets.parse(str(path))[0]), name, run.Options())


@pytest.mark.parametrize(("text", "name", "cause", "words"), CASES)
def test_the_exchange_confirms_the_cause(tmp_path, text, name, cause, words):
    (failed, *_) = [v for v in checked(tmp_path, text, name).verdicts if v.status == "fail"]
    assert failed.cause is not None
    assert failed.cause.id == cause and words in failed.cause.text
    assert "agrees" in failed.cause.evidence
    if name == "forward":  # not the line of the function the network is called after
        assert '"dW1"' in failed.cause.source


@pytest.mark.parametrize(("text", "name"), RIGHT)
def test_the_right_twin_passes(tmp_path, text, name):
    assert checked(tmp_path, text, name).status in {"pass", "note"}


def test_another_mistake_is_not_called_a_wrong_point(tmp_path):
    text = SQUASH.format(
        forward=LOGISTIC, kept="y.copy()", slope="self.kept * (1 - self.kept) ** 2"
    )
    (failed, *_) = [v for v in checked(tmp_path, text, "Squash").verdicts if v.status == "fail"]
    assert failed.cause is not None and failed.cause.id != "derivative-at-wrong-point"


ATTENTION = """
class Attention:
    def __init__(self, n):
        self.Wv = np.random.randn(n, n + 1)

    def forward(self, x):
        self.x = x.copy()
        e = np.exp(x @ x.transpose(0, 2, 1) / 4)
        self.p = e / e.sum(-1, keepdims=True)
        self.v = x @ self.Wv
        return self.p @ self.v

    def backward(self, dout):
        dp = dout @ self.v.transpose(0, 2, 1)
        dv = np.einsum({subscripts}, self.p, dout)
        dlog = {rows} / 4
        self.dWv = np.einsum("ntd,nte->de", self.x, dv)
        return dlog @ self.x + dlog.transpose(0, 2, 1) @ self.x + dv @ self.Wv.T
"""
SOFTMAX_ROWS = "self.p * (dp - (dp * self.p).sum(-1, keepdims=True))"
CENTRED = """
class Centred:
    def forward(self, x):
        self.inv = 1.0 / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
        self.n = (x - x.mean(axis=1, keepdims=True)) * self.inv
        return self.n.copy()

    def backward(self, dout):
        centred = dout - dout.mean(axis=1, keepdims=True)
        along = self.n * (dout * self.n).mean(axis=1, keepdims=True)
        return (self.inv * {terms}).reshape(dout.shape)
"""
ADAM = """
class Adam:
    def __init__(self, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.iterations = 0
        self.m, self.v = {{}}, {{}}

    def update(self, params, grads):
        self.iterations += 1
        t = {count}
        for k, g in grads.items():
            self.m[k] = self.beta1 * self.m.get(k, 0.0) + (1 - self.beta1) * g
            self.v[k] = self.beta2 * self.v.get(k, 0.0) + (1 - self.beta2) * {square}
            mhat, vhat = self.m[k] / (1 - self.beta1**t), self.v[k] / (1 - self.beta2**t)
            params[k] -= self.lr * mhat / (np.sqrt(vhat) + self.eps)
"""
MORE = [
    (ATTENTION.format(subscripts='"nij,njd->nid"', rows=SOFTMAX_ROWS), "Attention", "transposed"),
    (ATTENTION.format(subscripts='"nji,njd->nid"', rows="self.p * (1 - self.p) * dp"), "Attention",
     "softmax-diagonal-only"),
    (ADAM.format(count="max(self.iterations - 1, 1)", square="g**2"), "Adam", "step-counter"),
    (ADAM.format(count="1", square="g**2"), "Adam", "bias-correction"),
    (ADAM.format(count="self.iterations", square="g"), "Adam", "moment-not-squared"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "cause"), MORE)
def test_more_causes_are_told_apart(tmp_path, text, name, cause):
    verdicts = [v for v in checked(tmp_path, text, name).verdicts if v.status == "fail"]
    found = [v.cause.id for v in verdicts if v.cause is not None and v.cause.id != "unknown"]
    assert found and found[0] == cause, [(v.law, v.cause) for v in verdicts]


def test_a_term_that_is_computed_and_not_used_is_tried(tmp_path):
    right = CENTRED.format(terms="(centred - along)")
    assert checked(tmp_path, right, "Centred").status in {"pass", "note"}
    subject = checked(tmp_path, CENTRED.format(terms="centred"), "Centred")
    (failed, *_) = [v for v in subject.verdicts if v.status == "fail"]
    assert failed.cause is not None and "(centred - along)" in failed.cause.fix
