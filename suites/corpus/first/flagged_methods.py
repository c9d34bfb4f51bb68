"""Classes that give the derivative by a flag, and classes of functions with their derivatives."""

import numpy as np


class Logistic:
    def __call__(self, x, derivative=False):
        s = np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), 1 - 1 / (1 + np.exp(-np.abs(x))))
        return s * (1 - s) if derivative else s


class LogisticOfItself:
    def __call__(self, x, derivative=False):
        s = np.where(x >= 0, 1 / (1 + np.exp(-np.abs(x))), 1 - 1 / (1 + np.exp(-np.abs(x))))
        return s if derivative else s


class Arctan:
    def activate(self, z, deriv=False):
        if deriv:
            return 1 / (1 + z * z)
        return np.arctan(z)


class ArctanRoot:
    def activate(self, z, deriv=False):
        if deriv:
            return 1 / np.sqrt(1 + z * z)
        return np.arctan(z)


class Quadratic:
    def __call__(self, y_true, y_pred, derivative=False):
        if derivative:
            return 2 * (y_pred - y_true) / y_true.size
        return np.mean((y_pred - y_true) ** 2)


class QuadraticTurned:
    def __call__(self, y_true, y_pred, derivative=False):
        if derivative:
            return 2 * (y_true - y_pred) / y_true.size
        return np.mean((y_pred - y_true) ** 2)


class Functions:
    @staticmethod
    def bent(x):
        return (np.sqrt(x * x + 1) - 1) / 2 + x

    @staticmethod
    def bent_derivative(x):
        return x / (2 * np.sqrt(x * x + 1)) + 1

    @staticmethod
    def bump(x):
        return np.exp(-x * x)

    @staticmethod
    def bump_derivative(x):
        return -x * np.exp(-x * x)


class Mixed:
    def soft(self, x, derivative=False):
        return 1 / (1 + np.abs(x)) ** 2 if derivative else x / (1 + np.abs(x))

    def wave(self, x, derivative=False):
        return np.sin(x) if derivative else np.cos(x)
