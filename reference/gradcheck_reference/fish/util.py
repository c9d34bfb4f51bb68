"""im2col, col2im, and the book's numerical gradient. Source: fish book chapters 4.4 and 7.4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck_reference.functional.checks import Array
from gradcheck_reference.functional.windows import col2im, im2col

__all__ = [
    "col2im",
    "im2col",
    "numerical_gradient",
    "numerical_gradient_1d",
    "numerical_gradient_2d",
    "numerical_gradient_columns",
    "shuffle_dataset",
]


def numerical_gradient(f: Callable[[Array], Any], x: Array, h: float = 1e-4) -> Array:
    """Central differences of ``f(x)``, one entry at a time; x is restored after every entry.

    Parameters
    ----------
    f
        Takes x and returns a number. It may also ignore its argument and read x elsewhere, as the
        book's networks do: x itself is perturbed.
    x
        A float array of any shape, changed during the call and the same afterwards, even if f
        raises.

    Raises
    ------
    ValueError
        x does not hold floats: a step of 1e-4 would be lost.

    Examples
    --------
    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([3.0, 4.0])).round(6)
    array([6., 8.])
    """
    if x.dtype.kind != "f":
        raise ValueError(f"x has dtype {x.dtype}, but should hold floats")
    grad = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        held = x[index]
        try:
            x[index] = held + h
            upper, above = f(x), x[index]
            x[index] = held - h
            lower, below = f(x), x[index]
        finally:
            x[index] = held
        grad[index] = (upper - lower) / (above - below)
    return grad


def numerical_gradient_1d(f: Callable[[Array], Any], x: Array, h: float = 1e-4) -> Array:
    """The book's first version, for a vector.

    Examples
    --------
    >>> numerical_gradient_1d(lambda x: x[0] * x[1], np.array([3.0, 4.0])).round(6)
    array([4., 3.])
    """
    if x.ndim != 1:
        raise ValueError(f"x has shape {x.shape}, but should be a vector")
    return numerical_gradient(f, x, h)


def numerical_gradient_2d(f: Callable[[Array], Any], X: Array, h: float = 1e-4) -> Array:
    """The gradient at every row of X on its own: f takes one row. A vector is one row.

    Examples
    --------
    >>> numerical_gradient_2d(lambda x: np.sum(x**2), np.array([[3.0, 4.0], [0.0, 1.0]])).round(6)
    array([[6., 8.],
           [0., 2.]])
    """
    if X.ndim == 1:
        return numerical_gradient_1d(f, X, h)
    return np.stack([numerical_gradient_1d(f, row, h) for row in X])


def numerical_gradient_columns(f: Callable[[Array], Any], X: Array, h: float = 1e-4) -> Array:
    """The gradient at every column of X on its own: f takes one column.

    Examples
    --------
    >>> X = np.array([[3.0, 0.0], [4.0, 1.0]])
    >>> numerical_gradient_columns(lambda x: x[0] * x[1], X).round(6)
    array([[4., 1.],
           [3., 0.]])
    """
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}, but should be a matrix")
    return numerical_gradient_2d(f, X.T, h).T


def shuffle_dataset(
    x: Array, t: Array, rng: np.random.Generator | int | None = None
) -> tuple[Array, Array]:
    """Data and labels in one random order, as copies.

    Examples
    --------
    >>> x, t = shuffle_dataset(np.arange(4.0), np.arange(4), rng=0)
    >>> bool((x == t).all())
    True
    """
    order = np.random.default_rng(rng).permutation(len(x))
    return x[order], t[order]
