"""Activations: forward(x) returns, backward(dout) returns dx."""
import math

import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, e) / (1.0 + e)


class GELU:
    """Tanh approximation."""

    C = math.sqrt(2.0 / math.pi)

    def forward(self, x):
        self.x = x
        self.t = np.tanh(self.C * (x + 0.044715 * x * x * x))
        return 0.5 * x * (1.0 + self.t)

    def backward(self, dout):
        x = self.x
        inner = self.C * (1.0 + 3 * 0.044715 * x * x)
        return dout * (0.5 * (1.0 + self.t) + 0.5 * x * (1.0 - self.t * self.t) * inner)


class SiLU:
    def forward(self, x):
        self.x = x
        self.s = sigmoid(x)
        return x * self.s

    def backward(self, dout):
        return dout * (self.s + self.x * self.s * (1.0 - self.s))


class Softplus:
    """log(1 + exp(beta x)) / beta"""

    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, x):
        self.x = x
        return np.logaddexp(0.0, self.beta * x) / self.beta

    def backward(self, dout):
        return dout * sigmoid(self.beta * self.x)


class Mish:
    """x tanh(softplus(x))"""

    def forward(self, inputs):
        self.inputs = inputs
        self.tanh_sp = np.tanh(np.logaddexp(0.0, inputs))
        self.output = inputs * self.tanh_sp

    def backward(self, dvalues):
        grad = self.tanh_sp + self.inputs * (1 - self.tanh_sp ** 2) * sigmoid(self.inputs)
        self.dinputs = dvalues * grad


class SELU:
    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def __call__(self, x):
        return self.scale * np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def gradient(self, x):
        return self.scale * np.where(x > 0, 1.0, self.alpha * np.exp(np.minimum(x, 0)))


class HardSigmoid:
    """clip(x / 6 + 1/2, 0, 1)"""

    def forward(self, x):
        self.x = x
        return np.clip(x / 6.0 + 0.5, 0.0, 1.0)

    def backward(self, dout):
        inside = (self.x > -3.0) & (self.x < 3.0)
        return dout * inside / 6.0


class PReLU:
    """One learned slope per channel, x (N, C) or (N, C, H, W)."""

    def __init__(self, channels, init=0.25):
        self.alpha = np.full(channels, init)
        self.dalpha = np.zeros(channels)

    def _slope(self, ndim):
        return self.alpha.reshape((1, -1) + (1,) * (ndim - 2))

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self._slope(x.ndim) * x)

    def backward(self, dout):
        axes = (0,) + tuple(range(2, dout.ndim))
        self.dalpha = np.sum(dout * np.minimum(self.x, 0), axis=axes)
        return np.where(self.x > 0, dout, self._slope(dout.ndim) * dout)


class Sigmoid:
    def forward(self, inputs):
        self.output = sigmoid(inputs)
        return self.output

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output) * self.output
        return self.dinputs


class LeakyReLU:
    def __init__(self, alpha=0.01):
        self.alpha = alpha
        self.mask = None

    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, self.alpha * x, x)

    def backward(self, dout):
        dx = np.array(dout, dtype=float)
        dx[self.mask] *= self.alpha
        return dx


class ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        self.out = np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0.0)))
        return self.out

    def backward(self, dout):
        return dout * np.where(self.out > 0, 1.0, self.out + self.alpha)


class LogSoftmax:
    def forward(self, x):
        z = x - x.max(axis=1, keepdims=True)
        self.out = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return self.out

    def backward(self, dout):
        return dout - np.exp(self.out) * dout.sum(axis=1, keepdims=True)
