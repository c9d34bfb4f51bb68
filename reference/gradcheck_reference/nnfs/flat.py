"""All parameters of a network in one array, so that an optimizer makes one step for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from gradcheck_reference.functional.checks import Array
from gradcheck_reference.nnfs.base import Layer


class FlatParameters:
    """The parameters of several layers as one vector, and their gradients as another.

    The layers keep their attributes, which become views of the two vectors: what a layer's
    `backward` writes is at once in `dvalues`, and what an optimizer does to `values` is at once in
    the layers. Pass it to an optimizer as if it were a layer.

    Attributes
    ----------
    values, dvalues, work : (P,)
        `work` is for layers and optimizers to compute in, of any contents.

    Raises
    ------
    ValueError
        No parameters, or parameters of different dtypes.

    Examples
    --------
    >>> from gradcheck_reference.nnfs.dense import Layer_Dense
    >>> layer = Layer_Dense(2, 3)
    >>> flat = FlatParameters([layer])
    >>> flat.values[:] = 1.0
    >>> layer.biases
    array([[1., 1., 1.]])
    """

    parameter_names: ClassVar[tuple[str, ...]] = ("values",)

    def __init__(self, layers: Sequence[Layer]) -> None:
        named = [(layer, name) for layer in layers for name in layer.parameter_names]
        arrays = [np.asarray(getattr(layer, name)) for layer, name in named]
        dtypes = {array.dtype for array in arrays}
        if len(dtypes) != 1:
            raise ValueError(f"parameters have the dtypes {dtypes}, but should have a single one")
        size = sum(array.size for array in arrays)
        self.values: Array = np.empty(size, dtypes.pop())
        self.dvalues: Array = np.zeros_like(self.values)
        self.work: Array = np.empty_like(self.values)
        start = 0
        for (layer, name), array in zip(named, arrays, strict=True):
            part = slice(start, start + array.size)
            start += array.size
            view = self.values[part].reshape(array.shape)
            view[...] = array
            setattr(layer, name, view)
            layer.bind_buffer(f"d{name}", self.dvalues[part].reshape(array.shape))
            layer.bind_buffer(f"{name}_work", self.work[part].reshape(array.shape))
