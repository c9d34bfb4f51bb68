"""Assignment 3: attention."""
import numpy as np


def softmax_forward(x):
    """Softmax over the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return p, p


def softmax_backward(dout, cache):
    p = cache
    inner = (dout * p).sum(axis=-1, keepdims=True)
    return p * (dout - inner)


def attention_forward(q, k, v, causal=False):
    """q: (N, S, D), k: (N, T, D), v: (N, T, M); causal: position s sees t <= s only."""
    scale = q.shape[-1] ** -0.5
    scores = q @ k.transpose(0, 2, 1) * scale
    if causal:
        visible = np.tril(np.ones(scores.shape[1:], dtype=bool))
        scores = np.where(visible, scores, -np.inf)
    weights, _ = softmax_forward(scores)
    out = weights @ v
    return out, (q, k, v, weights, scale)


def attention_backward(dout, cache):
    q, k, v, weights, scale = cache
    dv = weights.transpose(0, 2, 1) @ dout
    dweights = dout @ v.transpose(0, 2, 1)
    dscores = softmax_backward(dweights, weights) * scale
    dq = dscores @ k
    dk = dscores.transpose(0, 2, 1) @ q
    return dq, dk, dv


def split_heads(x, heads):
    N, T, E = x.shape
    return x.reshape(N, T, heads, E // heads).transpose(0, 2, 1, 3).reshape(N * heads, T, E // heads)


def merge_heads(x, heads):
    NH, T, d = x.shape
    return x.reshape(NH // heads, heads, T, d).transpose(0, 2, 1, 3).reshape(NH // heads, T, heads * d)


def self_attention_forward(x, Wq, Wk, Wv, Wo, bo, heads):
    """Multi-head self-attention. x: (N, T, E), all W: (E, E), bo: (E,)."""
    q = split_heads(x @ Wq, heads)
    k = split_heads(x @ Wk, heads)
    v = split_heads(x @ Wv, heads)
    ctx, att_cache = attention_forward(q, k, v)
    merged = merge_heads(ctx, heads)
    out = merged @ Wo + bo
    return out, (x, Wq, Wk, Wv, Wo, heads, merged, att_cache)


def self_attention_backward(dout, cache):
    x, Wq, Wk, Wv, Wo, heads, merged, att_cache = cache
    dWo = np.einsum("nte,ntf->ef", merged, dout)
    dbo = dout.sum(axis=(0, 1))
    dctx = split_heads(dout @ Wo.T, heads)
    dq, dk, dv = (merge_heads(d, heads) for d in attention_backward(dctx, att_cache))
    dx = dq @ Wq.T
    dx += dk @ Wk.T
    dx += dv @ Wv.T
    dWq, dWk, dWv = (np.einsum("nte,ntf->ef", x, d) for d in (dq, dk, dv))
    return dx, dWq, dWk, dWv, dWo, dbo


def additive_attention_forward(h, s, Wh, Ws, u):
    """Scores u . tanh(h Wh + s Ws). h: (N, T, D) encoder states, s: (N, E) decoder state. Returns context (N, D)."""
    m = np.tanh(h @ Wh + (s @ Ws)[:, None, :])
    a, _ = softmax_forward(m @ u)
    context = np.einsum("nt,ntd->nd", a, h)
    return context, (h, s, Wh, Ws, u, m, a)


def additive_attention_backward(dcontext, cache):
    h, s, Wh, Ws, u, m, a = cache
    da = np.einsum("nd,ntd->nt", dcontext, h)
    dh = a[:, :, None] * dcontext[:, None, :]
    de = softmax_backward(da, a)
    du = np.einsum("nt,nta->a", de, m)
    dpre = de[:, :, None] * u * (1 - m ** 2)
    dh = dh + dpre @ Wh.T
    dWh = np.einsum("ntd,nta->da", h, dpre)
    dpre_s = dpre.sum(axis=1)
    ds = dpre_s @ Ws.T
    dWs = s.T @ dpre_s
    return dh, ds, dWh, dWs, du
