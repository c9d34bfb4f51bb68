"""Layer_Dropout. Source: NNFS chapter 15."""

from __future__ import annotations

import numpy as np

from gradcheck_reference.functional.checks import Array, floating
from gradcheck_reference.functional.dropout import dropout_backward, dropout_forward, dropout_mask
from gradcheck_reference.nnfs.base import Layer, generator


class Layer_Dropout(Layer):
    """Inverted dropout: values are dropped and the others scaled by 1 / (1 - rate) in training.

    Parameters
    ----------
    rate
        The share of values set to 0, at least 0 and below 1.
    rng
        A generator or a seed for the masks; kept as the attribute ``rng``.

    Attributes
    ----------
    rate
        The share *kept*, 1 - rate, as in the book.
    binary_mask
        0, or 1 / (1 - rate); the shape of the inputs.

    Examples
    --------
    >>> layer = Layer_Dropout(0.5, rng=0)
    >>> layer.forward(np.ones((1, 4)))
    >>> layer.backward(np.ones((1, 4)))
    >>> bool((layer.output == layer.dinputs).all()), sorted(set(layer.output.ravel().tolist()))
    (True, [0.0, 2.0])
    >>> layer.forward(np.ones((1, 4)), training=False)
    >>> layer.output
    array([[1., 1., 1., 1.]])
    """

    def __init__(self, rate: float, *, rng: np.random.Generator | int | None = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"rate = {rate}, but should be at least 0 and below 1")
        self.rate = 1 - rate
        self.rng = generator(rng)

    def forward(self, inputs: Array, training: bool = True) -> None:
        self.inputs = floating(inputs, "inputs")
        if training:
            keep = dropout_mask(self.inputs.shape, 1 - self.rate, self.rng, self.inputs.dtype)
            self.binary_mask = keep / float(self.rate)
        else:
            self.binary_mask = np.ones_like(self.inputs)
        self.output, self._cache = dropout_forward(self.inputs, self.binary_mask)

    def backward(self, dvalues: Array) -> None:
        self.dinputs = dropout_backward(dvalues, self._cached())
