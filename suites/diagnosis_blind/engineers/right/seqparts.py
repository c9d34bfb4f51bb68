"""Embedding, positional code, attention."""
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Embedding:
    """Token ids (N, T) -> vectors (N, T, D)."""

    def __init__(self, vocab_size, dim, padding_idx=None):
        self.params = [np.random.randn(vocab_size, dim) * 0.1]
        self.grads = [np.zeros((vocab_size, dim))]
        self.padding_idx = padding_idx
        self.idx = None

    def forward(self, idx):
        self.idx = np.array(idx, dtype=np.int64)
        out = self.params[0][self.idx]
        if self.padding_idx is not None:
            out[self.idx == self.padding_idx] = 0.0
        return out

    def backward(self, dout):
        dW = self.grads[0]
        dW[...] = 0
        np.add.at(dW, self.idx, dout)
        if self.padding_idx is not None:
            dW[self.padding_idx] = 0
        return None


class LearnedPosition:
    """Adds a learned vector for every position to x of shape (N, T, D)."""

    def __init__(self, max_len, dim):
        self.P = np.random.randn(max_len, dim) * 0.02
        self.dP = np.zeros_like(self.P)

    def forward(self, x):
        self.T = x.shape[1]
        return x + self.P[:self.T]

    def backward(self, dout):
        self.dP = np.zeros_like(self.P)
        self.dP[:self.T] = dout.sum(axis=0)
        return dout.copy()


def sinusoidal_positions(length, dim):
    """sin in the even columns, cos in the odd ones; dim may be odd."""
    pos = np.arange(length)[:, None]
    i = np.arange(dim)[None, :]
    angle = pos / np.power(10000.0, 2 * (i // 2) / dim)
    table = np.zeros((length, dim))
    table[:, 0::2] = np.sin(angle[:, 0::2])
    table[:, 1::2] = np.cos(angle[:, 1::2])
    return table


def attention_forward(q, k, v, mask=None):
    """q: (N, Tq, D), k: (N, Tk, D), v: (N, Tk, Dv); mask (Tq, Tk) is True where a key may be seen."""
    scale = 1.0 / np.sqrt(q.shape[-1])
    scores = q @ k.transpose(0, 2, 1) * scale
    if mask is not None:
        scores = np.where(mask, scores, -1e9)
    p = softmax(scores)
    return p @ v, (q, k, v, p, scale)


def attention_backward(dout, cache):
    q, k, v, p, scale = cache
    dv = p.transpose(0, 2, 1) @ dout
    dp = dout @ v.transpose(0, 2, 1)
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
    dq = ds @ k * scale
    dk = ds.transpose(0, 2, 1) @ q * scale
    return dq, dk, dv


class MultiHeadAttention:
    """Self-attention over x (N, T, D) with `heads` heads; causal=True hides the future."""

    def __init__(self, dim, heads, causal=False):
        assert dim % heads == 0
        self.heads, self.causal = heads, causal
        s = 1.0 / np.sqrt(dim)
        self.Wq = np.random.randn(dim, dim) * s
        self.Wk = np.random.randn(dim, dim) * s
        self.Wv = np.random.randn(dim, dim) * s
        self.Wo = np.random.randn(dim, dim) * s
        self.bo = np.zeros(dim)

    def _split(self, x):
        n, t, d = x.shape
        return x.reshape(n, t, self.heads, d // self.heads).transpose(0, 2, 1, 3)

    def _merge(self, x):
        n, h, t, dh = x.shape
        return x.transpose(0, 2, 1, 3).reshape(n, t, h * dh)

    def forward(self, x):
        self.x = x
        t = x.shape[1]
        self.q = self._split(x @ self.Wq)
        self.k = self._split(x @ self.Wk)
        self.v = self._split(x @ self.Wv)
        self.scale = self.q.shape[-1] ** -0.5
        s = np.einsum("nhid,nhjd->nhij", self.q, self.k) * self.scale
        if self.causal:
            future = np.triu(np.ones((t, t), dtype=bool), k=1)
            s = np.where(future, -np.inf, s)
        self.p = softmax(s)
        self.ctx = self._merge(np.einsum("nhij,nhjd->nhid", self.p, self.v))
        return self.ctx @ self.Wo + self.bo

    def backward(self, dout):
        d = dout.shape[-1]
        flat = dout.reshape(-1, d)
        self.dWo = self.ctx.reshape(-1, d).T @ flat
        self.dbo = flat.sum(axis=0)
        dctx = self._split(dout @ self.Wo.T)
        dp = np.einsum("nhid,nhjd->nhij", dctx, self.v)
        dv = np.einsum("nhij,nhid->nhjd", self.p, dctx)
        ds = self.p * (dp - np.sum(dp * self.p, axis=-1, keepdims=True)) * self.scale
        dq = self._merge(np.einsum("nhij,nhjd->nhid", ds, self.k))
        dk = self._merge(np.einsum("nhij,nhid->nhjd", ds, self.q))
        dv = self._merge(dv)
        x2 = self.x.reshape(-1, d)
        self.dWq = x2.T @ dq.reshape(-1, d)
        self.dWk = x2.T @ dk.reshape(-1, d)
        self.dWv = x2.T @ dv.reshape(-1, d)
        return dq @ self.Wq.T + dk @ self.Wk.T + dv @ self.Wv.T
