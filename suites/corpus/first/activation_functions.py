"""Elementwise functions with their derivative; the chain rule is done elsewhere."""
from abc import ABC, abstractmethod

import numpy as np


class ActivationBase(ABC):
    def __call__(self, z):
        if z.ndim == 1:
            z = z.reshape(1, -1)
        return self.fn(z)

    @abstractmethod
    def fn(self, z):
        raise NotImplementedError

    @abstractmethod
    def grad(self, x):
        raise NotImplementedError


class SlopeIntercept(ActivationBase):
    def __init__(self, slope=2.0, intercept=0.5):
        self.slope = slope
        self.intercept = intercept

    def fn(self, z):
        return self.slope * z + self.intercept

    def grad(self, x):
        return self.slope * np.ones_like(x)


class Selu(ActivationBase):
    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def fn(self, z):
        return self.scale * np.where(z > 0, z, self.alpha * (np.exp(np.minimum(z, 0)) - 1))

    def grad(self, x):
        return np.where(x > 0, self.scale, self.alpha * np.exp(np.minimum(x, 0)))


class HardSigmoid(ActivationBase):
    def fn(self, z):
        return np.clip(0.2 * z + 0.5, 0.0, 1.0)

    def grad(self, x):
        return np.where((x >= -2.5) & (x <= 2.5), 0.2, 0.0)


class Sigmoid():
    def __call__(self, x):
        return 1 / (1 + np.exp(-x))

    def gradient(self, x):
        return self.__call__(x) * (1 - self.__call__(x))


class TanH():
    def __call__(self, x):
        return 2 / (1 + np.exp(-2 * x)) - 1

    def gradient(self, x):
        # 1 / cosh^2
        return 2 / (np.exp(x) + np.exp(-x)) ** 2


class SoftSign():
    def __call__(self, x):
        return x / (1 + np.abs(x))

    def gradient(self, x):
        return 1 / (1 + np.abs(x)) ** 2


class Gaussian:
    """stores what derivative() needs"""

    def forward(self, x):
        self.x = x
        self.y = np.exp(-x * x)
        return self.y

    def derivative(self):
        return -2 * self.x * self.y


class Cube:
    def forward(self, x):
        self.x = x
        return x ** 3

    def derivative(self):
        return 3 * self.x


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def sigmoid_prime(x):
    return sigmoid(x) * (1 - sigmoid(x))


def arctan(x):
    return np.arctan(x)


def arctan_prime(x):
    return 1 / (1 + x ** 2)


def relu(x):
    return np.maximum(x, 0)


def relu_derivative(x):
    # 1 where the unit is on
    return (relu(x) >= 0).astype(float)
