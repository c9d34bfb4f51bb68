"""Normalisations: batch norm and RMS norm as layers, layer norm as a pair of functions, group norm for images."""
import numpy as np


class BatchNorm:
    def __init__(self, n_features, momentum=0.9, eps=1e-5):
        self.gamma = np.ones(n_features)
        self.beta = np.zeros(n_features)
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros(n_features)
        self.running_var = np.ones(n_features)
        self.dgamma = None
        self.dbeta = None

    def forward(self, x, train_flg=True):
        if train_flg:
            mu = x.mean(axis=0)
            var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1.0 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1.0 - self.momentum) * var
        else:
            mu = self.running_mean
            var = self.running_var
        self.train_flg = train_flg
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.x_hat = (x - mu) * self.inv_std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        n = dout.shape[0]
        self.dbeta = dout.sum(axis=0)
        self.dgamma = (dout * self.x_hat).sum(axis=0)
        g = dout * self.gamma
        if not self.train_flg:
            return g * self.inv_std
        dx = n * g - g.sum(axis=0) - self.x_hat * (g * self.x_hat).sum(axis=0)
        return dx * self.inv_std / n


def layernorm_forward(x, gamma, beta, eps=1e-5):
    """x (N, D), gamma and beta (D,); every row is normalised by itself."""
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    inv_std = 1.0 / np.sqrt(var + eps)
    x_hat = (x - mu) * inv_std
    out = gamma * x_hat + beta
    return out, (x_hat, inv_std, gamma)


def layernorm_backward(dout, cache):
    x_hat, inv_std, gamma = cache
    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)
    dx_hat = dout * gamma
    mean_g = np.mean(dx_hat, axis=1, keepdims=True)
    mean_gx = np.mean(dx_hat * x_hat, axis=1, keepdims=True)
    dx = inv_std * (dx_hat - mean_g - x_hat * mean_gx)
    return dx, dgamma, dbeta


class RMSNorm:
    """x / sqrt(mean(x^2) + eps) * gain over the last axis; x has two or three axes."""

    def __init__(self, dim, eps=1e-3):
        self.gain = np.ones(dim)
        self.eps = eps
        self.dgain = None

    def forward(self, x):
        self.x = x
        self.mean_sq = np.mean(x ** 2, axis=-1, keepdims=True)
        return x / np.sqrt(self.mean_sq + self.eps) * self.gain

    def backward(self, dout):
        inv = 1.0 / np.sqrt(self.mean_sq + self.eps)
        x_hat = self.x * inv
        batch_axes = tuple(range(dout.ndim - 1))
        self.dgain = np.sum(dout * x_hat, axis=batch_axes)
        g = dout * self.gain
        return inv * (g - x_hat * np.mean(g * x_hat, axis=-1, keepdims=True))


class GroupNorm:
    """Images (N, C, H, W); the channels are cut into `groups` groups."""

    def __init__(self, n_channels, groups=2, eps=1e-5):
        self.groups = groups
        self.eps = eps
        self.gamma = np.ones(n_channels)
        self.beta = np.zeros(n_channels)
        self.dgamma = None
        self.dbeta = None

    def forward(self, x):
        n = x.shape[0]
        rows = x.reshape(n, self.groups, -1)
        mu = rows.mean(axis=2, keepdims=True)
        var = rows.var(axis=2, keepdims=True)
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.rows_hat = (rows - mu) * self.inv_std
        self.x_hat = self.rows_hat.reshape(x.shape)
        return self.gamma[:, None, None] * self.x_hat + self.beta[:, None, None]

    def backward(self, dout):
        n = dout.shape[0]
        self.dbeta = np.sum(dout, axis=(0, 2, 3))
        self.dgamma = np.sum(dout * self.x_hat, axis=(0, 2, 3))
        g = (dout * self.gamma[:, None, None]).reshape(n, self.groups, -1)
        m1 = g.mean(axis=2, keepdims=True)
        m2 = (g * self.rows_hat).mean(axis=2, keepdims=True)
        dx = (g - m1 - self.rows_hat * m2) * self.inv_std
        return dx.reshape(dout.shape)
