"""One function for value and derivative, chosen by a flag."""

import numpy as np


def nonlin(x, deriv=False):
    """the derivative is written in the output"""
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def nonlin_wrong(x, deriv=False):
    if deriv:
        return x * (1 + x)
    return 1 / (1 + np.exp(-x))


def bent(x, prime=False):
    """the derivative is written in the input"""
    root = np.sqrt(x**2 + 1)
    return x / (2 * root) + 1 if prime else (root - 1) / 2 + x


def bent_wrong(x, prime=False):
    root = np.sqrt(x**2 + 1)
    return x / root + 1 if prime else (root - 1) / 2 + x


def leaky(x, slope=0.1, derivative=False):
    if derivative:
        return np.where(x > 0, 1.0, slope)
    return np.where(x > 0, x, slope * x)


def leaky_wrong(x, slope=0.1, derivative=False):
    """the slope is that of the default, whatever is given"""
    if derivative:
        return np.where(x > 0, 1.0, 0.1)
    return np.where(x > 0, x, slope * x)


def squared_error(y_true, y_pred, prime=False):
    if prime:
        return 2 * (y_pred - y_true) / y_true.size
    return np.mean((y_true - y_pred) ** 2)


def squared_error_wrong(y_true, y_pred, prime=False):
    if prime:
        return 2 * (y_true - y_pred) / y_true.size
    return np.mean((y_true - y_pred) ** 2)


def soft(x, prime=False):
    """the derivative is the Jacobian of every sample"""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    s = e / e.sum(axis=-1, keepdims=True)
    if prime:
        return s[:, :, None] * np.eye(s.shape[-1]) - s[:, :, None] * s[:, None, :]
    return s


def soft_wrong(x, prime=False):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    s = e / e.sum(axis=-1, keepdims=True)
    if prime:
        return s[:, :, None] * np.eye(s.shape[-1]) - s[:, None, :] * s[:, None, :]
    return s


def cross_entropy(y_true, y_pred, prime=False):
    """asserts that it is given probabilities"""
    assert (y_pred >= 0).all() and np.allclose(y_pred.sum(axis=-1), 1), "no probabilities"
    if prime:
        return -1.0 * y_true / np.maximum(y_pred, 1e-12) / len(y_pred)
    return -np.sum(y_true * np.log(np.maximum(y_pred, 1e-12))) / len(y_pred)


def cross_entropy_wrong(y_true, y_pred, prime=False):
    assert (y_pred >= 0).all() and np.allclose(y_pred.sum(axis=-1), 1), "no probabilities"
    if prime:
        return -1.0 * y_true / np.maximum(y_pred, 1e-12)
    return -np.sum(y_true * np.log(np.maximum(y_pred, 1e-12))) / len(y_pred)


def smooth(x, prime=False, form="exact"):
    """two forms, each with its own derivative"""
    if form == "cheap":
        t = np.tanh(0.8 * x)
        return 0.5 * (1 + t) + 0.4 * x * (1 - t**2) if prime else 0.5 * x * (1 + t)
    s = 1 / (1 + np.exp(-1.7 * x))
    return s + 1.7 * x * s * (1 - s) if prime else x * s


def smooth_wrong(x, prime=False, form="exact"):
    """the cheap form has the derivative of the exact one"""
    if form == "cheap" and not prime:
        return 0.5 * x * (1 + np.tanh(0.8 * x))
    s = 1 / (1 + np.exp(-1.7 * x))
    return s + 1.7 * x * s * (1 - s) if prime else x * s
