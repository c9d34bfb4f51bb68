"""Layers for sequences; formulas and sources in `functional` (recurrent, attention, embedding)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional import attention, recurrent
from gradcheck_reference.functional.checks import Array, positive
from gradcheck_reference.functional.embedding import embedding_backward, embedding_forward
from gradcheck_reference.nnfs.base import Layer, generator
from gradcheck_reference.nnfs.dense import start_weights
from gradcheck_reference.nnfs.function_layer import FunctionLayer

Rng = np.random.Generator | int | None


class Layer_Embedding(Layer):
    """Rows of a table, by index: (N, ...) whole numbers to (N, ..., n_features).

    There is no ``dinputs``: indices have no gradient.

    Attributes
    ----------
    weights, dweights : (n_words, n_features)

    Examples
    --------
    >>> layer = Layer_Embedding(3, 2, rng=0)
    >>> layer.forward(np.array([[0, 2, 2]]))
    >>> layer.backward(np.ones((1, 3, 2)))
    >>> layer.dweights[:, 0]
    array([1., 0., 2.])
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("weights",)
    dweights: Array

    def __init__(
        self,
        n_words: int,
        n_features: int,
        *,
        dtype: npt.DTypeLike = "float64",
        rng: Rng = None,
    ) -> None:
        shape = positive(n_words, "n_words"), positive(n_features, "n_features")
        self.weights = generator(rng).standard_normal(shape).astype(dtype)

    def forward(self, inputs: Array, training: bool = True) -> None:
        self.inputs = inputs
        self.output, self._cache = embedding_forward(self.weights, inputs)

    def backward(self, dvalues: Array) -> None:
        self.dinputs = None
        self.dweights = embedding_backward(dvalues, self._cached())
        out = self._out("dweights", self.dweights.shape, self.dweights.dtype)
        if out is not None:
            np.copyto(out, self.dweights)
            self.dweights = out


class Recurrent(FunctionLayer):
    """A network over sequences (N, T, n_inputs) to (N, T, n_neurons), from states of zeros.

    Attributes
    ----------
    input_weights, dinput_weights : (n_inputs, gates n_neurons)
    hidden_weights, dhidden_weights : (n_neurons, gates n_neurons)
    biases, dbiases : (1, gates n_neurons)
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("input_weights", "hidden_weights", "biases")
    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    def __init__(
        self, n_inputs: int, n_neurons: int, *, dtype: npt.DTypeLike = "float64", rng: Rng = None
    ) -> None:
        d, h = positive(n_inputs, "n_inputs"), positive(n_neurons, "n_neurons")
        rng, k = generator(rng), self.gates * h
        self.input_weights = start_weights((d, k), "glorot", rng).astype(dtype)
        self.hidden_weights = start_weights((h, k), "glorot", rng).astype(dtype)
        for name in self.parameter_names[2:]:
            setattr(self, name, np.zeros((1, k), dtype))

    def forward(self, inputs: Array, training: bool = True) -> None:
        weights = [getattr(self, name) for name in self.parameter_names]
        zeros = np.zeros((len(inputs), len(self.hidden_weights)), self.hidden_weights.dtype)
        self.inputs = inputs
        self.output, self._cache = self.functions[0](inputs, *[zeros] * self.states, *weights)

    def backward(self, dvalues: Array) -> None:
        first, *rest = self.functions[1](dvalues, self._cached())
        self.dinputs = first
        self._keep_gradients(rest[self.states :])


class Layer_RNN(Recurrent):
    """``h_t = tanh(x_t Wx + h_{t-1} Wh + b)``.

    Examples
    --------
    >>> layer = Layer_RNN(3, 4, rng=0)
    >>> layer.forward(np.ones((2, 5, 3)))
    >>> layer.output.shape
    (2, 5, 4)
    """

    functions = (recurrent.rnn_forward, recurrent.rnn_backward)


class Layer_LSTM(Recurrent):
    """Long short-term memory; gates in the order input, forget, candidate, output."""

    functions = (recurrent.lstm_forward, recurrent.lstm_backward)
    gates = 4
    states = 2


class Layer_GRU(Recurrent):
    """Gated recurrent unit; gates in the order reset, update, candidate.

    Attributes
    ----------
    hidden_biases, dhidden_biases : (1, 3 n_neurons)
        Added to ``h_{t-1} Wh``, before the reset gate.
    """

    functions = (recurrent.gru_forward, recurrent.gru_backward)
    parameter_names = ("input_weights", "hidden_weights", "biases", "hidden_biases")
    gates = 3


class Layer_Attention(Layer):
    """Scaled dot-product attention of three inputs. There is no ``dinputs``: the gradients are
    ``dqueries``, ``dkeys`` and ``dvalues``.

    Examples
    --------
    >>> layer = Layer_Attention()
    >>> layer.forward(np.zeros((1, 2, 3)), np.zeros((1, 4, 3)), np.ones((1, 4, 5)))
    >>> layer.output.shape
    (1, 2, 5)
    """

    dqueries: Array
    dkeys: Array
    dvalues: Array

    def __init__(self, causal: bool = False) -> None:
        self.causal = causal

    def forward(  # type: ignore[override]
        self, queries: Array, keys: Array, values: Array, training: bool = True
    ) -> None:
        self.output, self._cache = attention.attention_forward(
            queries, keys, values, causal=self.causal
        )

    def backward(self, dvalues: Array) -> None:
        grads = attention.attention_backward(dvalues, self._cached())
        self.dqueries, self.dkeys, self.dvalues = grads


class Layer_MultiHeadAttention(FunctionLayer):
    """Multi-head self-attention of (N, T, n_features).

    Attributes
    ----------
    query_weights, key_weights, value_weights, output_weights : (n_features, n_features)
    query_biases, key_biases, value_biases, output_biases : (1, n_features)
        With their gradients. That of `key_biases` is 0: softmax does not see what is added to all
        scores of a query.

    Examples
    --------
    >>> layer = Layer_MultiHeadAttention(4, heads=2, rng=0)
    >>> layer.forward(np.ones((1, 3, 4)))
    >>> layer.output.shape
    (1, 3, 4)
    """

    functions = (attention.self_attention_forward, attention.self_attention_backward)
    parameter_names: ClassVar[tuple[str, ...]] = (
        "query_weights",
        "key_weights",
        "value_weights",
        "output_weights",
        "query_biases",
        "key_biases",
        "value_biases",
        "output_biases",
    )
    option_names = ("heads", "causal")

    def __init__(
        self,
        n_features: int,
        heads: int = 1,
        causal: bool = False,
        *,
        dtype: npt.DTypeLike = "float64",
        rng: Rng = None,
    ) -> None:
        d = positive(n_features, "n_features")
        if heads < 1 or d % heads:
            raise ValueError(f"heads = {heads}, but should divide n_features = {d}")
        self.heads, self.causal = heads, causal
        rng = generator(rng)
        for name in self.parameter_names[:4]:
            setattr(self, name, start_weights((d, d), "glorot", rng).astype(dtype))
        for name in self.parameter_names[4:]:
            setattr(self, name, np.zeros((1, d), dtype))
