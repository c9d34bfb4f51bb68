"""Scaled dot-product attention and multi-head self-attention.

Source: Vaswani et al. 2017.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.activations import softmax_backward, softmax_forward
from gradcheck_reference.functional.checks import Array, Cache, axes, batch, same_shape
from gradcheck_reference.functional.dense import dense_backward, dense_forward


def attention_forward(
    q: npt.ArrayLike, k: npt.ArrayLike, v: npt.ArrayLike, *, causal: bool = False
) -> tuple[Array, Cache]:
    """``softmax(q k^T / sqrt(D)) v``.

    Parameters
    ----------
    q : (..., T, D)
    k : (..., S, D)
    v : (..., S, E)
    causal
        Position t looks at positions 0 to t only.

    Returns
    -------
    y : (..., T, E), cache

    Raises
    ------
    ValueError
        Shapes that do not fit.

    Examples
    --------
    >>> y, cache = attention_forward([[0.0], [0.0]], [[1.0], [2.0]], [[2.0], [4.0]], causal=True)
    >>> y
    array([[2.],
           [3.]])
    """
    q, k, v = batch(q, "q"), batch(k, "k"), batch(v, "v")
    if k.shape != (*q.shape[:-2], k.shape[-2], q.shape[-1]):
        raise ValueError(f"k has shape {k.shape}, but should be (..., S, D) for q of {q.shape}")
    if v.shape[:-1] != k.shape[:-1]:
        raise ValueError(f"v has shape {v.shape}, but should be (..., S, E) for k of {k.shape}")
    scale = 1 / math.sqrt(q.shape[-1])
    scores = (q @ np.swapaxes(k, -1, -2)) * scale
    if causal:
        seen = np.tri(*scores.shape[-2:]) > 0
        scores = np.where(seen, scores, -np.inf)
    weights, _ = softmax_forward(scores)
    return weights @ v, (q, k, v, weights, scale)


def attention_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array, Array]:
    """``dq, dk, dv``."""
    q, k, v, weights, scale = cache
    g = same_shape(g, "g", (*q.shape[:-1], v.shape[-1]), v.dtype)
    dv = np.swapaxes(weights, -1, -2) @ g
    dscores = softmax_backward(g @ np.swapaxes(v, -1, -2), (weights,)) * scale
    return dscores @ k, np.swapaxes(dscores, -1, -2) @ q, dv


def self_attention_forward(
    x: npt.ArrayLike,
    Wq: npt.ArrayLike,
    Wk: npt.ArrayLike,
    Wv: npt.ArrayLike,
    Wo: npt.ArrayLike,
    bq: npt.ArrayLike,
    bk: npt.ArrayLike,
    bv: npt.ArrayLike,
    bo: npt.ArrayLike,
    *,
    heads: int = 1,
    causal: bool = False,
) -> tuple[Array, Cache]:
    """Multi-head self-attention: queries, keys and values from x, split into heads, joined by Wo.

    Parameters
    ----------
    x : (N, T, D)
    Wq, Wk, Wv, Wo : (D, D)
    bq, bk, bv, bo : (D,) or (1, D)
    heads
        Divides D.

    Returns
    -------
    y : (N, T, D), cache

    Raises
    ------
    ValueError
        Shapes that do not fit, or `heads` does not divide D.

    Examples
    --------
    >>> one, zero = np.eye(2), np.zeros(2)
    >>> x = np.ones((1, 3, 2))
    >>> self_attention_forward(x, one, one, one, one, zero, zero, zero, zero, heads=2)[0].shape
    (1, 3, 2)
    """
    x = axes(x, "x", "(N, T, D)")
    if heads < 1 or x.shape[2] % heads:
        raise ValueError(f"heads = {heads}, but should divide the {x.shape[2]} features of x")
    projected, caches = [], []
    for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)):
        y, cache = dense_forward(x, W, b)
        projected.append(split_heads(y, heads))
        caches.append(cache)
    mixed, inner = attention_forward(*projected, causal=causal)
    y, last = dense_forward(join_heads(mixed), Wo, bo)
    return y, (caches, inner, last, heads)


def self_attention_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, ...]:
    """``dx, dWq, dWk, dWv, dWo, dbq, dbk, dbv, dbo``."""
    caches, inner, last, heads = cache
    dmixed, dWo, dbo = dense_backward(g, last)
    pieces = attention_backward(split_heads(np.asarray(dmixed), heads), inner)
    grads = [
        dense_backward(join_heads(piece), one) for piece, one in zip(pieces, caches, strict=True)
    ]
    dx = sum(np.asarray(one[0]) for one in grads)
    return np.asarray(dx), *(one[1] for one in grads), dWo, *(one[2] for one in grads), dbo


def split_heads(x: Array, heads: int) -> Array:
    """(N, T, D) to (N, heads, T, D / heads).

    Examples
    --------
    >>> split_heads(np.ones((1, 3, 4)), 2).shape
    (1, 2, 3, 2)
    """
    n, t, d = x.shape
    return x.reshape(n, t, heads, d // heads).transpose(0, 2, 1, 3)


def join_heads(x: Array) -> Array:
    """(N, heads, T, E) to (N, T, heads E).

    Examples
    --------
    >>> join_heads(np.ones((1, 2, 3, 2))).shape
    (1, 3, 4)
    """
    n, h, t, e = x.shape
    return x.transpose(0, 2, 1, 3).reshape(n, t, h * e)
