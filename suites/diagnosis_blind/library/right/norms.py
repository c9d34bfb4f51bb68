"""Normalisations as pairs of functions: x_forward(...) -> (out, cache), x_backward(dout, cache) -> gradients."""
import numpy as np


def layernorm_forward(x, gamma, beta, eps=1e-5):
    """Over the last axis; x may have any number of leading axes."""
    mu = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    rstd = 1.0 / np.sqrt(var + eps)
    xhat = (x - mu) * rstd
    return gamma * xhat + beta, (xhat, rstd, gamma)


def layernorm_backward(dout, cache):
    xhat, rstd, gamma = cache
    lead = tuple(range(dout.ndim - 1))
    dgamma = (dout * xhat).sum(axis=lead)
    dbeta = dout.sum(axis=lead)
    dxhat = dout * gamma
    m1 = dxhat.mean(axis=-1, keepdims=True)
    m2 = (dxhat * xhat).mean(axis=-1, keepdims=True)
    dx = rstd * (dxhat - m1 - xhat * m2)
    return dx, dgamma, dbeta


def rmsnorm_forward(x, gain, eps=1e-3):
    ms = np.mean(x * x, axis=-1, keepdims=True)
    rms = np.sqrt(ms + eps)
    return gain * x / rms, (x, gain, ms, eps)


def rmsnorm_backward(dout, cache):
    x, gain, ms, eps = cache
    inv = 1.0 / np.sqrt(ms + eps)
    dgain = np.sum((dout * x * inv).reshape(-1, x.shape[-1]), axis=0)
    dy = dout * gain
    dx = inv * dy - x * inv ** 3 * np.mean(dy * x, axis=-1, keepdims=True)
    return dx, dgain


def groupnorm_forward(x, gamma, beta, groups, eps=1e-5):
    """x: (N, C, H, W), gamma and beta: (C,)"""
    n, c, h, w = x.shape
    xg = x.reshape(n, groups, -1)
    mean = xg.mean(axis=2, keepdims=True)
    std = np.sqrt(xg.var(axis=2, keepdims=True) + eps)
    xhat = ((xg - mean) / std).reshape(n, c, h, w)
    out = xhat * gamma[:, None, None] + beta[:, None, None]
    return out, (xhat, gamma, std, groups)


def groupnorm_backward(dout, cache):
    xhat, gamma, std, groups = cache
    n, c, h, w = dout.shape
    dgamma = np.sum(dout * xhat, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    d = (dout * gamma[:, None, None]).reshape(n, groups, -1)
    z = xhat.reshape(n, groups, -1)
    dx = (d - d.mean(axis=2, keepdims=True) - z * (d * z).mean(axis=2, keepdims=True)) / std
    return dx.reshape(n, c, h, w), dgamma, dbeta


def weightnorm_forward(x, v, g, b):
    """x @ (g * v / |v|) + b, the length taken per column of v."""
    norm = np.sqrt(np.sum(v ** 2, axis=0))
    w = g * v / norm
    return x @ w + b, (x, v, g, norm, w)


def weightnorm_backward(dout, cache):
    x, v, g, norm, w = cache
    dw = x.T @ dout
    dx = dout @ w.T
    dg = np.sum(dw * v, axis=0) / norm
    dv = dw * g / norm - v * (g * np.sum(dw * v, axis=0) / norm ** 3)
    db = dout.sum(axis=0)
    return dx, dv, dg, db


class BatchNorm1d:
    """forward(x, training=True) -> y and backward(dout) -> dx; gradients in .grads under the names of .params."""

    def __init__(self, num_features, momentum=0.9, eps=1e-5):
        self.momentum, self.eps = momentum, eps
        self.params = {"gamma": np.ones(num_features), "beta": np.zeros(num_features)}
        self.grads = {}
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def forward(self, x, training=True):
        self.was_training = training
        if training:
            mu, var = x.mean(axis=0), x.var(axis=0)
            n = x.shape[0]
            unbiased = var * n / max(n - 1, 1)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * unbiased
        else:
            mu, var = self.running_mean, self.running_var
        self.istd = 1.0 / np.sqrt(var + self.eps)
        self.xhat = (x - mu) * self.istd
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = np.sum(dout * self.xhat, axis=0)
        self.grads["beta"] = np.sum(dout, axis=0)
        dxhat = dout * self.params["gamma"]
        if not self.was_training:
            return dxhat * self.istd
        centred = dxhat - dxhat.mean(axis=0) - self.xhat * np.mean(dxhat * self.xhat, axis=0)
        return centred * self.istd
