"""Self-attention and a pre-norm transformer block, fish-book style (backward returns dx)."""
import numpy as np


def softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


def sinusoid(length, dim):
    pos = np.arange(length)[:, None]
    i = np.arange(dim)[None, :]
    angle = pos / 10000.0 ** (2 * (i // 2) / dim)
    return np.where(i % 2 == 0, np.sin(angle), np.cos(angle))


class PositionalEncoding:
    def forward(self, x):
        return x + sinusoid(x.shape[1], x.shape[2])

    def backward(self, dout):
        return dout.copy()


class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps
        self.dgamma = self.dbeta = None

    def forward(self, x):
        xc = x - x.mean(axis=-1, keepdims=True)
        self.std = np.sqrt((xc ** 2).mean(axis=-1, keepdims=True) + self.eps)
        self.xhat = xc / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        lead = tuple(range(dout.ndim - 1))
        self.dgamma = (dout * self.xhat).sum(axis=lead)
        self.dbeta = dout.sum(axis=lead)
        g = dout * self.gamma
        return (g - g.mean(axis=-1, keepdims=True)
                - self.xhat * (g * self.xhat).mean(axis=-1, keepdims=True)) / self.std


class MultiHeadAttention:
    """x of shape (batch, time, dim); causal=True lets a position see itself and the past."""

    def __init__(self, dim, heads=2, causal=False):
        assert dim % heads == 0
        self.heads = heads
        self.causal = causal
        self.Wq, self.Wk, self.Wv, self.Wo = (np.random.randn(dim, dim) / np.sqrt(dim) for _ in range(4))
        self.dWq = self.dWk = self.dWv = self.dWo = None

    def split(self, x):
        n, t, d = x.shape
        return x.reshape(n, t, self.heads, d // self.heads).transpose(0, 2, 1, 3)

    def merge(self, x):
        n, h, t, d = x.shape
        return x.transpose(0, 2, 1, 3).reshape(n, t, h * d)

    def forward(self, x):
        self.x = x
        self.q, self.k, self.v = (self.split(x @ w) for w in (self.Wq, self.Wk, self.Wv))
        self.scale = 1 / np.sqrt(self.q.shape[-1])
        scores = self.q @ self.k.swapaxes(-1, -2) * self.scale
        if self.causal:
            future = np.triu(np.ones(scores.shape[-2:], dtype=bool), k=1)
            scores = np.where(future, -np.inf, scores)
        self.p = softmax(scores)
        self.z = self.merge(self.p @ self.v)
        return self.z @ self.Wo

    def backward(self, dout):
        self.dWo = np.einsum('ntd,nte->de', self.z, dout)
        dz = self.split(dout @ self.Wo.T)
        dv = self.p.swapaxes(-1, -2) @ dz
        dp = dz @ self.v.swapaxes(-1, -2)
        ds = self.p * (dp - (dp * self.p).sum(axis=-1, keepdims=True))
        ds = ds * self.scale
        dq = self.merge(ds @ self.k)
        dk = self.merge(ds.swapaxes(-1, -2) @ self.q)
        dv = self.merge(dv)
        self.dWq = np.einsum('ntd,nte->de', self.x, dq)
        self.dWk = np.einsum('ntd,nte->de', self.x, dk)
        self.dWv = np.einsum('ntd,nte->de', self.x, dv)
        dx = dq @ self.Wq.T
        dx += dk @ self.Wk.T
        dx += dv @ self.Wv.T
        return dx


class FeedForward:
    def __init__(self, dim, hidden):
        self.W1 = np.random.randn(dim, hidden) / np.sqrt(dim)
        self.b1 = np.zeros(hidden)
        self.W2 = np.random.randn(hidden, dim) / np.sqrt(hidden)
        self.b2 = np.zeros(dim)
        self.dW1 = self.db1 = self.dW2 = self.db2 = None

    def forward(self, x):
        self.x = x
        self.h = np.maximum(x @ self.W1 + self.b1, 0)
        return self.h @ self.W2 + self.b2

    def backward(self, dout):
        self.dW2 = np.einsum('nth,ntd->hd', self.h, dout)
        self.db2 = dout.sum(axis=(0, 1))
        dh = (dout @ self.W2.T) * (self.h > 0)
        self.dW1 = np.einsum('ntd,nth->dh', self.x, dh)
        self.db1 = dh.sum(axis=(0, 1))
        return dh @ self.W1.T


class TransformerBlock:
    """x + attention(norm(x)), then x + ff(norm(x))."""

    def __init__(self, dim, heads=2, hidden=8, causal=False):
        self.norm1 = LayerNorm(dim)
        self.attn = MultiHeadAttention(dim, heads, causal)
        self.norm2 = LayerNorm(dim)
        self.ff = FeedForward(dim, hidden)

    def forward(self, x):
        x = x + self.attn.forward(self.norm1.forward(x))
        return x + self.ff.forward(self.norm2.forward(x))

    def backward(self, dout):
        dmid = dout + self.norm2.backward(self.ff.backward(dout))
        return dmid + self.norm1.backward(self.attn.backward(dmid))
