"""Final project: embedding and attention, arrays (N, T, D)."""
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Embedding:
    def __init__(self, vocab_size, dim):
        self.W = 0.1 * np.random.randn(vocab_size, dim)

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)


class TokenAndPosition:
    """token embedding plus learned positions; idx: (N, T) with T <= max_len"""
    def __init__(self, vocab_size, max_len, dim):
        self.tok = 0.1 * np.random.randn(vocab_size, dim)
        self.pos = 0.1 * np.random.randn(max_len, dim)

    def forward(self, idx):
        self.idx = idx
        return self.tok[idx] + self.pos[:idx.shape[1]]

    def backward(self, dout):
        N, T, D = dout.shape
        self.dtok = np.zeros_like(self.tok)
        np.add.at(self.dtok, self.idx, dout)
        self.dpos = np.zeros_like(self.pos)
        self.dpos[:T] = dout.sum(axis=0)


def attention_forward(q, k, v):
    """q: (N, T, D), k: (N, S, D), v: (N, S, M) -> (N, T, M)"""
    scale = 1.0 / np.sqrt(q.shape[-1])
    scores = q @ k.transpose(0, 2, 1) * scale
    weights = softmax(scores)
    return weights @ v, (q, k, v, weights, scale)


def attention_backward(dout, cache):
    q, k, v, weights, scale = cache
    dv = weights.transpose(0, 2, 1) @ dout
    dw = dout @ v.transpose(0, 2, 1)
    dscores = weights * (dw - np.sum(dw * weights, axis=-1, keepdims=True))
    dscores = dscores * scale
    dq = dscores @ k
    dk = dscores.transpose(0, 2, 1) @ q
    return dq, dk, dv


class CausalSelfAttention:
    """one head; position t sees the positions 0..t"""
    def __init__(self, dim):
        self.Wq = np.random.randn(dim, dim) / np.sqrt(dim)
        self.Wk = np.random.randn(dim, dim) / np.sqrt(dim)
        self.Wv = np.random.randn(dim, dim) / np.sqrt(dim)

    def forward(self, x):
        N, T, D = x.shape
        self.x = x
        self.q, self.k, self.v = x @ self.Wq, x @ self.Wk, x @ self.Wv
        scores = self.q @ self.k.transpose(0, 2, 1) / np.sqrt(D)
        hidden = np.triu(np.ones((T, T), dtype=bool), k=1)
        self.a = softmax(np.where(hidden, -np.inf, scores))
        return self.a @ self.v

    def backward(self, dout):
        D = dout.shape[-1]
        dv = self.a.transpose(0, 2, 1) @ dout
        da = dout @ self.v.transpose(0, 2, 1)
        ds = self.a * (da - (da * self.a).sum(axis=-1, keepdims=True)) / np.sqrt(D)
        dq = ds @ self.k
        dk = ds.transpose(0, 2, 1) @ self.q
        self.dWq = np.einsum("ntd,nte->de", self.x, dq)
        self.dWk = np.einsum("ntd,nte->de", self.x, dk)
        self.dWv = np.einsum("ntd,nte->de", self.x, dv)
        dx = dq @ self.Wq.T
        dx += dk @ self.Wk.T
        dx += dv @ self.Wv.T
        return dx


class MultiHeadAttention:
    """self-attention without mask; dim must be divisible by heads"""
    def __init__(self, dim, heads):
        self.heads = heads
        self.Wqkv = np.random.randn(dim, 3 * dim) / np.sqrt(dim)
        self.Wo = np.random.randn(dim, dim) / np.sqrt(dim)
        self.bo = np.zeros(dim)

    def _split(self, x):
        N, T, D = x.shape
        x = x.reshape(N, T, self.heads, D // self.heads).transpose(0, 2, 1, 3)
        return x.reshape(N * self.heads, T, D // self.heads)

    def _merge(self, x):
        NH, T, d = x.shape
        x = x.reshape(NH // self.heads, self.heads, T, d).transpose(0, 2, 1, 3)
        return x.reshape(NH // self.heads, T, self.heads * d)

    def forward(self, x):
        self.x = x
        q, k, v = np.split(x @ self.Wqkv, 3, axis=-1)
        out, self.cache = attention_forward(self._split(q), self._split(k), self._split(v))
        self.merged = self._merge(out)
        return self.merged @ self.Wo + self.bo

    def backward(self, dout):
        self.dbo = dout.sum(axis=(0, 1))
        self.dWo = np.tensordot(self.merged, dout, axes=([0, 1], [0, 1]))
        dmerged = dout @ self.Wo.T
        dq, dk, dv = attention_backward(self._split(dmerged), self.cache)
        dqkv = np.concatenate([self._merge(dq), self._merge(dk), self._merge(dv)], axis=-1)
        self.dWqkv = np.tensordot(self.x, dqkv, axes=([0, 1], [0, 1]))
        return dqkv @ self.Wqkv.T
