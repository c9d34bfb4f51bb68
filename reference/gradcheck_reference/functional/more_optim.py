"""Optimizer steps beyond the books, and gradient clipping, in the form of `optim`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck_reference.functional.checks import Array
from gradcheck_reference.functional.optim import adam_step


def adamw_step(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    t: int,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> None:
    """Adam with the decay ``w -= lr weight_decay w`` apart from the gradient.

    Examples
    --------
    >>> w, m, v = np.array([1.0]), np.array([0.0]), np.array([0.0])
    >>> adamw_step(w, np.array([0.0]), m, v, t=1, lr=0.5, weight_decay=0.5)
    >>> w
    array([0.75])
    """
    w *= 1 - lr * weight_decay
    adam_step(w, g, m, v, t=t, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


def amsgrad_step(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    largest: Array,
    *,
    t: int,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> None:
    """Adam that divides by the largest second moment so far, which is kept in `largest`.

    Examples
    --------
    >>> w, m, v, top = np.array([1.0]), np.array([0.0]), np.array([0.0]), np.array([0.0])
    >>> amsgrad_step(w, np.array([4.0]), m, v, top, t=1, lr=0.5, eps=0.0)
    >>> w.round(12)
    array([0.5])
    """
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (np.square(g) - v)
    np.maximum(largest, v, out=largest)
    root = (1 - beta2**t) ** 0.5
    w -= lr / (1 - beta1**t) * m / (np.sqrt(largest) / root + eps)


def nadam_step(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    t: int,
    product: float,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    momentum_decay: float = 4e-3,
) -> float:
    """Adam with Nesterov's momentum and the paper's momentum schedule.

    Parameters
    ----------
    product
        The product of the schedule's values before this step (1 at t = 1).

    Returns
    -------
    The product including this step's value: hand it to the next step.

    Examples
    --------
    >>> w, m, v = np.array([1.0]), np.array([0.0]), np.array([0.0])
    >>> product = nadam_step(w, np.array([0.0]), m, v, t=1, product=1.0, lr=0.5)
    >>> w, round(product, 4)
    (array([1.]), 0.4501)
    """
    now = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    following = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    product *= now
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (np.square(g) - v)
    root = np.sqrt(v / (1 - beta2**t)) + eps
    w -= lr * (1 - now) / (1 - product) * g / root
    w -= lr * following / (1 - product * following) * m / root
    return product


def lion_step(
    w: Array,
    g: Array,
    m: Array,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.0,
) -> None:
    """``w -= lr (sign(beta1 m + (1 - beta1) g) + weight_decay w)``, then m is updated with beta2.

    Examples
    --------
    >>> w, m = np.array([1.0]), np.array([0.0])
    >>> lion_step(w, np.array([-7.0]), m, lr=0.25)
    >>> w
    array([1.25])
    """
    step = np.sign(beta1 * m + (1 - beta1) * g)
    w *= 1 - lr * weight_decay
    w -= lr * step
    m *= beta2
    m += (1 - beta2) * g


def clip_by_value(gradients: Sequence[Array], limit: float) -> list[Array]:
    """Every entry held between -limit and limit, in new arrays.

    Examples
    --------
    >>> clip_by_value([np.array([-3.0, 0.5])], 1.0)
    [array([-1. ,  0.5])]
    """
    if not limit > 0:
        raise ValueError(f"limit = {limit}, but should be above 0")
    return [np.clip(g, -limit, limit) for g in gradients]


def clip_by_norm(gradients: Sequence[Array], limit: float) -> tuple[list[Array], float]:
    """All gradients scaled by one factor so that their common length is at most `limit`.

    Returns
    -------
    The new arrays, and the length before.

    Examples
    --------
    >>> clip_by_norm([np.array([3.0]), np.array([4.0])], 1.0)
    ([array([0.6]), array([0.8])], 5.0)
    """
    if not limit > 0:
        raise ValueError(f"limit = {limit}, but should be above 0")
    length = float(np.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in gradients)))
    factor = limit / length if length > limit else 1.0
    return [g * factor for g in gradients], length
