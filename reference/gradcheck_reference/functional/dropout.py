"""Dropout, in the two books' forms.

Source: NNFS chapter 15 (inverted: scaled while training); fish book chapter 6.4.3 (not inverted:
scaled in evaluation).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, Cache, floating, same_shape


def dropout_mask(
    shape: tuple[int, ...], rate: float, rng: np.random.Generator, dtype: npt.DTypeLike
) -> Array:
    """0 with probability `rate`, else 1.

    Raises
    ------
    ValueError
        `rate` outside [0, 1).

    Examples
    --------
    >>> sorted(set(dropout_mask((50,), 0.5, np.random.default_rng(0), "float64").tolist()))
    [0.0, 1.0]
    """
    if not 0 <= rate < 1:
        raise ValueError(f"rate = {rate}, but should be at least 0 and below 1")
    return (rng.random(shape) >= rate).astype(dtype)


def dropout_forward(x: npt.ArrayLike, mask: npt.ArrayLike) -> tuple[Array, Cache]:
    """``y = x * mask``; an inverted dropout has a mask of 0 and ``1 / (1 - rate)``.

    Examples
    --------
    >>> y, cache = dropout_forward([1.0, 2.0], [0.0, 2.0])
    >>> y, dropout_backward([1.0, 1.0], cache)
    (array([0., 4.]), array([0., 2.]))
    """
    x = floating(x, "x")
    mask = same_shape(mask, "mask", x.shape, x.dtype)
    return x * mask, (mask,)


def dropout_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``dx = g * mask``, with the mask of the forward."""
    (mask,) = cache
    return np.asarray(same_shape(g, "g", mask.shape, mask.dtype) * mask)
