"""Losses beyond the books, one value a sample, in the form of `losses`.

Source: Huber 1964; multi-class hinge, Weston and Watkins 1999; focal, Lin et al. 2017.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.activations import sigmoid
from gradcheck_reference.functional.checks import Array, Cache, batch, same_shape
from gradcheck_reference.functional.labels import binary, class_index, like_predictions
from gradcheck_reference.functional.losses import matrix, per_output, sample_mean


def huber_forward(
    p: npt.ArrayLike, labels: npt.ArrayLike, *, delta: float = 1.0
) -> tuple[Array, Cache]:
    """The mean over the outputs of ``d^2 / 2`` for ``|d| <= delta``, else
    ``delta (|d| - delta / 2)``, with ``d = p - y``.

    Examples
    --------
    >>> losses, cache = huber_forward([[3.0, 0.5]], [[0.0, 0.0]])
    >>> losses, huber_backward([1.0], cache)
    (array([1.3125]), array([[0.5 , 0.25]]))
    """
    if not delta > 0:
        raise ValueError(f"delta = {delta}, but should be above 0")
    p = batch(p, "p")
    d = p - like_predictions(labels, p)
    size = np.abs(d)
    losses = np.where(size <= delta, 0.5 * np.square(d), delta * (size - 0.5 * delta))
    return sample_mean(losses), (d, float(delta))


def huber_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g / J`` times d, held between -delta and delta."""
    d, delta = cache
    return np.asarray(per_output(g, d) * np.clip(d, -delta, delta))


def log_cosh_forward(p: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Array, Cache]:
    """The mean over the outputs of ``log cosh(p - y)``, without overflow.

    Examples
    --------
    >>> losses, cache = log_cosh_forward([[1000.0]], [[0.0]])
    >>> losses.round(4), log_cosh_backward([1.0], cache)
    (array([999.3069]), array([[1.]]))
    """
    p = batch(p, "p")
    d = p - like_predictions(labels, p)
    size = np.abs(d)
    # cosh d = 1 + 2 sinh(d/2)^2 keeps the digits of d^2/2 near 0; the other form never overflows.
    near = np.log1p(2 * np.square(np.sinh(0.5 * np.minimum(size, 1))))
    far = size + np.log1p(np.exp(-2 * size)) - math.log(2)
    return sample_mean(np.where(size < 1, near, far)), (d,)


def log_cosh_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``g tanh(p - y) / J``."""
    (d,) = cache
    return np.asarray(per_output(g, d) * np.tanh(d))


def hinge_forward(x: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Array, Cache]:
    """The mean over the outputs of ``max(0, 1 - y x)``; labels are -1 and 1.

    Raises
    ------
    ValueError
        A label that is neither -1 nor 1.

    Examples
    --------
    >>> losses, cache = hinge_forward([[0.5], [2.0]], [1, 1])
    >>> losses, hinge_backward([1.0, 1.0], cache)
    (array([0.5, 0. ]), array([[-1.],
           [ 0.]]))
    """
    x = batch(x, "x")
    y = like_predictions(labels, x)
    if not np.array_equal(np.abs(y), np.ones_like(y)):
        raise ValueError("y_true holds other values, but should hold only -1 and 1")
    margin = 1 - y * x
    return sample_mean(np.maximum(margin, 0)), (margin, y)


def hinge_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``-g y / J`` where the margin is violated."""
    margin, y = cache
    return np.where(margin > 0, -per_output(g, y) * y, 0)


def multiclass_hinge_forward(
    x: npt.ArrayLike, labels: npt.ArrayLike, *, margin: float = 1.0
) -> tuple[Array, Cache]:
    """The sum over the other classes of ``max(0, margin + x_j - x_label)``.

    Parameters
    ----------
    x : (N, C)
    labels : (N,), (N, 1) or (N, C)
        Class indices, or one-hot.

    Examples
    --------
    >>> losses, cache = multiclass_hinge_forward([[1.0, 3.0, 2.5]], [1])
    >>> losses, multiclass_hinge_backward([1.0], cache)
    (array([0.5]), array([[ 0., -1.,  1.]]))
    """
    x = matrix(x, "x")
    index = class_index(labels, x.shape[0], x.shape[1])
    rows = np.arange(len(x))
    gaps = float(margin) + x - x[rows, index][:, None]
    gaps[rows, index] = 0
    return np.maximum(gaps, 0).sum(axis=1), (gaps, index)


def multiclass_hinge_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """g for every class that violates the margin; minus their number times g for the label."""
    gaps, index = cache
    g = same_shape(g, "g", (len(gaps),), gaps.dtype)
    dx = (gaps > 0).astype(gaps.dtype)
    dx[np.arange(len(gaps)), index] = -dx.sum(axis=1)
    return np.asarray(dx * g[:, None])


def kl_divergence_forward(log_p: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Array, Cache]:
    """``sum_j t_j (log t_j - log p_j)`` from log-probabilities; ``0 log 0`` is 0.

    Parameters
    ----------
    log_p : (N, C)
        As from log-softmax.
    labels : (N, C)
        Probabilities.

    Examples
    --------
    >>> losses, cache = kl_divergence_forward(np.log([[0.5, 0.5]]), [[1.0, 0.0]])
    >>> losses.round(4), kl_divergence_backward([1.0], cache)
    (array([0.6931]), array([[-1., -0.]]))
    """
    log_p = matrix(log_p, "log_p")
    t = binary(labels, log_p)
    entropy = t * np.log(np.where(t > 0, t, 1))
    return np.asarray((entropy - t * log_p).sum(axis=1)), (t,)


def kl_divergence_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``-g t``."""
    (t,) = cache
    return np.asarray(-same_shape(g, "g", (len(t),), t.dtype)[:, None] * t)


def focal_forward(
    x: npt.ArrayLike, labels: npt.ArrayLike, *, gamma: float = 2.0, alpha: float = 0.25
) -> tuple[Array, Cache]:
    """The mean over the outputs of ``-a (1 - q)^gamma log q``, from logits.

    q is the probability given to the label: ``sigmoid(x)`` for label 1, where a is `alpha`, and
    ``sigmoid(-x)`` for label 0, where a is ``1 - alpha``.

    Examples
    --------
    >>> focal_forward([[0.0]], [1])[0].round(4)
    array([0.0433])
    """
    x = batch(x, "x")
    y = binary(labels, x)
    if not np.array_equal(y, np.round(y)):
        raise ValueError("y_true holds fractions, but should hold only 0 and 1")
    sign, weight = 2 * y - 1, float(alpha) * y + (1 - float(alpha)) * (1 - y)
    z = sign * x
    minus_log_q = np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z)))
    miss = sigmoid(-z)
    losses = weight * miss ** float(gamma) * minus_log_q
    return sample_mean(losses), (sign, weight, z, minus_log_q, miss, float(gamma))


def focal_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``-a (1 - q)^gamma (gamma q (-log q) + 1 - q)`` times the label's sign and ``g / J``."""
    sign, weight, z, minus_log_q, miss, gamma = cache
    slope = -weight * miss**gamma * (gamma * sigmoid(z) * minus_log_q + miss)
    return np.asarray(per_output(g, z) * sign * slope)


def cosine_forward(
    p: npt.ArrayLike, labels: npt.ArrayLike, *, eps: float = 1e-12
) -> tuple[Array, Cache]:
    """``1 - cos(p, y)`` of every row; each length counts as at least `eps`.

    Parameters
    ----------
    p, labels : (N, D)

    Examples
    --------
    >>> losses, cache = cosine_forward([[1.0, 0.0]], [[0.0, 2.0]])
    >>> losses, cosine_backward([1.0], cache)
    (array([1.]), array([[-0., -1.]]))
    """
    p = matrix(p, "p")
    y = like_predictions(labels, p)
    length = np.sqrt(np.square(p).sum(axis=1, keepdims=True))
    other = np.sqrt(np.square(y).sum(axis=1, keepdims=True))
    unit = y / np.maximum(other, eps)
    free = length > eps
    length = np.maximum(length, eps)
    direction = p / length
    cos = (direction * unit).sum(axis=1, keepdims=True)
    return 1 - cos[:, 0], (direction, unit, cos, length, free)


def cosine_backward(g: npt.ArrayLike, cache: Cache) -> Array:
    """``-g (y / |y| - cos p / |p|) / |p|``; without the second term where |p| is below eps."""
    direction, unit, cos, length, free = cache
    g = same_shape(g, "g", (len(cos),), cos.dtype)[:, None]
    return np.asarray(-g * (unit - np.where(free, cos, 0) * direction) / length)
