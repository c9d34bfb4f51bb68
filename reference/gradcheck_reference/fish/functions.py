"""The book's plain functions. Source: fish book chapters 3 and 4, and its common folder."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional import activations as f
from gradcheck_reference.functional.checks import Array, floating
from gradcheck_reference.functional.labels import class_index, like_predictions
from gradcheck_reference.functional.losses import softmax_crossentropy_forward


def identity_function(x: npt.ArrayLike) -> Array:
    """x, as a copy.

    Examples
    --------
    >>> identity_function([1.0, 2.0])
    array([1., 2.])
    """
    return np.array(floating(x, "x"))


def step_function(x: npt.ArrayLike) -> Array:
    """1 where x > 0, else 0, as whole numbers.

    Examples
    --------
    >>> step_function([-1.0, 0.0, 2.0])
    array([0, 0, 1])
    """
    return np.array(floating(x, "x") > 0, dtype=np.int64)


def sigmoid(x: npt.ArrayLike) -> Array:
    """``1 / (1 + exp(-x))``, without overflow.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0])
    array([0. , 0.5])
    """
    return f.sigmoid_forward(x)[0]


def sigmoid_grad(x: npt.ArrayLike) -> Array:
    """The derivative of the sigmoid *at x* (not at its output).

    Examples
    --------
    >>> sigmoid_grad([0.0])
    array([0.25])
    """
    y, cache = f.sigmoid_forward(x)
    return f.sigmoid_backward(np.ones_like(y), cache)


def relu(x: npt.ArrayLike) -> Array:
    """``max(x, 0)``.

    Examples
    --------
    >>> relu([-1.0, 2.0])
    array([0., 2.])
    """
    return f.relu_forward(x)[0]


def relu_grad(x: npt.ArrayLike) -> Array:
    """1 where x > 0, else 0.

    Examples
    --------
    >>> relu_grad([-1.0, 0.0, 2.0])
    array([0., 0., 1.])
    """
    y, cache = f.relu_forward(x)
    return f.relu_backward(np.ones_like(y), cache)


def softmax(x: npt.ArrayLike) -> Array:
    """Softmax over the last axis: one sample (C,) or a batch (N, C).

    Examples
    --------
    >>> softmax([1000.0, 1000.0])
    array([0.5, 0.5])
    """
    return f.softmax_forward(x)[0]


def mean_squared_error(y: npt.ArrayLike, t: npt.ArrayLike) -> Any:
    """``sum((y - t)^2) / 2`` of one sample; the mean of it over a batch.

    Examples
    --------
    >>> float(mean_squared_error([1.0, 3.0], [0.0, 0.0]))
    5.0
    """
    predictions = floating(y, "y")
    total = 0.5 * np.sum(np.square(predictions - like_predictions(t, predictions, "t")))
    return total / (len(predictions) if predictions.ndim > 1 else 1)


def cross_entropy_error(y: npt.ArrayLike, t: npt.ArrayLike) -> Any:
    """The mean of ``-log y[label]`` over the batch; labels are class indices or one-hot.

    A probability of 0 counts as the smallest normal number: the loss is finite, as in the book,
    which adds 1e-7 inside the logarithm, but other probabilities are not blurred by it.
    `softmax_loss` is right for every input.

    Examples
    --------
    >>> float(cross_entropy_error([[0.5, 0.5]], [1])).__round__(4)
    0.6931
    """
    p, t = _rows(y, t)
    index = class_index(t, p.shape[0], p.shape[1], "t")
    labelled = p[np.arange(len(p)), index]
    return -np.mean(np.log(np.maximum(labelled, np.finfo(labelled.dtype).tiny)))


def softmax_loss(x: npt.ArrayLike, t: npt.ArrayLike) -> Any:
    """Cross entropy of the softmax of x, from the logits.

    Examples
    --------
    >>> float(softmax_loss([[1000.0, 0.0]], [1]))
    1000.0
    """
    x, t = _rows(x, t)
    return np.mean(softmax_crossentropy_forward(x, t)[0])


def _rows(y: npt.ArrayLike, t: npt.ArrayLike) -> tuple[Array, Array]:
    """A single sample and its label as a batch of one."""
    y, t = floating(y, "y"), np.asarray(t)
    return (
        (y.reshape(1, -1), t.reshape(1, -1) if t.size > 1 else t.reshape(1))
        if y.ndim == 1
        else (y, t)
    )
