"""Fully connected layer, its weight penalties, and reshaping.

Source: NNFS chapters 3, 9 and 14; fish book chapter 5.6.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, Cache, batch, floating, same_shape


def dense_forward(
    x: npt.ArrayLike,
    W: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    out: Array | None = None,
) -> tuple[Array, Cache]:
    """``y = x W + b``.

    Parameters
    ----------
    x : (N, ..., D)
    W : (D, M)
    b : (M,) or (1, M)
    out : (N, ..., M), optional
        Receives the result in place of a new array: contiguous, of the dtype of `W`.

    Returns
    -------
    y : (N, ..., M), cache
        The cache refers to `x` and `W`; it does not copy them.

    Raises
    ------
    ValueError
        Shapes that do not fit, or an empty batch.

    Examples
    --------
    >>> y, cache = dense_forward([[1.0, 2.0]], [[3.0], [4.0]], [0.5])
    >>> y
    array([[11.5]])
    >>> [d.tolist() for d in dense_backward([[1.0]], cache)]
    [[[3.0, 4.0]], [[1.0], [2.0]], [1.0]]
    """
    W, b = floating(W, "W"), floating(b, "b")
    x = batch(x, "x", like=W)
    if W.ndim != 2 or x.shape[-1] != W.shape[0]:
        raise ValueError(
            f"x has shape {x.shape}, but should have shape (N, {W.shape[0]}) for W of {W.shape}"
        )
    if b.shape not in ((W.shape[1],), (1, W.shape[1])):
        raise ValueError(f"b has shape {b.shape}, but should have shape (1, {W.shape[1]})")
    return affine(x, W, b, out)


def affine(x: Array, W: Array, b: Array, out: Array | None = None) -> tuple[Array, Cache]:
    """`dense_forward` without its checks, for arrays that are known to pass them."""
    y = product(x, W, out)
    y += b
    return y, (x, W, b.shape)


def dense_backward(
    g: npt.ArrayLike,
    cache: Cache,
    *,
    out: tuple[Array | None, Array | None, Array | None] = (None, None, None),
    input_gradient: bool = True,
) -> tuple[Array | None, Array, Array]:
    """``dx = g W^T``, ``dW = x^T g``, ``db`` = the sum of g over the batch, in b's shape.

    With ``input_gradient=False`` (the first layer of a network) dx is not computed and is None.
    """
    x, W, b_shape = cache
    g = same_shape(g, "g", (*x.shape[:-1], W.shape[1]), W.dtype)
    rows, x_rows = (g, x) if g.ndim == 2 else (g.reshape(-1, W.shape[1]), x.reshape(-1, W.shape[0]))
    dW = product(x_rows.T, rows, out[1])
    db = ones((*b_shape[:-1], len(rows)), W.dtype).dot(rows, out[2])
    dx = product(g, W.T, out[0]) if input_gradient else None
    return dx, dW, db


def product(a: Array, b: Array, out: Array | None = None) -> Array:
    """``a @ b``, into `out` if given, which is contiguous and of the dtype of `b`.

    By the method `dot` where both are matrices of one dtype: the same product, but half the cost
    of a call, which counts in small layers.

    Examples
    --------
    >>> product(np.ones((2, 3)), np.ones((3, 1), "float32"))
    array([[3.],
           [3.]])
    """
    if a.ndim == b.ndim == 2 and a.dtype == b.dtype:
        return a.dot(b, out)
    return np.asarray(np.matmul(a, b, out=out))


@functools.lru_cache(maxsize=64)
def ones(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Ones, to sum over the rows or columns of a small matrix by a product: faster than ``sum``."""
    array = np.ones(shape, dtype)
    array.flags.writeable = False
    return array


def penalty(w: Array, l1: float, l2: float) -> float:
    """``l1 sum |w| + l2 sum w^2`` (NNFS chapter 14; no factor 1/2).

    Examples
    --------
    >>> penalty(np.array([1.0, -2.0]), 0.5, 0.25)
    2.75
    """
    return (l1 * float(np.abs(w).sum()) if l1 else 0.0) + (
        l2 * float(np.square(w).sum()) if l2 else 0.0
    )


def add_penalty_gradient(
    dw: Array, w: Array, l1: float, l2: float, *, work: Array | None = None
) -> None:
    """Add ``l1 sign(w) + 2 l2 w`` to `dw`, in place (0 is the subgradient taken at w = 0).

    `work` is an array like `w` to compute in; a new one when None.

    Examples
    --------
    >>> dw = np.array([0.0, 0.0])
    >>> add_penalty_gradient(dw, np.array([1.0, -2.0]), 0.1, 0.01)
    >>> [round(v, 3) for v in dw.tolist()]
    [0.12, -0.14]
    """
    if l1:
        dw += float(l1) * np.sign(w)
    if l2:
        dw += np.multiply(w, 2.0 * float(l2), out=work)


def reshape_forward(x: npt.ArrayLike, shape: tuple[int, ...]) -> tuple[Array, Cache]:
    """Every sample in another shape, in C order; the batch axis stays. The result is a copy.

    Raises
    ------
    ValueError
        The sizes do not multiply to the same number.

    Examples
    --------
    >>> y, cache = reshape_forward([[1, 2, 3, 4]], (2, 2))
    >>> y.shape, reshape_backward(y, cache).shape
    ((1, 2, 2), (1, 4))
    """
    x = batch(x, "x", ndim=1)
    size = math.prod(x.shape[1:])
    if -1 not in shape and math.prod(shape) != size:
        raise ValueError(
            f"x has shape {x.shape}, but should have {math.prod(shape)} values a sample"
        )
    y = np.array(x, order="C").reshape(len(x), *shape)
    return y, (x.shape, y.shape, y.dtype)


def reshape_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """The gradient in the input's shape."""
    shape, out_shape, dtype = cache
    return np.array(same_shape(g, "g", out_shape, dtype), order="C").reshape(shape)


def flatten_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """``(N, ...)`` to ``(N, D)``.

    Examples
    --------
    >>> flatten_forward(np.ones((2, 3, 4)))[0].shape
    (2, 12)
    """
    return reshape_forward(x, (-1,))


flatten_backward = reshape_backward
