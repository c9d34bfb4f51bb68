"""The three small data sets of *Neural Networks from Scratch*: spiral, vertical and sine.

The formulas are those of the package ``nnfs`` 0.5.1 (its spiral and vertical data come from
Stanford CS231n, "Neural networks case study", Andrej Karpathy, 2015), and the values are equal
bit for bit to what ``np.random.seed(seed)`` followed by its functions gives in a process where
``nnfs.init()`` was not called.  Here the generator is a private one: neither the global random
state nor any NumPy function is touched, and it works with ``nnfs`` absent.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _check_sizes(samples: int, classes: int) -> None:
    if samples < 1:
        raise ValueError(f"samples = {samples}, but should be at least 1")
    if not 1 <= classes <= 256:
        raise ValueError(f"classes = {classes}, but should be 1 to 256 (labels are uint8)")


def spiral(samples: int, classes: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Points on `classes` intertwined spiral arms around the origin.

    Parameters
    ----------
    samples
        Points per class.
    classes
        Number of arms, at most 256.
    seed
        Seed of the noise; the same values as ``np.random.seed(seed)`` before the nnfs function.

    Returns
    -------
    X : float64 array, shape (samples * classes, 2)
    y : uint8 array, shape (samples * classes,)
        Class of each point; all points of one class stand together, so shuffle before batching.

    Raises
    ------
    ValueError
        `samples` or `classes` out of range.

    Examples
    --------
    >>> X, y = spiral(100, 3)
    >>> X.shape, y.shape, y.dtype.name
    ((300, 2), (300,), 'uint8')
    """
    _check_sizes(samples, classes)
    rng = np.random.RandomState(seed)
    radius = np.linspace(0.0, 1.0, samples)
    X = np.empty((classes, samples, 2))
    for arm in range(classes):
        angle = np.linspace(arm * 4, (arm + 1) * 4, samples) + rng.standard_normal(samples) * 0.2
        X[arm, :, 0] = radius * np.sin(angle * 2.5)
        X[arm, :, 1] = radius * np.cos(angle * 2.5)
    return X.reshape(-1, 2), np.repeat(np.arange(classes, dtype=np.uint8), samples)


def vertical(samples: int, classes: int, *, seed: int = 0) -> tuple[Array, Array]:
    """Gaussian clouds side by side, class k around (k / 3, 0.5) with standard deviation 0.1.

    Parameters, results and errors as in `spiral`.

    Examples
    --------
    >>> X, y = vertical(50, 3)
    >>> X.shape, int(y.max())
    ((150, 2), 2)
    """
    _check_sizes(samples, classes)
    rng = np.random.RandomState(seed)
    X = np.empty((classes, samples, 2))
    for k in range(classes):
        X[k, :, 0] = rng.standard_normal(samples) * 0.1 + k / 3
        X[k, :, 1] = rng.standard_normal(samples) * 0.1 + 0.5
    return X.reshape(-1, 2), np.repeat(np.arange(classes, dtype=np.uint8), samples)


def sine(samples: int = 1000) -> tuple[Array, Array]:
    """One period of the sine, for regression: x in [0, 1), y = sin(2 pi x).

    Returns
    -------
    X, y : float64 arrays, shape (samples, 1)

    Raises
    ------
    ValueError
        `samples` below 1.

    Examples
    --------
    >>> X, y = sine(4)
    >>> X.ravel().tolist(), y.ravel().round(6).tolist()
    ([0.0, 0.25, 0.5, 0.75], [0.0, 1.0, 0.0, -1.0])
    """
    _check_sizes(samples, 1)
    X = np.arange(samples).reshape(-1, 1) / samples
    return X, np.sin(2 * np.pi * X)
