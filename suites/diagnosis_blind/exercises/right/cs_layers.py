import numpy as np


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    x = cache
    dx = dout * (x > 0)
    return dx


def tanh_forward(x):
    out = np.tanh(x)
    cache = out
    return out, cache


def tanh_backward(dout, cache):
    out = cache
    dx = dout * (1 - out ** 2)
    return dx


def dropout_forward(x, dropout_param):
    """dropout_param: 'p' (probability of keeping a unit), 'mode' ('train' or 'test'), 'seed' (optional)."""
    p, mode = dropout_param['p'], dropout_param['mode']
    rng = np.random.RandomState(dropout_param.get('seed'))
    mask = None
    if mode == 'train':
        mask = (rng.rand(*x.shape) < p) / p
        out = x * mask
    else:
        out = x.copy()
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if mask is None:
        return dout.copy()
    return dout * mask


def svm_loss(x, y):
    """Multiclass hinge loss of scores x (N, C) and class numbers y (N,). Returns loss, dx."""
    N = x.shape[0]
    correct = x[np.arange(N), y][:, np.newaxis]
    margins = np.maximum(0, x - correct + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    dx = (margins > 0).astype(x.dtype)
    dx[np.arange(N), y] -= np.sum(margins > 0, axis=1)
    dx /= N
    return loss, dx


def softmax_loss(x, y):
    """Softmax and cross-entropy of scores x (N, C) and class numbers y (N,). Returns loss, dx."""
    N = x.shape[0]
    shifted = x - np.max(x, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = np.exp(log_probs)
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


def logistic_loss(x, y):
    """Binary cross-entropy of logits x (N,) and labels y (N,) of 0 and 1. Returns loss, dx."""
    N = x.shape[0]
    loss = np.sum(np.logaddexp(0, x) - x * y) / N
    e = np.exp(-np.abs(x))
    prob = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    dx = (prob - y) / N
    return loss, dx


def huber_loss(x, y, delta=1.0):
    """Mean Huber loss of predictions x and targets y of one shape. Returns loss, dx."""
    diff = x - y
    small = np.abs(diff) <= delta
    loss = np.mean(np.where(small, 0.5 * diff ** 2, delta * (np.abs(diff) - 0.5 * delta)))
    dx = np.zeros_like(x)
    dx[small] = diff[small] / diff.size
    dx[~small] = delta * np.sign(diff[~small]) / diff.size
    return loss, dx
