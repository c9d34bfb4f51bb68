"""The data sets of the two books: spiral, vertical, sine, MNIST, Fashion-MNIST, pictures.

Examples
--------
>>> X, y = spiral(100, 3)
>>> X.shape
(300, 2)

MNIST and Fashion-MNIST, ready to train on (``GRADCHECK_DATA`` may name a local folder):

    data = load_dataset("fashion-mnist", seed=0)
    data.X_train.shape, data.X_test.shape      # (60000, 784), (10000, 784), float32
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.data.idx import DataError, read_idx, write_idx
from gradcheck_reference.data.images import load_own_image, load_png_folder, named_predictions
from gradcheck_reference.data.prepare import (
    SCALINGS,
    permutation,
    scale_images,
    shuffle_together,
)
from gradcheck_reference.data.sources import ENVIRONMENT, SOURCES, load_raw
from gradcheck_reference.data.toys import sine, spiral, vertical

__all__ = [
    "ENVIRONMENT",
    "SCALINGS",
    "SOURCES",
    "DataError",
    "Dataset",
    "load_dataset",
    "load_own_image",
    "load_png_folder",
    "load_raw",
    "named_predictions",
    "permutation",
    "read_idx",
    "scale_images",
    "shuffle_together",
    "sine",
    "spiral",
    "vertical",
    "write_idx",
]


@dataclass(frozen=True)
class Dataset:
    """Training and test data, scaled; `classes` are the names of the labels 0, 1, ..."""

    name: str
    X_train: npt.NDArray[Any]
    y_train: npt.NDArray[Any]
    X_test: npt.NDArray[Any]
    y_test: npt.NDArray[Any]
    classes: tuple[str, ...]
    scaling: str


def load_dataset(
    name: str,
    *,
    folder: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    scaling: str = "symmetric",
    flatten: bool = True,
    seed: int | None = 0,
    limit: int | None = None,
    dtype: npt.DTypeLike = np.float32,
    verify: bool = True,
) -> Dataset:
    """MNIST or Fashion-MNIST, scaled, flattened and with the training part shuffled.

    Parameters
    ----------
    name, folder, cache, verify
        As in `load_raw`.
    scaling, flatten, dtype
        As in `scale_images`.
    seed
        Of the shuffling of the training part; None leaves the published order.
    limit
        Keep only this many training samples (after shuffling) and as many test samples (the
        first ones), for quick runs.

    Raises
    ------
    DataError, ModuleNotFoundError
        As in `load_raw`.
    """

    def part(split: str, shuffle: int | None) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        images, labels = load_raw(name, split, folder=folder, cache=cache, verify=verify)
        order = np.arange(len(labels)) if shuffle is None else permutation(len(labels), shuffle)
        order = order[:limit]
        X = scale_images(images, scaling=scaling, flatten=flatten, order=order, dtype=dtype)
        return X, labels[order]

    X_train, y_train = part("train", seed)
    X_test, y_test = part("test", None)
    return Dataset(name, X_train, y_train, X_test, y_test, SOURCES[name].classes, scaling)
