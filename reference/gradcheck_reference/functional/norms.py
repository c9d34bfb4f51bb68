"""Normalisations: batch, layer, root-mean-square, group.

All but RMSNorm share one core: over a set of axes, ``xhat = (x - mean) / sqrt(var + eps)`` with
the biased variance, and ``dx = (dxhat - mean(dxhat) - xhat mean(dxhat xhat)) / sqrt(var + eps)``.

Source: batch, Ioffe and Szegedy 2015 and fish book chapter 6.3; layer, Ba, Kiros and Hinton 2016;
RMS, Zhang and Sennrich 2019; group, Wu and He 2018.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, Cache, batch, floating, same_shape

Axes = tuple[int, ...]


def normalise(x: Array, axes: Axes, eps: float) -> tuple[Array, Array, Array, Array]:
    """``xhat, 1 / sqrt(var + eps), mean, var`` with the statistics taken over `axes`.

    Examples
    --------
    >>> normalise(np.array([[1.0, 3.0]]), (1,), 0.0)[0]
    array([[-1.,  1.]])
    """
    mean = x.mean(axis=axes, keepdims=True)
    centred = x - mean
    var = np.square(centred).mean(axis=axes, keepdims=True)
    inverse = 1 / np.sqrt(var + eps)
    return centred * inverse, inverse, mean, var


def through_normalise(dxhat: Array, xhat: Array, inverse: Array, axes: Axes) -> Array:
    """The gradient through `normalise`: mean and variance depend on x too."""
    dx = dxhat - dxhat.mean(axis=axes, keepdims=True)
    dx -= xhat * (dxhat * xhat).mean(axis=axes, keepdims=True)
    dx *= inverse
    return np.asarray(dx)


def scale_for(a: npt.ArrayLike, name: str, x: Array, axis: int) -> Array:
    """A parameter of shape (D,) or (1, D), shaped to broadcast along `axis` of x.

    Raises
    ------
    ValueError
        Its size is not that of the axis.
    """
    a = floating(a, name)
    if a.size != x.shape[axis] or a.ndim > 2 or (a.ndim == 2 and a.shape[0] != 1):
        raise ValueError(f"{name} has shape {a.shape}, but should have shape ({x.shape[axis]},)")
    shape = [1] * x.ndim
    shape[axis] = a.size
    return a.reshape(shape)


def others(x: Array, axis: int) -> Axes:
    """Every axis of x but one."""
    return tuple(i for i in range(x.ndim) if i != axis % x.ndim)


def batch_norm_forward(
    x: npt.ArrayLike,
    gamma: npt.ArrayLike,
    beta: npt.ArrayLike,
    *,
    eps: float = 1e-5,
    statistics: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> tuple[Array, Cache]:
    """``gamma xhat + beta`` with the mean and variance of each channel over everything else.

    Parameters
    ----------
    x : (N, C) or (N, C, ...)
    gamma, beta : (C,) or (1, C)
    statistics : (mean, variance), each (C,), optional
        Evaluation: use these fixed values. Otherwise those of this batch.

    Returns
    -------
    y, cache
        ``batch_statistics(cache)`` gives the mean and variance used.

    Examples
    --------
    >>> y, cache = batch_norm_forward([[1.0], [3.0]], [2.0], [5.0], eps=0.0)
    >>> y.tolist(), [d.tolist() for d in batch_norm_backward([[1.0], [1.0]], cache)]
    ([[3.0], [7.0]], [[[0.0], [0.0]], [0.0], [2.0]])
    """
    x = batch(x, "x")
    scale, shift = scale_for(gamma, "gamma", x, 1), scale_for(beta, "beta", x, 1)
    axes = others(x, 1)
    if statistics is None:
        xhat, inverse, mean, var = normalise(x, axes, eps)
    else:
        mean, var = (scale_for(s, "statistics", x, 1).astype(x.dtype) for s in statistics)
        inverse = 1 / np.sqrt(var + eps)
        xhat = (x - mean) * inverse
    shapes = np.shape(gamma), np.shape(beta)
    cache = (xhat, inverse, scale, axes, statistics is None, shapes, mean, var)
    return xhat * scale + shift, cache


def batch_statistics(cache: Cache) -> tuple[Array, Array]:
    """The mean and the biased variance of each channel that the forward used, each (C,)."""
    return cache[6].reshape(-1), cache[7].reshape(-1)


def batch_norm_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array, Array]:
    """``dx, dgamma, dbeta``; with fixed statistics dx is ``g gamma / sqrt(var + eps)``."""
    xhat, inverse, scale, axes, from_batch, shapes, _, _ = cache
    g = same_shape(g, "g", xhat.shape, xhat.dtype)
    dgamma, dbeta = (g * xhat).sum(axis=axes), g.sum(axis=axes)
    dxhat = g * scale
    dx = through_normalise(dxhat, xhat, inverse, axes) if from_batch else dxhat * inverse
    return dx, dgamma.reshape(shapes[0]), dbeta.reshape(shapes[1])


def layer_norm_forward(
    x: npt.ArrayLike, gamma: npt.ArrayLike, beta: npt.ArrayLike, *, eps: float = 1e-5
) -> tuple[Array, Cache]:
    """``gamma xhat + beta`` with each sample's mean and variance over the last axis.

    Parameters
    ----------
    x : (N, ..., D)
    gamma, beta : (D,) or (1, D)

    Examples
    --------
    >>> layer_norm_forward([[1.0, 3.0]], [1.0, 1.0], [0.0, 0.5], eps=0.0)[0]
    array([[-1. ,  1.5]])
    """
    x = batch(x, "x")
    scale, shift = scale_for(gamma, "gamma", x, -1), scale_for(beta, "beta", x, -1)
    xhat, inverse, _, _ = normalise(x, (-1,), eps)
    return xhat * scale + shift, (xhat, inverse, scale, (np.shape(gamma), np.shape(beta)))


def layer_norm_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array, Array]:
    """``dx, dgamma, dbeta``."""
    xhat, inverse, scale, shapes = cache
    g = same_shape(g, "g", xhat.shape, xhat.dtype)
    axes = others(xhat, -1)
    dx = through_normalise(g * scale, xhat, inverse, (-1,))
    return dx, (g * xhat).sum(axis=axes).reshape(shapes[0]), g.sum(axis=axes).reshape(shapes[1])


def rms_norm_forward(
    x: npt.ArrayLike, gamma: npt.ArrayLike, *, eps: float = 1e-6
) -> tuple[Array, Cache]:
    """``gamma x / sqrt(mean(x^2) + eps)`` over the last axis: no mean is subtracted.

    Parameters
    ----------
    x : (N, ..., D)
    gamma : (D,) or (1, D)

    Examples
    --------
    >>> rms_norm_forward([[3.0, 4.0]], [1.0, 1.0], eps=0.0)[0].round(4)
    array([[0.8485, 1.1314]])
    """
    x = batch(x, "x")
    scale = scale_for(gamma, "gamma", x, -1)
    inverse = 1 / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + eps)
    xhat = x * inverse
    return xhat * scale, (xhat, inverse, scale, np.shape(gamma))


def rms_norm_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array]:
    """``dx = (dxhat - xhat mean(dxhat xhat)) / rms`` and ``dgamma``."""
    xhat, inverse, scale, shape = cache
    g = same_shape(g, "g", xhat.shape, xhat.dtype)
    dxhat = g * scale
    dx = (dxhat - xhat * (dxhat * xhat).mean(axis=-1, keepdims=True)) * inverse
    return dx, (g * xhat).sum(axis=others(xhat, -1)).reshape(shape)


def group_norm_forward(
    x: npt.ArrayLike,
    gamma: npt.ArrayLike,
    beta: npt.ArrayLike,
    *,
    groups: int,
    eps: float = 1e-5,
) -> tuple[Array, Cache]:
    """``gamma xhat + beta`` with the statistics of each sample's groups of channels.

    Parameters
    ----------
    x : (N, C) or (N, C, ...)
    gamma, beta : (C,) or (1, C)
    groups
        Divides C; 1 is layer norm over the sample, C is instance norm.

    Raises
    ------
    ValueError
        `groups` does not divide the channels.

    Examples
    --------
    >>> ones, zeros = np.ones(4), np.zeros(4)
    >>> group_norm_forward([[1.0, 3.0, 10.0, 30.0]], ones, zeros, groups=2, eps=0.0)[0]
    array([[-1.,  1., -1.,  1.]])
    """
    x = batch(x, "x")
    if groups < 1 or x.shape[1] % groups:
        raise ValueError(f"groups = {groups}, but should divide the {x.shape[1]} channels of x")
    scale, shift = scale_for(gamma, "gamma", x, 1), scale_for(beta, "beta", x, 1)
    xhat, inverse, _, _ = normalise(x.reshape(len(x), groups, -1), (2,), eps)
    whole = xhat.reshape(x.shape)
    return whole * scale + shift, (xhat, inverse, scale, (np.shape(gamma), np.shape(beta)), x.shape)


def group_norm_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, Array, Array]:
    """``dx, dgamma, dbeta``."""
    xhat, inverse, scale, shapes, shape = cache
    g = same_shape(g, "g", shape, xhat.dtype)
    axes = tuple(i for i in range(len(shape)) if i != 1)
    dxhat = (g * scale).reshape(xhat.shape)
    dx = through_normalise(dxhat, xhat, inverse, (2,)).reshape(shape)
    dgamma = (g * xhat.reshape(shape)).sum(axis=axes)
    return dx, dgamma.reshape(shapes[0]), g.sum(axis=axes).reshape(shapes[1])
