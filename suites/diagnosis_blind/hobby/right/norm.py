"""Normalisation layers with gamma and beta."""
import numpy as np


class BatchNorm1D:
    """Batch normalisation of (batch, features); the running variance is the unbiased one."""

    def __init__(self, num_features, eps=1e-5, momentum=0.9):
        self.eps = eps
        self.momentum = momentum
        self.training = True
        self.params = {"gamma": np.ones(num_features), "beta": np.zeros(num_features)}
        self.grads = {}
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)

    def forward(self, x):
        self.batch_stats = self.training
        if self.training:
            n = x.shape[0]
            mean = x.mean(axis=0)
            var = x.var(axis=0)
            m = self.momentum
            self.running_mean = m * self.running_mean + (1 - m) * mean
            self.running_var = m * self.running_var + (1 - m) * var * n / max(n - 1, 1)
        else:
            mean, var = self.running_mean, self.running_var
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.xhat = (x - mean) * self.inv_std
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = (dout * self.xhat).sum(axis=0)
        self.grads["beta"] = dout.sum(axis=0)
        dxhat = dout * self.params["gamma"]
        if not self.batch_stats:
            return dxhat * self.inv_std
        return self.inv_std * (dxhat - dxhat.mean(axis=0) - self.xhat * (dxhat * self.xhat).mean(axis=0))


class BatchNorm2D:
    """Batch normalisation per channel of (batch, channels, height, width)."""

    def __init__(self, channels, eps=1e-5, momentum=0.9):
        self.eps, self.momentum = eps, momentum
        self.gamma = np.ones(channels)
        self.beta = np.zeros(channels)
        self.running_mean = np.zeros(channels)
        self.running_var = np.ones(channels)

    def forward(self, x, training=True):
        self.training = training
        if training:
            mu = x.mean(axis=(0, 2, 3))
            var = x.var(axis=(0, 2, 3))
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        self.xc = x - mu[:, None, None]
        self.std = np.sqrt(var + self.eps)[:, None, None]
        self.xn = self.xc / self.std
        return self.gamma[:, None, None] * self.xn + self.beta[:, None, None]

    def backward(self, dout):
        axes = (0, 2, 3)
        self.dbeta = dout.sum(axis=axes)
        self.dgamma = (self.xn * dout).sum(axis=axes)
        dxn = dout * self.gamma[:, None, None]
        if not self.training:
            return dxn / self.std
        mean_d = dxn.mean(axis=axes, keepdims=True)
        mean_dx = (dxn * self.xn).mean(axis=axes, keepdims=True)
        return (dxn - mean_d - self.xn * mean_dx) / self.std


class LayerNorm:
    """Normalises the last axis."""

    def __init__(self, dim, eps=1e-5):
        self.eps = eps
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)

    def forward(self, x):
        mean = x.mean(axis=-1, keepdims=True)
        centered = x - mean
        var = (centered ** 2).mean(axis=-1, keepdims=True)
        self.inv = 1.0 / np.sqrt(var + self.eps)
        self.norm = centered * self.inv
        return self.norm * self.gamma + self.beta

    def backward(self, grad):
        lead = tuple(range(grad.ndim - 1))
        self.dgamma = (grad * self.norm).sum(axis=lead)
        self.dbeta = grad.sum(axis=lead)
        g = grad * self.gamma
        g_mean = g.mean(axis=-1, keepdims=True)
        gn_mean = (g * self.norm).mean(axis=-1, keepdims=True)
        return self.inv * (g - g_mean - self.norm * gn_mean)


class RMSNorm:
    def __init__(self, dim, eps=1e-6):
        self.eps = eps
        self.weight = np.ones(dim)

    def forward(self, x):
        self.x = x
        self.ms = np.mean(x * x, axis=-1, keepdims=True)
        return x / np.sqrt(self.ms + self.eps) * self.weight

    def backward(self, grad):
        r = 1.0 / np.sqrt(self.ms + self.eps)
        self.dweight = (grad * self.x * r).reshape(-1, self.x.shape[-1]).sum(axis=0)
        g = grad * self.weight
        dot = np.mean(g * self.x, axis=-1, keepdims=True)
        return g * r - self.x * r ** 3 * dot
