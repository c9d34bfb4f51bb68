"""Losses beyond the book; formulas and sources in `functional.more_losses`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from gradcheck_reference.functional import more_losses as f
from gradcheck_reference.functional.checks import Array, batch
from gradcheck_reference.nnfs.losses import Loss, mean_cotangent


class FunctionLoss(Loss, ABC):
    """A loss from a pair of functions of the core."""

    option_names: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Forward and backward."""

    def forward(self, y_pred: Array, y_true: Array) -> Array:
        return self._losses(y_pred, y_true)[0]

    def backward(self, dvalues: Array, y_true: Array) -> None:
        dvalues = batch(dvalues, "dvalues")
        _, cache = self._losses(dvalues, y_true)
        g = mean_cotangent(len(dvalues), dvalues.dtype)
        self.dinputs = self.functions[1](g, cache)

    def _losses(self, y_pred: Array, y_true: Array) -> tuple[Array, Any]:
        options = {name: getattr(self, name) for name in self.option_names}
        losses, cache = self.functions[0](y_pred, y_true, **options)
        return losses, cache


class Loss_Huber(FunctionLoss):
    """``d^2 / 2`` near 0, linear beyond `delta`; the mean over the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> loss = Loss_Huber()
    >>> float(loss.calculate(np.array([[3.0, 0.5]]), np.array([[0.0, 0.0]])))
    1.3125
    """

    functions = (f.huber_forward, f.huber_backward)
    option_names = ("delta",)

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = delta


class Loss_LogCosh(FunctionLoss):
    """``log cosh(p - y)``, the mean over the outputs."""

    functions = (f.log_cosh_forward, f.log_cosh_backward)


class Loss_Hinge(FunctionLoss):
    """``max(0, 1 - y x)`` for labels -1 and 1, the mean over the outputs."""

    functions = (f.hinge_forward, f.hinge_backward)


class Loss_MulticlassHinge(FunctionLoss):
    """The sum over the other classes of ``max(0, margin + x_j - x_label)``."""

    functions = (f.multiclass_hinge_forward, f.multiclass_hinge_backward)
    option_names = ("margin",)

    def __init__(self, margin: float = 1.0) -> None:
        self.margin = margin


class Loss_KLDivergence(FunctionLoss):
    """``sum_j t_j (log t_j - log p_j)`` from log-probabilities, for labels that are
    probabilities."""

    functions = (f.kl_divergence_forward, f.kl_divergence_backward)


class Loss_Focal(FunctionLoss):
    """``-a (1 - q)^gamma log q`` from logits, for labels 0 and 1; the mean over the outputs."""

    functions = (f.focal_forward, f.focal_backward)
    option_names = ("gamma", "alpha")

    def __init__(self, gamma: float = 2.0, alpha: float = 0.25) -> None:
        self.gamma = gamma
        self.alpha = alpha


class Loss_CosineSimilarity(FunctionLoss):
    """``1 - cos(p, y)`` of every row."""

    functions = (f.cosine_forward, f.cosine_backward)
