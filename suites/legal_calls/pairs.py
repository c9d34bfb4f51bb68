"""Pairs of functions: order of the gradients, options that backward knows of, option dicts."""

import numpy as np


def fc_forward(x, w, b):
    """wrong: contract"""
    return x @ w + b, (x.copy(), w.copy())


def fc_backward(dout, cache):
    """
    Returns a tuple of:
    - dx: gradient with respect to x
    - dw: gradient with respect to w
    - db: gradient with respect to b
    """
    x, w = cache
    dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(0)
    return dx, db, dw


def taken_forward(x, w, b):
    """wrong: contract"""
    return x @ w + b, (x.copy(), w.copy())


def taken_backward(dout, cache):
    x, w = cache
    dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(0)
    return dw, db, dx


def through_two(dout, caches):
    dx2, dw2, db2 = taken_backward(dout, caches[1])
    return dx2, dw2, db2


def last_forward(x, w, b):
    """right"""
    return x @ w + b, (x.copy(), w.copy())


def last_backward(dout, cache):
    """Gradients dw and db of the parameters, and dx: (dw, db, dx)."""
    x, w = cache
    dx, dw, db = dout @ w.T, x.T @ dout, dout.sum(0)
    return dw, db, dx


def elu_forward(x, alpha=1.0):
    """wrong: gradient"""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), (x.copy(), alpha)


def elu_backward(dout, cache):
    x, _alpha = cache
    return dout * np.where(x > 0, 1, np.exp(np.minimum(x, 0)))


def leaky(x, slope=0.01):
    """right"""
    return np.where(x > 0, x, slope * x)


def leaky_prime(x):
    return np.where(x > 0, 1.0, 0.01)


def huber_loss(pred, target, delta=1.0):
    """wrong: gradient"""
    d = pred - target
    size = np.abs(d)
    loss = np.where(size <= delta, 0.5 * d * d, delta * (size - 0.5 * delta)).mean()
    return loss, np.clip(d, -1, 1) / d.size


def batchnorm_forward(x, gamma, beta, bn_param):
    """wrong: train_eval"""
    momentum, eps = bn_param.get("momentum", 0.9), bn_param.get("eps", 1e-5)
    mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    var = bn_param.get("running_var", np.ones(x.shape[1]))
    if bn_param["mode"] == "train":
        bn_param["running_mean"] = momentum * mean + (1 - momentum) * x.mean(0)
        bn_param["running_var"] = momentum * var + (1 - momentum) * x.std(0)
        mean, var = x.mean(0), x.var(0)
    std = np.sqrt(var + eps)
    xh = (x - mean) / std
    return gamma * xh + beta, (xh, gamma.copy(), std, bn_param["mode"])


def batchnorm_backward(dout, cache):
    xh, gamma, std, mode = cache
    g = dout * gamma
    dgamma, dbeta = (dout * xh).sum(0), dout.sum(0)
    if mode == "train":
        g = g - g.mean(0) - xh * (g * xh).mean(0)
    dx = g / std
    return dx, dgamma, dbeta


def rectify_forward(x):
    """right"""
    return np.maximum(x, 0.0), x


def rectify_backward(dout, cache):
    return dout * (cache > 0)


def step_forward(x):
    """wrong: gradient"""
    return np.maximum(x, 0.0), x


def step_backward(dout, cache):
    return (cache > 0) * 1.0


def conv1d_forward(x, w, b, stride=2):
    """wrong: contract"""
    width = w.shape[2]
    steps = (x.shape[2] - width) // stride + 1
    out = np.zeros((len(x), len(w), steps))
    for t in range(steps):
        window = x[:, :, t * stride : t * stride + width]
        out[:, :, t] = np.tensordot(window, w, axes=((1, 2), (1, 2))) + b
    return out, (x.copy(), w.copy(), stride)


def conv1d_backward(dout, cache):
    x, w, stride = cache
    dx, dw = np.zeros(x.shape), np.zeros(w.shape)
    for t in range(dout.shape[2]):
        one = slice(t * stride, t * stride + w.shape[2])
        dw += np.tensordot(dout[:, :, t], x[:, :, one], axes=(0, 0))
        dx[:, :, one] += np.tensordot(dout[:, :, t], w, axes=(1, 0))
    return dx, dw, dout.sum(axis=0)


def bilinear_forward(a, b, M):
    """right"""
    return np.sum((a @ M) * b, axis=1), (a.copy(), b.copy(), M.copy())


def bilinear_backward(dout, cache):
    a, b, M = cache
    d = dout[:, None]
    return d * (b @ M.T), d * (a @ M), a.T @ (d * b)


def logits_bce_forward(z, y):
    """right"""
    loss = np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))
    return loss, (z.copy(), y)


def logits_bce_backward(dout, cache):
    z, y = cache
    return dout * (1.0 / (1.0 + np.exp(-z)) - y) / z.size


def mse_loss_forward(pred, target):
    """wrong: gradient"""
    diff = pred - target.reshape(pred.shape)
    return np.mean(diff**2), (diff,)


def mse_loss_backward(cache):
    (diff,) = cache
    return diff / diff.size


def hinge_loss_forward(scores, y):
    """right"""
    n = len(y)
    margins = np.maximum(0, scores - scores[np.arange(n), y][:, None] + 1)
    margins[np.arange(n), y] = 0
    return margins.sum() / n, margins, y


def hinge_loss_backward(dout, cache):
    margins, y = cache
    d = (margins > 0).astype(float)
    d[np.arange(len(y)), y] -= d.sum(axis=1)
    return dout * d / len(y)


def summed_forward(x, w, b):
    """wrong: contract"""
    return x @ w + b, (x.copy(), w.copy())


def summed_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=1)


def position_forward(x, P):
    """right: x: (N, T, D), P: (T_max, D) with T <= T_max"""
    return x + P[: x.shape[1]], P.shape


def position_backward(dout, cache):
    dP = np.zeros(cache, dtype=dout.dtype)
    dP[: dout.shape[1]] = dout.sum(axis=0)
    return dout.copy(), dP


def place_forward(x, P):
    """wrong: gradient: x: (N, T, D), P: (T_max, D) with T <= T_max"""
    return x + P[: x.shape[1]], P.shape


def place_backward(dout, cache):
    dP = np.zeros(cache, dtype=dout.dtype)
    dP[: dout.shape[1]] = dout[0]
    return dout.copy(), dP
