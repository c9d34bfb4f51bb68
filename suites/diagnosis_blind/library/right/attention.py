"""Pieces of a transformer: embeddings, positions, masked attention.  forward(x) -> y, backward(dout) -> dx."""
import math

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sinusoidal_positions(length, dim):
    pos = np.arange(length)[:, None]
    rate = 10000.0 ** (-2.0 * (np.arange(dim) // 2) / dim)
    angle = pos * rate
    table = np.empty((length, dim))
    table[:, 0::2] = np.sin(angle[:, 0::2])
    table[:, 1::2] = np.cos(angle[:, 1::2])
    return table


def attention_forward(q, k, v, mask=None):
    """q: (..., Tq, d), k: (..., Tk, d), v: (..., Tk, dv); mask (Tq, Tk) is True where a query may look."""
    scale = 1.0 / math.sqrt(q.shape[-1])
    scores = q @ k.swapaxes(-1, -2) * scale
    if mask is not None:
        scores = np.where(mask, scores, -1e9)
    p = softmax(scores)
    return p @ v, (q, k, v, p, mask, scale)


def attention_backward(dout, cache):
    q, k, v, p, mask, scale = cache
    dv = p.swapaxes(-1, -2) @ dout
    dp = dout @ v.swapaxes(-1, -2)
    ds = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))
    if mask is not None:
        ds = np.where(mask, ds, 0.0)
    dq = ds @ k * scale
    dk = ds.swapaxes(-1, -2) @ q * scale
    return dq, dk, dv


class Module:
    def __init__(self):
        self.params, self.grads = {}, {}

    def named_gradients(self):
        return [(name, self.grads[name]) for name in self.params]


class Linear(Module):
    """x @ W + b over the last axis."""

    def __init__(self, n_in, n_out, rng):
        super().__init__()
        self.params["W"] = rng.normal(0.0, n_in ** -0.5, (n_in, n_out))
        self.params["b"] = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout):
        d2 = dout.reshape(-1, dout.shape[-1])
        self.grads["W"] = self.x.reshape(-1, self.x.shape[-1]).T @ d2
        self.grads["b"] = d2.sum(axis=0)
        return dout @ self.params["W"].T


class MultiHeadSelfAttention(Module):
    def __init__(self, dim, heads, causal=False, seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.heads, self.causal = heads, causal
        self.qkv = Linear(dim, 3 * dim, rng)
        self.proj = Linear(dim, dim, rng)
        self.params = {"Wqkv": self.qkv.params["W"], "bqkv": self.qkv.params["b"],
                       "Wo": self.proj.params["W"], "bo": self.proj.params["b"]}
        self.mask = None

    def split(self, x):
        n, t, d = x.shape
        return x.reshape(n, t, self.heads, d // self.heads).transpose(0, 2, 1, 3)

    def merge(self, x):
        n, h, t, d = x.shape
        return x.transpose(0, 2, 1, 3).reshape(n, t, h * d)

    def forward(self, x):
        t = x.shape[1]
        if self.causal and (self.mask is None or self.mask.shape[0] != t):
            self.mask = np.tril(np.ones((t, t), dtype=bool))
        q, k, v = np.split(self.qkv.forward(x), 3, axis=-1)
        ctx, self.cache = attention_forward(self.split(q), self.split(k), self.split(v), self.mask)
        return self.proj.forward(self.merge(ctx))

    def backward(self, dout):
        dctx = self.split(self.proj.backward(dout))
        dq, dk, dv = attention_backward(dctx, self.cache)
        dqkv = np.concatenate([self.merge(dq), self.merge(dk), self.merge(dv)], axis=-1)
        dx = self.qkv.backward(dqkv)
        self.grads = {"Wqkv": self.qkv.grads["W"], "bqkv": self.qkv.grads["b"],
                      "Wo": self.proj.grads["W"], "bo": self.proj.grads["b"]}
        return dx


class Embedding(Module):
    """Rows of a table; the row padding_idx counts as zero and never learns."""

    def __init__(self, vocab_size, dim, padding_idx=None, seed=0):
        super().__init__()
        self.params["W"] = np.random.default_rng(seed).normal(0.0, 1.0, (vocab_size, dim))
        self.padding_idx = padding_idx

    def forward(self, ids):
        self.ids = np.array(ids)
        out = self.params["W"][self.ids]
        if self.padding_idx is not None:
            out[self.ids == self.padding_idx] = 0.0
        return out

    def backward(self, dout):
        dW = np.zeros_like(self.params["W"])
        np.add.at(dW, self.ids, dout)
        if self.padding_idx is not None:
            dW[self.padding_idx] = 0.0
        self.grads["W"] = dW
        return None


class LearnedPositions(Module):
    """x: (N, T, D) plus the first T rows of a table."""

    def __init__(self, max_len, dim, seed=0):
        super().__init__()
        self.params["P"] = np.random.default_rng(seed).normal(0.0, 0.02, (max_len, dim))

    def forward(self, x):
        self.t = x.shape[1]
        return x + self.params["P"][:self.t]

    def backward(self, dout):
        dP = np.zeros_like(self.params["P"])
        dP[:self.t] = dout.sum(axis=0)
        self.grads["P"] = dP
        return dout.copy()


class TiedHead(Module):
    """Next-token scores with the embedding's own table (vocab, dim): gelu(x A) table^T."""

    def __init__(self, table, seed=0):
        super().__init__()
        dim = table.shape[1]
        self.params["A"] = np.random.default_rng(seed).normal(0.0, dim ** -0.5, (dim, dim))
        self.params["W"] = table

    def forward(self, x):
        self.x = x
        self.h = x @ self.params["A"]
        self.tanh = np.tanh(0.7978845608028654 * (self.h + 0.044715 * self.h ** 3))
        self.act = 0.5 * self.h * (1.0 + self.tanh)
        return self.act @ self.params["W"].T

    def backward(self, dout):
        flat = dout.reshape(-1, dout.shape[-1])
        self.grads["W"] = flat.T @ self.act.reshape(flat.shape[0], -1)
        dact = dout @ self.params["W"]
        inner = 0.7978845608028654 * (1.0 + 3 * 0.044715 * self.h ** 2)
        dh = dact * (0.5 * (1.0 + self.tanh) + 0.5 * self.h * (1.0 - self.tanh ** 2) * inner)
        self.grads["A"] = self.x.reshape(-1, self.x.shape[-1]).T @ dh.reshape(-1, dh.shape[-1])
        return dh @ self.params["A"].T
