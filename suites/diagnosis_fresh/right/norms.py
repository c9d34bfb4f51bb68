"""Normalisations as pairs of functions with a cache."""

import numpy as np


def layer_norm_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=1, keepdims=True)
    centred = x - mu
    var = (centred**2).mean(axis=1, keepdims=True)
    inv = 1.0 / np.sqrt(var + eps)
    xhat = centred * inv
    out = gamma * xhat + beta
    return out, (xhat, inv, gamma)


def layer_norm_backward(dout, cache):
    xhat, inv, gamma = cache
    dgamma = (dout * xhat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dxhat = dout * gamma
    mean_term = dxhat.mean(axis=1, keepdims=True)
    var_term = xhat * (dxhat * xhat).mean(axis=1, keepdims=True)
    dx = inv * (dxhat - mean_term - var_term)
    return dx, dgamma, dbeta


def rms_norm_forward(x, gamma, eps=1e-6):
    ms = (x * x).mean(axis=1, keepdims=True)
    r = 1.0 / np.sqrt(ms + eps)
    out = x * r * gamma
    return out, (x, r, gamma)


def rms_norm_backward(dout, cache):
    x, r, gamma = cache
    dgamma = (dout * x * r).sum(axis=0)
    dn = dout * gamma
    d = x.shape[1]
    dx = r * dn - x * r**3 * (dn * x).sum(axis=1, keepdims=True) / d
    return dx, dgamma


class BatchNorm:
    """Batch normalisation over the rows, with running statistics."""

    def __init__(self, features, momentum=0.9, eps=1e-5):
        self.gamma, self.beta = np.ones(features), np.zeros(features)
        self.running_mean, self.running_var = np.zeros(features), np.ones(features)
        self.momentum, self.eps = momentum, eps

    def forward(self, x, training=True):
        self.training = training
        if training:
            mu, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xhat = (x - mu) / self.std
        return self.gamma * self.xhat + self.beta

    def backward(self, dout):
        n = dout.shape[0]
        self.dgamma = np.sum(dout * self.xhat, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        dxhat = dout * self.gamma
        if not self.training:
            return dxhat / self.std
        spread = self.xhat * np.sum(dxhat * self.xhat, axis=0)
        return (n * dxhat - np.sum(dxhat, axis=0) - spread) / (n * self.std)


def l2_normalize_forward(x):
    norm = np.sqrt(np.sum(x**2, axis=1, keepdims=True) + 1e-12)
    y = x / norm
    return y, (y, norm)


def l2_normalize_backward(dy, cache):
    y, norm = cache
    radial = y * np.sum(dy * y, axis=1, keepdims=True)
    return (dy - radial) / norm
