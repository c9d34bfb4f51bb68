"""The book's accuracies. Source: NNFS chapters 5, 16, 17 and 18."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array
from gradcheck_reference.functional.labels import class_index, like_predictions

INDEX = np.dtype(np.intp)
UNLIMITED = int(np.iinfo(np.intp).max)


class Accuracy:
    """The share of right predictions, of one batch and over the batches of a pass.

    Raises
    ------
    ValueError
        Predictions and labels whose shapes do not fit, or an empty batch.
    """

    accumulated_sum: float = 0.0
    accumulated_count: int = 0

    def init(self, y: Array, reinit: bool = False) -> None:
        """Prepare for the labels `y`; most accuracies need nothing."""

    def compare(self, predictions: Array, y: Array) -> Array:
        """True where a prediction is right."""
        raise NotImplementedError(type(self).__name__)

    def calculate(self, predictions: Array, y: Array) -> Any:
        """The share of right predictions in this batch; adds them to the pass."""
        if np.size(predictions) == 0:
            raise ValueError("predictions are empty, but should hold at least one sample")
        right = self.compare(predictions, y)
        hits = int(np.count_nonzero(right))
        self.accumulated_sum += hits
        self.accumulated_count += right.size
        return hits / right.size

    def calculate_accumulated(self) -> float:
        """The share over everything since `new_pass`.

        Raises
        ------
        ValueError
            Nothing was accumulated.
        """
        if not self.accumulated_count:
            raise ValueError("nothing accumulated: call calculate before calculate_accumulated")
        return self.accumulated_sum / self.accumulated_count

    def new_pass(self) -> None:
        """Forget the accumulated comparisons."""
        self.accumulated_sum, self.accumulated_count = 0.0, 0


class Accuracy_Categorical(Accuracy):
    """The predicted class is the labelled one (NNFS chapters 5 and 18).

    Predictions are class indices (N,) or scores (N, C), whose largest counts; labels are class
    indices (N,) or one-hot (N, C).

    Examples
    --------
    >>> accuracy = Accuracy_Categorical()
    >>> float(accuracy.calculate(np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])))
    0.75
    >>> float(accuracy.calculate(np.array([[0.2, 0.8]]), np.array([[0, 1]])))
    1.0
    """

    def __init__(self, *, binary: bool = False) -> None:
        self.binary = binary

    def compare(self, predictions: Array, y: Array) -> Array:
        predictions, y = np.asarray(predictions), np.asarray(y)
        if self.binary:
            return np.asarray(predictions == like_predictions(y, predictions, "y"))
        if predictions.shape == y.shape and predictions.dtype == y.dtype == INDEX:
            right: Array = predictions == y  # two arrays of class indices
            return right
        predicted, classes = _classes(predictions), _width(predictions, y)
        return np.asarray(predicted == class_index(y, len(predicted), classes, "y"))


def _classes(predictions: Array) -> npt.NDArray[np.intp]:
    """Class indices from class indices or scores."""
    if predictions.ndim == 2 and predictions.shape[1] > 1:
        return np.asarray(predictions.argmax(axis=1))
    if predictions.ndim == 1 and predictions.dtype == np.intp:
        return predictions
    return class_index(predictions, len(predictions), UNLIMITED, "predictions")


def _width(predictions: Array, y: Array) -> int:
    """How many classes the scores or the one-hot labels have; unlimited for two index arrays."""
    for array in (predictions, y):
        if array.ndim == 2 and array.shape[1] > 1:
            return int(array.shape[1])
    return UNLIMITED


class Accuracy_Binary(Accuracy):
    """Each binary output, 0 or 1, is the labelled one (NNFS chapter 16).

    Predictions have shape (N, J); labels the same, or (N,) for J = 1. Outputs that are not yet
    0 or 1 count as 1 above 0.5.

    Examples
    --------
    >>> float(Accuracy_Binary().calculate(np.array([[1], [0], [1], [1]]), np.array([1, 0, 0, 1])))
    0.75
    """

    def compare(self, predictions: Array, y: Array) -> Array:
        predictions = np.asarray(predictions)
        return np.asarray((predictions > 0.5) == (like_predictions(y, predictions, "y") > 0.5))


class Accuracy_Regression(Accuracy):
    """A prediction is right within the standard deviation of the labels over 250
    (NNFS chapter 17). Call `init` with all labels first.

    Attributes
    ----------
    precision
        The allowed distance, set by `init`.

    Examples
    --------
    >>> accuracy = Accuracy_Regression()
    >>> y = np.array([[0.0], [250.0]])
    >>> accuracy.init(y)
    >>> accuracy.precision, float(accuracy.calculate(np.array([[0.4], [251.0]]), y))
    (0.5, 0.5)
    """

    def __init__(self) -> None:
        self.precision: float | None = None

    def init(self, y: Array, reinit: bool = False) -> None:
        """Set the precision from all labels; only once unless `reinit`."""
        if self.precision is None or reinit:
            self.precision = float(np.std(np.asarray(y, dtype=np.float64))) / 250

    def compare(self, predictions: Array, y: Array) -> Array:
        if self.precision is None:
            raise ValueError("the precision is not set: call init(y) with all labels first")
        predictions = np.asarray(predictions)
        return np.asarray(
            np.abs(predictions - like_predictions(y, predictions, "y")) < self.precision
        )
