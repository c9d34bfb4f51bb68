"""Layers in which arrays of different shapes meet."""
import numpy as np


class RepeatVector:
    """(N, D) -> (N, n, D)"""

    def __init__(self, n=3):
        self.n = n

    def forward(self, x):
        return np.tile(x[:, None, :], (1, self.n, 1))

    def backward(self, dout):
        return dout.sum(axis=1)


class Upsample2D:
    """Nearest neighbour on (N, C, H, W)."""

    def __init__(self, scale=2):
        self.scale = scale

    def forward(self, x):
        return x.repeat(self.scale, axis=2).repeat(self.scale, axis=3)

    def backward(self, dout):
        n, c, h, w = dout.shape
        s = self.scale
        return dout.reshape(n, c, h // s, s, w // s, s).sum(axis=(3, 5))


def unbroadcast(grad, shape):
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    axes = tuple(i for i, size in enumerate(shape) if size == 1)
    grad = grad.sum(axis=axes, keepdims=True)
    return grad


class Multiply:
    """a * b for any two shapes that NumPy can broadcast, e.g. (N, T, D) and (1, D) or (N, 1, 1)."""

    def forward(self, a, b):
        self.a, self.b = a.copy(), b.copy()
        return a * b

    def backward(self, dout):
        da = unbroadcast(dout * self.b, self.a.shape)
        db = unbroadcast(dout * self.a, self.b.shape)
        return da, db


class RBF:
    """exp(-width_k * |x - centre_k|^2), widths positive as exp(log_width)."""

    def __init__(self, n_in, n_centres):
        self.centres = np.random.randn(n_centres, n_in)
        self.log_width = np.full(n_centres, -1.0)

    def forward(self, x):
        self.diff = x[:, None, :] - self.centres[None, :, :]
        self.sq = np.sum(self.diff ** 2, axis=2)
        self.width = np.exp(self.log_width)
        self.out = np.exp(-self.width * self.sq)
        return self.out.copy()

    def backward(self, dout):
        dexp = -dout * self.out * self.width
        self.dlog_width = np.sum(dexp * self.sq, axis=0)
        ddiff = 2 * dexp[:, :, None] * self.diff
        self.dcentres = -np.sum(ddiff, axis=0)
        return np.sum(ddiff, axis=1)


class FiLM:
    """x (N, C, T) scaled and shifted per sample and channel: gamma, beta (N, C)."""

    def forward(self, x, gamma, beta):
        self.x, self.gamma = x.copy(), gamma.copy()
        return gamma[:, :, None] * x + beta[:, :, None]

    def backward(self, dout):
        dx = dout * self.gamma[:, :, None]
        dgamma = np.sum(dout * self.x, axis=2)
        dbeta = np.sum(dout, axis=2)
        return dx, dgamma, dbeta


class TimeCenter:
    """Takes the mean over time away from every feature of (N, T, D)."""

    def forward(self, x):
        return x - x.mean(axis=1, keepdims=True)

    def backward(self, dout):
        return dout - dout.mean(axis=1, keepdims=True)


class PowLayer:
    def __init__(self, n=3):
        self.n = n

    def forward(self, x):
        self.x = x.copy()
        return x ** self.n

    def backward(self, dout):
        return dout * self.n * self.x ** (self.n - 1)


class DivLayer:
    """a / b for two arrays of one shape, b away from zero."""

    def forward(self, a, b):
        self.a, self.b = a.copy(), b.copy()
        return a / b

    def backward(self, dout):
        da = dout / self.b
        db = -dout * self.a / self.b ** 2
        return da, db


class RowLength:
    """(N, D) -> (N, 1): the Euclidean length of every row."""

    def __init__(self, eps=1e-12):
        self.eps = eps

    def forward(self, x):
        self.x = x.copy()
        self.length = np.sqrt(np.sum(x ** 2, axis=1, keepdims=True) + self.eps)
        return self.length.copy()

    def backward(self, dout):
        return dout * self.x / self.length
