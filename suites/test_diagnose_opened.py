"""What the bugs of the half that was held have taught: each wrong line beside the right one."""

from __future__ import annotations

import pytest

from gradcheck import run, targets

HEAD = "import numpy as np\n\n\n"
CONV = """
def conv_forward(x, w, b, stride=2):
    k = w.shape[2]
    n, size = x.shape[0], (x.shape[2] - k) // stride + 1
    out = np.zeros((n, w.shape[0], size))
    for i in range(size):
        out[:, :, i] = np.einsum("nck,fck->nf", x[:, :, i * stride:i * stride + k], w) + b
    return out, (x, w, stride)


def conv_backward(dout, cache):
    x, w, stride = cache
    k, dx, dw = w.shape[2], np.zeros(x.shape), np.zeros(w.shape)
    for f in range(w.shape[0]):
        for i in range(dout.shape[2]):
            window, g = slice(i * stride, i * stride + k), dout[:, f, i]
            dw[f] {line} np.einsum("nck,n->ck", x[:, :, window], g)
            dx[:, :, window] += g[:, None, None] * w[f]
    return dx, dw, dout.sum(axis=(0, 2))
"""
GATES = """
def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-o)), np.tanh(g)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, c = cache
    dc = dnext_c + dnext_h * o * (1 - np.tanh(c) ** 2)
    di, df, do, dg = dc * g, dc * prev_c, dnext_h * np.tanh(c), dc * i
    da = np.hstack([di * i * (1 - i), df * f * (1 - f), {line}])
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)
"""
INSIDE = """
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Softplus:
    def forward(self, x):
        self.x = x.copy()
        return np.logaddexp(0, x)

    def backward(self, dout):
        return dout * sigmoid({line})
"""
ODD = """
class LogCosh:
    def forward(self, x):
        self.x = x.copy()
        return np.logaddexp(x, -x)

    def backward(self, dout):
        return dout * np.tanh({line})
"""
BLOCK = """
class TanhBlock:
    def __init__(self, n=4):
        self.W = np.random.randn(n, n)

    def forward(self, x):
        self.x = x
        self.a = np.tanh(x @ self.W)
        {line}
        return x

    def backward(self, dout):
        da = dout * (1 - self.a ** 2)
        self.dW = self.x.T @ da
        return dout + da @ self.W.T
"""
STATE = """
def rnn_forward(x, h0, Wx, Wh):
    hs = [h0]
    for t in range(x.shape[1]):
        hs.append(np.tanh(x[:, t] @ Wx + hs[-1] @ Wh))
    return np.stack(hs[1:], axis=1), (x, hs, Wx, Wh)


def rnn_backward(dh, cache):
    x, hs, Wx, Wh = cache
    dx, dWx, dWh, dprev = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape), 0
    for t in reversed(range(x.shape[1])):
        da = (dh[:, t] + dprev) * (1 - hs[t + 1] ** 2)
        dx[:, t], dprev = da @ Wx.T, da @ Wh.T
        dWx += x[:, t].T @ da
        dWh += hs[t].T @ da
    dh0 = {line}
    return dx, dh0, dWx, dWh
"""
BIAS = """
class TimeDense:
    def __init__(self, n=4, m=5):
        self.W, self.b = np.random.randn(n, m), np.zeros(m)

    def forward(self, x):
        self.x = x.copy()
        return np.einsum("nti,ij->ntj", x, self.W) + self.b

    def backward(self, dout):
        self.dW = np.einsum("nti,ntj->ij", self.x, dout)
        self.db = dout.sum(axis={line})
        return np.einsum("ntj,ij->nti", dout, self.W)
"""
ADAM = """
def adam(w, dw, config=None):
    config = {{}} if config is None else config
    t = config.get("t", 0) + 1
    m = 0.9 * config.get("m", np.zeros_like(w)) + 0.1 * dw
    v = 0.999 * config.get("v", np.zeros_like(w)) + 0.001 * dw ** 2
    {line}
    mhat, vhat = m / (1 - 0.9 ** t), v / (1 - 0.999 ** t)
    return w - 0.01 * mhat / (np.sqrt(vhat) + 1e-8), config
"""
DROPOUT = """
def dropout_forward(x, p, training=True):
    '''p is the probability that a unit is dropped.'''
    mask = (np.random.rand(*x.shape) {line} p) / (1 - p) if training else np.ones(x.shape)
    return x * mask, mask


def dropout_backward(dout, cache):
    return dout * cache
"""
POOL = """
class MaxPool2D:
    def forward(self, images):
        self.images = images.copy()
        n, h, w, c = images.shape
        out = np.zeros((n, h // 2, w // 2, c))
        for i in range(h // 2):
            for j in range(w // 2):
                out[:, i, j] = images[:, 2 * i:2 * i + 2, 2 * j:2 * j + 2].max(axis={line})
        return out

    def backward(self, dout):
        dx = np.zeros(self.images.shape)
        for n, i, j, c in np.ndindex(*dout.shape):
            window = self.images[n, 2 * i:2 * i + 2, 2 * j:2 * j + 2, c]
            row, col = np.unravel_index(window.argmax(), window.shape)
            dx[n, 2 * i + row, 2 * j + col, c] += dout[n, i, j, c]
        return dx
"""
PADDED = """
class AvgPool:
    def __init__(self, pool_h=2, pool_w=3, stride=1, pad=0):
        self.pool_h, self.pool_w, self.stride, self.pad = pool_h, pool_w, stride, pad

    def forward(self, x):
        self.shape, p, s = x.shape, self.pad, self.stride
        n, c, H, W = x.shape
        {line}
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        means = [
            xp[:, :, i:i + self.pool_h, j:j + self.pool_w].mean(axis=(2, 3))
            for i in range(0, H + 2 * p - self.pool_h + 1, s) for j in range(0, W + 2 * p - self.pool_w + 1, s)
        ]
        return np.stack(means, axis=-1).reshape(n, c, out_h, out_w)

    def backward(self, dout):
        (n, c, h, w), p, s = self.shape, self.pad, self.stride
        dx = np.zeros((n, c, h + 2 * p, w + 2 * p))
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                share = dout[:, :, i, j, None, None] / (self.pool_h * self.pool_w)
                dx[:, :, i * s:i * s + self.pool_h, j * s:j * s + self.pool_w] += share
        return dx[:, :, p:p + h, p:p + w]
"""
SIZES = """out_h = (H + 2 * p - self.pool_h) // s + 1
        out_w = (W + 2 * p - self.pool_w) // s + 1"""
NET = """
class Relu:
    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Net:
    def __init__(self, n=4, m=6, k=5):
        self.W1, self.W2, self.relu = np.random.randn(n, m), np.random.randn(m, k), Relu()

    def forward(self, x):
        self.x = x.copy()
        self.h = self.relu.forward(x @ self.W1)
        return self.h @ self.W2

    def backward(self, dout):
        self.dW2 = self.h.T @ dout
        dpre = {line}
        self.dW1 = self.x.T @ dpre
        return dpre @ self.W1.T
"""
HUBER = """
class HuberLoss:
    def forward(self, pred, target):
        self.diff = pred - target
        a = np.abs(self.diff)
        return np.mean(np.where(a <= 1, 0.5 * self.diff ** 2, a - 0.5))

    def backward(self):
        return np.where(np.abs(self.diff) <= 1, self.diff, {line}) / self.diff.size
"""
LASSO = """
def lasso_loss(w, X, t, lam=0.0):
    residual = X.dot(w) - t
    loss = 0.5 * np.mean(residual ** 2) + lam * np.abs(w).sum()
    grad = X.T.dot(residual) / len(t){line}
    return loss, grad
"""
DICT = """
def svm_loss(W, b, X, y, reg=0.0):
    rows = np.arange(len(X))
    scores = X.dot(W) + b
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    d = (margins > 0) / len(X)
    d[rows, y] -= d.sum(axis=1)
    grads = {{"W": X.T.dot(d) {line} 2 * reg * W, "b": d.sum(axis=0)}}
    return margins.sum() / len(X) + reg * np.sum(W ** 2), grads
"""
TRIPLET = """
def triplet_loss(anchor, positive, negative, margin=1.0):
    near, far = anchor - positive, anchor - negative
    gap = np.sum(near ** 2, axis=1) - np.sum(far ** 2, axis=1) + margin
    active = (gap > 0)[:, None] / {line}
    return np.maximum(gap, 0).mean(), 2 * (near - far) * active, -2 * near * active, 2 * far * active
"""
PARAMS = """
class Gated:
    def __init__(self, n=4, m=5):
        self.params = {{"W": np.random.randn(n, m), "V": np.random.randn(n, m)}}
        self.grads = {{}}

    def forward(self, x):
        self.x = x.copy()
        self.a, self.g = x @ self.params["W"], np.tanh(x @ self.params["V"])
        return self.a * self.g

    def backward(self, dout):
        da, dg = dout * self.g, dout * self.a * (1 - self.g ** 2)
        self.grads["W"] = self.x.T @ da
        {line}
        return da @ self.params["W"].T + dg @ self.params["V"].T
"""
LOOPS = """
def pool_forward(x, pool_height=2, pool_width=3, stride=2):
    ph, pw, s = pool_height, pool_width, stride
    out = np.zeros((*x.shape[:2], (x.shape[2] - ph) // s + 1, (x.shape[3] - pw) // s + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            out[:, :, i, j] = x[:, :, i * s:i * s + ph, j * s:j * s + pw].mean(axis=(2, 3))
    return out, (x.shape, ph, pw, s)


def pool_backward(dout, cache):
    shape, ph, pw, s = cache
    rows, cols = dout.shape[2:]
    dx = np.zeros(shape)
    for i in range(rows):
        for j in range({line}):
            dx[:, :, i * s:i * s + ph, j * s:j * s + pw] += dout[:, :, i, j, None, None] / (ph * pw)
    return dx
"""
LAYER_LOSS = """
class SoftmaxCrossEntropy:
    def forward(self, logits, target):
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        self.probs = e / e.sum(axis=1{line})
        self.target = np.zeros(logits.shape)
        self.target[np.arange(len(logits)), target.reshape(-1)] = 1
        return -np.sum(self.target * np.log(np.maximum(self.probs, 1e-300))) / len(logits)

    def backward(self):
        return (self.probs - self.target) / len(self.target)
"""
#: code, subject, the right line, the wrong one, the law that fails, the cause ("perhaps": not confirmed).
KNOWN = {
    "rewritten": (CONV, "conv", "+=", "=", "gradient", "missing-broadcast-sum"),
    "order": (GATES, "lstm_step", "do * o * (1 - o), dg * (1 - g ** 2)",
              "dg * (1 - g ** 2), do * o * (1 - o)", "gradient", "perhaps wrong-derivative"),
    "inside": (INSIDE, "Softplus", "self.x", "-self.x", "gradient", "derivative-at-wrong-point"),
    "odd": (ODD, "LogCosh", "self.x", "-self.x", "gradient", "sign-flipped"),
    "in place": (BLOCK, "TanhBlock", "x = x + self.a", "x += self.a", "gradient", "edits-argument"),
    "first state": (STATE, "rnn", "dprev", "np.zeros(hs[0].shape)", "gradient", "zero-gradient"),
    "some axes": (BIAS, "TimeDense", "(0, 1)", "0", "contract", "bias-shape"),
    "counter": (ADAM, "adam", 'config["t"], config["m"], config["v"] = t, m, v',
                'config["m"], config["v"] = m, v', "bias_correction", "step-counter"),
    "share": (DROPOUT, "dropout", ">=", "<", "train_eval", "wrong-mask-side"),
    "coupled": (POOL, "MaxPool2D", "(1, 2)", "(0, 1, 2)", "gradient", "batch-mixed"),
    "padding": (PADDED, "AvgPool", SIZES, SIZES.replace(" + 2 * p", ""), "contract",
                "perhaps option-ignored"),
    "layer": (NET, "Net", "self.relu.backward(dout @ self.W2.T)", "dout @ self.W2.T", "gradient",
              "missing-chain-factor"),
    "outside": (HUBER, "HuberLoss", "np.sign(self.diff)", "0.0", "gradient", "zero-gradient"),
    "lasso": (LASSO, "lasso_loss", " + lam * np.sign(w)", "", "model_gradient", "missing-regulariser"),
    "dict": (DICT, "svm_loss", "+", "-", "model_gradient", "wrong-regulariser"),
    "triplet": (TRIPLET, "triplet_loss", "len(anchor)", "1", "gradient", "missing-mean"),
    "key": (PARAMS, "Gated", 'self.grads["V"] = self.x.T @ dg', "pass", "contract", "gradient-missing"),
    "wide": (LOOPS, "pool", "cols", "rows", "batch", "square-only"),
    "rows": (LAYER_LOSS, "SoftmaxCrossEntropy", ", keepdims=True", "", "contract", "softmax-broadcast"),
}  # fmt: skip


@pytest.fixture
def checked(tmp_path):
    def check(code, name, line):
        path = tmp_path / "code.py"
        path.write_text(HEAD + code.strip().format(line=line) + "\n", encoding="utf-8")
        return run.check(targets.load(targets.parse(str(path))[0]), name, run.Options())

    return check


@pytest.mark.parametrize("known", KNOWN)
def test_wrong_line(checked, known):
    code, name, _, wrong, law, cause = KNOWN[known]
    subject = checked(code, name, wrong)
    assert subject.status == "fail"
    failure = next(v for v in subject.verdicts if v.status == "fail" and v.law == law)
    assert failure.cause is not None
    if cause.startswith("perhaps "):
        assert failure.cause.id == "unknown" and "This makes every law pass" in failure.cause.text
        assert failure.detail["hypotheses"][0] == cause.removeprefix("perhaps ")
    else:
        assert failure.cause.id == cause


@pytest.mark.parametrize("known", KNOWN)
def test_right_line(checked, known):
    code, name, right = KNOWN[known][:3]
    assert checked(code, name, right).status in {"pass", "note"}
