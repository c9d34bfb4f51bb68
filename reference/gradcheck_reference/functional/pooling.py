"""Pooling and upsampling of images (N, C, H, W).

Source: fish book chapter 7.3 and 7.4.4; global average pooling, Lin, Chen and Yan 2013.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, Cache, axes, positive, same_shape
from gradcheck_reference.functional.windows import pair, unwindow, windows

IntPair = int | tuple[int, int]


def _options(
    kernel: IntPair, stride: IntPair | None, padding: IntPair
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    size = pair(kernel, "kernel")
    edge = pair(padding, "padding", 0)
    if edge[0] >= size[0] or edge[1] >= size[1]:
        raise ValueError(f"padding = {padding}, but should be below the kernel {size}")
    return size, size if stride is None else pair(stride, "stride"), edge


def max_pool2d_forward(
    x: npt.ArrayLike, *, kernel: IntPair, stride: IntPair | None = None, padding: IntPair = 0
) -> tuple[Array, Cache]:
    """The largest value of every window. Padding never wins: it counts as minus infinity.

    Parameters
    ----------
    x : (N, C, H, W)
    stride
        The kernel's size when None.

    Returns
    -------
    y : (N, C, OH, OW), cache

    Raises
    ------
    ValueError
        Not four axes, a window larger than the image, or a padding as large as the kernel.

    Examples
    --------
    >>> y, cache = max_pool2d_forward([[[[1.0, 2.0], [4.0, 3.0]]]], kernel=2)
    >>> y, max_pool2d_backward([[[[5.0]]]], cache)
    (array([[[[4.]]]]), array([[[[0., 0.],
             [5., 0.]]]]))
    """
    x = axes(x, "x", "(N, C, H, W)")
    options = _options(kernel, stride, padding)
    view = windows(x, *options, value=-np.inf)
    n, c, kh, kw, oh, ow = view.shape
    flat = view.reshape(n, c, kh * kw, oh, ow)
    at = flat.argmax(axis=2)[:, :, None]
    y = np.take_along_axis(flat, at, axis=2)[:, :, 0]
    return y, (at, x.shape, view.shape, options, x.dtype)


def max_pool2d_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """g goes to the first largest value of each window; overlapping windows add up."""
    at, shape, view_shape, (_, stride, padding), dtype = cache
    n, c, kh, kw, oh, ow = view_shape
    g = same_shape(g, "g", (n, c, oh, ow), dtype)
    cols = np.zeros((n, c, kh * kw, oh, ow), dtype)
    np.put_along_axis(cols, at, g[:, :, None], axis=2)
    return unwindow(cols.reshape(view_shape), shape, stride, padding).copy()


def avg_pool2d_forward(
    x: npt.ArrayLike, *, kernel: IntPair, stride: IntPair | None = None, padding: IntPair = 0
) -> tuple[Array, Cache]:
    """The mean of every window; padding counts as zeros.

    Parameters
    ----------
    x : (N, C, H, W)
    stride
        The kernel's size when None.

    Raises
    ------
    ValueError
        Not four axes, a window larger than the image, or a padding as large as the kernel.

    Examples
    --------
    >>> avg_pool2d_forward([[[[1.0, 2.0], [4.0, 3.0]]]], kernel=2)[0]
    array([[[[2.5]]]])
    """
    x = axes(x, "x", "(N, C, H, W)")
    options = _options(kernel, stride, padding)
    view = windows(x, *options)
    return view.mean(axis=(2, 3)), (x.shape, view.shape, options, x.dtype)


def avg_pool2d_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g / (KH KW)`` to every value of each window; overlapping windows add up."""
    shape, view_shape, (_, stride, padding), dtype = cache
    n, c, kh, kw, oh, ow = view_shape
    share = same_shape(g, "g", (n, c, oh, ow), dtype) / (kh * kw)
    cols = np.broadcast_to(share[:, :, None, None], view_shape)
    return unwindow(cols, shape, stride, padding).copy()


def global_avg_pool_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """The mean of every channel: (N, C, H, W) to (N, C).

    Examples
    --------
    >>> y, cache = global_avg_pool_forward([[[[1.0, 3.0]]]])
    >>> y, global_avg_pool_backward([[4.0]], cache)
    (array([[2.]]), array([[[[2., 2.]]]]))
    """
    x = axes(x, "x", "(N, C, H, W)")
    return x.mean(axis=(2, 3)), (x.shape, x.dtype)


def global_avg_pool_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g / (H W)`` everywhere."""
    shape, dtype = cache
    share = same_shape(g, "g", shape[:2], dtype) / (shape[2] * shape[3])
    return np.broadcast_to(share[:, :, None, None], shape).copy()


def global_max_pool_forward(x: npt.ArrayLike) -> tuple[Array, Cache]:
    """The largest value of every channel: (N, C, H, W) to (N, C).

    Examples
    --------
    >>> y, cache = global_max_pool_forward([[[[1.0, 3.0]]]])
    >>> y, global_max_pool_backward([[4.0]], cache)
    (array([[3.]]), array([[[[0., 4.]]]]))
    """
    x = axes(x, "x", "(N, C, H, W)")
    flat = x.reshape(*x.shape[:2], -1)
    at = flat.argmax(axis=2)[:, :, None]
    return np.take_along_axis(flat, at, axis=2)[:, :, 0], (at, x.shape, x.dtype)


def global_max_pool_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """g goes to the first largest value of each channel."""
    at, shape, dtype = cache
    g = same_shape(g, "g", shape[:2], dtype)
    dx = np.zeros((shape[0], shape[1], shape[2] * shape[3]), dtype)
    np.put_along_axis(dx, at, g[:, :, None], axis=2)
    return dx.reshape(shape)


def upsample_forward(x: npt.ArrayLike, *, factor: int) -> tuple[Array, Cache]:
    """Every pixel repeated `factor` times in height and width (nearest neighbour).

    Examples
    --------
    >>> y, cache = upsample_forward([[[[1.0, 2.0]]]], factor=2)
    >>> y[0, 0], upsample_backward(y, cache)
    (array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]]), array([[[[4., 8.]]]]))
    """
    x = axes(x, "x", "(N, C, H, W)")
    positive(factor, "factor")
    y = x.repeat(factor, axis=2).repeat(factor, axis=3)
    return y, (x.shape, factor, x.dtype)


def upsample_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """The sum of g over the copies of each pixel."""
    (n, c, h, w), factor, dtype = cache
    g = same_shape(g, "g", (n, c, h * factor, w * factor), dtype)
    return np.asarray(g.reshape(n, c, h, factor, w, factor).sum(axis=(3, 5)))
