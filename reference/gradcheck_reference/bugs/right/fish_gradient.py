# mypy: ignore-errors
"""Numerical differentiation functions as the fish book's readers write them."""

import numpy as np


def numerical_diff(f, x):
    """Derivative of f at the number x."""
    h = 1e-4
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_gradient(f, x):
    """Gradient of the scalar f at the array x; x is changed one entry at a time and put back."""
    h = 1e-4
    grad = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        idx = it.multi_index
        tmp = x[idx]
        try:
            x[idx] = tmp + h
            fxh1 = f(x)
            x[idx] = tmp - h
            fxh2 = f(x)
        finally:
            x[idx] = tmp
        grad[idx] = (fxh1 - fxh2) / (2 * h)
        it.iternext()
    return grad


def numerical_gradient_copy(f, x):
    """The same on a floating-point copy: the caller's array stays as it is."""
    h = 1e-4
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    for idx in np.ndindex(x.shape):
        old = x[idx]
        x[idx] = old + h
        upper = f(x)
        x[idx] = old - h
        lower = f(x)
        x[idx] = old
        grad[idx] = (upper - lower) / (2 * h)
    return grad


def numerical_gradient_rows(f, X):
    """The same entry by entry, in two loops over rows and columns of a matrix; X stays as it is."""
    h = 1e-4
    grad = np.zeros(X.shape)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            step = np.zeros(X.shape)
            step[i, j] = h
            grad[i, j] = (f(X + step) - f(X - step)) / (2 * h)
    return grad
