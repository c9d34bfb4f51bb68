"""What the layers of this skin share: named parameters, buffers, and one error.

Source: NNFS chapter 18 (layers that a model can link, train and save).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gradcheck_reference.functional.checks import Array, Cache


class Buffered:
    """Something that may write its results to the same arrays in every call.

    Attributes
    ----------
    reuse_buffers
        True: outputs and gradients are written to the same arrays in every call, so that a
        training loop allocates nothing. They are then overwritten by the next call.
    """

    reuse_buffers: bool = False
    _buffers: dict[str, Any] | None = None

    def _out_like(self, name: str, x: Array) -> Array | None:
        """Where to write a result of the shape and dtype of `x`; None for a new array."""
        if not self.reuse_buffers:
            return None
        held: Array | None = None if self._buffers is None else self._buffers.get(name)
        if held is not None and held.shape == x.shape and held.dtype == x.dtype:
            return held
        return self._out(name, x.shape, x.dtype) if x.dtype.kind == "f" else None

    def bind_buffer(self, name: str, array: Array) -> None:
        """Have the result `name` (such as ``dweights``) written to this array from now on."""
        if self._buffers is None:
            self._buffers = {}
        self._buffers[name] = array

    def _as_before(self, call: str, x: Array, w: Any = None, b: Any = None) -> Any:
        """The buffers of the last such call, if it had an array like `x` and these parameters.

        Then shapes and dtypes fit, and need not be looked at again. None otherwise.
        """
        last = None if self._buffers is None else self._buffers.get(call)
        if last is None or type(x) is not np.ndarray:
            return None
        out, shape, dtype, last_w, last_b = last
        same = w is last_w and b is last_b and x.shape == shape and x.dtype == dtype
        return out if same else None

    def _remember(self, call: str, out: Any, x: Array, w: Any = None, b: Any = None) -> None:
        """Keep the buffers of this call for `_as_before`, where buffers are reused."""
        if self.reuse_buffers and self._buffers is not None and type(x) is np.ndarray:
            self._buffers[call] = out, x.shape, x.dtype, w, b

    def _out(self, name: str, shape: tuple[int, ...], dtype: Any) -> Array | None:
        """Where to write the result `name`; None for a new array."""
        held: Array | None = None if self._buffers is None else self._buffers.get(name)
        if held is not None and held.dtype == dtype:
            if held.shape == shape:
                return held
            if self.reuse_buffers and held.shape[1:] == shape[1:] and len(held) > shape[0]:
                return held[: shape[0]]
        if not self.reuse_buffers:
            return None
        fresh = np.empty(shape, dtype)
        self.bind_buffer(name, fresh)
        return fresh


class Layer(Buffered):
    """A layer or activation in the book's convention.

    ``forward(inputs, training)`` sets ``output``; ``backward(dvalues)`` sets ``dinputs`` and, for
    every name in `parameter_names`, the gradient of that name with a ``d`` before it.

    As in the book, the layer keeps references to its inputs and output, not copies: do not edit
    them between forward and backward.

    Attributes
    ----------
    parameter_names
        The attributes that an optimizer may change.
    input_gradient
        False: `backward` need not compute ``dinputs`` (the first layer of a network), which is
        then None. Dense layers save a matrix product by it.
    """

    parameter_names: ClassVar[tuple[str, ...]] = ()
    input_gradient: bool = True

    inputs: Array
    output: Array
    dinputs: Array | None
    _cache: Cache | None = None

    def forward(self, inputs: Array, training: bool = True) -> None:
        """Set ``output``."""
        raise NotImplementedError(type(self).__name__)

    def backward(self, dvalues: Array) -> None:
        """Set ``dinputs`` and the parameters' gradients."""
        raise NotImplementedError(type(self).__name__)

    def predictions(self, outputs: Array) -> Array:
        """What the outputs say: themselves, unless the activation knows better."""
        return outputs

    def get_parameters(self) -> tuple[Array, ...]:
        """Copies of the parameters, in the order of `parameter_names`."""
        return tuple(np.array(getattr(self, name)) for name in self.parameter_names)

    def set_parameters(self, *values: Array) -> None:
        """Copy values into the parameters, in the order of `parameter_names`.

        Raises
        ------
        ValueError
            Another number of arrays, or another shape.
        """
        names = self.parameter_names
        if len(values) != len(names):
            raise ValueError(f"{len(values)} arrays, but should be {len(names)}: {names}")
        for name, value in zip(names, values, strict=True):
            live = getattr(self, name)
            if np.shape(value) != live.shape:
                raise ValueError(
                    f"{name} has shape {np.shape(value)}, but should have shape {live.shape}"
                )
        for name, value in zip(names, values, strict=True):
            getattr(self, name)[...] = value

    def _cached(self) -> Cache:
        if self._cache is None:
            raise ValueError(f"{type(self).__name__}.backward was called before forward")
        return self._cache


def generator(rng: np.random.Generator | int | None) -> np.random.Generator:
    """A generator from a generator, a seed, or None (fresh entropy)."""
    return np.random.default_rng(rng)
