"""Normalisation layers: forward(x) returns the output, backward(dout) returns dx."""
import numpy as np


class RMSNorm:
    """y = gamma * x / sqrt(mean(x^2) + eps), over the last axis."""

    def __init__(self, gamma, eps=1e-3):
        self.gamma = gamma
        self.eps = eps
        self.x = None
        self.xhat = None
        self.dgamma = None

    def forward(self, x):
        self.x = x
        ms = np.mean(x * x, axis=-1, keepdims=True)
        self.xhat = x / np.sqrt(ms + self.eps)
        return self.gamma * self.xhat

    def backward(self, dout):
        dim = dout.shape[-1]
        self.dgamma = np.sum((dout * self.xhat).reshape(-1, dim), axis=0)
        dxhat = dout * self.gamma
        rms = np.sqrt(np.mean(self.x ** 2, axis=-1, keepdims=True) + self.eps)
        proj = np.mean(dxhat * self.xhat, axis=-1, keepdims=True)
        return (dxhat - self.xhat * proj) / rms


class GroupNorm:
    """Group normalisation of (N, C, H, W) images; C is a multiple of num_groups."""

    def __init__(self, num_groups, gamma, beta, eps=1e-5):
        self.num_groups = num_groups
        self.gamma = gamma
        self.beta = beta
        self.eps = eps

    def forward(self, x):
        n, c, h, w = x.shape
        xg = x.reshape(n, self.num_groups, -1)
        mu = xg.mean(axis=2, keepdims=True)
        xg = xg - mu
        var = np.mean(xg * xg, axis=2, keepdims=True)
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.xhat = (xg * self.inv_std).reshape(n, c, h, w)
        return self.gamma[None, :, None, None] * self.xhat + self.beta[None, :, None, None]

    def backward(self, dout):
        n, c, h, w = dout.shape
        self.dbeta = dout.sum(axis=(0, 2, 3))
        self.dgamma = np.sum(dout * self.xhat, axis=(0, 2, 3))
        dxhat = dout * self.gamma[None, :, None, None]
        dg = dxhat.reshape(n, self.num_groups, -1)
        xg = self.xhat.reshape(n, self.num_groups, -1)
        dx = dg - dg.mean(axis=2, keepdims=True)
        dx = dx - xg * np.mean(dg * xg, axis=2, keepdims=True)
        return (dx * self.inv_std).reshape(n, c, h, w)


class WeightNormDense:
    """Dense layer whose columns are W[:, j] = g[j] * v[:, j] / ||v[:, j]||."""

    def __init__(self, v, g, b):
        self.v = v
        self.g = g
        self.b = b

    def forward(self, x):
        self.x = x
        self.norm = np.sqrt(np.sum(self.v ** 2, axis=0) + 1e-12)
        self.vhat = self.v / self.norm
        return x @ (self.g * self.vhat) + self.b

    def backward(self, dout):
        dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        self.dg = np.sum(dW * self.vhat, axis=0)
        self.dv = (self.g / self.norm) * (dW - self.vhat * self.dg)
        return dout @ (self.g * self.vhat).T


class L2Normalize:
    """Scales every row to length one."""

    def __init__(self, eps=1e-8):
        self.eps = eps

    def forward(self, x):
        self.x = x
        self.norm = np.sqrt(np.sum(x * x, axis=1, keepdims=True) + self.eps)
        self.y = x / self.norm
        return self.y.copy()

    def backward(self, dout):
        inner = np.sum(dout * self.y, axis=1, keepdims=True)
        return (dout - self.y * inner) / self.norm
