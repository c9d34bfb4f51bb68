"""Normalisation layers: LayerNorm, RMSNorm, GroupNorm, instance norm, weight norm, BatchNorm."""
import numpy as np


class LayerNorm:
    """Normalises over the last axis; works for (N, D) and (N, T, D)."""

    def __init__(self, dim, eps=1e-5):
        self.gamma = np.ones(dim)
        self.beta = np.zeros(dim)
        self.eps = eps
        self.dgamma = None
        self.dbeta = None

    def forward(self, x):
        mu = x.mean(axis=-1, keepdims=True)
        xc = x - mu
        var = (xc ** 2).mean(axis=-1, keepdims=True)
        self.inv_std = 1.0 / np.sqrt(var + self.eps)
        self.x_hat = xc * self.inv_std
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        lead = tuple(range(dout.ndim - 1))
        self.dgamma = (dout * self.x_hat).sum(axis=lead)
        self.dbeta = dout.sum(axis=lead)
        dxhat = dout * self.gamma
        m1 = dxhat.mean(axis=-1, keepdims=True)
        m2 = (dxhat * self.x_hat).mean(axis=-1, keepdims=True)
        return (dxhat - m1 - self.x_hat * m2) * self.inv_std


class RMSNorm:
    def __init__(self, dim, eps=1e-5):
        self.weight = np.ones(dim)
        self.eps = eps

    def forward(self, x):
        self.x = np.array(x)
        self.rms = np.sqrt(np.mean(self.x ** 2, axis=-1, keepdims=True) + self.eps)
        return self.x / self.rms * self.weight

    def backward(self, dout):
        x_norm = self.x / self.rms
        self.dweight = np.sum(dout * x_norm, axis=tuple(range(dout.ndim - 1)))
        g = dout * self.weight
        proj = np.mean(g * self.x, axis=-1, keepdims=True)
        return g / self.rms - self.x * proj / self.rms ** 3


class GroupNorm:
    """(N, C, H, W), the channels in `groups` groups of equal size."""

    def __init__(self, groups, channels, eps=1e-5):
        assert channels % groups == 0
        self.groups = groups
        self.eps = eps
        self.params = {"gamma": np.ones(channels), "beta": np.zeros(channels)}
        self.grads = {}

    def forward(self, x):
        n, c, h, w = x.shape
        xg = x.reshape(n, self.groups, -1)
        mean = xg.mean(axis=2, keepdims=True)
        var = xg.var(axis=2, keepdims=True)
        self.std = np.sqrt(var + self.eps)
        self.xn = ((xg - mean) / self.std).reshape(n, c, h, w)
        return self.params["gamma"].reshape(1, c, 1, 1) * self.xn + self.params["beta"].reshape(1, c, 1, 1)

    def backward(self, dout):
        n, c, h, w = dout.shape
        self.grads["gamma"] = np.sum(dout * self.xn, axis=(0, 2, 3))
        self.grads["beta"] = np.sum(dout, axis=(0, 2, 3))
        dxn = (dout * self.params["gamma"].reshape(1, c, 1, 1)).reshape(n, self.groups, -1)
        xn = self.xn.reshape(n, self.groups, -1)
        dx = dxn - dxn.mean(axis=2, keepdims=True) - xn * (dxn * xn).mean(axis=2, keepdims=True)
        return (dx / self.std).reshape(n, c, h, w)


def instance_norm_forward(x, gamma, beta, eps=1e-5):
    """x: (N, C, H, W), gamma and beta: (C,)."""
    mu = np.mean(x, axis=(2, 3), keepdims=True)
    centred = x - mu
    var = np.mean(centred ** 2, axis=(2, 3), keepdims=True)
    istd = 1.0 / np.sqrt(var + eps)
    x_hat = centred * istd
    out = gamma[None, :, None, None] * x_hat + beta[None, :, None, None]
    return out, (x_hat, istd, gamma)


def instance_norm_backward(dout, cache):
    x_hat, istd, gamma = cache
    m = x_hat.shape[2] * x_hat.shape[3]
    dgamma = np.sum(dout * x_hat, axis=(0, 2, 3))
    dbeta = np.sum(dout, axis=(0, 2, 3))
    dxh = dout * gamma[None, :, None, None]
    s1 = np.sum(dxh, axis=(2, 3), keepdims=True)
    s2 = np.sum(dxh * x_hat, axis=(2, 3), keepdims=True)
    dx = istd / m * (m * dxh - s1 - x_hat * s2)
    return dx, dgamma, dbeta


class WeightNormDense:
    """Dense layer with W = g * V / |V|, the norm taken per output column."""

    def __init__(self, n_in, n_out):
        self.V = np.random.randn(n_in, n_out) * 0.1
        self.g = np.ones((1, n_out))
        self.b = np.zeros((1, n_out))

    def forward(self, inputs):
        self.inputs = inputs
        self.norm = np.sqrt(np.sum(self.V ** 2, axis=0, keepdims=True))
        self.unit = self.V / self.norm
        self.W = self.g * self.unit
        self.output = np.dot(inputs, self.W) + self.b
        return self.output

    def backward(self, dvalues):
        dW = np.dot(self.inputs.T, dvalues)
        self.db = np.sum(dvalues, axis=0, keepdims=True)
        self.dg = np.sum(dW * self.unit, axis=0, keepdims=True)
        self.dV = self.g / self.norm * (dW - self.unit * self.dg)
        self.dinputs = np.dot(dvalues, self.W.T)
        return self.dinputs


class BatchNorm1D:
    def __init__(self, gamma, beta, momentum=0.9, eps=1e-5):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.eps = eps
        self.running_mean = np.zeros_like(gamma)
        self.running_var = np.ones_like(gamma)

    def forward(self, x, train_flg=True):
        self.train_flg = train_flg
        if train_flg:
            mu = x.mean(axis=0)
            var = x.var(axis=0)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            mu, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + self.eps)
        self.xn = (x - mu) / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        if not self.train_flg:
            return dxn / self.std
        dx = dxn - dxn.mean(axis=0) - self.xn * (dxn * self.xn).mean(axis=0)
        return dx / self.std
