"""Assignment 3: vanilla RNN, embedding and the layers over time."""
import numpy as np


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h ** 2)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    """x: (N, T, D), h0: (N, H). Returns h: (N, T, H)."""
    N, T, _ = x.shape
    hs, caches = [], []
    h = h0
    for t in range(T):
        h, step_cache = rnn_step_forward(x[:, t], h, Wx, Wh, b)
        hs.append(h)
        caches.append(step_cache)
    return np.stack(hs, axis=1), caches


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    _, _, Wx, Wh, _ = cache[0]
    D = Wx.shape[0]
    dx = np.zeros((N, T, D), dtype=dh.dtype)
    dWx = np.zeros((D, H), dtype=dh.dtype)
    dWh = np.zeros((H, H), dtype=dh.dtype)
    db = np.zeros(H, dtype=dh.dtype)
    dprev = np.zeros((N, H), dtype=dh.dtype)
    for t in reversed(range(T)):
        dnext = dh[:, t] + dprev
        dx[:, t], dprev, gWx, gWh, gb = rnn_step_backward(dnext, cache[t])
        dWx += gWx
        dWh += gWh
        db += gb
    dh0 = dprev
    return dx, dh0, dWx, dWh, db


def word_embedding_forward(x, W):
    """x: (N, T) word numbers, W: (V, D)."""
    out = W[x]
    return out, (x, W.shape)


def word_embedding_backward(dout, cache):
    x, shape = cache
    dW = np.zeros(shape, dtype=dout.dtype)
    np.add.at(dW, x, dout)
    return dW


def temporal_affine_forward(x, w, b):
    """x: (N, T, D), w: (D, M), b: (M,)."""
    N, T, D = x.shape
    out = (x.reshape(N * T, D) @ w).reshape(N, T, -1) + b
    return out, (x, w)


def temporal_affine_backward(dout, cache):
    x, w = cache
    N, T, D = x.shape
    M = w.shape[1]
    g = dout.reshape(N * T, M)
    dx = (g @ w.T).reshape(N, T, D)
    dw = x.reshape(N * T, D).T @ g
    db = g.sum(axis=0)
    return dx, dw, db


def temporal_softmax_loss(x, y, mask):
    """x: (N, T, V) scores, y: (N, T) words, mask: (N, T), entries that count. Loss: sum over words / N."""
    N, T, V = x.shape
    scores = x.reshape(N * T, V)
    words = y.reshape(N * T)
    keep = mask.reshape(N * T).astype(scores.dtype)
    shifted = scores - scores.max(axis=1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -np.sum(keep * logp[np.arange(N * T), words]) / N
    dscores = np.exp(logp)
    dscores[np.arange(N * T), words] -= 1
    dscores *= keep[:, None] / N
    return loss, dscores.reshape(N, T, V)
