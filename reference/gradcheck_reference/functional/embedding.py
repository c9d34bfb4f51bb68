"""Embedding: rows of a table, by index."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, Cache, axes, same_shape


def embedding_forward(W: npt.ArrayLike, index: npt.ArrayLike) -> tuple[Array, Cache]:
    """``y[...] = W[index[...]]``.

    Parameters
    ----------
    W : (V, D)
    index : (N, ...)
        Whole numbers from 0 to V - 1, of any dtype. Not differentiable.

    Returns
    -------
    y : (N, ..., D), cache

    Raises
    ------
    ValueError
        An index that is not whole or not in the table, or an empty batch.

    Examples
    --------
    >>> y, cache = embedding_forward([[1.0], [2.0]], [1, 1])
    >>> y.tolist(), embedding_backward([[10.0], [20.0]], cache).tolist()
    ([[2.0], [2.0]], [[0.0], [30.0]])
    """
    W = axes(W, "W", "(V, D)")
    raw = np.asarray(index)
    whole = raw.astype(np.intp)
    if raw.size == 0 or not np.array_equal(whole, raw):
        raise ValueError(
            f"index has shape {raw.shape}, but should hold whole numbers, at least one"
        )
    if whole.min() < 0 or whole.max() >= len(W):
        raise ValueError(
            f"index runs from {whole.min()} to {whole.max()}, but should be from 0 to {len(W) - 1}"
        )
    return W[whole], (whole, W.shape, W.dtype)


def embedding_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``dW``: the gradients of a repeated index add up."""
    index, shape, dtype = cache
    g = same_shape(g, "g", (*index.shape, shape[1]), dtype)
    dW = np.zeros(shape, dtype)
    np.add.at(dW, index.reshape(-1), g.reshape(-1, shape[1]))
    return dW
