"""Normalisation layers: a class for fully connected and convolutional input, functions with a cache, LayerNorm, RMSNorm."""
import numpy as np


class BatchNormalization:
    """x is (N, D) or (N, C, H, W); gamma and beta have one entry per feature or channel."""

    def __init__(self, gamma, beta, momentum=0.9, eps=1e-5):
        self.gamma, self.beta = gamma, beta
        self.momentum, self.eps = momentum, eps
        self.running_mean = np.zeros(gamma.shape)
        self.running_var = np.ones(gamma.shape)
        self.dgamma = None
        self.dbeta = None

    def forward(self, x, train_flg=True):
        self.x_shape = x.shape
        out = self._forward(self._rows(x), train_flg)
        return self._unrows(out)

    def _rows(self, x):
        if x.ndim == 2:
            return x
        return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])

    def _unrows(self, rows):
        if len(self.x_shape) == 2:
            return rows
        n, c, h, w = self.x_shape
        return rows.reshape(n, h, w, c).transpose(0, 3, 1, 2)

    def _forward(self, x, train_flg):
        self.trained = train_flg
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
        rows = self._rows(dout)
        self.dbeta = rows.sum(axis=0)
        self.dgamma = np.sum(rows * self.xn, axis=0)
        dxn = rows * self.gamma
        if not self.trained:
            return self._unrows(dxn / self.std)
        dx = dxn - dxn.mean(axis=0) - self.xn * np.mean(dxn * self.xn, axis=0)
        return self._unrows(dx / self.std)


def batchnorm_forward(x, gamma, beta, bn_param):
    """bn_param: dict with 'mode' ('train' or 'test'), 'eps', 'momentum', and the running averages, kept up to date."""
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)
    running_mean = bn_param.get('running_mean', np.zeros(x.shape[1]))
    running_var = bn_param.get('running_var', np.zeros(x.shape[1]))
    if bn_param['mode'] == 'test':
        inv_std = 1.0 / np.sqrt(running_var + eps)
        xhat = (x - running_mean) * inv_std
        return gamma * xhat + beta, (xhat, gamma, inv_std)
    mean = x.mean(axis=0)
    var = np.mean((x - mean) ** 2, axis=0)
    inv_std = 1.0 / np.sqrt(var + eps)
    xhat = (x - mean) * inv_std
    bn_param['running_mean'] = momentum * running_mean + (1 - momentum) * mean
    bn_param['running_var'] = momentum * running_var + (1 - momentum) * var
    return gamma * xhat + beta, (xhat, gamma, inv_std)


def batchnorm_backward(dout, cache):
    """Gradient of the training mode; returns dx, dgamma, dbeta."""
    xhat, gamma, inv_std = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    dx = inv_std / N * (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))
    return dx, dgamma, dbeta


class LayerNorm:
    """X is (n, dim)."""

    def __init__(self, dim, epsilon=1e-6):
        self.params = {'scale': np.ones(dim), 'shift': np.zeros(dim)}
        self.grads = {}
        self.epsilon = epsilon

    def forward(self, X):
        centred = X - X.mean(axis=-1, keepdims=True)
        self.istd = 1.0 / np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + self.epsilon)
        self.norm = centred * self.istd
        return self.params['scale'] * self.norm + self.params['shift']

    def backward(self, grad):
        self.grads['scale'] = (grad * self.norm).sum(axis=0)
        self.grads['shift'] = grad.sum(axis=0)
        g = grad * self.params['scale']
        g = g - g.mean(axis=-1, keepdims=True) - self.norm * (g * self.norm).mean(axis=-1, keepdims=True)
        return g * self.istd


class RMSNorm:
    """y = g * x / sqrt(mean(x ** 2) + eps), row by row."""

    def __init__(self, g, eps=1e-6):
        self.g = g
        self.eps = eps

    def forward(self, x):
        self.x = x
        self.r = np.sqrt(np.mean(x * x, axis=1, keepdims=True) + self.eps)
        return self.g * x / self.r

    def backward(self, dy):
        d = self.x.shape[1]
        self.dg = np.sum(dy * self.x / self.r, axis=0)
        gdy = self.g * dy
        inner = np.sum(gdy * self.x, axis=1, keepdims=True)
        return gdy / self.r - self.x * inner / (d * self.r ** 3)
