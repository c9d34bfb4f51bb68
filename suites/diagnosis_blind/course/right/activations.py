"""Activations: forward(x) returns the output, backward(dout) the gradient of x."""
import numpy as np


class LeakyReLU:
    def __init__(self, alpha=0.01):
        self.alpha = alpha

    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, self.alpha * x)

    def backward(self, dout):
        return np.where(self.mask, dout, self.alpha * dout)


class PReLU:
    """Leaky ReLU with one learned slope per feature."""

    def __init__(self, n_features, init=0.25):
        self.alpha = np.full(n_features, init)
        self.dalpha = np.zeros(n_features)

    def forward(self, x):
        self.x = x.copy()
        return np.maximum(x, 0) + self.alpha * np.minimum(x, 0)

    def backward(self, dout):
        self.dalpha = np.sum(dout * np.minimum(self.x, 0), axis=0)
        return dout * np.where(self.x > 0, 1.0, self.alpha)


class Sigmoid:
    def forward(self, x):
        self.out = np.exp(-np.logaddexp(0.0, -x))
        return self.out.copy()

    def backward(self, dout):
        return dout * self.out * (1.0 - self.out)


class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out.copy()

    def backward(self, dout):
        return dout * (1.0 - self.out ** 2)


class ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        self.positive = x > 0
        self.expm1 = self.alpha * np.expm1(np.minimum(x, 0))
        return np.where(self.positive, x, self.expm1)

    def backward(self, dout):
        slope = np.where(self.positive, 1.0, self.expm1 + self.alpha)
        return dout * slope


class Softplus:
    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, x):
        self.x = x.copy()
        return np.logaddexp(0.0, self.beta * x) / self.beta

    def backward(self, dout):
        return dout * np.exp(-np.logaddexp(0.0, -self.beta * self.x))


class SiLU:
    def forward(self, x):
        self.x = x.copy()
        self.s = np.exp(-np.logaddexp(0.0, -x))
        return x * self.s

    def backward(self, dout):
        return dout * (self.s + self.x * self.s * (1 - self.s))


class GELU:
    """The tanh form."""

    c = np.sqrt(2.0 / np.pi)

    def forward(self, x):
        self.x = x.copy()
        self.t = np.tanh(self.c * (x + 0.044715 * x ** 3))
        return 0.5 * x * (1.0 + self.t)

    def backward(self, dout):
        x, t = self.x, self.t
        dinner = self.c * (1.0 + 3 * 0.044715 * x ** 2)
        return dout * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t ** 2) * dinner)


class Hardtanh:
    def __init__(self, low=-1.0, high=1.0):
        self.low = low
        self.high = high

    def forward(self, x):
        self.inside = (x > self.low) & (x < self.high)
        return np.clip(x, self.low, self.high)

    def backward(self, dout):
        return dout * self.inside


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out.copy()

    def backward(self, dout):
        dot = np.sum(dout * self.out, axis=1, keepdims=True)
        return self.out * (dout - dot)


class LogSoftmax:
    def forward(self, x):
        shifted = x - x.max(axis=1, keepdims=True)
        self.out = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return self.out.copy()

    def backward(self, dout):
        total = dout.sum(axis=1, keepdims=True)
        return dout - np.exp(self.out) * total
