"""Sliding windows over images and their adjoint: the base of convolution and pooling.

Source: fish book chapter 7.4 (im2col, col2im).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck_reference.functional.checks import Array

Pair = tuple[int, int]


def pair(value: int | tuple[int, int], name: str, least: int = 1) -> Pair:
    """A height and a width: one number stands for both.

    Raises
    ------
    ValueError
        Not one or two whole numbers of at least `least`.

    Examples
    --------
    >>> pair(2, "stride"), pair((1, 3), "stride")
    ((2, 2), (1, 3))
    """
    a, b = value if isinstance(value, tuple | list) else (value, value)
    if int(a) != a or int(b) != b or min(a, b) < least:
        raise ValueError(f"{name} = {value}, but should be whole numbers of at least {least}")
    return int(a), int(b)


def extent(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """How many windows fit: ``(size + 2 padding - dilation (kernel - 1) - 1) // stride + 1``.

    Examples
    --------
    >>> extent(7, 3, 2, 0, 1), extent(4, 3, 1, 1, 1)
    (3, 4)
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def pad(x: Array, padding: Pair, value: float = 0.0) -> Array:
    """x (N, C, H, W) with `value` around every image."""
    if padding == (0, 0):
        return x
    ph, pw = padding
    return np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=value)


def windows(
    x: Array, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair = (1, 1), value: float = 0.0
) -> Array:
    """A read-only view of every window: (N, C, KH, KW, OH, OW).

    Raises
    ------
    ValueError
        The kernel is larger than the padded image.

    Examples
    --------
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> windows(x, (2, 2), (1, 1), (0, 0))[0, 0, :, :, 0, 0]
    array([[0., 1.],
           [3., 4.]])
    """
    span = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    padded = pad(x, padding, value)
    if span[0] > padded.shape[2] or span[1] > padded.shape[3]:
        raise ValueError(
            f"x has shape {x.shape}, but should have images of at least "
            f"{span[0] - 2 * padding[0]} x {span[1] - 2 * padding[1]} for this kernel"
        )
    view = sliding_window_view(padded, span, axis=(2, 3))
    view = view[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    return view.transpose(0, 1, 4, 5, 2, 3)


def unwindow(
    cols: Array, shape: tuple[int, ...], stride: Pair, padding: Pair, dilation: Pair = (1, 1)
) -> Array:
    """The adjoint of `windows`: every value is added back to the pixel it was read from.

    Parameters
    ----------
    cols : (N, C, KH, KW, OH, OW)
    shape
        That of the images, (N, C, H, W).

    Examples
    --------
    >>> unwindow(np.ones((1, 1, 2, 2, 2, 2)), (1, 1, 3, 3), (1, 1), (0, 0))[0, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    n, c, h, w = shape
    (ph, pw), (sh, sw), (dh, dw) = padding, stride, dilation
    _, _, kh, kw, oh, ow = cols.shape
    x = np.zeros((n, c, h + 2 * ph, w + 2 * pw), cols.dtype)
    for i in range(kh):
        for j in range(kw):
            top, left = i * dh, j * dw
            x[:, :, top : top + sh * oh : sh, left : left + sw * ow : sw] += cols[:, :, i, j]
    return x[:, :, ph : ph + h, pw : pw + w]


def im2col(x: npt.ArrayLike, filter_h: int, filter_w: int, stride: int = 1, pad: int = 0) -> Array:
    """One row a window, in the fish book's order: (N OH OW, C KH KW).

    Examples
    --------
    >>> im2col(np.arange(9.0).reshape(1, 1, 3, 3), 2, 2)[0]
    array([0., 1., 3., 4.])
    """
    view = windows(np.asarray(x), (filter_h, filter_w), (stride, stride), (pad, pad))
    n, c, kh, kw, oh, ow = view.shape
    return view.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, c * kh * kw).copy()


def col2im(
    col: npt.ArrayLike,
    input_shape: tuple[int, int, int, int],
    filter_h: int,
    filter_w: int,
    stride: int = 1,
    pad: int = 0,
) -> Array:
    """The adjoint of `im2col`: overlapping windows add up.

    Examples
    --------
    >>> col2im(np.ones((4, 4)), (1, 1, 3, 3), 2, 2)[0, 0, 1]
    array([2., 4., 2.])
    """
    n, c, h, w = input_shape
    oh, ow = extent(h, filter_h, stride, pad, 1), extent(w, filter_w, stride, pad, 1)
    cols = np.asarray(col).reshape(n, oh, ow, c, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    return unwindow(cols, input_shape, (stride, stride), (pad, pad)).copy()
