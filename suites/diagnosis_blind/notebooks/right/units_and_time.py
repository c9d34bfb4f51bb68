"""Activations beyond the book, and the layers of the volume on language: embedding and recurrent layer."""
import numpy as np


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


class Tanh:
    def fprop(self, x):
        self.y = np.tanh(x)
        return self.y

    def bprop(self, dy):
        return dy * (1 - self.y ** 2)


class LeakyReLU:
    def __init__(self, slope=0.01):
        self.slope = slope

    def fprop(self, x):
        self.positive = x > 0
        return np.where(self.positive, x, self.slope * x)

    def bprop(self, dy):
        return np.where(self.positive, dy, self.slope * dy)


class ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fprop(self, x):
        self.x = x
        self.neg = self.alpha * np.expm1(np.minimum(x, 0))
        return np.where(x > 0, x, self.neg)

    def bprop(self, dy):
        return dy * np.where(self.x > 0, 1.0, self.neg + self.alpha)


class PReLU:
    """A learned slope per feature; x is (n, features)."""

    def __init__(self, n_features, init=0.25):
        self.a = np.full(n_features, init)
        self.da = np.zeros(n_features)

    def fprop(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def bprop(self, dy):
        self.da = np.sum(dy * np.minimum(self.x, 0), axis=0)
        return dy * np.where(self.x > 0, 1.0, self.a)


class Swish:
    def __init__(self, beta=1.0):
        self.beta = beta

    def __call__(self, x):
        return x * _sigmoid(self.beta * x)

    def gradient(self, x):
        s = _sigmoid(self.beta * x)
        return s + self.beta * x * s * (1 - s)


class Softplus:
    def __call__(self, x):
        return np.logaddexp(0, x)

    def gradient(self, x):
        return _sigmoid(x)


class HardTanh:
    def __init__(self, low=-1.0, high=1.0):
        self.low, self.high = low, high

    def fprop(self, x):
        self.inside = (x > self.low) & (x < self.high)
        return np.clip(x, self.low, self.high)

    def bprop(self, dy):
        return dy * self.inside


class SpatialDropout:
    """Drops whole features of (n, time, features), the same at every time; inverted."""

    def __init__(self, p=0.5):
        self.p = p
        self.training = True
        self.mask = None

    def fprop(self, x):
        if not self.training:
            self.mask = np.ones((x.shape[0], 1, x.shape[2]))
            return x * self.mask
        kept = np.random.rand(x.shape[0], 1, x.shape[2]) >= self.p
        self.mask = kept / (1.0 - self.p)
        return x * self.mask

    def bprop(self, dy):
        return dy * self.mask


class Embedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        self.idx = np.array(idx)
        return self.params[0][self.idx]

    def backward(self, dout):
        dW = np.zeros_like(self.params[0])
        np.add.at(dW, self.idx, dout)
        self.grads[0] = dW


class SimpleRNN:
    """xs (N, T, D) to hs (N, T, H), h_t = tanh(x_t Wx + h_{t-1} Wh + b), starting from zero at every call."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        self.xs = xs
        self.hs = np.zeros((N, T + 1, Wh.shape[0]))
        for t in range(T):
            self.hs[:, t + 1] = np.tanh(xs[:, t] @ Wx + self.hs[:, t] @ Wh + b)
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        Wx, Wh, b = self.params
        dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
        dxs = np.zeros(self.xs.shape)
        dh = np.zeros(self.hs[:, 0].shape)
        for t in reversed(range(self.xs.shape[1])):
            dz = (dhs[:, t] + dh) * (1 - self.hs[:, t + 1] ** 2)
            db += dz.sum(axis=0)
            dWx += self.xs[:, t].T @ dz
            dWh += self.hs[:, t].T @ dz
            dxs[:, t] = dz @ Wx.T
            dh = dz @ Wh.T
        self.grads = [dWx, dWh, db]
        return dxs
