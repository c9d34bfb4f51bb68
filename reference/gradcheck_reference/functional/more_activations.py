"""Activations beyond the books.

Source: leaky ReLU, Maas et al. 2013; PReLU, He et al. 2015; ELU, Clevert et al. 2016; SELU,
Klambauer et al. 2017; GELU, Hendrycks and Gimpel 2016; SiLU, Elfwing et al. 2018; softplus, Dugas
et al. 2001; ReLU6, Krizhevsky 2010.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.activations import sigmoid
from gradcheck_reference.functional.checks import Array, Cache, floating, same_shape
from gradcheck_reference.functional.erf import normal_cdf, normal_pdf

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
GELU_SCALE = math.sqrt(2 / math.pi)
GELU_CUBE = 0.044715


def leaky_relu_forward(x: npt.ArrayLike, *, alpha: float = 0.01) -> tuple[Array, Cache]:
    """``x`` where x > 0, else ``alpha x``.

    Examples
    --------
    >>> y, cache = leaky_relu_forward([-2.0, 3.0], alpha=0.5)
    >>> y, leaky_relu_backward([1.0, 1.0], cache)
    (array([-1.,  3.]), array([0.5, 1. ]))
    """
    x = floating(x, "x")
    return np.where(x > 0, x, float(alpha) * x), (x, float(alpha))


def leaky_relu_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g`` where x > 0, else ``alpha g``."""
    x, alpha = cache
    g = same_shape(g, "g", x.shape, x.dtype)
    return np.where(x > 0, g, alpha * g)


def prelu_forward(x: npt.ArrayLike, alpha: npt.ArrayLike) -> tuple[Array, Cache]:
    """Leaky ReLU with a slope that is learned: one, or one a channel (axis 1).

    Parameters
    ----------
    x : (N, C, ...)
    alpha : (1,) or (C,)

    Raises
    ------
    ValueError
        `alpha` has neither shape.

    Examples
    --------
    >>> y, cache = prelu_forward([[-2.0, 3.0]], [0.5])
    >>> y, prelu_backward([[1.0, 1.0]], cache)
    (array([[-1.,  3.]]), (array([[0.5, 1. ]]), array([-2.])))
    """
    x, alpha = floating(x, "x"), floating(alpha, "alpha")
    if x.ndim < 2 or alpha.shape not in ((1,), (x.shape[1],)):
        raise ValueError(
            f"alpha has shape {alpha.shape}, but should have (1,) or (C,) for {x.shape}"
        )
    slope = alpha.reshape(1, -1, *(1,) * (x.ndim - 2))
    return np.where(x > 0, x, slope * x), (x, slope, alpha.shape)


def prelu_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array]:
    """``dx``, and ``dalpha``: the sum of ``g x`` where x <= 0."""
    x, slope, shape = cache
    g = same_shape(g, "g", x.shape, x.dtype)
    dslope = np.where(x > 0, 0, g * x)
    dalpha = dslope.sum(axis=tuple(i for i in range(x.ndim) if i != 1))
    return np.where(x > 0, g, slope * g), dalpha if len(dalpha) == shape[0] else dalpha.sum(
        keepdims=True
    )


def elu_forward(x: npt.ArrayLike, *, alpha: float = 1.0, scale: float = 1.0) -> tuple[Array, Cache]:
    """``scale x`` where x > 0, else ``scale alpha (exp(x) - 1)``.

    Examples
    --------
    >>> elu_forward([-1000.0, 2.0])[0]
    array([-1.,  2.])
    """
    x = floating(x, "x")
    y = np.where(x > 0, x, float(alpha) * np.expm1(np.minimum(x, 0)))
    return float(scale) * y, (x, float(alpha), float(scale))


def elu_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``scale g`` where x > 0, else ``scale alpha g exp(x)``."""
    x, alpha, scale = cache
    g = same_shape(g, "g", x.shape, x.dtype)
    return np.asarray(scale * g * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))))


def selu_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """ELU with the two constants that keep mean 0 and variance 1.

    Examples
    --------
    >>> selu_forward([0.0, 1.0])[0].round(4)
    array([0.    , 1.0507])
    """
    return elu_forward(x, alpha=SELU_ALPHA, scale=SELU_SCALE)


selu_backward = elu_backward


def gelu_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``x Phi(x)`` with the normal distribution function, exactly.

    Examples
    --------
    >>> y, cache = gelu_forward([1.0])
    >>> y.round(6), gelu_backward([1.0], cache).round(6)
    (array([0.841345]), array([1.083315]))
    """
    x = floating(x, "x")
    cdf = normal_cdf(x)
    return x * cdf, (x, cdf)


def gelu_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g (Phi(x) + x phi(x))``."""
    x, cdf = cache
    g = same_shape(g, "g", x.shape, x.dtype)
    return np.asarray(g * (cdf + x * normal_pdf(x)))


def gelu_tanh_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``: the approximation of GELU.

    Examples
    --------
    >>> gelu_tanh_forward([1.0])[0].round(6)
    array([0.841192])
    """
    x = floating(x, "x")
    # (1 + tanh u) / 2 is sigmoid(2 u), which keeps its digits for large negative u.
    s = sigmoid(2 * GELU_SCALE * (x + GELU_CUBE * x * x * x))
    return x * s, (x, s)


def gelu_tanh_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """The derivative of the approximation, not of GELU."""
    x, s = cache
    g = same_shape(g, "g", x.shape, x.dtype)
    inner = 2 * GELU_SCALE * (1 + 3 * GELU_CUBE * np.square(x))
    return np.asarray(g * s * (1 + x * (1 - s) * inner))


def silu_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``x sigmoid(x)``, also called swish.

    Examples
    --------
    >>> y, cache = silu_forward([0.0])
    >>> y, silu_backward([1.0], cache)
    (array([0.]), array([0.5]))
    """
    x = floating(x, "x")
    s = sigmoid(x)
    return x * s, (x, s)


def silu_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g s (1 + x (1 - s))`` with the sigmoid s."""
    x, s = cache
    return np.asarray(same_shape(g, "g", x.shape, x.dtype) * s * (1 + x * (1 - s)))


def softplus_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``log(1 + exp(x))``, without overflow.

    Examples
    --------
    >>> softplus_forward([-1000.0, 1000.0])[0]
    array([   0., 1000.])
    """
    x = floating(x, "x")
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), (x,)


def softplus_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g sigmoid(x)``."""
    (x,) = cache
    return np.asarray(same_shape(g, "g", x.shape, x.dtype) * sigmoid(x))


def hardtanh_forward(
    x: npt.ArrayLike, *, low: float = -1.0, high: float = 1.0
) -> tuple[Array, Cache]:
    """x, held between `low` and `high`.

    Examples
    --------
    >>> y, cache = hardtanh_forward([-2.0, 0.5])
    >>> y, hardtanh_backward([1.0, 1.0], cache)
    (array([-1. ,  0.5]), array([0., 1.]))
    """
    x = floating(x, "x")
    if low >= high:
        raise ValueError(f"low = {low}, but should be below high = {high}")
    return np.clip(x, float(low), float(high)), (x, float(low), float(high))


def hardtanh_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g`` strictly between the two ends, else 0."""
    x, low, high = cache
    return np.asarray(same_shape(g, "g", x.shape, x.dtype) * ((x > low) & (x < high)))


def relu6_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``min(max(x, 0), 6)``.

    Examples
    --------
    >>> relu6_forward([-1.0, 7.0])[0]
    array([0., 6.])
    """
    return hardtanh_forward(x, low=0.0, high=6.0)


relu6_backward = hardtanh_backward
