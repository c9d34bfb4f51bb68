"""Attention for a decoder: weights and weighted sum over encoder states, and scaled dot-product with a causal mask."""
import numpy as np


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.out = e / e.sum(axis=-1, keepdims=True)
        return self.out.copy()

    def backward(self, dout):
        y = self.out
        dx = y * (dout - np.sum(dout * y, axis=-1, keepdims=True))
        return dx


class AttentionWeight:
    """Scores of the decoder state h (N, H) against the encoder states hs (N, T, H), as shares of one."""

    def __init__(self):
        self.softmax = Softmax()

    def forward(self, hs, h):
        N, T, H = hs.shape
        hr = h.reshape(N, 1, H).repeat(T, axis=1)
        s = np.sum(hs * hr, axis=2)
        self.cache = (hs.copy(), hr)
        return self.softmax.forward(s)

    def backward(self, da):
        hs, hr = self.cache
        N, T, H = hs.shape
        ds = self.softmax.backward(da)
        dt = ds.reshape(N, T, 1).repeat(H, axis=2)
        dhs = dt * hr
        dhr = dt * hs
        dh = np.sum(dhr, axis=1)
        return dhs, dh


class WeightSum:
    """Context vector: the states hs (N, T, H) summed with the weights a (N, T)."""

    def forward(self, hs, a):
        N, T, H = hs.shape
        ar = a.reshape(N, T, 1)
        self.cache = (hs.copy(), ar.copy())
        return np.sum(hs * ar, axis=1)

    def backward(self, dc):
        hs, ar = self.cache
        N, T, H = hs.shape
        dt = dc.reshape(N, 1, H).repeat(T, axis=1)
        dhs = dt * ar
        da = np.sum(dt * hs, axis=2)
        return dhs, da


class ScaledDotProductAttention:
    """softmax(q k^T / sqrt(d)) v for q (N, Tq, d), k (N, Tk, d), v (N, Tk, dv)."""

    def __init__(self, causal=False):
        self.causal = causal
        self.softmax = Softmax()
        self.mask = None

    def forward(self, q, k, v):
        N, Tq, d = q.shape
        Tk = k.shape[1]
        scores = np.matmul(q, k.transpose(0, 2, 1)) / np.sqrt(d)
        self.mask = None
        if self.causal:
            self.mask = np.triu(np.ones((Tq, Tk), dtype=bool), k=1)
            scores = np.where(self.mask, -1e9, scores)
        w = self.softmax.forward(scores)
        self.q, self.k, self.v, self.w = q.copy(), k.copy(), v.copy(), w
        return np.matmul(w, v)

    def backward(self, dout):
        d = self.q.shape[-1]
        dw = np.matmul(dout, self.v.transpose(0, 2, 1))
        dv = np.matmul(self.w.transpose(0, 2, 1), dout)
        ds = self.softmax.backward(dw)
        if self.mask is not None:
            ds = np.where(self.mask, 0.0, ds)
        ds = ds / np.sqrt(d)
        dq = np.matmul(ds, self.k)
        dk = np.matmul(ds.transpose(0, 2, 1), self.q)
        return dq, dk, dv
