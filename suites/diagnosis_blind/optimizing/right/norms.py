"""Normalisations, forward and backward."""
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], dtype=x.dtype))
    running_var = bn_param.get("running_var", np.ones(x.shape[1], dtype=x.dtype))
    cache = None
    if mode == "train":
        mu = x.mean(axis=0)
        var = x.var(axis=0)
        x_hat = (x - mu) / np.sqrt(var + eps)
        out = gamma * x_hat + beta
        cache = (x, mu, var, gamma, eps)
        bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mu
        bn_param["running_var"] = momentum * running_var + (1 - momentum) * var
    else:
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    return out, cache


def batchnorm_backward(dout, cache):
    x, mu, var, gamma, eps = cache
    n = x.shape[0]
    std = np.sqrt(var + eps)
    x_hat = (x - mu) / std
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_hat).sum(axis=0)
    dx_hat = dout * gamma
    dx = (n * dx_hat - dx_hat.sum(axis=0) - x_hat * (dx_hat * x_hat).sum(axis=0)) / (n * std)
    return dx, dgamma, dbeta


class LayerNorm:
    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps

    def forward(self, x):
        mean = x.mean(axis=-1, keepdims=True)
        centered = x - mean
        var = (centered ** 2).mean(axis=-1, keepdims=True)
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.x_hat = centered * self.inv_std
        return self.x_hat * self.gamma + self.beta

    def backward(self, dout):
        axes = tuple(range(dout.ndim - 1))
        self.dgamma = (dout * self.x_hat).sum(axis=axes)
        self.dbeta = dout.sum(axis=axes)
        g = dout * self.gamma
        return self.inv_std * (g - g.mean(axis=-1, keepdims=True)
                               - self.x_hat * (g * self.x_hat).mean(axis=-1, keepdims=True))


class GroupNorm:
    def __init__(self, groups, channels, eps=1e-3):
        self.groups, self.eps = groups, eps
        self.gamma = np.ones((1, channels, 1, 1))
        self.beta = np.zeros((1, channels, 1, 1))

    def forward(self, x):
        n, c, h, w = x.shape
        xg = x.reshape(n, self.groups, -1)
        self.mu = xg.mean(axis=2, keepdims=True)
        self.var = xg.var(axis=2, keepdims=True)
        self.xc = xg - self.mu
        self.x_hat = (self.xc / np.sqrt(self.var + self.eps)).reshape(x.shape)
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        self.dgamma = (dout * self.x_hat).sum(axis=(0, 2, 3), keepdims=True)
        self.dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
        d = (dout * self.gamma).reshape(self.xc.shape)
        m = self.xc.shape[2]
        dvar = (d * self.xc).sum(axis=2, keepdims=True) * -0.5 * (self.var + self.eps) ** -1.5
        dxc = d / np.sqrt(self.var + self.eps) + 2.0 / m * dvar * self.xc
        dx = dxc - dxc.mean(axis=2, keepdims=True)
        return dx.reshape(dout.shape)


class Layer_RMSNorm:
    def __init__(self, n_features, epsilon=1e-5):
        self.weights = np.ones((1, n_features))
        self.epsilon = epsilon

    def forward(self, inputs):
        self.inputs = inputs
        mean_square = np.mean(inputs ** 2, axis=1, keepdims=True)
        self.output = inputs / np.sqrt(mean_square + self.epsilon) * self.weights

    def backward(self, dvalues):
        mean_square = np.mean(self.inputs ** 2, axis=1, keepdims=True)
        rms = np.sqrt(mean_square + self.epsilon)
        self.dweights = np.sum(dvalues * self.inputs / rms, axis=0, keepdims=True)
        scaled = dvalues * self.weights
        dot = np.mean(scaled * self.inputs, axis=1, keepdims=True)
        self.dinputs = scaled / rms - self.inputs * dot / rms ** 3


class InstanceNormalization:
    """NHWC images, statistics of each image and channel; running ones with track=True in evaluation."""

    def __init__(self, channels, eps=1e-2, momentum=0.9):
        self.scale, self.shift = np.ones(channels), np.zeros(channels)
        self.running_mean, self.running_var = np.zeros(channels), np.ones(channels)
        self.eps, self.momentum = eps, momentum

    def forward(self, x, training=True):
        self.training = training
        if training:
            mean, var = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
            k = self.momentum
            self.running_mean = k * self.running_mean + (1 - k) * mean.mean(axis=(0, 1, 2))
            self.running_var = k * self.running_var + (1 - k) * var.mean(axis=(0, 1, 2))
            self.std = np.sqrt(var + self.eps)
        else:
            mean = self.running_mean
            self.std = np.sqrt(self.running_var + self.eps)
        self.normed = (x - mean) / self.std
        return self.normed * self.scale + self.shift

    def backward(self, grad):
        self.dscale = (grad * self.normed).sum(axis=(0, 1, 2))
        self.dshift = grad.sum(axis=(0, 1, 2))
        g = grad * self.scale / self.std
        if not self.training:
            return g
        return (g - g.mean(axis=(1, 2), keepdims=True)
                - self.normed * (g * self.normed).mean(axis=(1, 2), keepdims=True))


def cosine_loss(pred, target, eps=1e-3):
    """mean of 1 - cos(pred, target); returns (loss, dpred)"""
    n = pred.shape[0]
    np_ = np.sqrt(np.sum(pred ** 2, axis=1, keepdims=True) + eps)
    nt = np.sqrt(np.sum(target ** 2, axis=1, keepdims=True) + eps)
    cos = np.sum(pred * target, axis=1, keepdims=True) / (np_ * nt)
    loss = np.mean(1.0 - cos)
    dpred = -(target / (np_ * nt) - cos * pred / np_ ** 2) / n
    return loss, dpred


class WeightNormDense:
    """y = x (g v / |v|) + b, with |v| taken per output"""

    def __init__(self, n_in, n_out, eps=1e-4):
        self.v = np.random.randn(n_in, n_out)
        self.g = np.ones(n_out)
        self.b = np.zeros(n_out)
        self.eps = eps

    def forward(self, x):
        self.x = x
        length = np.sqrt(np.sum(self.v ** 2, axis=0) + self.eps)
        self.w = self.g * self.v / length
        return x @ self.w + self.b

    def backward(self, dout):
        length = np.sqrt(np.sum(self.v ** 2, axis=0) + self.eps)
        dw = self.x.T @ dout
        self.db = dout.sum(axis=0)
        self.dg = np.sum(dw * self.v, axis=0) / length
        self.dv = self.g / length * dw - self.g * self.v * np.sum(dw * self.v, axis=0) / length ** 3
        return dout @ self.w.T
