"""Learning rates over time: functions of the step t, counted from 0.

Source: NNFS chapter 10 (inverse time); Loshchilov and Hutter 2017 (cosine); Goyal et al. 2017
(warm-up).
"""

from __future__ import annotations

import math


def inverse_time(t: int, lr: float, decay: float) -> float:
    """``lr / (1 + decay t)``: the decay of the NNFS optimizers.

    Examples
    --------
    >>> inverse_time(10, 1.0, 0.1)
    0.5
    """
    return lr / (1 + decay * t)


def step_decay(t: int, lr: float, every: int, factor: float = 0.1) -> float:
    """lr times `factor` once for every `every` steps.

    Examples
    --------
    >>> [step_decay(t, 1.0, 10, 0.5) for t in (9, 10, 20)]
    [1.0, 0.5, 0.25]
    """
    return float(lr * factor ** (t // every))


def exponential_decay(t: int, lr: float, factor: float) -> float:
    """``lr factor^t``.

    Examples
    --------
    >>> exponential_decay(2, 1.0, 0.5)
    0.25
    """
    return float(lr * factor**t)


def cosine_decay(t: int, lr: float, steps: int, lowest: float = 0.0) -> float:
    """From lr to `lowest` along half a cosine over `steps` steps, and `lowest` after them.

    Examples
    --------
    >>> [round(cosine_decay(t, 1.0, 10), 3) for t in (0, 5, 10, 11)]
    [1.0, 0.5, 0.0, 0.0]
    """
    share = min(t, steps) / steps
    return lowest + (lr - lowest) * 0.5 * (1 + math.cos(math.pi * share))


def linear_warmup(t: int, lr: float, steps: int) -> float:
    """``lr (t + 1) / steps`` for the first `steps` steps, then lr.

    Examples
    --------
    >>> [linear_warmup(t, 1.0, 4) for t in (0, 1, 3, 9)]
    [0.25, 0.5, 1.0, 1.0]
    """
    return lr * min(t + 1, steps) / steps
