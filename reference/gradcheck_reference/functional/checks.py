"""What every function asks of its arguments, and one wording for what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Cache = tuple[Any, ...]


def floating(x: npt.ArrayLike, name: str, like: Array | None = None) -> Array:
    """`x` as an array of floats: float32 and float64 stay, whole numbers and bools are promoted.

    Parameters
    ----------
    x
        Any array of real numbers, of any memory layout. It is never copied without need.
    name
        What the caller calls it, for the message.
    like
        Whole numbers take this array's dtype; float64 when it is None.

    Raises
    ------
    ValueError
        `x` holds something other than real numbers.

    Examples
    --------
    >>> floating([1, 2], "x").dtype
    dtype('float64')
    """
    a = x if type(x) is np.ndarray else np.asarray(x)
    kind = a.dtype.kind
    if kind == "f":
        return a
    if kind in "biu":
        return a.astype(np.float64 if like is None else like.dtype)
    raise ValueError(f"{name} has dtype {a.dtype}, but should hold real numbers")


def batch(x: npt.ArrayLike, name: str, ndim: int = 2, like: Array | None = None) -> Array:
    """`x` as floats with at least `ndim` axes and a first axis of at least one sample.

    Raises
    ------
    ValueError
        Too few axes, or an empty batch.

    Examples
    --------
    >>> batch([[1.0, 2.0]], "inputs").shape
    (1, 2)
    """
    a = floating(x, name, like)
    if a.ndim < ndim:
        raise ValueError(f"{name} has shape {a.shape}, but should have at least {ndim} axes")
    if a.size == 0:
        raise ValueError(f"{name} has shape {a.shape}, but should hold at least one sample")
    return a


def axes(x: npt.ArrayLike, name: str, layout: str) -> Array:
    """`x` as floats with exactly the axes that `layout` names, such as ``"(N, C, H, W)"``.

    Raises
    ------
    ValueError
        Another number of axes, or an empty array.

    Examples
    --------
    >>> axes([[1.0]], "x", "(N, C, H, W)")
    Traceback (most recent call last):
        ...
    ValueError: x has shape (1, 1), but should be (N, C, H, W)
    """
    a = floating(x, name)
    if a.ndim != layout.count(",") + 1:
        raise ValueError(f"{name} has shape {a.shape}, but should be {layout}")
    if a.size == 0:
        raise ValueError(f"{name} has shape {a.shape}, but should hold at least one sample")
    return a


def same_shape(x: npt.ArrayLike, name: str, shape: tuple[int, ...], dtype: Any) -> Array:
    """`x` as an array of this shape, in this float dtype.

    Raises
    ------
    ValueError
        Another shape.

    Examples
    --------
    >>> same_shape([1.0, 2.0], "dvalues", (2, 1), "float64")
    Traceback (most recent call last):
        ...
    ValueError: dvalues has shape (2,), but should have shape (2, 1)
    """
    a = x if type(x) is np.ndarray else np.asarray(x)
    if a.shape != shape:
        raise ValueError(f"{name} has shape {a.shape}, but should have shape {shape}")
    return a if a.dtype == dtype else floating(a, name).astype(dtype)


def positive(value: int, name: str) -> int:
    """A size: a whole number of at least 1.

    Raises
    ------
    ValueError
        Anything else.

    Examples
    --------
    >>> positive(0, "n_neurons")
    Traceback (most recent call last):
        ...
    ValueError: n_neurons = 0, but should be a whole number of at least 1
    """
    if value != int(value) or value < 1:
        raise ValueError(f"{name} = {value}, but should be a whole number of at least 1")
    return int(value)
