"""Optimizers beyond the book; formulas and sources in `functional.optim` and `more_optim`.

For another schedule than the decay set ``current_learning_rate`` before every step, from a function
of `functional.schedules`, and leave `decay` at 0.
"""

from __future__ import annotations

from typing import Any

from gradcheck_reference.functional import more_optim
from gradcheck_reference.functional.checks import Array
from gradcheck_reference.nnfs.optimizers import Optimizer, state


class AdamLike(Optimizer):
    """The hyperparameters that the variants of Adam share."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        decay: float = 0.0,
        epsilon: float = 1e-8,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def _shared(self) -> dict[str, Any]:
        return {
            "t": self.iterations + 1,
            "lr": float(self.current_learning_rate),
            "beta1": float(self.beta_1),
            "beta2": float(self.beta_2),
            "eps": float(self.epsilon),
        }


class Optimizer_AdamW(AdamLike):
    """Adam with a decay of the weights that is not part of the gradient."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        decay: float = 0.0,
        epsilon: float = 1e-8,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(learning_rate, decay, epsilon, beta_1, beta_2)
        self.weight_decay = weight_decay

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        m, v = state(layer, name, "momentums", w), state(layer, name, "cache", w)
        more_optim.adamw_step(w, g, m, v, weight_decay=float(self.weight_decay), **self._shared())


class Optimizer_AMSGrad(AdamLike):
    """Adam that divides by the largest second moment so far."""

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        m, v = state(layer, name, "momentums", w), state(layer, name, "cache", w)
        largest = state(layer, name, "largest", w)
        more_optim.amsgrad_step(w, g, m, v, largest, **self._shared())


class Optimizer_Nadam(AdamLike):
    """Adam with Nesterov's momentum."""

    def __init__(
        self,
        learning_rate: float = 0.002,
        decay: float = 0.0,
        epsilon: float = 1e-8,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        momentum_decay: float = 4e-3,
    ) -> None:
        super().__init__(learning_rate, decay, epsilon, beta_1, beta_2)
        self.momentum_decay = momentum_decay
        self.product = 1.0
        self.next_product = 1.0

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        m, v = state(layer, name, "momentums", w), state(layer, name, "cache", w)
        self.next_product = more_optim.nadam_step(
            w,
            g,
            m,
            v,
            product=self.product,
            momentum_decay=float(self.momentum_decay),
            **self._shared(),
        )

    def post_update_params(self) -> None:
        """Once after the layers: count the step."""
        super().post_update_params()
        self.product = self.next_product


class Optimizer_Lion(Optimizer):
    """Steps of equal size in the direction of the sign of a running mean."""

    def __init__(
        self,
        learning_rate: float = 1e-4,
        decay: float = 0.0,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, decay)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.weight_decay = weight_decay

    def _update(self, layer: Any, name: str, w: Array, g: Array) -> None:
        more_optim.lion_step(
            w,
            g,
            state(layer, name, "momentums", w),
            lr=float(self.current_learning_rate),
            beta1=float(self.beta_1),
            beta2=float(self.beta_2),
            weight_decay=float(self.weight_decay),
        )
