"""The book's network of two layers. Source: fish book chapters 4.5 and 5.7."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcheck_reference.fish.layers import Affine, Relu, SoftmaxWithLoss
from gradcheck_reference.fish.util import numerical_gradient
from gradcheck_reference.functional.checks import Array, positive
from gradcheck_reference.functional.labels import class_index


class TwoLayerNet:
    """Affine, Relu, Affine, SoftmaxWithLoss.

    Parameters
    ----------
    weight_init_std
        The standard deviation of the normal start weights.
    rng
        A generator or a seed for them.
    dtype
        Of the parameters.

    Attributes
    ----------
    params
        ``W1 (input, hidden)``, ``b1 (hidden,)``, ``W2 (hidden, output)``, ``b2 (output,)``.
        The layers hold these very arrays: change them in place.

    Examples
    --------
    >>> net = TwoLayerNet(4, 3, 2, weight_init_std=1.0, rng=0)
    >>> x, t = np.random.default_rng(1).normal(size=(5, 4)), np.array([0, 1, 1, 0, 1])
    >>> exact, measured = net.gradient(x, t), net.numerical_gradient(x, t)
    >>> all(np.abs(exact[k] - measured[k]).mean() < 1e-8 for k in ("W1", "b1", "W2", "b2"))
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: float = 0.01,
        *,
        rng: np.random.Generator | int | None = None,
        dtype: npt.DTypeLike = "float64",
    ) -> None:
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "output_size": output_size}
        for name, size in sizes.items():
            positive(size, name)
        rng = np.random.default_rng(rng)

        def start(*shape: int) -> Array:
            return (weight_init_std * rng.standard_normal(shape)).astype(dtype)

        self.params: dict[str, Array] = {
            "W1": start(input_size, hidden_size),
            "b1": np.zeros(hidden_size, dtype),
            "W2": start(hidden_size, output_size),
            "b2": np.zeros(output_size, dtype),
        }
        self.affine1 = Affine(self.params["W1"], self.params["b1"])
        self.affine2 = Affine(self.params["W2"], self.params["b2"])
        self.layers: OrderedDict[str, Affine | Relu] = OrderedDict(
            Affine1=self.affine1, Relu1=Relu(), Affine2=self.affine2
        )
        self.lastLayer = SoftmaxWithLoss()

    def predict(self, x: Array) -> Array:
        """The logits, (N, output)."""
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: Array, t: Array) -> Any:
        """The mean cross entropy; t holds class indices or one-hot rows."""
        return self.lastLayer.forward(self.predict(x), t)

    def accuracy(self, x: Array, t: Array) -> float:
        """The share of samples whose largest logit is the labelled one."""
        y = self.predict(x)
        return float(np.mean(y.argmax(axis=1) == class_index(t, y.shape[0], y.shape[1], "t")))

    def numerical_gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Every parameter's gradient by central differences: slow, and owes backward nothing."""
        return {
            name: numerical_gradient(lambda _: self.loss(x, t), value)
            for name, value in self.params.items()
        }

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """Every parameter's gradient by backpropagation."""
        self.loss(x, t)
        dout = self.lastLayer.backward(1)
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.affine1, self.affine2
        return {
            "W1": np.asarray(first.dW),
            "b1": np.asarray(first.db),
            "W2": np.asarray(second.dW),
            "b2": np.asarray(second.db),
        }
