"""Labels in every form the books use, as class indices or as values like the predictions.

Labels may be of any integer, bool or float dtype. They are read, never edited, and never used in
arithmetic in their own dtype: ``-labels`` of uint8 labels would wrap round to 255.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array

INDEX, UNSIGNED = np.dtype(np.intp), np.dtype(np.uintp)


def class_index(
    labels: npt.ArrayLike, samples: int, classes: int, name: str = "y_true"
) -> npt.NDArray[np.intp]:
    """The class of every sample, from class indices ``(N,)`` or ``(N, 1)``, or one-hot ``(N, C)``.

    Returns
    -------
    ndarray of intp, shape (N,)

    Raises
    ------
    ValueError
        Another shape, an index outside ``[0, C)``, an index that is not whole, or a one-hot row
        that is not one 1 among zeros.

    Examples
    --------
    >>> class_index([2, 0], 2, 3)
    array([2, 0])
    >>> class_index([[0, 0, 1], [1, 0, 0]], 2, 3)
    array([2, 0])
    >>> class_index([0, 3], 2, 3)
    Traceback (most recent call last):
        ...
    ValueError: y_true[1] = 3, but should be a class index from 0 to 2
    """
    y = np.asarray(labels)
    if y.shape == (samples,):
        return _checked_index(y, classes, name)
    if y.shape == (samples, 1) and classes > 1:
        return _checked_index(y[:, 0], classes, name)
    if y.shape == (samples, classes):
        return _from_onehot(y, name)
    raise ValueError(
        f"{name} has shape {y.shape}, but should have shape ({samples},) with class indices "
        f"or ({samples}, {classes}) one-hot"
    )


def _checked_index(y: Array, classes: int, name: str) -> npt.NDArray[np.intp]:
    index = y if y.dtype == INDEX else _whole(y, name)
    # Read as unsigned, a negative index is larger than any class.
    if np.maximum.reduce(index.view(UNSIGNED)) >= classes:
        at = int(np.flatnonzero((index < 0) | (index >= classes))[0])
        raise ValueError(
            f"{name}[{at}] = {index[at]}, but should be a class index from 0 to {classes - 1}"
        )
    return index


def _whole(y: Array, name: str) -> npt.NDArray[np.intp]:
    if y.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {y.dtype}, but should hold class indices")
    if y.dtype.kind == "f" and not np.array_equal(y, np.trunc(y)):
        raise ValueError(f"{name} holds fractions, but should hold whole class indices")
    return y.astype(np.intp)


def _from_onehot(y: Array, name: str) -> npt.NDArray[np.intp]:
    index: npt.NDArray[np.intp] = y.argmax(axis=1)
    rows = np.arange(len(y))
    good = (np.count_nonzero(y, axis=1) == 1) & (y[rows, index] == 1)
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        total = float(y[at].astype(np.float64).sum())
        raise ValueError(
            f"{name}[{at}] is not one-hot (its sum is {total:g}), but should be one 1 among zeros"
        )
    return index


def like_predictions(labels: npt.ArrayLike, predictions: Array, name: str = "y_true") -> Array:
    """Targets with the predictions' shape and dtype; ``(N,)`` fits predictions ``(N, 1)``.

    Raises
    ------
    ValueError
        Another shape. (NumPy would broadcast ``(N,)`` against ``(N, 1)`` to ``(N, N)`` silently.)

    Examples
    --------
    >>> like_predictions([1, 0], np.array([[0.5], [0.2]])).shape
    (2, 1)
    """
    y = np.asarray(labels)
    shape = predictions.shape
    if y.shape != shape:
        if y.size != predictions.size or (*y.shape, 1) != shape:
            raise ValueError(f"{name} has shape {y.shape}, but should have shape {shape}")
        y = y.reshape(shape)
    if y.dtype == predictions.dtype:
        return y
    if y.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {y.dtype}, but should hold real numbers")
    return y.astype(predictions.dtype)


def binary(labels: npt.ArrayLike, predictions: Array, name: str = "y_true") -> Array:
    """Targets from 0 to 1 with the predictions' shape and dtype.

    Raises
    ------
    ValueError
        Another shape, or a value outside [0, 1].

    Examples
    --------
    >>> binary([2], np.array([[0.5]]))
    Traceback (most recent call last):
        ...
    ValueError: y_true holds values from 2 to 2, but should lie between 0 and 1
    """
    y = like_predictions(labels, predictions, name)
    low, high = y.min(), y.max()
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"{name} holds values from {low:g} to {high:g}, but should lie between 0 and 1"
        )
    return y
