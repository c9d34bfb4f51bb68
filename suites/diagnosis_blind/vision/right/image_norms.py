"""Normalisations of images (N, C, H, W): functions with caches, and two classes."""
import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """bn_param: mode 'train' or 'test', eps, momentum, running_mean, running_var (the last two are kept there)."""
    mode, eps = bn_param["mode"], bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    C = x.shape[1]
    running_mean = bn_param.get("running_mean", np.zeros(C))
    running_var = bn_param.get("running_var", np.ones(C))
    if mode == "train":
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    else:
        mean, var = running_mean, running_var
    inv_std = (1.0 / np.sqrt(var + eps)).reshape(1, C, 1, 1)
    x_hat = (x - mean.reshape(1, C, 1, 1)) * inv_std
    out = gamma.reshape(1, C, 1, 1) * x_hat + beta.reshape(1, C, 1, 1)
    return out, (x_hat, inv_std, gamma, mode)


def spatial_batchnorm_backward(dout, cache):
    x_hat, inv_std, gamma, mode = cache
    axes = (0, 2, 3)
    dgamma = np.sum(dout * x_hat, axis=axes)
    dbeta = np.sum(dout, axis=axes)
    dx_hat = dout * gamma.reshape(1, -1, 1, 1)
    if mode != "train":
        return dx_hat * inv_std, dgamma, dbeta
    mean_d = dx_hat.mean(axis=axes, keepdims=True)
    mean_dx = (dx_hat * x_hat).mean(axis=axes, keepdims=True)
    dx = inv_std * (dx_hat - mean_d - x_hat * mean_dx)
    return dx, dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, eps=1e-5):
    """gamma and beta have shape (1, C, 1, 1)."""
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mean = xg.mean(axis=(2, 3, 4), keepdims=True)
    var = xg.var(axis=(2, 3, 4), keepdims=True)
    x_hat = ((xg - mean) / np.sqrt(var + eps)).reshape(N, C, H, W)
    out = gamma * x_hat + beta
    cache = (x, x_hat, mean, var, gamma, G, eps)
    return out, cache


def spatial_groupnorm_backward(dout, cache):
    x, x_hat, mean, var, gamma, G, eps = cache
    N, C, H, W = dout.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    d_hat = (dout * gamma).reshape(N, G, C // G, H, W)
    centred = x.reshape(N, G, C // G, H, W) - mean
    m = (C // G) * H * W
    std = np.sqrt(var + eps)
    dvar = np.sum(d_hat * centred, axis=(2, 3, 4), keepdims=True) * -0.5 / std ** 3
    dmean = -np.sum(d_hat, axis=(2, 3, 4), keepdims=True) / std
    dx = d_hat / std + dvar * 2.0 * centred / m + dmean / m
    return dx.reshape(N, C, H, W), dgamma, dbeta


class InstanceNorm2D:
    def __init__(self, channels, eps=1e-5):
        self.gamma, self.beta, self.eps = np.ones(channels), np.zeros(channels), eps

    def forward(self, x):
        mean = x.mean(axis=(2, 3), keepdims=True)
        var = x.var(axis=(2, 3), keepdims=True)
        self.inv = 1.0 / np.sqrt(var + self.eps)
        self.x_hat = (x - mean) * self.inv
        return self.x_hat * self.gamma[:, None, None] + self.beta[:, None, None]

    def backward(self, dout):
        self.dgamma = (dout * self.x_hat).sum(axis=(0, 2, 3))
        self.dbeta = dout.sum(axis=(0, 2, 3))
        g = dout * self.gamma[:, None, None]
        area = dout.shape[2] * dout.shape[3]
        total = g.sum(axis=(2, 3), keepdims=True)
        along = (g * self.x_hat).sum(axis=(2, 3), keepdims=True)
        return self.inv * (g - (total + self.x_hat * along) / area)


class BatchNorm2D:
    def __init__(self, channels, momentum=0.1, eps=1e-5):
        self.momentum, self.eps = momentum, eps
        self.gamma = np.ones((1, channels, 1, 1))
        self.beta = np.zeros((1, channels, 1, 1))
        self.running_mean = np.zeros((1, channels, 1, 1))
        self.running_var = np.ones((1, channels, 1, 1))
        self.training = True

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def forward(self, x):
        if self.training:
            mu = x.mean(axis=(0, 2, 3), keepdims=True)
            var = x.var(axis=(0, 2, 3), keepdims=True)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mu
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * var
        else:
            mu, var = self.running_mean, self.running_var
        self.centred, self.std = x - mu, np.sqrt(var + self.eps)
        return self.gamma * self.centred / self.std + self.beta

    def backward(self, dout):
        normed = self.centred / self.std
        self.dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
        self.dgamma = (dout * normed).sum(axis=(0, 2, 3), keepdims=True)
        if not self.training:
            return dout * self.gamma / self.std
        m = dout.size / dout.shape[1]
        return self.gamma / (m * self.std) * (m * dout - self.dbeta - normed * self.dgamma)
