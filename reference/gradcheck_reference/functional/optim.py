"""One step of each optimizer, for one parameter array.

In place by design: the parameter `w` and the state arrays are changed, the gradient `g` never is.
`t` counts the steps from 1. Hyperparameters are plain floats, so that float32 stays float32.

Source: NNFS chapter 10; fish book chapter 6.1; Duchi et al. 2011 (Adagrad), Kingma and Ba 2014
(Adam), Dozat 2016 (Nadam), Reddi et al. 2018 (AMSGrad), Loshchilov and Hutter 2019 (AdamW), Chen
et al. 2023 (Lion).
"""

from __future__ import annotations

import numpy as np

from gradcheck_reference.functional.checks import Array


def sgd_step(w: Array, g: Array, *, lr: float) -> None:
    """``w -= lr g``.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> sgd_step(w, np.array([2.0]), lr=0.5)
    >>> w
    array([0.])
    """
    w -= lr * g


def momentum_step(w: Array, g: Array, velocity: Array, *, lr: float, momentum: float) -> None:
    """``velocity = momentum velocity - lr g``; ``w += velocity``.

    Examples
    --------
    >>> w, v = np.array([1.0]), np.array([0.5])
    >>> momentum_step(w, np.array([1.0]), v, lr=0.1, momentum=0.8)
    >>> w.round(3)
    array([1.3])
    """
    velocity *= momentum
    velocity -= lr * g
    w += velocity


def nesterov_step(w: Array, g: Array, velocity: Array, *, lr: float, momentum: float) -> None:
    """``velocity = momentum velocity - lr g``; ``w += momentum velocity - lr g``.

    Examples
    --------
    >>> w, v = np.array([1.0]), np.array([0.5])
    >>> nesterov_step(w, np.array([1.0]), v, lr=0.1, momentum=0.8)
    >>> w.round(3)
    array([1.14])
    """
    velocity *= momentum
    velocity -= lr * g
    w += momentum * velocity
    w -= lr * g


def adagrad_step(w: Array, g: Array, squares: Array, *, lr: float, eps: float) -> None:
    """``squares += g^2``; ``w -= lr g / (sqrt(squares) + eps)``.

    Examples
    --------
    >>> w, s = np.array([1.0]), np.array([0.0])
    >>> adagrad_step(w, np.array([3.0]), s, lr=0.5, eps=0.0)
    >>> w, s
    (array([0.5]), array([9.]))
    """
    squares += np.square(g)
    w -= lr * g / (np.sqrt(squares) + eps)


def rmsprop_step(w: Array, g: Array, squares: Array, *, lr: float, eps: float, rho: float) -> None:
    """``squares = rho squares + (1 - rho) g^2``; ``w -= lr g / (sqrt(squares) + eps)``.

    Examples
    --------
    >>> w, s = np.array([1.0]), np.array([0.0])
    >>> rmsprop_step(w, np.array([2.0]), s, lr=0.5, eps=0.0, rho=0.75)
    >>> w, s
    (array([0.]), array([1.]))
    """
    squares *= rho
    squares += (1 - rho) * np.square(g)
    w -= lr * g / (np.sqrt(squares) + eps)


def _moments(g: Array, m: Array, v: Array, beta1: float, beta2: float, work: Array | None) -> Array:
    """Update both moments; return an array to work in."""
    work = np.multiply(g, 1 - beta1, out=work)
    m *= beta1
    m += work
    work *= work  # cheaper than g * g: g is not read from memory again
    work *= (1 - beta2) / (1 - beta1) ** 2
    v *= beta2
    v += work
    return work


def adam_step(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    t: int,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-7,
    work: Array | None = None,
) -> None:
    """``w -= lr mhat / (sqrt(vhat) + eps)`` with ``mhat = m / (1 - beta1^t)``, vhat likewise.

    Parameters
    ----------
    m, v
        The running means of g and of g^2, changed in place.
    work
        An array like `w` to compute in; a new one when None.

    Examples
    --------
    >>> w, m, v = np.array([1.0]), np.array([0.0]), np.array([0.0])
    >>> adam_step(w, np.array([4.0]), m, v, t=1, lr=0.5, eps=0.0)
    >>> w.round(12)
    array([0.5])
    """
    work = _moments(g, m, v, beta1, beta2, work)
    np.sqrt(v, out=work)
    root = (1 - beta2**t) ** 0.5
    work += eps * root
    np.divide(m, work, out=work)
    work *= lr * root / (1 - beta1**t)
    w -= work


def fish_adam_step(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    *,
    t: int,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-7,
) -> None:
    """Adam with eps beside the uncorrected root, as the fish book and section 2 of the paper do:
    ``w -= lr sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps)``.

    Examples
    --------
    >>> w, m, v = np.array([1.0]), np.array([0.0]), np.array([0.0])
    >>> fish_adam_step(w, np.array([4.0]), m, v, t=1, lr=0.5, eps=0.0)
    >>> w.round(12)
    array([0.5])
    """
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (np.square(g) - v)
    w -= lr * (1 - beta2**t) ** 0.5 / (1 - beta1**t) * m / (np.sqrt(v) + eps)
