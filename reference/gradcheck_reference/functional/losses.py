"""The losses of the two books, one value a sample, and the two fused pairs from logits.

Every pair is ``losses, cache = name_forward(predictions, labels)`` with losses of shape (N,), and
``dpredictions = name_backward(g, cache)`` with g of shape (N,): the gradient with respect to each
sample's loss. For the mean over the batch g is 1/N everywhere.

The cross entropies on probabilities clip them to [1e-7, 1 - 1e-7] as NNFS does, so that no value
is infinite. Their gradient is the derivative of the clipped function: 0 where the clip is active,
and therefore finite at 0 and 1. (The book's backward ignores the clip and is infinite at 0.) The
fused pairs work on logits, clip nothing and lose nothing: prefer them for training.

Source: NNFS chapters 5, 9, 16 and 17; fish book chapters 4.2 and 5.6.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.activations import sigmoid
from gradcheck_reference.functional.checks import Array, Cache, batch, same_shape
from gradcheck_reference.functional.dense import ones
from gradcheck_reference.functional.labels import binary, class_index, like_predictions

CLIP = 1e-7


def sample_mean(x: Array) -> Array:
    """The mean of every sample's values: shape (N,)."""
    return np.asarray(x.reshape(len(x), -1).mean(axis=1))


def per_output(g: npt.ArrayLike, predictions: Array) -> Array:
    """g / J in a shape that broadcasts against the predictions; J is the outputs a sample."""
    g = same_shape(g, "g", (len(predictions),), predictions.dtype)
    outputs = predictions.size // len(predictions)
    return np.asarray(g / outputs).reshape(-1, *(1,) * (predictions.ndim - 1))


def matrix(p: npt.ArrayLike, name: str) -> Array:
    """Predictions (N, C).

    Raises
    ------
    ValueError
        Another number of axes, or an empty batch.
    """
    a = batch(p, name)
    if a.ndim != 2:
        raise ValueError(f"{name} has shape {a.shape}, but should have shape (N, classes)")
    return a


def categorical_crossentropy_forward(
    p: npt.ArrayLike, labels: npt.ArrayLike, *, clip: float = CLIP
) -> tuple[Array, Cache]:
    """``-log p[i, label_i]``, with p clipped to ``[clip, 1 - clip]``.

    Parameters
    ----------
    p : (N, C)
        Probabilities.
    labels : (N,), (N, 1) or (N, C)
        Class indices, or one-hot.

    Examples
    --------
    >>> losses, cache = categorical_crossentropy_forward([[0.25, 0.75]], [1])
    >>> categorical_crossentropy_backward([1.0], cache).round(3)
    array([[ 0.   , -1.333]])
    """
    cache = categorical_crossentropy_cache(p, labels, clip=clip)
    return -np.log(np.clip(cache[2], clip, 1 - clip)), cache


def categorical_crossentropy_cache(
    p: npt.ArrayLike, labels: npt.ArrayLike, *, clip: float = CLIP
) -> Cache:
    """What the backward needs, without computing the losses."""
    p = matrix(p, "p")
    index = class_index(labels, *p.shape)
    return p.shape, index, p[np.arange(len(p)), index], clip


def categorical_crossentropy_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``-g / p`` at the labelled class where the clip is not active, 0 elsewhere."""
    shape, index, chosen, clip = cache
    g = same_shape(g, "g", (shape[0],), chosen.dtype)
    inside = (chosen >= clip) & (chosen <= 1 - clip)
    dp = np.zeros(shape, chosen.dtype)
    dp[np.arange(shape[0]), index] = np.where(inside, -g / np.where(inside, chosen, 1), 0)
    return dp


def binary_crossentropy_forward(
    p: npt.ArrayLike, labels: npt.ArrayLike, *, clip: float = CLIP
) -> tuple[Array, Cache]:
    """The mean over the outputs of ``-y log p - (1 - y) log(1 - p)``, p clipped.

    Parameters
    ----------
    p : (N, ...)
        Probabilities.
    labels : the shape of p; (N,) for p of (N, 1)
        Values from 0 to 1.

    Examples
    --------
    >>> losses, cache = binary_crossentropy_forward([[0.5]], [1])
    >>> binary_crossentropy_backward([1.0], cache)
    array([[-2.]])
    """
    cache = binary_crossentropy_cache(p, labels, clip=clip)
    p, y, _ = cache
    c = np.clip(p, clip, 1 - clip)
    return -sample_mean(y * np.log(c) + (1 - y) * np.log1p(-c)), cache


def binary_crossentropy_cache(
    p: npt.ArrayLike, labels: npt.ArrayLike, *, clip: float = CLIP
) -> Cache:
    """What the backward needs, without computing the losses."""
    p = batch(p, "p")
    return p, binary(labels, p), clip


def binary_crossentropy_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g / J * (p - y) / (p (1 - p))`` where the clip is not active, 0 elsewhere."""
    p, y, clip = cache
    inside = (p >= clip) & (p <= 1 - clip)
    slope = (p - y) / np.where(inside, p * (1 - p), 1)
    return np.asarray(per_output(g, p) * np.where(inside, slope, 0))


def mean_squared_error_forward(p: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Array, Cache]:
    """The mean over the outputs of ``(p - y)^2``.

    Examples
    --------
    >>> losses, cache = mean_squared_error_forward([[1.0, 3.0]], [[0.0, 0.0]])
    >>> losses, mean_squared_error_backward([1.0], cache)
    (array([5.]), array([[1., 3.]]))
    """
    p = batch(p, "p")
    difference = p - like_predictions(labels, p)
    return sample_mean(np.square(difference)), (difference,)


def mean_squared_error_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g * 2 (p - y) / J``."""
    (difference,) = cache
    return np.asarray(2 * per_output(g, difference) * difference)


def mean_absolute_error_forward(p: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Array, Cache]:
    """The mean over the outputs of ``|p - y|``.

    Examples
    --------
    >>> losses, cache = mean_absolute_error_forward([[1.0, -3.0]], [[0.0, 0.0]])
    >>> losses, mean_absolute_error_backward([1.0], cache)
    (array([2.]), array([[ 0.5, -0.5]]))
    """
    p = batch(p, "p")
    difference = p - like_predictions(labels, p)
    return sample_mean(np.abs(difference)), (difference,)


def mean_absolute_error_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g * sign(p - y) / J`` (0 is the subgradient taken at p = y)."""
    (difference,) = cache
    return np.asarray(per_output(g, difference) * np.sign(difference))


def softmax_crossentropy_forward(
    x: npt.ArrayLike, labels: npt.ArrayLike, *, out: Array | None = None
) -> tuple[Array, Cache]:
    """Softmax, then categorical cross entropy, from logits by log-sum-exp: never infinite.

    Parameters
    ----------
    x : (N, C)
        Logits.
    labels : (N,), (N, 1) or (N, C)
        Class indices, or one-hot.
    out : (N, C), optional
        Receives the probabilities.

    Returns
    -------
    losses : (N,), cache
        ``cache[0]`` holds the probabilities.

    Examples
    --------
    >>> losses, cache = softmax_crossentropy_forward([[1000.0, 0.0]], [1])
    >>> losses, softmax_crossentropy_backward([1.0], cache)
    (array([1000.]), array([[ 1., -1.]]))
    """
    x = matrix(x, "x")
    index = class_index(labels, *x.shape)
    starts = row_starts(x.shape)
    # Along short rows argmax and a product with ones are several times faster than max and sum.
    p = np.subtract(x, x.take(starts + x.argmax(axis=1))[:, None], out=out)
    chosen = p.take(starts + index)
    np.exp(p, out=p)
    total = p.dot(ones(x.shape[1:], p.dtype))
    p /= total[:, None]
    return np.log(total) - chosen, (p, index)


def softmax_crossentropy_backward(
    g: npt.ArrayLike, cache: Cache, *, out: Array | None = None
) -> Array:
    """``g (p - onehot)``, with g of shape (N,), or one float for every sample."""
    p, index = cache
    if isinstance(g, float):
        g = float(g)  # a NumPy float64 would turn float32 into float64
        dx = np.multiply(p, g, out=out)
    else:
        g = same_shape(g, "g", (len(p),), p.dtype)
        dx = np.multiply(p, g[:, None], out=out)
    at = row_starts(p.shape) + index
    dx.put(at, dx.take(at) - g)
    return dx


@functools.lru_cache(maxsize=8)
def row_starts(shape: tuple[int, ...]) -> npt.NDArray[np.intp]:
    """Where each row of a matrix starts, for `take` and `put`: faster than an index of pairs.

    Examples
    --------
    >>> row_starts((3, 10))
    array([ 0, 10, 20])
    """
    starts = np.arange(0, shape[0] * shape[1], shape[1])
    starts.flags.writeable = False
    return starts


def sigmoid_crossentropy_forward(x: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Array, Cache]:
    """Sigmoid, then binary cross entropy, from logits: ``max(x, 0) - x y + log(1 + exp(-|x|))``.

    Parameters
    ----------
    x : (N, ...)
        Logits.
    labels : the shape of x; (N,) for x of (N, 1)
        Values from 0 to 1.

    Returns
    -------
    losses : (N,), cache
        The mean over each sample's outputs. ``cache[0]`` holds the probabilities.

    Examples
    --------
    >>> losses, cache = sigmoid_crossentropy_forward([[-1000.0]], [1])
    >>> losses, sigmoid_crossentropy_backward([1.0], cache)
    (array([1000.]), array([[-1.]]))
    """
    x = batch(x, "x")
    y = binary(labels, x)
    losses = np.log1p(np.exp(-np.abs(x)))
    losses += np.maximum(x, 0)
    losses -= x * y
    return sample_mean(losses), (sigmoid(x), y)


def sigmoid_crossentropy_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g (p - y) / J``."""
    p, y = cache
    dx = p - y
    dx *= per_output(g, p)
    return np.asarray(dx)
