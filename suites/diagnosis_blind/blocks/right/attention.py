"""Scaled dot-product attention and multi-head attention (self or cross), by hand.

Masks are boolean, True = may be attended to. Sequences may be padded on either side, so a query
may have no allowed key at all; it then attends to all keys alike.
"""
import numpy as np

NEG = -1e30


def softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=-1, keepdims=True)


def causal_mask(Tq, Tk):
    return np.tril(np.ones((Tq, Tk), dtype=bool))


class DotProductAttention:
    """q: (..., Tq, d), k: (..., Tk, d), v: (..., Tk, m)."""

    def forward(self, q, k, v, mask=None):
        self.q, self.k, self.v = q, k, v
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        if mask is not None:
            scores = np.where(mask, scores, NEG)
        self.mask = mask
        self.p = softmax(scores)
        return self.p @ v

    def backward(self, dout):
        dv = self.p.swapaxes(-1, -2) @ dout
        dp = dout @ self.v.swapaxes(-1, -2)
        ds = self.p * (dp - (dp * self.p).sum(axis=-1, keepdims=True))
        if self.mask is not None:
            ds = np.where(self.mask, ds, 0)
        ds = ds / np.sqrt(self.q.shape[-1])
        dq = ds @ self.k
        dk = ds.swapaxes(-1, -2) @ self.q
        return dq, dk, dv


class MultiHeadAttention:
    """forward(x) is self-attention, forward(x, context) cross-attention. Input and output are (N, T, d_model)."""

    def __init__(self, d_model, n_heads, d_head=None, causal=False, seed=0):
        rng = np.random.default_rng(seed)
        d_head = d_head or d_model // n_heads
        inner = n_heads * d_head
        self.n_heads, self.d_head, self.d_model = n_heads, d_head, d_model
        self.causal = causal
        s = 1 / np.sqrt(d_model)
        self.params = {
            'Wq': s * rng.standard_normal((d_model, inner)), 'bq': np.zeros(inner),
            'Wk': s * rng.standard_normal((d_model, inner)), 'bk': np.zeros(inner),
            'Wv': s * rng.standard_normal((d_model, inner)), 'bv': np.zeros(inner),
            'Wo': s * rng.standard_normal((inner, d_model)), 'bo': np.zeros(d_model),
        }
        self.grads = {}

    def _split(self, x):
        N, T, _ = x.shape
        return x.reshape(N, T, self.n_heads, self.d_head).transpose(0, 2, 1, 3)

    def _merge(self, x):
        N, h, T, d = x.shape
        return x.transpose(0, 2, 1, 3).reshape(N, T, h * d)

    def forward(self, x, context=None, pad_mask=None):
        """pad_mask: (N, Tk), True for real tokens."""
        p = self.params
        self.self_attention = context is None
        ctx = x if context is None else context
        self.x, self.ctx = x, ctx
        self.q = self._split(x @ p['Wq'] + p['bq'])
        self.k = self._split(ctx @ p['Wk'] + p['bk'])
        self.v = self._split(ctx @ p['Wv'] + p['bv'])

        scores = self.q @ self.k.transpose(0, 1, 3, 2) / np.sqrt(self.d_head)
        allowed = np.ones(scores.shape, dtype=bool)
        if self.causal:
            allowed &= causal_mask(x.shape[1], ctx.shape[1])
        if pad_mask is not None:
            allowed &= pad_mask[:, None, None, :]
        scores = np.where(allowed, scores, NEG)
        self.allowed = allowed
        self.probs = softmax(scores)
        self.merged = self._merge(self.probs @ self.v)
        return self.merged @ p['Wo'] + p['bo']

    def backward(self, dout):
        """Returns dx for self-attention, (dx, dcontext) for cross-attention."""
        p, g = self.params, self.grads
        g['Wo'] = np.einsum('nti,ntj->ij', self.merged, dout)
        g['bo'] = dout.sum(axis=(0, 1))
        dheads = self._split(dout @ p['Wo'].T)

        dprobs = dheads @ self.v.transpose(0, 1, 3, 2)
        dv = self.probs.transpose(0, 1, 3, 2) @ dheads
        dscores = self.probs * (dprobs - (self.probs * dprobs).sum(axis=-1, keepdims=True))
        dscores = np.where(self.allowed, dscores, 0) / np.sqrt(self.d_head)
        dq = self._merge(dscores @ self.k)
        dk = self._merge(dscores.transpose(0, 1, 3, 2) @ self.q)
        dv = self._merge(dv)

        for name, inp, d in (('q', self.x, dq), ('k', self.ctx, dk), ('v', self.ctx, dv)):
            g['W' + name] = np.einsum('nti,ntj->ij', inp, d)
            g['b' + name] = d.sum(axis=(0, 1))
        dx = dq @ p['Wq'].T
        dctx = dk @ p['Wk'].T + dv @ p['Wv'].T
        if self.self_attention:
            return dx + dctx
        return dx, dctx
