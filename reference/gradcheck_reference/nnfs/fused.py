"""The output activation and the loss in one step. Source: NNFS chapters 9 and 18.

The loss is computed from the logits, so that it is never infinite; the gradient is
``(output - y_true) / N`` (softmax) or ``(output - y_true) / J / N`` (sigmoid with J outputs).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck_reference.functional import losses as f
from gradcheck_reference.functional.checks import Array, Cache, batch, floating
from gradcheck_reference.functional.labels import binary, class_index
from gradcheck_reference.nnfs.activations import Activation_Sigmoid, Activation_Softmax
from gradcheck_reference.nnfs.base import Buffered
from gradcheck_reference.nnfs.losses import (
    Loss_BinaryCrossentropy,
    Loss_CategoricalCrossentropy,
    mean_cotangent,
)


class Activation_Softmax_Loss_CategoricalCrossentropy(Buffered):
    """Softmax and categorical cross entropy (NNFS chapter 9).

    ``forward(inputs, y_true)`` sets ``output`` to the probabilities and returns the mean loss;
    ``backward(dvalues, y_true)`` takes the probabilities, as in the book.

    Examples
    --------
    >>> import numpy as np
    >>> both = Activation_Softmax_Loss_CategoricalCrossentropy()
    >>> float(both.forward(np.array([[1000.0, 0.0]]), np.array([1])))
    1000.0
    >>> both.backward(both.output, np.array([1]))
    >>> both.dinputs
    array([[ 1., -1.]])
    """

    inputs: Array
    output: Array
    dinputs: Array
    _cache: Cache
    _labels: Array | None = None

    def __init__(self) -> None:
        self.activation = Activation_Softmax()
        self.loss = Loss_CategoricalCrossentropy()

    def forward(self, inputs: Array, y_true: Array) -> Any:
        out = self._out_like("output", inputs)
        losses, self._cache = f.softmax_crossentropy_forward(inputs, y_true, out=out)
        self.inputs, self.output, self._labels = np.asarray(inputs), self._cache[0], y_true
        return self.loss.accumulate(losses)

    def backward(self, dvalues: Array, y_true: Array) -> None:
        if y_true is self._labels and dvalues is self.output:
            p, index = self._cache  # checked in the forward pass
        else:
            p = f.matrix(dvalues, "dvalues")
            index = class_index(y_true, *p.shape)
        out = self._out_like("dinputs", p)
        self.dinputs = f.softmax_crossentropy_backward(1 / len(p), (p, index), out=out)

    def predictions(self, outputs: Array) -> Array:
        """The most likely class of each row: shape (N,)."""
        return self.activation.predictions(outputs)


class Activation_Sigmoid_Loss_BinaryCrossentropy(Buffered):
    """Sigmoid and binary cross entropy, the mean over J outputs (NNFS chapters 16 and 18).

    ``forward(inputs, y_true)`` sets ``output`` to the probabilities and returns the mean loss;
    ``backward(dvalues, y_true)`` takes the probabilities.

    Examples
    --------
    >>> import numpy as np
    >>> both = Activation_Sigmoid_Loss_BinaryCrossentropy()
    >>> float(both.forward(np.array([[-1000.0]]), np.array([1])))
    1000.0
    >>> both.backward(both.output, np.array([1]))
    >>> both.dinputs
    array([[-1.]])
    """

    inputs: Array
    output: Array
    dinputs: Array
    _cache: Cache

    def __init__(self) -> None:
        self.activation = Activation_Sigmoid()
        self.loss = Loss_BinaryCrossentropy()

    def forward(self, inputs: Array, y_true: Array) -> Any:
        losses, self._cache = f.sigmoid_crossentropy_forward(inputs, y_true)
        self.inputs, self.output = floating(inputs, "inputs"), self._cache[0]
        return self.loss.accumulate(losses)

    def backward(self, dvalues: Array, y_true: Array) -> None:
        p = batch(dvalues, "dvalues")
        g = mean_cotangent(len(p), p.dtype)
        self.dinputs = f.sigmoid_crossentropy_backward(g, (p, binary(y_true, p)))

    def predictions(self, outputs: Array) -> Array:
        """1 where the output is above 0.5, else 0."""
        return self.activation.predictions(outputs)
