"""Layers, loss and accuracy linked into one network. Source: NNFS chapter 18."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..functional.checks import Array
from .activations import Activation_Sigmoid, Activation_Softmax
from .fused import (
    Activation_Sigmoid_Loss_BinaryCrossentropy,
    Activation_Softmax_Loss_CategoricalCrossentropy,
)
from .losses import Loss_BinaryCrossentropy, Loss_CategoricalCrossentropy
from .parameters import names_of

FUSED: dict[tuple[type, type], type] = {
    (
        Activation_Softmax,
        Loss_CategoricalCrossentropy,
    ): Activation_Softmax_Loss_CategoricalCrossentropy,
    (Activation_Sigmoid, Loss_BinaryCrossentropy): Activation_Sigmoid_Loss_BinaryCrossentropy,
}


class Network:
    """The passes through a list of layers; `Model` adds training, use and files.

    Attributes
    ----------
    layers
        In the order of the forward pass.
    trainable_layers
        Those with parameters; set by `finalize`.
    fused
        The output activation and loss in one step, where the pair has one; set by `finalize`.
    """

    def __init__(self) -> None:
        self.layers: list[Any] = []
        self.trainable_layers: list[Any] = []
        self.loss: Any = None
        self.optimizer: Any = None
        self.accuracy: Any = None
        self.fused: Any = None
        self._final = False

    def add(self, layer: Any) -> None:
        """Put a layer or activation at the end."""
        self.layers.append(layer)
        self._final = False

    def set(self, *, loss: Any = None, optimizer: Any = None, accuracy: Any = None) -> None:
        """Choose the loss, optimizer and accuracy; what is None stays as it was."""
        self.loss = self.loss if loss is None else loss
        self.optimizer = self.optimizer if optimizer is None else optimizer
        self.accuracy = self.accuracy if accuracy is None else accuracy
        self._final = False

    def finalize(self) -> None:
        """Link the layers, find the trainable ones, choose the fused backward pass.

        Raises
        ------
        ValueError
            No layers, or no loss.
        """
        if not self.layers:
            raise ValueError("the model has no layers: call add(layer) before finalize()")
        if self.loss is None:
            raise ValueError("the model has no loss: call set(loss=...) before finalize()")
        self.trainable_layers = [layer for layer in self.layers if names_of(layer)]
        if hasattr(self.loss, "remember_trainable_layers"):
            self.loss.remember_trainable_layers(self.trainable_layers)
        pair = FUSED.get((type(self.layers[-1]), type(self.loss)))
        self.fused = pair() if pair is not None and len(self.layers) > 1 else None
        if self.fused is not None:
            self.fused.loss = self.loss  # one place where the pass accumulates
        self._final = True

    # --- one pass

    def forward(self, X: Array, training: bool = False) -> Array:
        """The output of the last layer."""
        return self._through(self.layers, X, training)

    @staticmethod
    def _through(layers: Sequence[Any], X: Array, training: bool) -> Array:
        for layer in layers:
            layer.forward(X, training)
            X = layer.output
        return X

    def loss_of(self, X: Array, y: Array, training: bool = False) -> tuple[float, Array]:
        """Mean data loss of a batch, and the model's output for it."""
        if self.fused is None:
            output = self.forward(X, training)
            return float(self.loss.calculate(output, y)), output
        logits = self._through(self.layers[:-1], X, training)
        loss = float(self.fused.forward(logits, y))
        self.layers[-1].output = self.fused.output
        return loss, self.fused.output

    def backward(self, output: Array, y: Array, *, input_gradient: bool = True) -> None:
        """Every layer's gradients for the batch of the last forward pass.

        With ``input_gradient=False`` the pass ends at the first layer that has parameters.
        """
        layers = self.layers if self.fused is None else self.layers[:-1]
        last = self.loss if self.fused is None else self.fused
        last.backward(output, y)
        dvalues, end = last.dinputs, None if input_gradient else self.trainable_layers[0]
        for layer in reversed(layers):
            layer.backward(dvalues)
            if layer is end:
                break
            dvalues = layer.dinputs

    def regularization_loss(self) -> float:
        """The penalties of all layers; 0 for a loss that knows none."""
        total = getattr(self.loss, "regularization_loss", None)
        return 0.0 if total is None else float(total())

    def predictions(self, output: Array) -> Array:
        """What the last layer reads from its outputs: classes, 0/1, or the values themselves."""
        read = getattr(self.layers[-1], "predictions", None)
        return output if read is None else np.asarray(read(output))

    def batch_accuracy(self, output: Array, y: Array) -> float | None:
        """The accuracy of one batch's output; None for a model without accuracy."""
        if self.accuracy is None:
            return None
        return float(self.accuracy.calculate(self.predictions(output), y))

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """Put back every attribute of layers, loss and accuracy afterwards.

        So an evaluation between a forward and a backward pass leaves the backward right.
        """
        parts = [*self.layers, self.loss, self.accuracy, self.fused]
        held = [(part, dict(vars(part))) for part in parts if hasattr(part, "__dict__")]
        for part, attributes in held:
            if "_buffers" in attributes:  # or the evaluation would write into the held outputs
                part._buffers = None
        try:
            yield
        finally:
            for part, attributes in held:
                vars(part).clear()
                vars(part).update(attributes)

    def _ready(self) -> None:
        if not self._final:
            self.finalize()
