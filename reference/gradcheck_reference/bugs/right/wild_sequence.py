# mypy: ignore-errors
"""Sequence layers beyond the books: embedding, recurrent layer, GRU, attention."""

import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Embedding:
    def __init__(self, vocab_size, dim):
        self.W = np.random.randn(vocab_size, dim)
        self.dW = np.zeros_like(self.W)

    def forward(self, idx):
        self.idx = np.asarray(idx).astype(int)
        return self.W[self.idx]

    def backward(self, dout):
        self.dW[...] = 0
        np.add.at(self.dW, self.idx, dout)


class RNN:
    """tanh(x Wx + h Wh + b) over time, from a zero state: x (n, time, in) -> (n, time, hidden)."""

    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) / np.sqrt(input_size)
        self.Wh = np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size)
        self.b = np.zeros(hidden_size)
        self.h = None

    def forward(self, x):
        n, steps, _size = x.shape
        hidden = self.b.size
        self.x, self.hs = x.copy(), np.zeros((n, steps + 1, hidden))
        self.h = np.zeros((n, hidden))
        for t in range(steps):
            self.h = np.tanh(x[:, t] @ self.Wx + self.h @ self.Wh + self.b)
            self.hs[:, t + 1] = self.h
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        self.dWx, self.dWh = np.zeros(self.Wx.shape), np.zeros(self.Wh.shape)
        self.db = np.zeros(self.b.shape)
        dx, dh = np.zeros(self.x.shape), 0.0
        for t in range(dhs.shape[1] - 1, -1, -1):
            dh = dh + dhs[:, t]
            dz = dh * (1 - self.hs[:, t + 1] ** 2)
            self.dWx += self.x[:, t].T @ dz
            self.dWh += self.hs[:, t].T @ dz
            self.db += dz.sum(axis=0)
            dx[:, t] = dz @ self.Wx.T
            dh = dz @ self.Wh.T
        return dx


class GRU:
    """One step of a gated recurrent unit (Cho et al. 2014); returns dx and dh."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, x, h_prev):
        H = h_prev.shape[1]
        Wx, Wh, b = self.Wx, self.Wh, self.b
        z = sigmoid(x @ Wx[:, :H] + h_prev @ Wh[:, :H] + b[:H])
        r = sigmoid(x @ Wx[:, H : 2 * H] + h_prev @ Wh[:, H : 2 * H] + b[H : 2 * H])
        g = np.tanh(x @ Wx[:, 2 * H :] + (r * h_prev) @ Wh[:, 2 * H :] + b[2 * H :])
        self.cache = (x.copy(), h_prev.copy(), z, r, g)
        return (1 - z) * h_prev + z * g

    def backward(self, dh):
        x, h_prev, z, r, g = self.cache
        H = h_prev.shape[1]
        dg = dh * z * (1 - g**2)
        dz = dh * (g - h_prev) * z * (1 - z)
        drh = dg @ self.Wh[:, 2 * H :].T
        dr = drh * h_prev * r * (1 - r)
        da = np.hstack([dz, dr, dg])
        self.dWx = x.T @ da
        self.dWh = np.hstack([h_prev.T @ dz, h_prev.T @ dr, (r * h_prev).T @ dg])
        self.db = da.sum(axis=0)
        dx = da @ self.Wx.T
        dh_prev = dh * (1 - z) + drh * r
        dh_prev = dh_prev + dz @ self.Wh[:, :H].T + dr @ self.Wh[:, H : 2 * H].T
        return dx, dh_prev


def attention_forward(q, k, v):
    """softmax(q k^T / sqrt(d)) v for q (n, t, d), k (n, s, d), v (n, s, m)."""
    scale = 1 / np.sqrt(q.shape[-1])
    weights = softmax(q @ k.transpose(0, 2, 1) * scale)
    return weights @ v, (q, k, v, weights, scale)


def attention_backward(dout, cache):
    q, k, v, weights, scale = cache
    dv = weights.transpose(0, 2, 1) @ dout
    dweights = dout @ v.transpose(0, 2, 1)
    inner = (dweights * weights).sum(axis=-1, keepdims=True)
    dscores = weights * (dweights - inner) * scale
    dq = dscores @ k
    dk = dscores.transpose(0, 2, 1) @ q
    return dq, dk, dv


class SelfAttention:
    """One head over x (n, time, d) with projections Wq, Wk, Wv of shape (d, d)."""

    def __init__(self, d_model):
        self.Wq, self.Wk, self.Wv = np.random.randn(3, d_model, d_model) / np.sqrt(d_model)

    def forward(self, x):
        self.x = x.copy()
        out, self.cache = attention_forward(x @ self.Wq, x @ self.Wk, x @ self.Wv)
        return out

    def backward(self, dout):
        dq, dk, dv = attention_backward(dout, self.cache)
        self.dWq = np.einsum("ntd,nte->de", self.x, dq)
        self.dWk = np.einsum("ntd,nte->de", self.x, dk)
        self.dWv = np.einsum("ntd,nte->de", self.x, dv)
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T
