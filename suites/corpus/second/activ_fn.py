import math

import numpy as np

erf = np.vectorize(math.erf)


class Sigmoid:
    def __call__(self, x):
        return 1 / (1 + np.exp(-x))

    def gradient(self, x):
        s = self.__call__(x)
        return s * (1 - s)


class SoftPlus:
    def fn(self, z):
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))

    def grad(self, z):
        return 0.5 * (1 + np.tanh(z / 2))


class NaiveSoftPlus:
    def fn(self, z):
        return np.log(1 + np.exp(z))

    def grad(self, z):
        return 1 / (1 + np.exp(-z))


class BentIdentity:
    def forward(self, x):
        self.x = x
        return (np.sqrt(x**2 + 1) - 1) / 2 + x

    def derivative(self):
        return self.x / (2 * np.sqrt(self.x**2 + 1)) + 1


class ArcSinh:
    """Grows like a logarithm, odd."""

    def forward(self, x):
        self.x = x
        return np.arcsinh(x)

    def derivative(self):
        return 1 / (self.x**2 + 1)


class ELU:
    def __init__(self, alpha=0.1):
        self.alpha = alpha

    def __call__(self, x):
        return np.where(x >= 0.0, x, self.alpha * (np.exp(np.minimum(x, 0)) - 1))

    def gradient(self, x):
        return np.where(x >= 0.0, 1, self.__call__(x) + self.alpha)


class LeakyReLU:
    def __init__(self, alpha=0.2):
        self.alpha = alpha

    def __call__(self, x):
        return np.where(x >= 0, x, self.alpha * x)

    def gradient(self, x):
        return np.where(x >= 0, 1, 0)


class TanhActivation:
    @staticmethod
    def fn(x):
        return np.tanh(x)

    @staticmethod
    def grad(x):
        return np.tanh(x)


class Gelu:
    def __call__(self, x):
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    def gradient(self, x):
        cdf = 0.5 * (1 + erf(x / np.sqrt(2)))
        return cdf + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


class GeluErf:
    def __call__(self, x):
        return 0.5 * x * (1 + erf(x / np.sqrt(2)))

    def gradient(self, x):
        cdf = 0.5 * (1 + erf(x / np.sqrt(2)))
        return cdf + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
