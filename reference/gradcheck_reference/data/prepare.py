"""From bytes to what a network takes: scaling, flattening, shuffling, splitting off a part.

Memory: the uint8 data and one float copy, never more.  Shuffling happens while scaling, so that
no permuted copy of either is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.data.idx import DataError

#: name -> (subtract, divide): ``symmetric`` gives [-1, 1] (the NNFS book, chapter 19), ``unit``
#: gives [0, 1] (the fish book, chapter 3), ``none`` only changes the dtype.
SCALINGS = {"symmetric": (127.5, 127.5), "unit": (0.0, 255.0), "none": (0.0, 1.0)}
CHUNK = 1024


def scale_images(
    images: npt.NDArray[np.uint8],
    *,
    scaling: str = "symmetric",
    flatten: bool = True,
    order: npt.NDArray[np.intp] | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> npt.NDArray[Any]:
    """Bytes as floats, scaled; the images of `order` only, in that order.

    Parameters
    ----------
    images
        uint8 array, shape (n, h, w).
    scaling
        ``symmetric``: (x - 127.5) / 127.5; ``unit``: x / 255; ``none``.
    flatten
        Return rows of h * w numbers, else (n, 1, h, w) as convolutions take them.
    order
        Indices of the images wanted; all, unchanged, when None.

    Returns
    -------
    float array, shape (m, h * w) or (m, 1, h, w), C order

    Raises
    ------
    DataError
        `images` is not uint8 with three dimensions, or `scaling` is unknown.

    Examples
    --------
    >>> scale_images(np.array([[[0, 255]]], dtype=np.uint8)).tolist()
    [[-1.0, 1.0]]
    """
    if images.ndim != 3 or images.dtype != np.uint8:
        raise DataError(
            f"images = {images.dtype} of shape {images.shape}, but should be uint8 (n, h, w)"
        )
    if scaling not in SCALINGS:
        raise DataError(f"scaling = {scaling!r}, but should be one of {', '.join(SCALINGS)}")
    subtract, divide = SCALINGS[scaling]
    count, (height, width) = len(images) if order is None else len(order), images.shape[1:]
    out = np.empty((count, height, width), dtype=dtype)
    for start in range(0, count, CHUNK):
        part = out[start : start + CHUNK]
        stop = start + len(part)
        part[...] = images[start:stop] if order is None else images[order[start:stop]]
        part -= subtract
        part /= divide
    return out.reshape(count, height * width) if flatten else out[:, None]


def permutation(count: int, seed: int) -> npt.NDArray[np.intp]:
    """A random order of `count` samples; the same for the same seed on every platform.

    Examples
    --------
    >>> sorted(permutation(4, seed=1).tolist())
    [0, 1, 2, 3]
    """
    return np.random.default_rng(seed).permutation(count).astype(np.intp)


def shuffle_together(
    X: npt.NDArray[Any], y: npt.NDArray[Any], *, seed: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Copies of both arrays in one and the same random order.

    Raises
    ------
    DataError
        `X` and `y` have different lengths.
    """
    if len(X) != len(y):
        raise DataError(f"len(X) = {len(X)}, but len(y) = {len(y)}: they should be equal")
    order = permutation(len(X), seed)
    return X[order], y[order]
