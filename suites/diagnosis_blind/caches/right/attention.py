"""Attention pieces as forward/backward pairs with caches, and the gated feed-forward part."""
import math

import numpy as np


def attention_forward(q, k, v, attn_param):
    """Scaled dot-product attention. q: (N, T, D), k: (N, S, D), v: (N, S, E).

    attn_param: 'temperature' (default 1.0) divides the scores once more.
    """
    scale = 1.0 / (math.sqrt(q.shape[-1]) * attn_param.get('temperature', 1.0))
    scores = np.matmul(q, k.transpose(0, 2, 1)) * scale
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probs = e / e.sum(axis=-1, keepdims=True)
    out = np.matmul(probs, v)
    return out, (q, k, v, probs, scale)


def attention_backward(dout, cache):
    q, k, v, probs, scale = cache
    dv = np.matmul(probs.transpose(0, 2, 1), dout)
    dprobs = np.matmul(dout, v.transpose(0, 2, 1))
    dscores = probs * (dprobs - (dprobs * probs).sum(axis=-1, keepdims=True))
    dscores = dscores * scale
    dq = np.matmul(dscores, k)
    dk = np.matmul(dscores.transpose(0, 2, 1), q)
    return dq, dk, dv


def gelu_forward(x):
    """GELU in its tanh form."""
    c = math.sqrt(2.0 / math.pi)
    t = np.tanh(c * (x + 0.044715 * x ** 3))
    out = 0.5 * x * (1.0 + t)
    return out, (x, t, c)


def gelu_backward(dout, cache):
    x, t, c = cache
    dt = (1.0 - t ** 2) * c * (1.0 + 3 * 0.044715 * x ** 2)
    dx = dout * (0.5 * (1.0 + t) + 0.5 * x * dt)
    return dx


def glu_forward(x, Wa, Wb):
    """Gated linear unit: (x Wa) * sigmoid(x Wb). x: (N, D), Wa and Wb: (D, M)."""
    a = x.dot(Wa)
    s = 0.5 * (1.0 + np.tanh(0.5 * x.dot(Wb)))
    out = a * s
    return out, (x, Wa, Wb, a, s)


def glu_backward(dout, cache):
    x, Wa, Wb, a, s = cache
    da = dout * s
    dz = dout * a * s * (1.0 - s)
    dWa = x.T.dot(da)
    dWb = x.T.dot(dz)
    dx = da.dot(Wa.T)
    dx += dz.dot(Wb.T)
    return dx, dWa, dWb


def positional_forward(x, P):
    """Adds a learned position to every sample. x: (N, T, D), P: (T_max, D) with T <= T_max."""
    out = x + P[:x.shape[1]]
    return out, P.shape


def positional_backward(dout, cache):
    dP = np.zeros(cache, dtype=dout.dtype)
    dP[:dout.shape[1]] = dout.sum(axis=0)
    return dout.copy(), dP


def head_pool_forward(x, w):
    """Weights the heads and averages over time. x: (N, T, H, D), w: (H,). Returns (N, D)."""
    out = np.einsum('nthd,h->nd', x, w) / x.shape[1]
    return out, (x, w)


def head_pool_backward(dout, cache):
    x, w = cache
    T = x.shape[1]
    per_step = dout / T
    dx = np.einsum('nd,h->nhd', per_step, w)[:, None].repeat(T, axis=1)
    dw = np.einsum('nd,nthd->h', per_step, x)
    return dx, dw
