"""The few functions of SciPy that hand-written layers call, for where SciPy is not installed.

A convolution over one channel, a sigmoid and a softmax: their definitions are those of SciPy's
documentation (``scipy.signal``, ``scipy.special``), for real arrays and zeros beyond the border.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.types import Array


def correlate2d(in1: Any, in2: Any, mode: str = "full") -> Array:
    """``out[i, j] = sum_kl in1[i + k, j + l] in2[k, l]``, `mode` full, same or valid.

    Parameters
    ----------
    in1 : (H, W)
    in2 : (h, w)

    Returns
    -------
    (H + h - 1, W + w - 1) for full, (H, W) for same, (H - h + 1, W - w + 1) for valid

    Raises
    ------
    ValueError
        Not two matrices, a kernel larger than the image in mode valid, or another mode.
    """
    image, kernel = np.asarray(in1), np.asarray(in2)
    if image.ndim != 2 or kernel.ndim != 2:
        raise ValueError(
            f"in1 and in2 have shapes {image.shape} and {kernel.shape}, but should be 2-D"
        )
    if mode not in {"full", "same", "valid"}:
        raise ValueError(f"mode = {mode!r}, but should be full, same or valid")
    h, w = kernel.shape
    if mode != "valid":
        image = np.pad(image, ((h - 1, h - 1), (w - 1, w - 1)))
    elif h > image.shape[0] or w > image.shape[1]:
        raise ValueError(f"the kernel {kernel.shape} is larger than the image {image.shape}")
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    out = np.einsum("ijkl,kl->ij", windows, kernel)
    if mode == "same":
        top, left = h // 2, w // 2
        out = out[top : out.shape[0] - (h - 1 - top), left : out.shape[1] - (w - 1 - left)]
    return np.asarray(out)


def convolve2d(in1: Any, in2: Any, mode: str = "full") -> Array:
    """`correlate2d` with the kernel turned by half a turn; the middle lies half a step earlier."""
    image, turned = np.asarray(in1), np.asarray(in2)[::-1, ::-1]
    if mode != "same":
        return correlate2d(image, turned, mode)
    top, left = ((n - 1) // 2 for n in turned.shape)
    return correlate2d(image, turned)[top : top + image.shape[0], left : left + image.shape[1]]


def expit(x: Any) -> Array:
    """The logistic sigmoid, without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -np.asarray(x, dtype=float))))


def softmax(x: Any, axis: int | None = None) -> Array:
    """Exponentials over their sum along `axis`, over everything when None."""
    x = np.asarray(x, dtype=float)
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


#: What stands for a name of the missing package.
KNOWN = {
    "scipy.signal.correlate2d": correlate2d,
    "scipy.signal.convolve2d": convolve2d,
    "scipy.special.expit": expit,
    "scipy.special.softmax": softmax,
}
