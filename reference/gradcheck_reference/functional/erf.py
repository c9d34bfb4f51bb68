"""The normal distribution function, vectorised: NumPy has no erf.

Inside |x| < 1 erf is x times a polynomial in x^2; outside, erfc is exp(-x^2) times a polynomial in
``2 / (2 + x)``. Both are Chebyshev interpolants of Python's own `math.erf` and `math.erfc`, made
once at import, exact to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from gradcheck_reference.functional.checks import Array

FAR = 26.0


def _chebyshev(f: Callable[[float], float], low: float, high: float, degree: int) -> list[float]:
    """Coefficients of the interpolant of f on [low, high], as plain floats: float32 stays so."""
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    values = [f(low + (high - low) * (node + 1) / 2) for node in nodes]
    return [float(c) for c in np.polynomial.chebyshev.chebfit(nodes, values, degree)]


def _evaluate(coefficients: list[float], x: Array, low: float, high: float) -> Array:
    """Clenshaw's recurrence."""
    u = (2 / (high - low)) * x - (high + low) / (high - low)
    last, before = np.zeros_like(u), np.zeros_like(u)
    for c in reversed(coefficients[1:]):
        last, before = 2 * u * last - before + c, last
    return np.asarray(u * last - before + coefficients[0])


def _scaled_erfc(t: float) -> float:
    """``exp(x^2) erfc(x)`` at ``t = 2 / (2 + x)``; its continued fraction where erfc is tiny."""
    x = 2 / t - 2
    if x < 5:
        return math.exp(x * x) * math.erfc(x)
    fraction = x
    for k in range(60, 0, -1):
        fraction = x + k / 2 / fraction
    return 1 / (fraction * math.sqrt(math.pi))


NEAR = _chebyshev(lambda s: math.erf(math.sqrt(s)) / math.sqrt(s), 0.0, 1.0, 14)
TAIL = _chebyshev(_scaled_erfc, 2 / (2 + FAR), 2 / 3, 24)


def erfc(x: Array) -> Array:
    """``1 - erf(x)``, with small values to full relative precision.

    Examples
    --------
    >>> x = np.array([-3.0, 0.5, 4.0])
    >>> bool(np.allclose(erfc(x), [math.erfc(v) for v in x], rtol=1e-14, atol=0))
    True
    """
    size = np.abs(x)
    near = np.minimum(size, 1)
    inner = near * _evaluate(NEAR, np.square(near), 0.0, 1.0)
    far = np.clip(size, 1, 1e3)  # beyond FAR the exponential is 0, the polynomial any number
    outer = np.exp(-np.square(far)) * _evaluate(
        TAIL, 2 / (2 + np.minimum(far, FAR)), 2 / (2 + FAR), 2 / 3
    )
    outer = np.where(x < 0, 2 - outer, outer)
    return np.asarray(np.where(size < 1, 1 - np.copysign(inner, x), outer))


def normal_cdf(x: Array) -> Array:
    """The standard normal distribution function.

    Examples
    --------
    >>> normal_cdf(np.array([0.0, 40.0]))
    array([0.5, 1. ])
    """
    return np.asarray(0.5 * erfc(x * -math.sqrt(0.5)))


def normal_pdf(x: Array) -> Array:
    """The standard normal density.

    Examples
    --------
    >>> normal_pdf(np.array([0.0])).round(4)
    array([0.3989])
    """
    return np.asarray(np.exp(-0.5 * np.square(x)) * (1 / math.sqrt(2 * math.pi)))
