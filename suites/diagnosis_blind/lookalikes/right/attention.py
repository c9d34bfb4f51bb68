"""Attention: scaled dot product, multi-head self-attention, attention pooling, token and position embedding."""
import numpy as np


def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Attention:
    """softmax(q k^T / sqrt(d)) v; causal=True lets position i see only the positions j <= i."""

    def __init__(self, causal=False):
        self.causal = causal
        self.cache = None

    def forward(self, q, k, v):
        scale = 1.0 / np.sqrt(float(q.shape[-1]))
        scores = (q @ k.swapaxes(-1, -2)) * scale
        if self.causal:
            hidden = np.triu(np.ones(scores.shape[-2:], dtype=bool), k=1)
            scores = np.where(hidden, -np.inf, scores)
        a = softmax(scores)
        self.cache = (q, k, v, a, scale)
        return a @ v

    def backward(self, dout):
        q, k, v, a, scale = self.cache
        dv = a.swapaxes(-1, -2) @ dout
        da = dout @ v.swapaxes(-1, -2)
        dscores = a * (da - (da * a).sum(axis=-1, keepdims=True))
        dscores = dscores * scale
        dq = dscores @ k
        dk = dscores.swapaxes(-1, -2) @ q
        return dq, dk, dv


class MultiHeadSelfAttention:
    def __init__(self, d_model, n_heads=2, causal=False, seed=0):
        if d_model % n_heads:
            raise ValueError("d_model must be a multiple of n_heads")
        rng = np.random.default_rng(seed)
        self.n_heads = n_heads
        self.Wq, self.Wk, self.Wv, self.Wo = (rng.normal(0.0, d_model ** -0.5, (d_model, d_model)) for _ in range(4))
        self.core = Attention(causal)
        self.dWq = self.dWk = self.dWv = self.dWo = None

    def split(self, x):
        n, t, d = x.shape
        return x.reshape(n, t, self.n_heads, d // self.n_heads).transpose(0, 2, 1, 3)

    def merge(self, x):
        n, h, t, d = x.shape
        return x.transpose(0, 2, 1, 3).reshape(n, t, h * d)

    def forward(self, x):
        self.x = x
        heads = self.core.forward(self.split(x @ self.Wq), self.split(x @ self.Wk), self.split(x @ self.Wv))
        self.joined = self.merge(heads)
        return self.joined @ self.Wo

    def backward(self, dout):
        self.dWo = np.einsum("nti,ntj->ij", self.joined, dout)
        dq, dk, dv = self.core.backward(self.split(dout @ self.Wo.T))
        dq, dk, dv = self.merge(dq), self.merge(dk), self.merge(dv)
        self.dWq = np.einsum("nti,ntj->ij", self.x, dq)
        self.dWk = np.einsum("nti,ntj->ij", self.x, dk)
        self.dWv = np.einsum("nti,ntj->ij", self.x, dv)
        dx = dq @ self.Wq.T
        dx += dk @ self.Wk.T
        dx += dv @ self.Wv.T
        return dx


class AttentionPool:
    """One learned query w: (N, T, D) -> (N, D)."""

    def __init__(self, dim, seed=0):
        self.w = np.random.default_rng(seed).normal(0.0, 1.0, dim)
        self.dw = None

    def forward(self, x):
        self.x = x
        self.a = softmax((x @ self.w[:, None])[:, :, 0])
        return (self.a[:, :, None] * x).sum(axis=1)

    def backward(self, dout):
        da = (self.x * dout[:, None, :]).sum(axis=2)
        ds = self.a * (da - (da * self.a).sum(axis=1, keepdims=True))
        self.dw = (ds[:, :, None] * self.x).sum(axis=(0, 1))
        return self.a[:, :, None] * dout[:, None, :] + ds[:, :, None] * self.w


class TokenEmbedding:
    """Token table plus learned positions: ids (N, T) -> (N, T, D)."""

    def __init__(self, vocab_size, max_len, dim, seed=0):
        rng = np.random.default_rng(seed)
        self.W = rng.normal(0.0, 0.1, (vocab_size, dim))
        self.P = rng.normal(0.0, 0.1, (max_len, dim))
        self.dW = self.dP = None

    def forward(self, ids):
        self.ids = np.array(ids)
        return self.W[self.ids] + self.P[:self.ids.shape[1]]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.ids, dout)
        self.dP = np.zeros_like(self.P)
        self.dP[:dout.shape[1]] = dout.sum(axis=0)
        return None
