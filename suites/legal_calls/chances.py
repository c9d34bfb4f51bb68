"""Random numbers of an object's own, modes that a gradient is told, and numbers that are off."""

import numpy as np


class OwnDropout:
    """right: it draws from a generator of its own"""

    def __init__(self, rate=0.4, seed=None):
        self.rate, self.random = rate, np.random.RandomState(seed)

    def forward(self, x, training=True):
        self.mask = 1.0
        if training:
            self.mask = (self.random.uniform(size=x.shape) >= self.rate) / (1 - self.rate)
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class Dropped:
    """right: what it holds draws from a generator of its own"""

    def __init__(self, rate=0.3):
        self.layers = [OwnDropout(rate, 3), OwnDropout(rate, 4)]

    def forward(self, x, training=True):
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


class DroppedNet:
    """right: its gradient is told the mode of the loss"""

    lost = False

    def __init__(self, n_in=4, n_hidden=6, n_out=3, rate=0.5):
        self.params = {
            "W1": np.random.randn(n_in, n_hidden),
            "b1": np.zeros(n_hidden),
            "W2": np.random.randn(n_hidden, n_out),
            "b2": np.zeros(n_out),
        }
        self.drop = OwnDropout(rate, 5)

    def predict(self, x, training=False):
        p = self.params
        self.x, self.h = x, np.tanh(x @ p["W1"] + p["b1"])
        self.d = self.drop.forward(self.h, training)
        return (self.h if self.lost else self.d) @ p["W2"] + p["b2"]

    def loss(self, x, t, training=False):
        z = self.predict(x, training)
        z = z - z.max(axis=1, keepdims=True)
        self.p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return -np.mean(np.log(self.p[np.arange(len(t)), t]))

    def gradient(self, x, t, training=False):
        self.loss(x, t, training)
        d = self.p.copy()
        d[np.arange(len(t)), t] -= 1
        d /= len(t)
        back = self.drop.backward(d @ self.params["W2"].T) * (1 - self.h**2)
        return {"W1": x.T @ back, "b1": back.sum(0), "W2": self.d.T @ d, "b2": d.sum(0)}


class DroppedNetUnused(DroppedNet):
    """wrong: model_gradient"""

    lost = True


class NetWithoutLastBias(DroppedNet):
    """wrong: model_moves"""

    def gradient(self, x, t, training=False):
        grads = super().gradient(x, t, training)
        del grads["b2"]
        return grads


class SmoothedLoss:
    """right: its smoothing is off by default"""

    def __init__(self, smoothing=0.0):
        self.smoothing = smoothing

    def forward(self, logits, labels):
        n, k = logits.shape
        self.onehot = np.eye(k)[labels]
        self.target = (1 - self.smoothing) * self.onehot + self.smoothing / k
        z = logits - logits.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.p = np.exp(log_p)
        return -np.sum(self.target * log_p) / n

    def backward(self):
        return (self.p - self.target) / len(self.p)


class SmoothedLossForgotten(SmoothedLoss):
    """wrong: gradient"""

    def backward(self):
        return (self.p - self.onehot) / len(self.p)


class LayerNormOfSquares:
    """wrong: contract"""

    def __init__(self, d):
        self.g, self.b = np.ones(d), np.zeros(d)

    def forward(self, x):
        centred = x - x.mean(axis=-1)
        self.std = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        self.xn = centred / self.std
        return self.g * self.xn + self.b

    def backward(self, dout):
        self.dg, self.db = (dout * self.xn).sum(0), dout.sum(0)
        d = dout * self.g
        inner = d - d.mean(-1, keepdims=True)
        return (inner - self.xn * (d * self.xn).mean(-1, keepdims=True)) / self.std


class KeepingMomentum:
    """wrong: state_per_parameter"""

    def __init__(self, lr=0.1, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, {}

    def update(self, params, grads):
        for key, grad in grads.items():
            self.v[key] = self.momentum * self.v[key] + grad if key in self.v else grad
            params[key] -= self.lr * self.v[key]


def binary_hinge_loss(scores, labels):
    """right: a hinge of 0 and 1, no cross entropy"""
    t = 2 * labels.astype(float) - 1
    slack = np.maximum(0, 1 - t * scores)
    return slack.mean(), np.where(slack > 0, -t, 0.0) / scores.size


def slope_forward(x, a):
    """a: one slope a column, shape (m,)"""
    return np.where(x > 0, x, a * x), (x, a)


def slope_backward(dout, cache):
    x, a = cache
    return np.where(x > 0, dout, a * dout), np.sum(dout * np.minimum(x, 0), axis=0)
