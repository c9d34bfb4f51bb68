"""The numerical gradient as "Deep Learning from Scratch" (Saito, ch. 4) teaches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.types import Array


def numerical_gradient(f: Callable[[Array], Any], x: Array, h: float = 1e-4) -> Array:
    """Central difference of every element.

    `x` is changed in place one element at a time and `f` is called with it, so that a function
    that closes over the same array (a weight of a network) sees the change.

    Parameters
    ----------
    f
        Function of the array; returns a number.
    x
        Float array of any shape and memory order. Restored afterwards, also when `f` raises.
    h
        Step.

    Returns
    -------
    numpy.ndarray
        Shape and dtype of `x`.

    Raises
    ------
    TypeError
        `x` is not a float array: a step of 1e-4 would be lost in integers.
    """
    if not isinstance(x, np.ndarray) or not np.issubdtype(x.dtype, np.floating):
        kind = x.dtype if isinstance(x, np.ndarray) else type(x).__name__
        raise TypeError(
            f"numerical_gradient: x must be a float array, not {kind}; use x.astype(float)"
        )
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        original = x[index]
        try:
            x[index] = original + h
            plus = float(f(x))
            x[index] = original - h
            minus = float(f(x))
        finally:
            x[index] = original
        gradient[index] = (plus - minus) / (2.0 * h)
    return gradient
