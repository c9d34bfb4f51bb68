# mypy: ignore-errors
"""Activations without an upstream argument: __call__(x) and gradient(x), both elementwise."""

import numpy as np


class Sigmoid:
    def __call__(self, x):
        return 0.5 * (1 + np.tanh(0.5 * x))

    def gradient(self, x):
        p = self.__call__(x)
        return p * (1 - p)


class TanH:
    def __call__(self, x):
        return np.tanh(x)

    def gradient(self, x):
        return 1 - np.tanh(x) ** 2


class LeakyReLU:
    def __init__(self, alpha=0.2):
        self.alpha = alpha

    def __call__(self, x):
        return np.where(x >= 0, x, self.alpha * x)

    def gradient(self, x):
        return np.where(x >= 0, 1.0, self.alpha)


class SoftPlus:
    def __call__(self, x):
        return np.logaddexp(0, x)

    def gradient(self, x):
        return 0.5 * (1 + np.tanh(0.5 * x))
