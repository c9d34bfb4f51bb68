"""A pre-norm transformer block in pieces; every layer has params and grads as dicts."""
import numpy as np


def sinusoid_table(max_len, d_model):
    """sin on the even columns and cos on the odd ones, wave lengths from 2 pi to 10000 * 2 pi."""
    pos = np.arange(max_len)[:, None]
    i = np.arange(d_model)[None, :]
    angle = pos / np.power(10000.0, 2 * (i // 2) / d_model)
    table = np.zeros((max_len, d_model))
    table[:, 0::2] = np.sin(angle[:, 0::2])
    table[:, 1::2] = np.cos(angle[:, 1::2])
    return table


class LearnedPositions:
    def __init__(self, max_len, d_model):
        self.params = {"P": 0.02 * np.random.randn(max_len, d_model)}
        self.grads = {}

    def forward(self, x):
        T = x.shape[1]
        return x + self.params["P"][:T]

    def backward(self, dout):
        T = dout.shape[1]
        self.grads["P"] = np.zeros_like(self.params["P"])
        self.grads["P"][:T] = dout.sum(axis=0)
        return dout.copy()


class LayerNorm:
    def __init__(self, dim, eps=1e-3):
        self.eps = eps
        self.params = {"gamma": np.ones(dim), "beta": np.zeros(dim)}
        self.grads = {}

    def forward(self, x):
        self.xc = x - x.mean(axis=-1, keepdims=True)
        self.var = np.mean(self.xc ** 2, axis=-1, keepdims=True)
        self.xhat = self.xc / np.sqrt(self.var + self.eps)
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dout):
        axes = tuple(range(dout.ndim - 1))
        self.grads["gamma"] = np.sum(dout * self.xhat, axis=axes)
        self.grads["beta"] = np.sum(dout, axis=axes)
        D = dout.shape[-1]
        std = np.sqrt(self.var + self.eps)
        dxhat = dout * self.params["gamma"]
        dvar = np.sum(dxhat * self.xc, axis=-1, keepdims=True) * -0.5 / std ** 3
        dmean = -np.sum(dxhat, axis=-1, keepdims=True) / std
        return dxhat / std + 2 * dvar * self.xc / D + dmean / D


class GELU:
    """The tanh approximation."""
    C = np.sqrt(2 / np.pi)

    def forward(self, x):
        self.x = x.copy()
        self.th = np.tanh(self.C * (x + 0.044715 * x ** 3))
        return 0.5 * x * (1 + self.th)

    def backward(self, dout):
        x, th = self.x, self.th
        du = self.C * (1 + 3 * 0.044715 * x ** 2)
        return dout * (0.5 * (1 + th) + 0.5 * x * (1 - th ** 2) * du)


class Dropout:
    def __init__(self, rate=0.1):
        self.rate = rate
        self.mask = None

    def forward(self, x, training=True):
        self.mask = None
        if training and self.rate > 0:
            self.mask = (np.random.rand(*x.shape) >= self.rate) / (1 - self.rate)
            return x * self.mask
        return x.copy()

    def backward(self, dout):
        if self.mask is None:
            return dout.copy()
        return dout * self.mask


class FeedForward:
    def __init__(self, dim, hidden):
        self.params = {
            "W1": np.random.randn(dim, hidden) / np.sqrt(dim), "b1": np.zeros(hidden),
            "W2": np.random.randn(hidden, dim) / np.sqrt(hidden), "b2": np.zeros(dim),
        }
        self.grads = {}
        self.act = GELU()

    def forward(self, x):
        p = self.params
        self.x = x.copy()
        self.h = self.act.forward(x @ p["W1"] + p["b1"])
        return self.h @ p["W2"] + p["b2"]

    def backward(self, dout):
        p = self.params
        flat = dout.reshape(-1, dout.shape[-1])
        self.grads["W2"] = self.h.reshape(len(flat), -1).T @ flat
        self.grads["b2"] = flat.sum(axis=0)
        da = self.act.backward(dout @ p["W2"].T)
        da_flat = da.reshape(len(flat), -1)
        self.grads["W1"] = self.x.reshape(len(flat), -1).T @ da_flat
        self.grads["b1"] = da_flat.sum(axis=0)
        return da @ p["W1"].T


class Block:
    """x + feed_forward(norm(x)) for x of shape (batch, time, dim)."""

    def __init__(self, dim, hidden):
        self.norm = LayerNorm(dim)
        self.ff = FeedForward(dim, hidden)
        self.params = {}
        self.grads = {}
        for name, layer in (("norm", self.norm), ("ff", self.ff)):
            for k in layer.params:
                self.params[name + "." + k] = layer.params[k]

    def forward(self, x):
        h = self.norm.forward(x)
        return x + self.ff.forward(h)

    def backward(self, dout):
        dh = self.ff.backward(dout)
        dx = dout + self.norm.backward(dh)
        for name, layer in (("norm", self.norm), ("ff", self.ff)):
            for k in layer.grads:
                self.grads[name + "." + k] = layer.grads[k]
        return dx
