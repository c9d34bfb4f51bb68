"""A layer of this skin from a pair of functions of the core."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from gradcheck_reference.functional.checks import Array
from gradcheck_reference.nnfs.base import Layer


class FunctionLayer(Layer, ABC):
    """Calls ``forward_function(inputs, *parameters, **options)`` and its backward.

    Attributes
    ----------
    functions
        The pair; the backward gives ``dinputs`` first, then a gradient for every parameter.
    option_names
        Attributes that are handed to the forward by name.
    """

    option_names: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Forward and backward."""

    def forward(self, inputs: Array, training: bool = True) -> None:
        parameters = [getattr(self, name) for name in self.parameter_names]
        options = {name: getattr(self, name) for name in self.option_names}
        self.inputs = inputs
        self.output, self._cache = self.functions[0](inputs, *parameters, **options)

    def backward(self, dvalues: Array) -> None:
        grads = self.functions[1](dvalues, self._cached())
        first, *rest = grads if isinstance(grads, tuple) else (grads,)
        self.dinputs = first
        self._keep_gradients(rest)

    def _keep_gradients(self, grads: list[Array]) -> None:
        """Set ``d`` + name for every parameter, in the bound buffers where there are any."""
        for name, grad in zip(self.parameter_names, grads, strict=True):
            out = self._out(f"d{name}", grad.shape, grad.dtype)
            if out is not None:
                np.copyto(out, grad)
                grad = out
            setattr(self, f"d{name}", grad)
