"""The book's optimizers. Source: NNFS chapter 10.

Use them as the book does: ``pre_update_params()``, ``update_params(layer)`` for every trainable
layer, ``post_update_params()``. Parameters are changed in place, gradients never. The state lives
on the layer: ``weight_momentums``, ``weight_cache``, ``bias_momentums``, ``bias_cache``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck_reference.functional import optim
from gradcheck_reference.functional.checks import Array
from gradcheck_reference.nnfs.flat import FlatParameters

SINGULAR = {"weights": "weight", "biases": "bias"}


class Optimizer:
    """The learning rate, its decay ``lr / (1 + decay t)``, and the walk over the parameters.

    Raises
    ------
    ValueError
        A negative rate or decay; a layer without gradients, or with gradients of another shape.
    """

    def __init__(self, learning_rate: float, decay: float = 0.0) -> None:
        if learning_rate < 0 or decay < 0:
            raise ValueError(
                f"learning_rate = {learning_rate} and decay = {decay}, but should be at least 0"
            )
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0

    def pre_update_params(self) -> None:
        """Once before the layers: set the current learning rate."""
        if self.decay:
            self.current_learning_rate = self.learning_rate / (1 + self.decay * self.iterations)

    def update_params(self, layer: Any) -> None:
        """Change every parameter of the layer in place."""
        for name in getattr(layer, "parameter_names", ("weights", "biases")):
            w, g = getattr(layer, name), getattr(layer, f"d{name}", None)
            if g is None:
                raise ValueError(f"{type(layer).__name__} has no d{name}: call backward first")
            if g.shape != w.shape:
                raise ValueError(f"d{name} has shape {g.shape}, but should have shape {w.shape}")
            self._update(layer, name, w, g)

    def post_update_params(self) -> None:
        """Once after the layers: count the step."""
        self.iterations += 1

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        raise NotImplementedError(type(self).__name__)


def state(layer: Any, name: str, kind: str, w: Array) -> Array:
    """The layer's state array for one parameter, such as ``weight_cache``; zeros at first.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> layer = SimpleNamespace()
    >>> state(layer, "weights", "cache", np.ones(2)) is layer.weight_cache
    True
    """
    attribute = f"{SINGULAR.get(name, name)}_{kind}"
    held = getattr(layer, attribute, None)
    if held is None or held.shape != w.shape:
        held = np.zeros_like(w)
        setattr(layer, attribute, held)
    return np.asarray(held)


class Optimizer_SGD(Optimizer):
    """Stochastic gradient descent, with momentum where it is not 0 (NNFS chapter 10).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> layer = SimpleNamespace(parameter_names=("weights",), weights=np.array([1.0]))
    >>> layer.dweights = np.array([0.5])
    >>> Optimizer_SGD(learning_rate=0.5).update_params(layer)
    >>> layer.weights
    array([0.75])
    """

    def __init__(
        self, learning_rate: float = 1.0, decay: float = 0.0, momentum: float = 0.0
    ) -> None:
        super().__init__(learning_rate, decay)
        self.momentum = momentum

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        lr = float(self.current_learning_rate)
        if not self.momentum:
            optim.sgd_step(w, g, lr=lr)
            return
        velocity = state(layer, name, "momentums", w)
        optim.momentum_step(w, g, velocity, lr=lr, momentum=float(self.momentum))


class Optimizer_Adagrad(Optimizer):
    """Steps divided by the root of the sum of squared gradients (NNFS chapter 10)."""

    def __init__(
        self, learning_rate: float = 1.0, decay: float = 0.0, epsilon: float = 1e-7
    ) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        optim.adagrad_step(
            w,
            g,
            state(layer, name, "cache", w),
            lr=float(self.current_learning_rate),
            eps=float(self.epsilon),
        )


class Optimizer_RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squared gradients (NNFS chapter 10)."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        decay: float = 0.0,
        epsilon: float = 1e-7,
        rho: float = 0.9,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon
        self.rho = rho

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        optim.rmsprop_step(
            w,
            g,
            state(layer, name, "cache", w),
            lr=float(self.current_learning_rate),
            eps=float(self.epsilon),
            rho=float(self.rho),
        )


class Optimizer_Adam(Optimizer):
    """Running means of the gradient and its square, both corrected for their start at 0
    (NNFS chapter 10).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> layer = SimpleNamespace(parameter_names=("weights",), weights=np.array([1.0]))
    >>> layer.dweights = np.array([3.0])
    >>> adam = Optimizer_Adam(learning_rate=0.25, epsilon=0.0)
    >>> adam.update_params(layer)
    >>> layer.weights.round(12)
    array([0.75])
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        decay: float = 0.0,
        epsilon: float = 1e-7,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        optim.adam_step(
            w,
            g,
            state(layer, name, "momentums", w),
            state(layer, name, "cache", w),
            t=self.iterations + 1,
            lr=float(self.current_learning_rate),
            beta1=float(self.beta_1),
            beta2=float(self.beta_2),
            eps=float(self.epsilon),
            work=layer.work if isinstance(layer, FlatParameters) else None,
        )
