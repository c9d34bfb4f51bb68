"""Activations beyond the book; formulas and sources in `functional.more_activations`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional import activations as basic
from gradcheck_reference.functional import more_activations as f
from gradcheck_reference.functional.checks import Array, positive
from gradcheck_reference.nnfs.function_layer import FunctionLayer


class Activation_Tanh(FunctionLayer):
    """``tanh(x)``.

    Examples
    --------
    >>> layer = Activation_Tanh()
    >>> layer.forward(np.array([[0.0]]))
    >>> layer.backward(np.array([[3.0]]))
    >>> layer.output, layer.dinputs
    (array([[0.]]), array([[3.]]))
    """

    functions = (basic.tanh_forward, basic.tanh_backward)


class Activation_LogSoftmax(FunctionLayer):
    """``x_i - log sum_j exp(x_j)`` over the last axis."""

    functions = (basic.log_softmax_forward, basic.log_softmax_backward)

    def predictions(self, outputs: Array) -> Array:
        """The most likely class of each row: shape (N,)."""
        return np.asarray(np.argmax(outputs, axis=1))


class Activation_LeakyReLU(FunctionLayer):
    """``x`` where x > 0, else ``alpha x``."""

    functions = (f.leaky_relu_forward, f.leaky_relu_backward)
    option_names = ("alpha",)

    def __init__(self, alpha: float = 0.01) -> None:
        self.alpha = alpha


class Activation_PReLU(FunctionLayer):
    """Leaky ReLU with one learned slope, or one a channel.

    Attributes
    ----------
    alpha, dalpha : (n_channels,)
    """

    functions = (f.prelu_forward, f.prelu_backward)
    parameter_names: ClassVar[tuple[str, ...]] = ("alpha",)

    def __init__(
        self, n_channels: int = 1, init: float = 0.25, *, dtype: npt.DTypeLike = "float64"
    ) -> None:
        self.alpha = np.full(positive(n_channels, "n_channels"), init, dtype)


class Activation_ELU(FunctionLayer):
    """``x`` where x > 0, else ``alpha (exp(x) - 1)``."""

    functions = (f.elu_forward, f.elu_backward)
    option_names = ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha


class Activation_SELU(FunctionLayer):
    """ELU with the two constants that keep mean 0 and variance 1."""

    functions = (f.selu_forward, f.selu_backward)


class Activation_GELU(FunctionLayer):
    """``x Phi(x)`` with the normal distribution function, exactly."""

    functions = (f.gelu_forward, f.gelu_backward)


class Activation_GELUTanh(FunctionLayer):
    """The approximation of GELU by a tanh, with its own derivative."""

    functions = (f.gelu_tanh_forward, f.gelu_tanh_backward)


class Activation_SiLU(FunctionLayer):
    """``x sigmoid(x)``, also called swish."""

    functions = (f.silu_forward, f.silu_backward)


class Activation_Softplus(FunctionLayer):
    """``log(1 + exp(x))``, without overflow."""

    functions = (f.softplus_forward, f.softplus_backward)


class Activation_Hardtanh(FunctionLayer):
    """x, held between `low` and `high`."""

    functions = (f.hardtanh_forward, f.hardtanh_backward)
    option_names = ("low", "high")

    def __init__(self, low: float = -1.0, high: float = 1.0) -> None:
        self.low = low
        self.high = high


class Activation_ReLU6(FunctionLayer):
    """``min(max(x, 0), 6)``."""

    functions = (f.relu6_forward, f.relu6_backward)
