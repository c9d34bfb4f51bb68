"""Layer_Input and Layer_Dense. Source: NNFS chapters 3, 9, 14 and 18."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.checks import Array, batch, positive
from gradcheck_reference.functional.dense import (
    add_penalty_gradient,
    affine,
    dense_backward,
    dense_forward,
)
from gradcheck_reference.nnfs.base import Layer, generator


class Layer_Input(Layer):
    """Hands its input on (NNFS chapter 18)."""

    def forward(self, inputs: Array, training: bool = True) -> None:
        self.inputs = self.output = batch(inputs, "inputs", ndim=1)

    def backward(self, dvalues: Array) -> None:
        self.dinputs = np.array(dvalues)


class Layer_Dense(Layer):
    """``output = inputs weights + biases`` (NNFS chapters 3, 9 and 14).

    Parameters
    ----------
    n_inputs, n_neurons
        The sizes D and M.
    weight_regularizer_l1, weight_regularizer_l2, bias_regularizer_l1, bias_regularizer_l2
        The factors of ``sum |w|`` and ``sum w^2`` in the loss. `backward` adds their gradients.
    init
        The standard deviation of the normal start weights (the book: 0.01; 0.1 for regression),
        or ``"glorot"``: uniform within ``sqrt(6 / (D + M))``.
    dtype
        Of the parameters: ``"float64"``, or ``"float32"`` for fast training.
    rng
        A generator or a seed for the start weights.

    Attributes
    ----------
    weights, dweights : (D, M)
    biases, dbiases : (1, M)
    inputs, dinputs : (N, D)
    output : (N, M)

    Raises
    ------
    ValueError
        A size below 1, a negative factor, or inputs and upstream gradients of another shape.

    Examples
    --------
    >>> layer = Layer_Dense(2, 1)
    >>> layer.set_parameters(np.array([[1.0], [2.0]]), np.array([[0.5]]))
    >>> layer.forward(np.array([[3.0, 4.0]]))
    >>> layer.output
    array([[11.5]])
    >>> layer.backward(np.array([[1.0]]))
    >>> layer.dinputs, layer.dweights, layer.dbiases
    (array([[1., 2.]]), array([[3.],
           [4.]]), array([[1.]]))
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("weights", "biases")
    dweights: Array
    dbiases: Array

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        weight_regularizer_l1: float = 0.0,
        weight_regularizer_l2: float = 0.0,
        bias_regularizer_l1: float = 0.0,
        bias_regularizer_l2: float = 0.0,
        *,
        init: float | Literal["glorot"] = 0.01,
        dtype: npt.DTypeLike = "float64",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        shape = positive(n_inputs, "n_inputs"), positive(n_neurons, "n_neurons")
        self.weights = start_weights(shape, init, generator(rng)).astype(dtype)
        self.biases = np.zeros((1, n_neurons), self.weights.dtype)
        self.weight_regularizer_l1 = weight_regularizer_l1
        self.weight_regularizer_l2 = weight_regularizer_l2
        self.bias_regularizer_l1 = bias_regularizer_l1
        self.bias_regularizer_l2 = bias_regularizer_l2
        for name, value in vars(self).items():
            if "regularizer" in name and value < 0:
                raise ValueError(f"{name} = {value}, but should be at least 0")

    def forward(self, inputs: Array, training: bool = True) -> None:
        w, b = self.weights, self.biases
        out = self._as_before("forward", inputs, w, b)
        if out is not None:
            self.output, self._cache = affine(inputs, w, b, out)
        else:
            if self.reuse_buffers:
                out = self._out("output", (*np.shape(inputs)[:-1], w.shape[1]), w.dtype)
            self.output, self._cache = dense_forward(inputs, w, b, out=out)
            if self._cache[0] is inputs:
                self._remember("forward", out, inputs, w, b)
        self.inputs = self._cache[0]

    def backward(self, dvalues: Array) -> None:
        x, w, _ = cache = self._cached()
        out = self._as_before("backward", x, w, self.biases)
        if out is None:
            out = self._gradient_buffers(x, w)
            self._remember("backward", out, x, w, self.biases)
        self.dinputs, self.dweights, self.dbiases = dense_backward(
            dvalues, cache, out=out, input_gradient=self.input_gradient
        )
        self._add_penalty_gradients(w)

    def _gradient_buffers(
        self, x: Array, w: Array
    ) -> tuple[Array | None, Array | None, Array | None]:
        return (
            self._out("dinputs", x.shape, w.dtype) if self.input_gradient else None,
            self._out("dweights", w.shape, w.dtype),
            self._out("dbiases", self.biases.shape, w.dtype),
        )

    def _add_penalty_gradients(self, w: Array) -> None:
        w_l1, w_l2 = self.weight_regularizer_l1, self.weight_regularizer_l2
        if w_l1 or w_l2:
            work = self._out("weights_work", w.shape, w.dtype)
            add_penalty_gradient(self.dweights, w, w_l1, w_l2, work=work)
        b_l1, b_l2 = self.bias_regularizer_l1, self.bias_regularizer_l2
        if b_l1 or b_l2:
            add_penalty_gradient(self.dbiases, self.biases, b_l1, b_l2)


def start_weights(
    shape: tuple[int, ...], init: float | Literal["glorot"], rng: np.random.Generator
) -> Array:
    """Normal with the given deviation, or Glorot uniform over the first and last axes.

    Examples
    --------
    >>> bool(np.abs(start_weights((2, 4), "glorot", np.random.default_rng(0))).max() <= 1)
    True
    """
    if init == "glorot":
        limit = (6 / (shape[0] + shape[-1])) ** 0.5
        return rng.uniform(-limit, limit, shape)
    return float(init) * rng.standard_normal(shape)
