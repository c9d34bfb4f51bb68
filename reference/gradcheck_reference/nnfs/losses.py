"""The book's losses. Source: NNFS chapters 5, 9, 14, 16, 17 and 18.

``forward(y_pred, y_true)`` gives one loss a sample, ``calculate`` their mean, and
``backward(dvalues, y_true)``, where dvalues are the *predictions* as in the book, sets ``dinputs``
to the gradient of that mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck_reference.functional import losses as f
from gradcheck_reference.functional.checks import Array, batch
from gradcheck_reference.functional.dense import penalty

REGULARIZED = (("weights", "weight"), ("biases", "bias"))


class Loss:
    """What every loss shares: the mean, the sum over the batches of a pass, the penalties."""

    dinputs: Array
    trainable_layers: Sequence[Any] = ()
    accumulated_sum: float = 0.0
    accumulated_count: int = 0

    def forward(self, y_pred: Array, y_true: Array) -> Array:
        """One loss a sample: shape (N,)."""
        raise NotImplementedError(type(self).__name__)

    def backward(self, dvalues: Array, y_true: Array) -> None:
        """Set ``dinputs`` to the gradient of the mean loss at the predictions `dvalues`."""
        raise NotImplementedError(type(self).__name__)

    def remember_trainable_layers(self, trainable_layers: Sequence[Any]) -> None:
        """The layers whose penalties `regularization_loss` adds up (NNFS chapter 18)."""
        self.trainable_layers = trainable_layers

    def regularization_loss(self, layer: Any = None) -> float:
        """The penalties of one layer, or of the remembered layers (NNFS chapters 14 and 18)."""
        total = 0.0
        for one in self.trainable_layers if layer is None else (layer,):
            for name, prefix in REGULARIZED:
                l1 = getattr(one, f"{prefix}_regularizer_l1", 0.0)
                l2 = getattr(one, f"{prefix}_regularizer_l2", 0.0)
                if l1 or l2:
                    total += penalty(getattr(one, name), l1, l2)
        return total

    def calculate(self, output: Array, y: Array, *, include_regularization: bool = False) -> Any:
        """The mean loss; with `include_regularization` the pair (mean loss, penalties)."""
        data_loss = self.accumulate(self.forward(output, y))
        if not include_regularization:
            return data_loss
        return data_loss, self.regularization_loss()

    def accumulate(self, sample_losses: Array) -> Any:
        """Add a batch's losses to the pass and return their mean."""
        total = np.add.reduce(sample_losses, axis=None)
        self.accumulated_sum += float(total)
        self.accumulated_count += len(sample_losses)
        return total / len(sample_losses)

    def calculate_accumulated(self, *, include_regularization: bool = False) -> Any:
        """The mean over all samples since `new_pass`, as `calculate` returns it.

        Raises
        ------
        ValueError
            Nothing was accumulated.
        """
        if not self.accumulated_count:
            raise ValueError("no loss was accumulated: call calculate before calculate_accumulated")
        data_loss = self.accumulated_sum / self.accumulated_count
        if not include_regularization:
            return data_loss
        return data_loss, self.regularization_loss()

    def new_pass(self) -> None:
        """Forget the accumulated losses."""
        self.accumulated_sum, self.accumulated_count = 0.0, 0


def mean_cotangent(samples: int, dtype: Any) -> Array:
    """1/N for each of N samples: the gradient of a mean.

    Examples
    --------
    >>> mean_cotangent(2, "float64")
    array([0.5, 0.5])
    """
    return np.full(samples, 1 / samples, dtype)


class Loss_CategoricalCrossentropy(Loss):
    """``-log p[label]``, p clipped to [1e-7, 1 - 1e-7] (NNFS chapters 5 and 9).

    `y_true` holds class indices (N,) or one-hot rows (N, C). The gradient is that of the clipped
    loss: 0 where the clip is active.

    Examples
    --------
    >>> loss = Loss_CategoricalCrossentropy()
    >>> p = np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> round(float(loss.calculate(p, np.array([0, 1]))), 4)
    0.4904
    >>> loss.backward(p, np.array([0, 1]))
    >>> loss.dinputs.round(3)
    array([[-1.   ,  0.   ],
           [ 0.   , -0.667]])
    """

    def forward(self, y_pred: Array, y_true: Array) -> Array:
        return f.categorical_crossentropy_forward(y_pred, y_true)[0]

    def backward(self, dvalues: Array, y_true: Array) -> None:
        cache = f.categorical_crossentropy_cache(dvalues, y_true)
        g = mean_cotangent(len(dvalues), cache[2].dtype)
        self.dinputs = f.categorical_crossentropy_backward(g, cache)


class Loss_BinaryCrossentropy(Loss):
    """``-y log p - (1 - y) log(1 - p)``, the mean over the outputs, p clipped (NNFS chapter 16).

    `y_true` has the predictions' shape, or (N,) for predictions (N, 1). The gradient is that of
    the clipped loss: 0 where the clip is active.

    Examples
    --------
    >>> loss = Loss_BinaryCrossentropy()
    >>> loss.backward(np.array([[0.5], [0.5]]), np.array([1, 0], dtype=np.uint8))
    >>> loss.dinputs
    array([[-1.],
           [ 1.]])
    """

    def forward(self, y_pred: Array, y_true: Array) -> Array:
        return f.binary_crossentropy_forward(y_pred, y_true)[0]

    def backward(self, dvalues: Array, y_true: Array) -> None:
        cache = f.binary_crossentropy_cache(dvalues, y_true)
        g = mean_cotangent(len(dvalues), cache[0].dtype)
        self.dinputs = f.binary_crossentropy_backward(g, cache)


class Loss_MeanSquaredError(Loss):
    """``(p - y)^2``, the mean over the outputs (NNFS chapter 17).

    Examples
    --------
    >>> loss = Loss_MeanSquaredError()
    >>> loss.backward(np.array([[1.0, 3.0]]), np.array([[0.0, 0.0]]))
    >>> loss.dinputs
    array([[1., 3.]])
    """

    def forward(self, y_pred: Array, y_true: Array) -> Array:
        return f.mean_squared_error_forward(y_pred, y_true)[0]

    def backward(self, dvalues: Array, y_true: Array) -> None:
        dvalues = batch(dvalues, "dvalues")
        _, cache = f.mean_squared_error_forward(dvalues, y_true)
        g = mean_cotangent(len(dvalues), dvalues.dtype)
        self.dinputs = f.mean_squared_error_backward(g, cache)


class Loss_MeanAbsoluteError(Loss):
    """``|p - y|``, the mean over the outputs (NNFS chapter 17).

    Examples
    --------
    >>> loss = Loss_MeanAbsoluteError()
    >>> loss.backward(np.array([[1.0, -3.0]]), np.array([[0.0, 0.0]]))
    >>> loss.dinputs
    array([[ 0.5, -0.5]])
    """

    def forward(self, y_pred: Array, y_true: Array) -> Array:
        return f.mean_absolute_error_forward(y_pred, y_true)[0]

    def backward(self, dvalues: Array, y_true: Array) -> None:
        dvalues = batch(dvalues, "dvalues")
        _, cache = f.mean_absolute_error_forward(dvalues, y_true)
        g = mean_cotangent(len(dvalues), dvalues.dtype)
        self.dinputs = f.mean_absolute_error_backward(g, cache)
