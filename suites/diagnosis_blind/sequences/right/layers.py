"""Fully connected pieces for the homework net: every *_forward returns (out, cache)."""
import numpy as np


def affine_forward(x, w, b):
    """x: (N, d_1, ..., d_k), w: (D, M), b: (M,)  ->  out: (N, M)"""
    N = x.shape[0]
    flat = x.reshape(N, -1)
    out = flat.dot(w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    flat = x.reshape(x.shape[0], -1)
    dx = dout.dot(w.T).reshape(x.shape)
    dw = flat.T.dot(dout)
    db = dout.sum(axis=0)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(x, 0)
    return out, x


def relu_backward(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx


def affine_relu_forward(x, w, b):
    a, fc_cache = affine_forward(x, w, b)
    out, relu_cache = relu_forward(a)
    return out, (fc_cache, relu_cache)


def affine_relu_backward(dout, cache):
    fc_cache, relu_cache = cache
    da = relu_backward(dout, relu_cache)
    return affine_backward(da, fc_cache)


def dropout_forward(x, dropout_param):
    """dropout_param: p (probability of KEEPING a unit), mode ('train' or 'test'), seed (optional)."""
    p, mode = dropout_param['p'], dropout_param['mode']
    if 'seed' in dropout_param:
        np.random.seed(dropout_param['seed'])
    mask = None
    if mode == 'train':
        mask = ((np.random.rand(*x.shape) < p) / p).astype(x.dtype)
        out = x * mask
    else:
        out = x.copy()
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if mask is None:
        return dout.copy()
    return dout * mask


def softmax_loss(x, y):
    """x: (N, C) scores, y: (N,) class numbers  ->  (loss, dx)"""
    N = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    log_z = np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    log_probs = shifted - log_z
    rows = np.arange(N)
    loss = -np.sum(log_probs[rows, y]) / N
    dx = np.exp(log_probs)
    dx[rows, y] -= 1
    dx /= N
    return loss, dx


def smooth_softmax_loss(x, y, smoothing=0.1):
    """Cross entropy against (1 - smoothing) * one_hot(y) + smoothing / C."""
    N, C = x.shape
    target = np.zeros((N, C), dtype=x.dtype)
    target[...] = smoothing / C
    target[np.arange(N), y] = 1.0 - smoothing + smoothing / C
    shifted = x - x.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -np.sum(target * log_probs) / N
    dx = (np.exp(log_probs) - target) / N
    return loss, dx


def svm_loss(x, y, delta=1.0):
    """Multiclass hinge loss, averaged over the batch."""
    N, C = x.shape
    rows = np.arange(N)
    correct = x[rows, y]
    dx = np.zeros_like(x)
    loss = 0.0
    for j in range(C):
        margin = x[:, j] - correct + delta
        hit = (margin > 0) & (y != j)
        loss += np.sum(margin[hit])
        dx[hit, j] += 1
        dx[rows[hit], y[hit]] -= 1
    return loss / N, dx / N


def logistic_loss(s, y):
    """s: (N,) or (N, 1) scores, y: labels 0/1 of shape (N,) or (N, 1)  ->  (loss, ds)"""
    t = 2.0 * y.reshape(s.shape).astype(s.dtype) - 1.0
    z = t * s
    loss = np.mean(np.logaddexp(0, -z))
    ds = -t * np.exp(-np.logaddexp(0, z)) / s.size
    return loss, ds


def eval_numerical_gradient(f, x, h=1e-5):
    """Central differences of the scalar function f at x; x is put back afterwards."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        ix = it.multi_index
        old = x[ix]
        x[ix] = old + h
        fp = f(x)
        x[ix] = old - h
        fm = f(x)
        x[ix] = old
        grad[ix] = (fp - fm) / (2 * h)
        it.iternext()
    return grad
