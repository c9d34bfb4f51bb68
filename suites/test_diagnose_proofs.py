"""Second predictions: a bug that the same change cures is not given the name of another one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location(
    "experiments", Path(__file__).with_name("test_diagnose_experiments.py")
)
assert spec is not None and spec.loader is not None
experiments = importlib.util.module_from_spec(spec)
spec.loader.exec_module(experiments)
failures = experiments.failures

LEAKY = """
class Leaky:
    def __init__(self, slope=0.2):
        self.slope = slope

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.slope * x)

    def backward(self, dout):
        dx = dout.copy()
        dx[self.x <= 0] *= self.slope
        {line}
        return dx
"""
WINNERS = """
class Winners:
    def __init__(self, k=2):
        self.k = k

    def forward(self, x):
        order = np.argsort(x, axis=1)
        self.keep = np.zeros_like(x)
        np.put_along_axis(self.keep, order[:, -self.k:], 1.0, axis=1)
        return x * self.keep

    def backward(self, dout):
        return dout * (self.keep + 0.1 * (1 - self.keep))
"""
WINDOWS = """
class Windows:
    def forward(self, x):
        self.n = x.shape[1]
        return np.stack([x[:, j:j + 3].sum(axis=1) for j in range(self.n - 2)], axis=1)

    def backward(self, dout):
        dx = np.zeros((len(dout), self.n))
        for j in range(self.n - 2):
            dx[:, j:j + 3] {sign} dout[:, j:j + 1]
        return dx
"""
TANH = """
class DenseTanh:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)

    def forward(self, x):
        self.x = x.copy()
        self.z = x @ self.W
        self.y = np.tanh(self.z)
        return self.y

    def backward(self, dout):
        dz = dout * (1 - {at} ** 2)
        self.dW = self.x.T @ dz
        return {up} @ self.W.T
"""
WEIGHTED = """
class WeightedCE:
    def __init__(self, weight=None):
        self.weight = weight

    def forward(self, logits, y):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        self.y = y
        k = logits.shape[1]
        weight = np.arange(1.0, k + 1) if self.weight is None else self.weight
        self.w = weight[y]
        return -(self.w * np.log(self.p[np.arange(len(y)), y] + 1e-12)).mean()

    def backward(self):
        dx = self.p.copy()
        dx[np.arange(len(self.y)), self.y] -= 1
        return dx * {w} / len(self.y)
"""
STEP = """
class Step:
    def __init__(self, n):
        self.W = np.random.randn(n, n)
        self.V = np.random.randn(n, n)

    def forward(self, x):
        self.x = x.copy()
        self.f = np.tanh(x @ self.W)
        self.g = np.tanh(x @ self.V)
        return self.f * self.g

    def backward(self, dout):
        da = dout * self.g * (1 - self.f ** 2)
        dc = dout * self.f
        {line}
        dg = dc * (1 - self.g ** 2)
        self.dW = self.x.T @ da
        self.dV = self.x.T @ dg
        return da @ self.W.T + dg @ self.V.T
"""
HYPOT = """
class Hypot:
    def forward(self, x):
        self.x = x.copy()
        return np.sqrt(x ** 2 + {inside})

    def backward(self, dout):
        return dout * self.x / (np.sqrt(self.x ** 2) + {outside})
"""
RNN = """
class SeqRNN:
    def __init__(self, n_in, n_hidden):
        rng = np.random.default_rng(1)
        self.Wx = rng.normal(size=(n_in, n_hidden)) * 0.4
        self.Wh = rng.normal(size=(n_hidden, n_hidden)) * 0.4

    def forward(self, x):
        n, steps, _ = x.shape
        h = {first}
        self.x, self.hs = x.copy(), [h]
        for t in range(steps):
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh)
            self.hs.append(h)
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dout):
        n, steps, _ = self.x.shape
        dx = np.zeros(self.x.shape)
        self.dWx = np.zeros(self.Wx.shape)
        self.dWh = np.zeros(self.Wh.shape)
        dh = np.zeros((n, len(self.Wh)))
        for t in reversed(range({steps})):
            dh = dh + dout[:, t]
            da = dh * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.x[:, t].T @ da
            self.dWh += self.hs[t].T @ da
            dx[:, t] = da @ self.Wx.T
            dh = da @ self.Wh.T
        return dx
"""
KEPT = (
    "self.hs[-1] if hasattr(self, 'hs') and len(self.hs[-1]) == n else np.zeros((n, len(self.Wh)))"
)
ZEROS = "np.zeros((n, len(self.Wh)))"
TWO = """
class SoftmaxLoss:
    def forward(self, x, t):
        self.t = t
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        n = len(x)
        if t.ndim == 2:
            return -np.sum(t * np.log(self.y + 1e-12)) / n
        return -np.sum(np.log(self.y[np.arange(n), t] + 1e-12)) / n

    def backward(self, dout=1):
        n = len(self.y)
        if self.t.ndim == 2:
            return dout * {onehot}
        dx = self.y.copy()
        dx[np.arange(n), self.t] -= 1
        return dout * dx / n
"""
AFFINE = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.1

    def forward(self, x):
        {forward}
        self.x = x.copy()
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        dx = dout @ self.W.T
        {line}
        return dx
"""
MINIMUM = """
class Pool:
    def forward(self, x):
        self.x = x.copy()
        return x.max(axis=-1)

    def backward(self, dout):
        x = {x}
        return (x == x.min(axis=-1, keepdims=True)) * dout[..., None]
"""
SCORES = """
class Scores:
    def forward(self, q, k):
        self.q, self.k = q.copy(), k.copy()
        self.scale = 1 / np.sqrt(q.shape[-1])
        return q @ k.swapaxes(-1, -2) * self.scale

    def backward(self, dout):
        d = dout / self.scale
        return d @ self.k, d.swapaxes(-1, -2) @ self.q
"""
EVALUATED = """
class BatchNorm:
    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta
        self.running_mean = 0.0
        self.running_var = 1.0

    def forward(self, x, train_flg=True):
        if train_flg:
            mu = x.mean(axis=0)
            var = x.var(axis=0)
            self.xc, self.std = x - mu, {std}
            self.running_mean = 0.9 * self.running_mean + 0.1 * mu
            self.running_var = 0.9 * self.running_var + 0.1 * var
            return self.gamma * self.xc / self.std + self.beta
        return self.gamma * (x - self.running_mean) / np.sqrt(self.running_var + 1e-7) + self.beta

    def backward(self, dout):
        self.dbeta = dout.sum(axis=0)
        self.dgamma = (dout * self.xc / self.std).sum(axis=0)
        g = dout * self.gamma
        along = (g * self.xc).sum(axis=0) / self.std ** 2
        d = g / self.std - 2 * self.xc * along / len(dout)
        return d - d.mean(axis=0)
"""

#: text, the law, the primal, the cause confirmed ("" where none may be)
CASES = {
    "entries set to 0": (LEAKY.format(line="dx[self.x < -2] = 0"), "gradient", "x", ""),
    "a column set to 0": (LEAKY.format(line="dx[:, -1] = 0"), "gradient", "x", ""),
    "a number beside the option": (
        LEAKY.format(line="dx = dout * np.where(self.x > 0, 1, np.where(self.x < -1, 0.0, self.slope))"),
        "gradient", "x", "",
    ),
    "an option that forward kept": (WINNERS, "gradient", "x", ""),
    "windows overwritten": (WINDOWS.format(sign="="), "gradient", "x", "overlap-lost"),
    "a gradient for another": (
        TANH.format(at="self.y", up="dout"), "gradient", "x", "missing-chain-factor",
    ),
    "a value for another": (
        TANH.format(at="self.z", up="dz"), "gradient", "x", "derivative-at-wrong-point",
    ),
    "a weight left out": (
        WEIGHTED.format(w="self.w.mean()"), "gradient", "logits", "",
    ),
    "a statement too early": (STEP.format(line="dc = dc * self.g"), "gradient", "x", ""),
    "one is no epsilon": (HYPOT.format(inside="1.0", outside="1.0"), "gradient", "x", ""),
    "an epsilon": (
        HYPOT.format(inside="1e-3", outside="1e-3"), "gradient", "x", "epsilon-placement",
    ),
    "a step left out": (
        RNN.format(first=ZEROS, steps="steps - 1"), "gradient", "x", "missing-carry",
    ),
    "a state kept": (RNN.format(first=KEPT, steps="steps"), "repeatable", "", "not-repeatable"),
    "a mean in one branch": (
        TWO.format(onehot="(self.y - self.t)"), "label_formats", "", "missing-mean",
    ),
    "a sign in one branch": (
        TWO.format(onehot="(self.t - self.y) / n"), "label_formats", "", "sign-flipped",
    ),
    "weights rescaled": (
        AFFINE.format(forward="", line="self.W /= np.abs(self.W).max()"), "repeatable", "",
        "edits-argument",
    ),
    "weights updated": (
        AFFINE.format(forward="", line="self.W -= 0.1 * self.dW"), "repeatable", "",
        "updated-weights-used",
    ),
    "the same written back": (
        AFFINE.format(forward="x += 0.0", line=""), "layout", "", "edits-argument",
    ),
    "the smallest for the largest": (
        MINIMUM.format(x="self.x"), "gradient", "x", "wrong-mask-side",
    ),
    "a divisor for a factor": (SCORES, "gradient", "q", "constant-factor"),
    "divided by the variance": (EVALUATED.format(std="var + 1e-7"), "train_eval", "", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_cause_is_confirmed_by_what_others_do_not_predict(tmp_path, name):
    text, law, wrt, wanted = CASES[name]
    subject = text.split("class ")[1].split(":")[0]
    found = failures(tmp_path, text, subject, ("contract", "gradient", "inputs_unchanged", law))
    hits = [v for v in found if v.law == law and (not wrt or v.wrt == wrt)]
    assert hits, [v.message for v in found]
    told = {v.cause.id for v in hits if v.cause is not None and v.cause.id != "unknown"}
    assert told == ({wanted} if wanted else set())


ADAM = """
class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2 = lr, beta1, beta2
        self.iter, self.m, self.v = 0, None, None

    def update(self, params, grads):
        if self.m is None:
            self.m = {{k: np.zeros_like(p) for k, p in params.items()}}
            self.v = {{k: np.zeros_like(p) for k, p in params.items()}}
        self.iter += 1
        rate = self.lr * {two} / (1.0 - self.beta1 ** {t})
        for k in params:
            self.m[k] += {grow}
            self.v[k] += (1 - self.beta2) * (grads[k] ** 2 - self.v[k])
            params[k] -= rate * self.m[k] / (np.sqrt(self.v[k]) + 1e-7)
"""
RIGHT = {"two": "np.sqrt(1.0 - self.beta2 ** self.iter)", "t": "self.iter",
         "grow": "(1 - self.beta1) * (grads[k] - self.m[k])"}  # fmt: skip


@pytest.mark.parametrize(
    ("part", "wanted", "words"),
    [
        ({"two": "(1.0 - self.beta2 ** self.iter)"}, "bias-correction", "lacks its root"),
        ({"grow": "(1 - self.beta1) * grads[k]"}, "update-wrong", "without losing any"),
        (
            {"grow": "self.beta1 * (grads[k] - self.m[k])"},
            "update-wrong",
            "weighs the new gradient",
        ),
    ],
)
def test_wrong_steps_are_those_of_a_wrong_formula(tmp_path, part, wanted, words):
    text = ADAM.format(**{**RIGHT, **part})
    found = failures(tmp_path, text, "Adam", ("optimizer_steps",))
    (verdict,) = found
    assert verdict.cause is not None and verdict.cause.id == wanted
    assert words in verdict.cause.text


def test_right_steps_have_no_failure(tmp_path):
    assert not failures(tmp_path, ADAM.format(**RIGHT), "Adam", ("optimizer_steps",))
