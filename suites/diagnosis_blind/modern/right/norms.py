"""Normalisation layers. Parameters live in `params`, gradients of the last backward in `grads`."""
import numpy as np


class LayerNorm:
    """Normalises the last axis of an input of shape (..., dim)."""

    def __init__(self, dim, eps=1e-5):
        self.eps = eps
        self.params = {"gamma": np.ones(dim), "beta": np.zeros(dim)}
        self.grads = {}

    def forward(self, x):
        mu = x.mean(axis=-1, keepdims=True)
        centred = x - mu
        var = np.mean(centred ** 2, axis=-1, keepdims=True)
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.x_hat = centred * self.inv_std
        return self.params["gamma"] * self.x_hat + self.params["beta"]

    def backward(self, dout):
        dim = dout.shape[-1]
        self.grads["gamma"] = (dout * self.x_hat).reshape(-1, dim).sum(axis=0)
        self.grads["beta"] = dout.reshape(-1, dim).sum(axis=0)
        g = dout * self.params["gamma"]
        g_mean = g.mean(axis=-1, keepdims=True)
        gx_mean = (g * self.x_hat).mean(axis=-1, keepdims=True)
        return self.inv_std * (g - g_mean - self.x_hat * gx_mean)


class RMSNorm:
    """x / rms(x) * weight, over the last axis; no centring, no bias."""

    def __init__(self, dim, eps=1e-3):
        self.eps = eps
        self.params = {"weight": np.ones(dim)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        ms = np.mean(x * x, axis=-1, keepdims=True)
        return x / np.sqrt(ms + self.eps) * self.params["weight"]

    def backward(self, dout):
        x = self.x
        ms = np.mean(x * x, axis=-1, keepdims=True)
        rms = np.sqrt(ms + self.eps)
        self.grads["weight"] = np.sum(dout * x / rms, axis=tuple(range(dout.ndim - 1)))
        g = dout * self.params["weight"]
        dot = np.mean(g * x, axis=-1, keepdims=True)
        return g / rms - x * dot / rms ** 3


class BatchNorm1d:
    """Batch norm over (batch, features), with train()/eval(). The running variance is the biased one:
    running = (1 - momentum) * running + momentum * batch."""

    def __init__(self, dim, eps=1e-5, momentum=0.1):
        self.eps, self.momentum = eps, momentum
        self.params = {"gamma": np.ones(dim), "beta": np.zeros(dim)}
        self.grads = {}
        self.running_mean = np.zeros(dim)
        self.running_var = np.ones(dim)
        self.training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def forward(self, x):
        if self.training:
            mu, var = x.mean(axis=0), x.var(axis=0)
            m = self.momentum
            self.running_mean = (1 - m) * self.running_mean + m * mu
            self.running_var = (1 - m) * self.running_var + m * var
        else:
            mu, var = self.running_mean, self.running_var
        self.used_batch_stats = self.training
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.x_hat = (x - mu) * self.inv_std
        return self.params["gamma"] * self.x_hat + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = np.sum(dout * self.x_hat, axis=0)
        self.grads["beta"] = np.sum(dout, axis=0)
        dx_hat = dout * self.params["gamma"]
        if not self.used_batch_stats:
            return dx_hat * self.inv_std
        n = dout.shape[0]
        correction = dx_hat.sum(axis=0) + self.x_hat * np.sum(dx_hat * self.x_hat, axis=0)
        return self.inv_std * (dx_hat - correction / n)


class InstanceNorm2d:
    """Each channel of each image (N, C, H, W) on its own."""

    def __init__(self, channels, eps=1e-5):
        self.eps = eps
        self.params = {"gamma": np.ones(channels), "beta": np.zeros(channels)}
        self.grads = {}

    def forward(self, x):
        mu = x.mean(axis=(2, 3), keepdims=True)
        var = x.var(axis=(2, 3), keepdims=True)
        self.std = np.sqrt(var + self.eps)
        self.x_hat = (x - mu) / self.std
        return self.x_hat * self.params["gamma"][:, None, None] + self.params["beta"][:, None, None]

    def backward(self, dout):
        self.grads["gamma"] = np.einsum("nchw,nchw->c", dout, self.x_hat)
        self.grads["beta"] = np.einsum("nchw->c", dout)
        g = dout * self.params["gamma"][:, None, None]
        g_avg = np.mean(g, axis=(2, 3), keepdims=True)
        gx_avg = np.mean(g * self.x_hat, axis=(2, 3), keepdims=True)
        return (g - g_avg - self.x_hat * gx_avg) / self.std


class GroupNorm:
    """`groups` groups of neighbouring channels; input (N, C, H, W), C a multiple of groups."""

    def __init__(self, groups, channels, eps=1e-5):
        if channels % groups:
            raise ValueError("channels must be a multiple of groups")
        self.groups, self.channels, self.eps = groups, channels, eps
        self.params = {"gamma": np.ones((1, channels, 1, 1)), "beta": np.zeros((1, channels, 1, 1))}
        self.grads = {}

    def _grouped(self, x):
        n, c, h, w = x.shape
        return x.reshape(n, self.groups, c // self.groups, h, w)

    def forward(self, x):
        xg = self._grouped(x)
        mu = xg.mean(axis=(2, 3, 4), keepdims=True)
        var = xg.var(axis=(2, 3, 4), keepdims=True)
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.x_hat = ((xg - mu) * self.inv_std).reshape(x.shape)
        return self.params["gamma"] * self.x_hat + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = np.sum(dout * self.x_hat, axis=(0, 2, 3), keepdims=True)
        self.grads["beta"] = np.sum(dout, axis=(0, 2, 3), keepdims=True)
        g = self._grouped(dout * self.params["gamma"])
        xh = self._grouped(self.x_hat)
        size = xh[0, 0].size
        g_sum = g.sum(axis=(2, 3, 4), keepdims=True)
        gx_sum = (g * xh).sum(axis=(2, 3, 4), keepdims=True)
        dx = self.inv_std * (g - (g_sum + xh * gx_sum) / size)
        return dx.reshape(dout.shape)
