"""Fully connected building blocks: every forward returns (out, cache)."""
import numpy as np


def affine_forward(x, w, b):
    """x: (N, d1, ..., dk), w: (D, M) with D = d1 * ... * dk, b: (M,)."""
    out = x.reshape(x.shape[0], -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def leaky_relu_forward(x, lrelu_param):
    alpha = lrelu_param.get('alpha', 0.01)
    out = np.where(x > 0, x, alpha * x)
    return out, (x, alpha)


def leaky_relu_backward(dout, cache):
    x, alpha = cache
    dx = np.where(x > 0, dout, alpha * dout)
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    """x: (N, D). bn_param: mode ('train' or 'test'), eps, momentum, running_mean, running_var."""
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    D = x.shape[1]
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.ones(D, dtype=x.dtype))

    if mode == 'train':
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
    elif mode == 'test':
        mu, var = running_mean, running_var
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    inv_std = 1.0 / np.sqrt(var + eps)
    xhat = (x - mu) * inv_std
    out = gamma * xhat + beta
    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, (xhat, gamma, inv_std, mode)


def batchnorm_backward(dout, cache):
    xhat, gamma, inv_std, mode = cache
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    if mode == 'test':
        return dxhat * inv_std, dgamma, dbeta
    dx = inv_std * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0))
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """x: (N, D), normalised over the features of each sample."""
    eps = ln_param.get('eps', 1e-5)
    mu = x.mean(axis=1, keepdims=True)
    xc = x - mu
    std = np.sqrt((xc ** 2).mean(axis=1, keepdims=True) + eps)
    xhat = xc / std
    out = gamma * xhat + beta
    return out, (xhat, gamma, std)


def layernorm_backward(dout, cache):
    xhat, gamma, std = cache
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    g = dout * gamma
    m1 = g.mean(axis=1, keepdims=True)
    m2 = (g * xhat).mean(axis=1, keepdims=True)
    dx = (g - m1 - xhat * m2) / std
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    """Inverted dropout. p is the probability of dropping a unit; a 'seed' makes the mask repeat."""
    p, mode = dropout_param['p'], dropout_param['mode']
    rng = np.random.default_rng(dropout_param.get('seed'))
    mask = None
    if mode == 'train':
        mask = (rng.random(x.shape) >= p).astype(x.dtype) / (1 - p)
        out = x * mask
    else:
        out = x.copy()
    return out, (p, mask)


def dropout_backward(dout, cache):
    p, mask = cache
    if mask is None:
        return dout.copy()
    dx = dout * mask
    return dx


def svm_loss(x, y):
    """Multiclass hinge loss. x: (N, C) scores, y: (N,) labels. Returns (loss, dx)."""
    N = x.shape[0]
    rows = np.arange(N)
    margins = np.maximum(0, x - x[rows, y][:, None] + 1.0)
    margins[rows, y] = 0
    loss = margins.sum() / N
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] -= dx.sum(axis=1)
    dx /= N
    return loss, dx


def softmax_loss(x, y):
    """Softmax cross entropy. x: (N, C) scores, y: (N,) labels. Returns (loss, dx)."""
    N = x.shape[0]
    rows = np.arange(N)
    shifted = x - x.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probs[rows, y].sum() / N
    dx = np.exp(log_probs)
    dx[rows, y] -= 1
    dx /= N
    return loss, dx
