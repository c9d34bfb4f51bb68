"""Convolution (cross-correlation, as everywhere in this field) in one and two dimensions, and its
transpose. Images are NCHW.

Source: fish book chapter 7; Dumoulin and Visin 2016 (stride, padding, dilation, transpose).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, Cache, axes, same_shape
from gradcheck_reference.functional.windows import pair, unwindow, windows

IntPair = int | tuple[int, int]


def _bias(b: npt.ArrayLike, channels: int, dtype: npt.DTypeLike) -> Array:
    a = np.asarray(b)
    if a.shape not in ((channels,), (1, channels)):
        raise ValueError(f"b has shape {a.shape}, but should have shape ({channels},)")
    return a.astype(dtype, copy=False).reshape(1, channels, 1, 1)


def conv2d_forward(
    x: npt.ArrayLike,
    W: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    stride: IntPair = 1,
    padding: IntPair = 0,
    dilation: IntPair = 1,
) -> tuple[Array, Cache]:
    """``y[n, o] = sum_c W[o, c] * x[n, c] + b[o]`` over every window.

    Parameters
    ----------
    x : (N, C, H, W)
    W : (O, C, KH, KW)
    b : (O,) or (1, O)
    stride, padding, dilation
        One number, or (height, width).

    Returns
    -------
    y : (N, O, OH, OW), cache

    Raises
    ------
    ValueError
        Shapes that do not fit, or a kernel larger than the padded image.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> y, cache = conv2d_forward(x, np.ones((1, 1, 2, 2)), [0.0])
    >>> y[0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    >>> [d.shape for d in conv2d_backward(y, cache)]
    [(1, 1, 3, 3), (1, 1, 2, 2), (1,)]
    """
    W = axes(W, "W", "(O, C, KH, KW)")
    x = axes(x, "x", "(N, C, H, W)").astype(W.dtype, copy=False)
    if x.shape[1] != W.shape[1]:
        raise ValueError(f"x has shape {x.shape}, but should have shape (N, {W.shape[1]}, H, W)")
    options = pair(stride, "stride"), pair(padding, "padding", 0), pair(dilation, "dilation")
    view = windows(x, W.shape[2:], *options)
    n, c, kh, kw, oh, ow = view.shape
    cols = view.reshape(n, c * kh * kw, oh * ow)
    y = (W.reshape(len(W), -1) @ cols).reshape(n, len(W), oh, ow)
    y += _bias(b, len(W), W.dtype)
    return y, (cols, W, x.shape, view.shape, options, np.shape(b))


def conv2d_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array, Array]:
    """``dx, dW, db``."""
    cols, W, x_shape, view_shape, (stride, padding, dilation), b_shape = cache
    n, _, _, _, oh, ow = view_shape
    g = same_shape(g, "g", (n, len(W), oh, ow), W.dtype).reshape(n, len(W), oh * ow)
    dW = np.tensordot(g, cols, axes=((0, 2), (0, 2))).reshape(W.shape)
    db = g.sum(axis=(0, 2)).reshape(b_shape)
    dcols = (W.reshape(len(W), -1).T @ g).reshape(view_shape)
    return unwindow(dcols, x_shape, stride, padding, dilation).copy(), dW, db


def conv1d_forward(
    x: npt.ArrayLike,
    W: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
) -> tuple[Array, Cache]:
    """Convolution along the last axis: the two-dimensional one with height 1.

    Parameters
    ----------
    x : (N, C, L)
    W : (O, C, K)
    b : (O,) or (1, O)

    Examples
    --------
    >>> conv1d_forward([[[1.0, 2.0, 3.0]]], [[[1.0, 10.0]]], [0.0])[0]
    array([[[21., 32.]]])
    """
    x, W = axes(x, "x", "(N, C, L)"), axes(W, "W", "(O, C, K)")
    y, cache = conv2d_forward(
        x[:, :, None, :],
        W[:, :, None, :],
        b,
        stride=(1, stride),
        padding=(0, padding),
        dilation=(1, dilation),
    )
    return y[:, :, 0], cache


def conv1d_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array, Array]:
    """``dx, dW, db``."""
    dx, dW, db = conv2d_backward(np.asarray(g)[:, :, None, :], cache)
    return dx[:, :, 0], dW[:, :, 0], db


def conv_transpose2d_forward(
    x: npt.ArrayLike,
    W: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    stride: IntPair = 1,
    padding: IntPair = 0,
    dilation: IntPair = 1,
) -> tuple[Array, Cache]:
    """The adjoint of `conv2d_forward` with respect to its input, plus a bias.

    Parameters
    ----------
    x : (N, C, H, W)
    W : (C, O, KH, KW)
    b : (O,) or (1, O)

    Returns
    -------
    y : (N, O, (H - 1) stride - 2 padding + dilation (KH - 1) + 1, likewise), cache

    Examples
    --------
    >>> conv_transpose2d_forward([[[[1.0, 2.0]]]], np.ones((1, 1, 1, 2)), [0.0])[0]
    array([[[[1., 3., 2.]]]])
    """
    W = axes(W, "W", "(C, O, KH, KW)")
    x = axes(x, "x", "(N, C, H, W)").astype(W.dtype, copy=False)
    if x.shape[1] != len(W):
        raise ValueError(f"x has shape {x.shape}, but should have shape (N, {len(W)}, H, W)")
    options = pair(stride, "stride"), pair(padding, "padding", 0), pair(dilation, "dilation")
    n, c, h, w = x.shape
    _, o, *kernel = W.shape
    size = [
        (s - 1) * st - 2 * p + d * (k - 1) + 1
        for s, k, st, p, d in zip((h, w), kernel, *options, strict=True)
    ]
    if min(size) < 1:
        raise ValueError(f"x has shape {x.shape}, but the output would have the size {size}")
    cols = W.reshape(c, -1).T @ x.reshape(n, c, h * w)
    y = unwindow(cols.reshape(n, o, *kernel, h, w), (n, o, *size), *options)
    return y + _bias(b, o, W.dtype), (x, W, (n, o, *size), options, np.shape(b))


def conv_transpose2d_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array, Array]:
    """``dx, dW, db``: dx is the convolution of g with W."""
    x, W, shape, options, b_shape = cache
    g = same_shape(g, "g", shape, W.dtype)
    n, c, h, w = x.shape
    cols = windows(g, W.shape[2:], *options).reshape(n, -1, h * w)
    dx = (W.reshape(c, -1) @ cols).reshape(x.shape)
    dW = np.tensordot(x.reshape(n, c, h * w), cols, axes=((0, 2), (0, 2))).reshape(W.shape)
    return dx, dW, g.sum(axis=(0, 2, 3)).reshape(b_shape)
