"""Batch normalisation (two flavours) and dropout (two flavours)."""
import numpy as np


class BatchNormalization:
    """For (N, D); anything with more axes is flattened to (N, D) first."""

    def __init__(self, gamma, beta, momentum=0.9, running_mean=None, running_var=None, eps=1e-6):
        self.gamma = gamma
        self.beta = beta
        self.momentum = momentum
        self.running_mean = running_mean
        self.running_var = running_var
        self.eps = eps
        self.train_flg = True
        self.dgamma = None
        self.dbeta = None

    def forward(self, x, train_flg=True):
        self.input_shape = x.shape
        out = self._forward(x.reshape(x.shape[0], -1), train_flg)
        return out.reshape(self.input_shape)

    def _forward(self, x, train_flg):
        self.train_flg = train_flg
        if self.running_mean is None:
            self.running_mean = np.zeros(x.shape[1])
            self.running_var = np.ones(x.shape[1])
        if train_flg:
            mu = x.mean(axis=0)
            self.xc = x - mu
            var = np.mean(self.xc ** 2, axis=0)
            self.std = np.sqrt(var + self.eps)
            self.running_mean = self.momentum * self.running_mean + (1 - self.momentum) * mu
            self.running_var = self.momentum * self.running_var + (1 - self.momentum) * var
        else:
            self.xc = x - self.running_mean
            self.std = np.sqrt(self.running_var + self.eps)
        self.xn = self.xc / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        dx = self._backward(dout.reshape(dout.shape[0], -1))
        return dx.reshape(self.input_shape)

    def _backward(self, dout):
        n = dout.shape[0]
        self.dbeta = np.sum(dout, axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        if not self.train_flg:
            return dxc
        dstd = -np.sum(dxn * self.xc, axis=0) / self.std ** 2
        dvar = 0.5 * dstd / self.std
        dxc = dxc + 2.0 / n * self.xc * dvar
        dmu = np.sum(dxc, axis=0)
        return dxc - dmu / n


class BatchNorm2d:
    """Statistics per channel of (N, C, H, W)."""

    def __init__(self, channels, momentum=0.9, epsilon=1e-3):
        self.scale = np.ones((1, channels, 1, 1))
        self.shift = np.zeros((1, channels, 1, 1))
        self.momentum = momentum
        self.epsilon = epsilon
        self.avg_mean = np.zeros((1, channels, 1, 1))
        self.avg_var = np.ones((1, channels, 1, 1))

    def forward(self, x, training=True):
        self.training = training
        if training:
            mean = x.mean(axis=(0, 2, 3), keepdims=True)
            var = x.var(axis=(0, 2, 3), keepdims=True)
            self.avg_mean = self.momentum * self.avg_mean + (1.0 - self.momentum) * mean
            self.avg_var = self.momentum * self.avg_var + (1.0 - self.momentum) * var
        else:
            mean, var = self.avg_mean, self.avg_var
        self.var = var
        self.xhat = (x - mean) / np.sqrt(var + self.epsilon)
        return self.scale * self.xhat + self.shift

    def backward(self, grad):
        self.dshift = grad.sum(axis=(0, 2, 3), keepdims=True)
        self.dscale = (grad * self.xhat).sum(axis=(0, 2, 3), keepdims=True)
        inv_std = 1.0 / np.sqrt(self.var + self.epsilon)
        g = grad * self.scale
        if self.training:
            mean_g = g.mean(axis=(0, 2, 3), keepdims=True)
            mean_gx = (g * self.xhat).mean(axis=(0, 2, 3), keepdims=True)
            g = g - mean_g - self.xhat * mean_gx
        return g * inv_std


class Dropout:
    """The plain one: a mask in training, scaled outputs in evaluation."""

    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio
        self.mask = None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.dropout_ratio
        else:
            self.mask = np.full(x.shape, 1.0 - self.dropout_ratio, dtype=x.dtype)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class InvertedDropout:
    """Kept units are scaled up in training; evaluation is the identity."""

    def __init__(self, rate, seed=None):
        self.rate = rate
        self.rng = np.random.RandomState(seed)
        self.keep = None

    def forward(self, x, is_training=True):
        if not is_training or self.rate == 0:
            self.keep = None
            return x.copy()
        kept = self.rng.uniform(size=x.shape) >= self.rate
        self.keep = kept / (1.0 - self.rate)
        return x * self.keep

    def backward(self, delta):
        if self.keep is None:
            return delta.copy()
        return delta * self.keep
