"""The book's activations. Source: NNFS chapters 4, 9, 16, 17 and 18."""

from __future__ import annotations

import numpy as np

from gradcheck_reference.functional import activations as f
from gradcheck_reference.functional.checks import Array, floating, same_shape
from gradcheck_reference.nnfs.base import Layer


class Activation_ReLU(Layer):
    """``max(inputs, 0)`` (NNFS chapters 4 and 9).

    Examples
    --------
    >>> relu = Activation_ReLU()
    >>> relu.forward(np.array([[-1.0, 0.0, 2.0]]))
    >>> relu.backward(np.array([[5.0, 5.0, 5.0]]))
    >>> relu.output, relu.dinputs
    (array([[0., 0., 2.]]), array([[0., 0., 5.]]))
    """

    def forward(self, inputs: Array, training: bool = True) -> None:
        out = self._out_like("output", inputs)
        self.output, self._cache = f.relu_forward(inputs, out=out)
        self.inputs = self._cache[0]

    def backward(self, dvalues: Array) -> None:
        (x,) = cache = self._cached()
        out = self._out_like("dinputs", x)
        self.dinputs = f.relu_backward(dvalues, cache, out=out)


class Activation_Softmax(Layer):
    """``exp(x_i) / sum_j exp(x_j)`` over each row (NNFS chapters 4 and 9).

    Examples
    --------
    >>> softmax = Activation_Softmax()
    >>> softmax.forward(np.array([[1000.0, 1000.0]]))
    >>> softmax.backward(np.array([[1.0, 0.0]]))
    >>> softmax.output, softmax.dinputs
    (array([[0.5, 0.5]]), array([[ 0.25, -0.25]]))
    """

    def forward(self, inputs: Array, training: bool = True) -> None:
        inputs = floating(inputs, "inputs")
        out = self._out("output", inputs.shape, inputs.dtype)
        self.output, self._cache = f.softmax_forward(inputs, out=out)
        self.inputs = inputs

    def backward(self, dvalues: Array) -> None:
        self.dinputs = f.softmax_backward(dvalues, self._cached())

    def predictions(self, outputs: Array) -> Array:
        """The most likely class of each row: shape (N,)."""
        classes: Array = np.asarray(outputs).argmax(axis=1)
        return classes


class Activation_Sigmoid(Layer):
    """``1 / (1 + exp(-x))``, without overflow (NNFS chapter 16).

    Examples
    --------
    >>> sigmoid = Activation_Sigmoid()
    >>> sigmoid.forward(np.array([[-1000.0, 0.0]]))
    >>> sigmoid.backward(np.array([[1.0, 1.0]]))
    >>> sigmoid.output, sigmoid.dinputs
    (array([[0. , 0.5]]), array([[0.  , 0.25]]))
    """

    def forward(self, inputs: Array, training: bool = True) -> None:
        self.inputs = floating(inputs, "inputs")
        self.output, self._cache = f.sigmoid_forward(self.inputs)

    def backward(self, dvalues: Array) -> None:
        self.dinputs = f.sigmoid_backward(dvalues, self._cached())

    def predictions(self, outputs: Array) -> Array:
        """1 where the output is above 0.5, else 0."""
        return (outputs > 0.5) * 1


class Activation_Linear(Layer):
    """``output = inputs`` (NNFS chapter 17). Both results are copies.

    Examples
    --------
    >>> linear = Activation_Linear()
    >>> linear.forward(np.array([[3.0]]))
    >>> linear.output
    array([[3.]])
    """

    def forward(self, inputs: Array, training: bool = True) -> None:
        self.inputs = floating(inputs, "inputs")
        self.output, self._cache = f.linear_forward(self.inputs)

    def backward(self, dvalues: Array) -> None:
        shape, dtype = self._cached()
        self.dinputs = np.array(same_shape(dvalues, "dvalues", shape, dtype))
