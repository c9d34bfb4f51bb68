"""Recurrent layers, embedding and attention."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class Embedding:
    def __init__(self, vocab_size, dim):
        self.W = np.random.randn(vocab_size, dim)
        self.dW = np.zeros_like(self.W)

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)


class RNN:
    """Input (N, T, D), all hidden states (N, T, H)."""

    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) * 0.5
        self.Wh = np.random.randn(hidden_size, hidden_size) * 0.5
        self.b = np.zeros(hidden_size)

    def forward(self, x):
        n, steps, _ = x.shape
        h = np.zeros((n, self.Wh.shape[0]))
        self.x, self.hs = x, [h]
        for t in range(steps):
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh + self.b)
            self.hs.append(h)
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dhs):
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        self.db = np.zeros_like(self.b)
        dx = np.zeros_like(self.x)
        carry = np.zeros_like(self.hs[0])
        for t in reversed(range(self.x.shape[1])):
            dh = dhs[:, t] + carry
            dz = dh * (1 - self.hs[t + 1] ** 2)
            self.dWx += self.x[:, t].T @ dz
            self.dWh += self.hs[t].T @ dz
            self.db += dz.sum(axis=0)
            dx[:, t] = dz @ self.Wx.T
            carry = dz @ self.Wh.T
        return dx


def lstm_step_forward(x, h, c, Wx, Wh, b):
    n = h.shape[1]
    z = x @ Wx + h @ Wh + b
    i, f = sigmoid(z[:, :n]), sigmoid(z[:, n : 2 * n])
    o, g = sigmoid(z[:, 2 * n : 3 * n]), np.tanh(z[:, 3 * n :])
    c_next = f * c + i * g
    tc = np.tanh(c_next)
    h_next = o * tc
    return h_next, c_next, (x, h, c, Wx, Wh, i, f, o, g, tc)


def lstm_step_backward(dh_next, dc_next, cache):
    x, h, c, Wx, Wh, i, f, o, g, tc = cache
    do = dh_next * tc
    dc_total = dc_next + dh_next * o * (1 - tc**2)
    di, df, dg = dc_total * g, dc_total * c, dc_total * i
    dz = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
    dx, dh = dz @ Wx.T, dz @ Wh.T
    dc = dc_total * f
    return dx, dh, dc, x.T @ dz, h.T @ dz, dz.sum(axis=0)


def attention_forward(q, k, v):
    """Scaled dot-product attention over (T, D) arrays."""
    scale = 1.0 / np.sqrt(q.shape[1])
    scores = q @ k.T * scale
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p @ v, (q, k, v, p, scale)


def attention_backward(dout, cache):
    q, k, v, p, scale = cache
    dv = p.T @ dout
    dp = dout @ v.T
    ds = p * (dp - (dp * p).sum(axis=1, keepdims=True))
    dq = ds @ k * scale
    dk = ds.T @ q * scale
    return dq, dk, dv
