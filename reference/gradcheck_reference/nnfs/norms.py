"""Normalising layers; formulas and sources in `functional.norms`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional import norms as f
from gradcheck_reference.functional.checks import Array, floating, positive
from gradcheck_reference.nnfs.function_layer import FunctionLayer


class Scaled(FunctionLayer):
    """A normalisation with a learned scale and shift.

    Attributes
    ----------
    gamma, dgamma, beta, dbeta : (1, n_features)
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    option_names: ClassVar[tuple[str, ...]] = ("eps",)

    def __init__(
        self, n_features: int, eps: float = 1e-5, *, dtype: npt.DTypeLike = "float64"
    ) -> None:
        size = positive(n_features, "n_features")
        self.eps = eps
        self.gamma = np.ones((1, size), dtype)
        self.beta = np.zeros((1, size), dtype)


class Layer_LayerNorm(Scaled):
    """Each sample's last axis with mean 0 and variance 1, then ``gamma xhat + beta``.

    Examples
    --------
    >>> layer = Layer_LayerNorm(2, eps=0.0)
    >>> layer.forward(np.array([[1.0, 3.0]]))
    >>> layer.output
    array([[-1.,  1.]])
    """

    functions = (f.layer_norm_forward, f.layer_norm_backward)


class Layer_GroupNorm(Scaled):
    """Each sample's groups of channels with mean 0 and variance 1, then ``gamma xhat + beta``."""

    functions = (f.group_norm_forward, f.group_norm_backward)
    option_names = ("groups", "eps")

    def __init__(
        self,
        n_features: int,
        groups: int,
        eps: float = 1e-5,
        *,
        dtype: npt.DTypeLike = "float64",
    ) -> None:
        super().__init__(n_features, eps, dtype=dtype)
        self.groups = positive(groups, "groups")


class Layer_RMSNorm(FunctionLayer):
    """``gamma x / sqrt(mean(x^2) + eps)`` over the last axis.

    Attributes
    ----------
    gamma, dgamma : (1, n_features)
    """

    functions = (f.rms_norm_forward, f.rms_norm_backward)
    parameter_names: ClassVar[tuple[str, ...]] = ("gamma",)
    option_names = ("eps",)

    def __init__(
        self, n_features: int, eps: float = 1e-6, *, dtype: npt.DTypeLike = "float64"
    ) -> None:
        self.eps = eps
        self.gamma = np.ones((1, positive(n_features, "n_features")), dtype)


class Layer_BatchNormalization(Scaled):
    """Each channel with mean 0 and variance 1 over the batch; running statistics in evaluation.

    Parameters
    ----------
    momentum
        ``running = momentum running + (1 - momentum) batch``; the variance is the biased one.

    Attributes
    ----------
    running_mean, running_var : (n_features,)

    Examples
    --------
    >>> layer = Layer_BatchNormalization(1, momentum=0.5, eps=0.0)
    >>> layer.forward(np.array([[1.0], [3.0]]))
    >>> layer.output.tolist(), layer.running_mean
    ([[-1.0], [1.0]], array([1.]))
    """

    functions = (f.batch_norm_forward, f.batch_norm_backward)

    def __init__(
        self,
        n_features: int,
        momentum: float = 0.9,
        eps: float = 1e-5,
        *,
        dtype: npt.DTypeLike = "float64",
    ) -> None:
        super().__init__(n_features, eps, dtype=dtype)
        self.momentum = momentum
        self.running_mean = np.zeros(n_features, dtype)
        self.running_var = np.ones(n_features, dtype)

    def forward(self, inputs: Array, training: bool = True) -> None:
        self.inputs = floating(inputs, "inputs")
        fixed = None if training else (self.running_mean, self.running_var)
        self.output, self._cache = f.batch_norm_forward(
            self.inputs, self.gamma, self.beta, eps=self.eps, statistics=fixed
        )
        if training:
            keep = self.momentum
            mean, var = f.batch_statistics(self._cache)
            self.running_mean = keep * self.running_mean + (1 - keep) * mean
            self.running_var = keep * self.running_var + (1 - keep) * var
