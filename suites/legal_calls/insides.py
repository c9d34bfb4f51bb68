"""What lies inside: masks of a block, containers of layers that return nothing, a rate on stairs."""

import numpy as np


class Dense:
    """right"""

    def __init__(self, n_inputs, n_neurons):
        self.weights = np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs.copy()
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class Body:
    """right: its output and its gradient are those of the last and the first layer"""

    def __init__(self, n_features, n_hidden):
        self.layers = [Dense(n_features, n_hidden), Dense(n_hidden, n_features)]

    def forward(self, inputs):
        for layer in self.layers:
            layer.forward(inputs)
            inputs = layer.output
        self.output = inputs

    def backward(self, dvalues):
        for layer in self.layers[::-1]:
            layer.backward(dvalues)
            dvalues = layer.dinputs
        self.dinputs = dvalues


class Residual:
    """right: the layers inside have outputs and gradients of the same names"""

    def __init__(self, n_features, n_hidden):
        self.body = Body(n_features, n_hidden)

    def forward(self, inputs):
        self.body.forward(inputs)
        self.output = inputs + self.body.output

    def backward(self, dvalues):
        self.body.backward(dvalues)
        self.dinputs = dvalues + self.body.dinputs


class ResidualWithoutPath(Residual):
    """wrong: gradient"""

    def backward(self, dvalues):
        self.body.backward(dvalues)
        self.dinputs = self.body.dinputs.copy()


class DropBlock:
    """right: inverted dropout inside a block"""

    def __init__(self, dim, hidden, rate=0.0):
        self.W = np.random.randn(dim, hidden)
        self.rate = rate

    def scale(self):
        return 1.0 / (1.0 - self.rate)

    def forward(self, x, training=True):
        self.x = x.copy()
        self.mask = np.ones((len(x), self.W.shape[1]))
        if training and self.rate > 0:
            self.mask = (np.random.rand(*self.mask.shape) >= self.rate) * self.scale()
        return np.tanh((x @ self.W) * self.mask)

    def backward(self, dout):
        t = np.tanh((self.x @ self.W) * self.mask)
        dz = dout * (1 - t**2) * self.mask
        self.dW = self.x.T @ dz
        return dz @ self.W.T


class DropBlockScaledByRate(DropBlock):
    """wrong: train_eval: 1 / rate in place of 1 / (1 - rate)"""

    def scale(self):
        return 1.0 / self.rate


class DropBlockOtherShare(DropBlock):
    """wrong: train_eval: a share of `rate` stays"""

    def forward(self, x, training=True):
        out = super().forward(x, training)
        if training and self.rate > 0:
            self.mask = (np.random.rand(*self.mask.shape) < self.rate) / self.rate
            out = np.tanh((x @ self.W) * self.mask)
        return out


class DropUnderReLU(DropBlock):
    """right: the mask that is kept is that of the units which are neither dropped nor negative"""

    def forward(self, x, training=True):
        self.x = x.copy()
        z = x @ self.W
        self.mask = (z > 0) * 1.0
        if training and self.rate > 0:
            self.mask = self.mask * (np.random.rand(*z.shape) >= self.rate) * self.scale()
        return z * self.mask

    def backward(self, dout):
        dz = dout * self.mask
        self.dW = self.x.T @ dz
        return dz @ self.W.T


def noise_forward(x, p, mode="train", seed=None):
    """right: a generator of its own, without a seed"""
    rng = np.random.default_rng(seed)
    mask = (rng.random(x.shape) < p) / p if mode == "train" else np.ones(x.shape)
    return x * mask, mask


def noise_backward(dout, mask):
    return dout * mask


class StepDecaySGD:
    """right: the learning rate falls by `drop` after every `every` steps"""

    def __init__(self, learning_rate=0.01, drop=0.5, every=3):
        self.learning_rate, self.drop, self.every, self.n = learning_rate, drop, every, 0

    def stairs(self):
        return self.n // self.every

    def update(self, w, dw):
        lr = self.learning_rate * self.drop ** self.stairs()
        self.n += 1
        return w - lr * dw


class StepDecaySGDTooLate(StepDecaySGD):
    """wrong: optimizer_steps"""

    def stairs(self):
        return (self.n + 1) // self.every


class AdagradL2:
    """right: the first step of AdaGrad has one length, which carries a small weight past zero"""

    sign = 1.0

    def __init__(self, lr=0.1, eps=1e-8, weight_decay=0.1):
        self.lr, self.eps, self.weight_decay, self.total = lr, eps, weight_decay, {}

    def update(self, params, grads):
        for k, p in params.items():
            g = grads[k] + self.sign * self.weight_decay * p
            self.total[k] = self.total.get(k, 0.0) + g * g
            p -= self.lr * g / (np.sqrt(self.total[k]) + self.eps)


class AdagradL2Grows(AdagradL2):
    """wrong: decay"""

    sign = -1.0


def weightnorm_forward(x, v, g, b):
    """right: g is a parameter, as there is a dg"""
    norm = np.sqrt(np.sum(v**2, axis=0))
    w = g * v / norm
    return x @ w + b, (x.copy(), v, g, norm, w)


def weightnorm_backward(dout, cache):
    x, v, g, norm, w = cache
    dw = x.T @ dout
    dg = np.sum(dw * v, axis=0) / norm
    dv = dw * g / norm - v * (g * np.sum(dw * v, axis=0) / norm**3)
    return dout @ w.T, dv, dg, dout.sum(axis=0)


class AttentionPool:
    """right: one query w, (N, T, D) -> (N, D); (N, H, W, D) runs, but is not meant"""

    def __init__(self, dim):
        self.w = np.random.randn(dim)

    def forward(self, x):
        self.x = x.copy()
        s = (x @ self.w[:, None])[:, :, 0]
        e = np.exp(s - s.max(axis=1, keepdims=True))
        self.a = e / e.sum(axis=1, keepdims=True)
        return (self.a[:, :, None] * x).sum(axis=1)

    def backward(self, dout):
        da = (self.x * dout[:, None, :]).sum(axis=2)
        ds = self.a * (da - (da * self.a).sum(axis=1, keepdims=True))
        self.dw = (ds[:, :, None] * self.x).sum(axis=(0, 1))
        return self.a[:, :, None] * dout[:, None, :] + ds[:, :, None] * self.w


class Positions:
    """right: words and their places, of at most max_len words"""

    def __init__(self, vocab_size, max_len, dim):
        self.tok = np.random.randn(vocab_size, dim)
        self.pos = np.random.randn(max_len, dim)

    def forward(self, idx):
        self.idx = np.array(idx)
        return self.tok[self.idx] + self.pos[: idx.shape[1]]

    def backward(self, dout):
        self.dtok = np.zeros_like(self.tok)
        np.add.at(self.dtok, self.idx, dout)
        self.dpos = np.zeros_like(self.pos)
        self.dpos[: dout.shape[1]] = dout.sum(axis=0)


class Conv1D:
    """right: filters (F, C, K) are given"""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x.copy()
        n = x.shape[2] - self.W.shape[2] + 1
        parts = (
            np.einsum("fc,ncl->nfl", self.W[:, :, k], x[:, :, k : k + n])
            for k in range(self.W.shape[2])
        )
        return sum(parts) + self.b[None, :, None]

    def backward(self, dout):
        n = dout.shape[2]
        self.db = dout.sum(axis=(0, 2))
        self.dW = np.empty_like(self.W)
        dx = np.zeros_like(self.x)
        for k in range(self.W.shape[2]):
            self.dW[:, :, k] = np.einsum("nfl,ncl->fc", dout, self.x[:, :, k : k + n])
            dx[:, :, k : k + n] += np.einsum("fc,nfl->ncl", self.W[:, :, k], dout)
        return dx


class CrossAttention:
    """right: `context` is an array here, and bk's gradient is zero but for rounding"""

    def __init__(self, d_model, causal=False):
        self.params = {k: np.random.randn(d_model, d_model) for k in ("Wq", "Wk", "Wv")}
        self.params["bk"] = np.zeros(d_model)
        self.causal, self.grads = causal, {}

    def forward(self, x, context=None):
        p = self.params
        self.x, self.alone = x.copy(), context is None
        self.c = self.x if context is None else context.copy()
        self.q, self.k, self.v = x @ p["Wq"], self.c @ p["Wk"] + p["bk"], self.c @ p["Wv"]
        s = self.q @ self.k.transpose(0, 2, 1)
        self.allowed = (
            np.tril(np.ones(s.shape[1:], dtype=bool))
            if self.causal
            else np.ones(s.shape[1:], dtype=bool)
        )
        s = np.where(self.allowed, s, -1e9)
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        self.a = e / e.sum(axis=-1, keepdims=True)
        return self.a @ self.v

    def backward(self, dout):
        p = self.params
        da, dv = dout @ self.v.transpose(0, 2, 1), self.a.transpose(0, 2, 1) @ dout
        ds = np.where(self.allowed, self.a * (da - (da * self.a).sum(axis=-1, keepdims=True)), 0)
        dq, dk = ds @ self.k, ds.transpose(0, 2, 1) @ self.q
        for name, given, d in (("Wq", self.x, dq), ("Wk", self.c, dk), ("Wv", self.c, dv)):
            self.grads[name] = np.einsum("nti,ntj->ij", given, d)
        self.grads["bk"] = dk.sum(axis=(0, 1))
        dx, dc = dq @ p["Wq"].T, dk @ p["Wk"].T + dv @ p["Wv"].T
        return dx + dc if self.alone else (dx, dc)


class Whole:
    """right: gradient(X, y) returns the loss with its gradients, beside forward(X)"""

    def __init__(self, n_inputs, n_outputs):
        self.params = {"W": np.random.randn(n_inputs, n_outputs), "b": np.zeros(n_outputs)}

    def forward(self, X):
        return X @ self.params["W"] + self.params["b"]

    def predict(self, X):
        return self.forward(X)

    def gradient(self, X, y):
        z = self.forward(X)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        rows = np.arange(len(X))
        loss = -np.mean(np.log(p[rows, y]))
        p[rows, y] -= 1
        dz = p / len(X)
        return loss, {"W": X.T @ dz, "b": dz.sum(axis=0)}


class WholeSummed(Whole):
    """wrong: model_gradient"""

    def gradient(self, X, y):
        loss, grads = super().gradient(X, y)
        return loss, {"W": grads["W"] * len(X), "b": grads["b"]}
