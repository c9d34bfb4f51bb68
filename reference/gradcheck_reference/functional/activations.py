"""The activations of the two books: linear, ReLU, sigmoid, tanh, softmax, log-softmax.

Every pair is ``y, cache = name_forward(x)`` and ``dx = name_backward(g, cache)``, where g is the
gradient of the loss with respect to y. x may have any shape; softmax works on the last axis.
A cache may refer to the output: do not edit the output between the two calls.

Source: NNFS chapters 4, 9, 16 and 17; fish book chapters 3 and 5.5.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, Cache, floating, same_shape


def linear_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``y = x``, as a copy.

    Examples
    --------
    >>> linear_forward([1.0, -2.0])[0]
    array([ 1., -2.])
    """
    y = np.array(floating(x, "x"))
    return y, (y.shape, y.dtype)


def linear_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``dx = g``, as a copy: the caller's array is not handed on."""
    return np.array(same_shape(g, "g", *cache))


def relu_forward(x: npt.ArrayLike, *, out: Array | None = None) -> tuple[Array, Cache]:
    """``y = max(x, 0)``.

    Examples
    --------
    >>> y, cache = relu_forward([-1.0, 0.0, 2.0])
    >>> y, relu_backward([5.0, 5.0, 5.0], cache)
    (array([0., 0., 2.]), array([0., 0., 5.]))
    """
    x = floating(x, "x")
    y = np.maximum(x, zeros(x.shape, x.dtype), out=out)
    return y, (x,)


def relu_backward(g: npt.ArrayLike, cache: Cache, *, out: Array | None = None) -> Array:
    """``dx = g`` where ``x > 0``, else 0 (0 is the subgradient taken at x = 0)."""
    (x,) = cache
    g = same_shape(g, "g", x.shape, x.dtype)
    dx: Array = np.multiply(g, x > 0, out=out)
    return dx


@functools.lru_cache(maxsize=8)
def zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Zeros to compare with: NumPy has a faster loop for `maximum` of two arrays of one layout than
    of an array and a number. Above 65,536 values a single 0, to hold no large arrays for it.
    """
    array = np.zeros(shape if math.prod(shape) <= 1 << 16 else (), dtype)
    array.flags.writeable = False
    return array


def sigmoid(x: Array, *, out: Array | None = None) -> Array:
    """``1 / (1 + exp(-x))`` without overflow: the exponential is only taken of ``-|x|``.

    Examples
    --------
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    e = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1, e)
    e += 1
    return np.divide(y, e, out=out)


def sigmoid_forward(x: npt.ArrayLike, *, out: Array | None = None) -> tuple[Array, Cache]:
    """``y = 1 / (1 + exp(-x))``, finite for every x.

    Examples
    --------
    >>> y, cache = sigmoid_forward([0.0])
    >>> y, sigmoid_backward([1.0], cache)
    (array([0.5]), array([0.25]))
    """
    y = sigmoid(floating(x, "x"), out=out)
    return y, (y,)


def sigmoid_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``dx = g y (1 - y)``."""
    (y,) = cache
    dx = 1 - y
    dx *= y
    dx *= same_shape(g, "g", y.shape, y.dtype)
    return np.asarray(dx)


def tanh_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``y = tanh(x)``.

    Examples
    --------
    >>> y, cache = tanh_forward([0.0])
    >>> y, tanh_backward([3.0], cache)
    (array([0.]), array([3.]))
    """
    y = np.tanh(floating(x, "x"))
    return y, (y,)


def tanh_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``dx = g (1 - y^2)``."""
    (y,) = cache
    return np.asarray(same_shape(g, "g", y.shape, y.dtype) * ((1 - y) * (1 + y)))


def softmax_forward(x: npt.ArrayLike, *, out: Array | None = None) -> tuple[Array, Cache]:
    """``y_i = exp(x_i) / sum_j exp(x_j)`` over the last axis; the row maximum is subtracted first.

    Examples
    --------
    >>> y, cache = softmax_forward([[0.0, 0.0], [1000.0, 0.0]])
    >>> y
    array([[0.5, 0.5],
           [1. , 0. ]])
    >>> softmax_backward([[1.0, 0.0], [1.0, 0.5]], cache)
    array([[ 0.25, -0.25],
           [ 0.  , -0.  ]])
    """
    x = floating(x, "x")
    y = np.subtract(x, x.max(axis=-1, keepdims=True), out=out)
    np.exp(y, out=y)
    y /= np.add.reduce(y, axis=-1, keepdims=True)
    return y, (y,)


def softmax_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``dx = y (g - sum_j g_j y_j)``: ``diag(y) - y y^T`` times g, without that matrix."""
    (y,) = cache
    g = same_shape(g, "g", y.shape, y.dtype)
    dx = g - np.einsum("...i,...i->...", g, y)[..., None]
    dx *= y
    return np.asarray(dx)


def log_softmax_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``y_i = x_i - log sum_j exp(x_j)`` over the last axis, by log-sum-exp.

    Examples
    --------
    >>> log_softmax_forward([[1000.0, 0.0]])[0]
    array([[    0., -1000.]])
    """
    x = floating(x, "x")
    y = x - x.max(axis=-1, keepdims=True)
    y -= np.log(np.exp(y).sum(axis=-1, keepdims=True))
    return y, (y,)


def log_softmax_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``dx = g - softmax(x) sum_j g_j``."""
    (y,) = cache
    g = same_shape(g, "g", y.shape, y.dtype)
    return np.asarray(g - np.exp(y) * g.sum(axis=-1, keepdims=True))
