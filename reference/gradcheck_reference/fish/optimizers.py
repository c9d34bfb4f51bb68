"""The book's optimizers: ``update(params, grads)`` with dicts of arrays of the same keys.

Parameters are changed in place, gradients never. Source: fish book chapter 6.1 and the
repository's common folder.
"""

from __future__ import annotations

import numpy as np

from gradcheck_reference.functional import optim
from gradcheck_reference.functional.checks import Array

Arrays = dict[str, Array]


def matching(params: Arrays, grads: Arrays) -> None:
    """Every parameter has a gradient of its shape.

    Raises
    ------
    ValueError
        A gradient is missing or has another shape.

    Examples
    --------
    >>> matching({"W1": np.ones(2)}, {})
    Traceback (most recent call last):
        ...
    ValueError: grads has no 'W1', but should have a gradient for every parameter
    """
    for key, value in params.items():
        if key not in grads:
            raise ValueError(
                f"grads has no {key!r}, but should have a gradient for every parameter"
            )
        if grads[key].shape != value.shape:
            raise ValueError(
                f"grads[{key!r}] has shape {grads[key].shape}, but should have shape {value.shape}"
            )


def zeros_for(held: Arrays | None, params: Arrays) -> Arrays:
    """The state kept so far, with zeros for parameters it does not know."""
    state = {} if held is None else held
    for key, value in params.items():
        if key not in state:
            state[key] = np.zeros_like(value)
    return state


class SGD:
    """``W -= lr dW`` (chapter 6.1.2).

    Examples
    --------
    >>> params = {"W": np.array([1.0])}
    >>> SGD(lr=0.5).update(params, {"W": np.array([1.0])})
    >>> params["W"]
    array([0.5])
    """

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr

    def update(self, params: Arrays, grads: Arrays) -> None:
        matching(params, grads)
        for key in params:
            optim.sgd_step(params[key], grads[key], lr=float(self.lr))


class Momentum:
    """``v = momentum v - lr dW``; ``W += v`` (chapter 6.1.4)."""

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr = lr
        self.momentum = momentum
        self.v: Arrays | None = None

    def update(self, params: Arrays, grads: Arrays) -> None:
        matching(params, grads)
        self.v = zeros_for(self.v, params)
        for key in params:
            optim.momentum_step(
                params[key],
                grads[key],
                self.v[key],
                lr=float(self.lr),
                momentum=float(self.momentum),
            )


class Nesterov:
    """Nesterov's accelerated gradient: ``v = momentum v - lr dW``; ``W += momentum v - lr dW``."""

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        self.lr = lr
        self.momentum = momentum
        self.v: Arrays | None = None

    def update(self, params: Arrays, grads: Arrays) -> None:
        matching(params, grads)
        self.v = zeros_for(self.v, params)
        for key in params:
            optim.nesterov_step(
                params[key],
                grads[key],
                self.v[key],
                lr=float(self.lr),
                momentum=float(self.momentum),
            )


class AdaGrad:
    """``h += dW^2``; ``W -= lr dW / (sqrt(h) + 1e-7)`` (chapter 6.1.5)."""

    def __init__(self, lr: float = 0.01) -> None:
        self.lr = lr
        self.h: Arrays | None = None

    def update(self, params: Arrays, grads: Arrays) -> None:
        matching(params, grads)
        self.h = zeros_for(self.h, params)
        for key in params:
            optim.adagrad_step(params[key], grads[key], self.h[key], lr=float(self.lr), eps=1e-7)


class RMSprop:
    """``h = decay_rate h + (1 - decay_rate) dW^2``; ``W -= lr dW / (sqrt(h) + 1e-7)``."""

    def __init__(self, lr: float = 0.01, decay_rate: float = 0.99) -> None:
        self.lr = lr
        self.decay_rate = decay_rate
        self.h: Arrays | None = None

    def update(self, params: Arrays, grads: Arrays) -> None:
        matching(params, grads)
        self.h = zeros_for(self.h, params)
        for key in params:
            optim.rmsprop_step(
                params[key],
                grads[key],
                self.h[key],
                lr=float(self.lr),
                eps=1e-7,
                rho=float(self.decay_rate),
            )


class Adam:
    """Adam with 1e-7 beside the uncorrected root, as in the book (chapter 6.1.6)."""

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999) -> None:
        self.lr = lr
        self.beta1 = beta1
        self.beta2 = beta2
        self.iter = 0
        self.m: Arrays | None = None
        self.v: Arrays | None = None

    def update(self, params: Arrays, grads: Arrays) -> None:
        matching(params, grads)
        self.m, self.v = zeros_for(self.m, params), zeros_for(self.v, params)
        self.iter += 1
        for key in params:
            optim.fish_adam_step(
                params[key],
                grads[key],
                self.m[key],
                self.v[key],
                t=self.iter,
                lr=float(self.lr),
                beta1=float(self.beta1),
                beta2=float(self.beta2),
            )
