# mypy: ignore-errors
"""Activations beyond the books: forward(x) returns, backward(grad) returns."""

import math

import numpy as np


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def normal_cdf(x):
    return 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(x / math.sqrt(2)))


def normal_pdf(x):
    return np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)


class ELU:
    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def backward(self, grad):
        slope = np.where(self.x > 0, 1.0, self.alpha * np.exp(np.minimum(self.x, 0)))
        return grad * slope


class SELU:
    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def forward(self, x):
        self.x = x.copy()
        return self.scale * np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def backward(self, grad):
        slope = np.where(self.x > 0, 1.0, self.alpha * np.exp(np.minimum(self.x, 0)))
        return grad * self.scale * slope


class GELU:
    """x times the normal distribution function, exactly, by erf."""

    def forward(self, x):
        self.x = x.copy()
        self.phi = normal_cdf(x)
        return x * self.phi

    def backward(self, grad):
        return grad * (self.phi + self.x * normal_pdf(self.x))


class GELUTanh:
    """The tanh approximation of Hendrycks and Gimpel (2016)."""

    a = math.sqrt(2 / math.pi)
    b = 0.044715

    def forward(self, x):
        self.x = x.copy()
        self.t = np.tanh(self.a * (x + self.b * x**3))
        return 0.5 * x * (1 + self.t)

    def backward(self, grad):
        inner = self.a * (1 + 3 * self.b * self.x**2)
        slope = 0.5 * (1 + self.t) + 0.5 * self.x * (1 - self.t**2) * inner
        return grad * slope


class Softplus:
    def forward(self, x):
        self.x = x.copy()
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

    def backward(self, grad):
        return grad * sigmoid(self.x)


class SiLU:
    def forward(self, x):
        self.x = x.copy()
        self.s = sigmoid(x)
        return x * self.s

    def backward(self, grad):
        return grad * (self.s + self.x * self.s * (1 - self.s))


class LogSoftmax:
    def forward(self, x):
        shifted = x - x.max(axis=-1, keepdims=True)
        self.out = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        return self.out.copy()

    def backward(self, grad):
        return grad - np.exp(self.out) * grad.sum(axis=-1, keepdims=True)


class ReLU6:
    def forward(self, x):
        self.x = x.copy()
        return np.clip(x, 0, 6)

    def backward(self, grad):
        return grad * ((self.x > 0) & (self.x < 6))


class PReLU:
    """One learned slope per feature for the negative side."""

    def __init__(self, n_features):
        self.alpha = 0.25 * np.ones(n_features)
        self.dalpha = np.zeros(n_features)

    def forward(self, x):
        self.x = x.copy()
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, grad):
        self.dalpha = np.sum(grad * np.where(self.x > 0, 0, self.x), axis=0)
        return grad * np.where(self.x > 0, 1, self.alpha)


class Abs:
    def forward(self, x):
        self.x = x.copy()
        return np.abs(x)

    def backward(self, grad):
        return grad * np.sign(self.x)
