"""Homework 2: batch norm (class and function), layer norm, dropout."""
import numpy as np


class BatchNorm:
    """batch norm over axis 0 of (N, D), derivation step by step"""
    def __init__(self, n_features, momentum=0.9, eps=1e-3):
        self.gamma = np.ones(n_features)
        self.beta = np.zeros(n_features)
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros(n_features)
        self.running_var = np.ones(n_features)

    def forward(self, x, train_flg=True):
        self.train_flg = train_flg
        if train_flg:
            mu = x.mean(axis=0)
            var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        self.xc = x - mu
        self.std = np.sqrt(var + self.eps)
        self.xn = self.xc / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        n = dout.shape[0]
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        if not self.train_flg:
            return dxc
        dstd = -np.sum(dxn * self.xc, axis=0) / self.std ** 2
        dvar = 0.5 * dstd / self.std
        dxc = dxc + 2.0 / n * self.xc * dvar
        dmu = dxc.sum(axis=0)
        return dxc - dmu / n


def batchnorm_forward(x, gamma, beta, eps=1e-3):
    """training mode only; cache holds what the alternative backward needs"""
    mu = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    x_hat = (x - mu) / np.sqrt(var + eps)
    out = gamma * x_hat + beta
    return out, (x, mu, var, gamma, eps)


def batchnorm_backward(dout, cache):
    x, mu, var, gamma, eps = cache
    ivar = 1.0 / np.sqrt(var + eps)
    x_hat = (x - mu) * ivar
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dxhat = dout * gamma
    dx = ivar * (dxhat - np.mean(dxhat, axis=0) - x_hat * np.mean(dxhat * x_hat, axis=0))
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, eps=1e-5):
    """x: (N, D); every row is normalised by itself"""
    mean = np.mean(x, axis=1, keepdims=True)
    var = np.mean((x - mean) ** 2, axis=1, keepdims=True)
    istd = 1.0 / np.sqrt(var + eps)
    x_hat = (x - mean) * istd
    return gamma * x_hat + beta, (x_hat, istd, gamma)


def layernorm_backward(dout, cache):
    x_hat, istd, gamma = cache
    D = dout.shape[1]
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dxhat = dout * gamma
    sum1 = np.sum(dxhat, axis=1, keepdims=True)
    sum2 = np.sum(dxhat * x_hat, axis=1, keepdims=True)
    dx = istd / D * (D * dxhat - sum1 - x_hat * sum2)
    return dx, dgamma, dbeta


class LayerNorm:
    """normalises the last axis; x may be (N, D) or (N, T, D)"""
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps

    def forward(self, x):
        mean = x.mean(axis=-1, keepdims=True)
        self.std = np.sqrt(x.var(axis=-1, keepdims=True) + self.eps)
        self.xn = (x - mean) / self.std
        return self.xn * self.gamma + self.beta

    def backward(self, dout):
        axes = tuple(range(dout.ndim - 1))
        self.dgamma = np.sum(dout * self.xn, axis=axes)
        self.dbeta = np.sum(dout, axis=axes)
        dxn = dout * self.gamma
        m1 = dxn.mean(axis=-1, keepdims=True)
        m2 = np.mean(dxn * self.xn, axis=-1, keepdims=True)
        return (dxn - m1 - self.xn * m2) / self.std


class Dropout:
    """inverted dropout, ratio = share of units that is dropped"""
    def __init__(self, ratio=0.5):
        self.ratio = ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if not train_flg:
            self.mask = np.ones(x.shape)
            return x.copy()
        self.mask = (np.random.rand(*x.shape) >= self.ratio) / (1 - self.ratio)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


def dropout_forward(x, p, mode="train", seed=None):
    """p is the probability to keep a unit"""
    rng = np.random.default_rng(seed)
    mask = None
    out = x.copy()
    if mode == "train":
        mask = (rng.random(x.shape) < p) / p
        out = x * mask
    return out, (mask, mode)


def dropout_backward(dout, cache):
    mask, mode = cache
    dx = dout.copy()
    if mode == "train":
        dx = dout * mask
    return dx
