"""Attention: functions with a cache, and a multi-head layer; einsum linear and bilinear layers."""
import numpy as np


def softmax_forward(x):
    """Softmax over the last axis. Returns out, cache."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    out = e / np.sum(e, axis=-1, keepdims=True)
    return out, out


def softmax_backward(dout, cache):
    s = cache
    return s * (dout - np.sum(dout * s, axis=-1, keepdims=True))


def attention_forward(q, k, v, causal=False):
    """Scaled dot-product attention. q (B, Tq, D), k (B, Tk, D), v (B, Tk, E) -> out (B, Tq, E), cache.
    causal=True: position i sees the positions 0..i only."""
    scale = 1.0 / float(np.sqrt(q.shape[-1]))
    q = q * scale
    scores = q @ np.swapaxes(k, -1, -2)
    if causal:
        visible = np.tril(np.ones(scores.shape[-2:], dtype=bool))
        scores = np.where(visible, scores, -np.inf)
    weights, _ = softmax_forward(scores)
    return weights @ v, (q, k, v, weights, scale)


def attention_backward(dout, cache):
    """Returns dq, dk, dv."""
    q_scaled, k, v, weights, scale = cache
    dv = np.swapaxes(weights, -1, -2) @ dout
    dweights = dout @ np.swapaxes(v, -1, -2)
    dscores = softmax_backward(dweights, weights)
    dq = (dscores @ k) * scale
    dk = np.swapaxes(dscores, -1, -2) @ q_scaled
    return dq, dk, dv


class EinsumLinear:
    """y = x W^T + b with W (out, in); x may have any number of leading axes."""

    def __init__(self, in_features, out_features, rng=None):
        rng = np.random.default_rng(0) if rng is None else rng
        self.W = rng.standard_normal((out_features, in_features)) / np.sqrt(in_features)
        self.b = np.zeros(out_features)
        self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return np.einsum("...i,oi->...o", x, self.W) + self.b

    def backward(self, dout):
        flat_x = self.x.reshape(-1, self.x.shape[-1])
        flat_d = dout.reshape(-1, dout.shape[-1])
        self.dW = np.einsum("no,ni->oi", flat_d, flat_x)
        self.db = flat_d.sum(axis=0)
        return np.einsum("...o,oi->...i", dout, self.W)


class Bilinear:
    """y[n, k] = x1[n] W[k] x2[n] + b[k]"""

    def __init__(self, in1, in2, out, rng=None):
        rng = np.random.default_rng(0) if rng is None else rng
        self.W = rng.standard_normal((out, in1, in2)) / np.sqrt(in1 * in2)
        self.b = np.zeros(out)
        self.dW = self.db = None

    def forward(self, x1, x2):
        self.x1, self.x2 = x1, x2
        return np.einsum("ni,kij,nj->nk", x1, self.W, x2) + self.b

    def backward(self, dout):
        self.dW = np.einsum("nk,ni,nj->kij", dout, self.x1, self.x2)
        self.db = dout.sum(axis=0)
        dx1 = np.einsum("nk,kij,nj->ni", dout, self.W, self.x2)
        dx2 = np.einsum("nk,kij,ni->nj", dout, self.W, self.x1)
        return dx1, dx2


class MultiHeadAttention:
    """Self-attention over x (B, T, d_model); params Wq, Wk, Wv, Wo of shape (d_model, d_model), bo (d_model,)."""

    def __init__(self, d_model, n_heads, rng=None):
        if d_model % n_heads:
            raise ValueError("d_model must be a multiple of n_heads")
        rng = np.random.default_rng(0) if rng is None else rng
        self.d_model, self.n_heads = d_model, n_heads
        self.params = {name: rng.standard_normal((d_model, d_model)) / np.sqrt(d_model)
                       for name in ("Wq", "Wk", "Wv", "Wo")}
        self.params["bo"] = np.zeros(d_model)
        self.grads = {}

    def _split(self, x):
        """(B, T, d_model) -> (B * heads, T, d_head)"""
        b, t, d = x.shape
        h, dh = self.n_heads, d // self.n_heads
        return x.reshape(b, t, h, dh).transpose(0, 2, 1, 3).reshape(b * h, t, dh)

    def _merge(self, x):
        """(B * heads, T, d_head) -> (B, T, d_model)"""
        bh, t, dh = x.shape
        h = self.n_heads
        return x.reshape(bh // h, h, t, dh).transpose(0, 2, 1, 3).reshape(bh // h, t, h * dh)

    def forward(self, x):
        p = self.params
        self.x = x
        q, k, v = (self._split(x @ p[name]) for name in ("Wq", "Wk", "Wv"))
        heads, self.cache = attention_forward(q, k, v)
        self.context = self._merge(heads)
        return self.context @ p["Wo"] + p["bo"]

    def backward(self, dout):
        p, d = self.params, self.d_model
        self.grads["Wo"] = self.context.reshape(-1, d).T @ dout.reshape(-1, d)
        self.grads["bo"] = dout.sum(axis=(0, 1))
        dheads = self._split(dout @ p["Wo"].T)
        dq, dk, dv = (self._merge(g) for g in attention_backward(dheads, self.cache))
        flat_x = self.x.reshape(-1, d)
        for name, g in (("Wq", dq), ("Wk", dk), ("Wv", dv)):
            self.grads[name] = flat_x.T @ g.reshape(-1, d)
        dx = dq @ p["Wq"].T + dk @ p["Wk"].T + dv @ p["Wv"].T
        return dx
