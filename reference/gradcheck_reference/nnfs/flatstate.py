"""Optimizer state, between the layers (where the book keeps it) and one flat vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..functional.checks import Array
from .base import Layer
from .flat import FlatParameters
from .optimizers import SINGULAR, Optimizer

PREFIX = "values_"


def flat_parameters(layers: Sequence[Any], optimizer: Any) -> FlatParameters | None:
    """The layers' parameters and optimizer state as vectors; None where that is not possible.

    It is not for layers or optimizers of other makers (an optimizer of theirs may treat each
    array on its own, as one that clips by norm does), or for parameters of different dtypes.
    """
    ours = isinstance(optimizer, Optimizer) and type(optimizer).__module__.startswith(
        __package__ or ""
    )
    if not ours or not all(isinstance(layer, Layer) for layer in layers):
        return None
    arrays = [getattr(layer, name) for layer in layers for name in layer.parameter_names]
    if len({array.dtype for array in arrays}) != 1:
        return None
    kinds = {kind for layer in layers for kind in state_kinds(layer)}
    flat = FlatParameters(layers)
    for kind in sorted(kinds):
        held: Array = np.zeros_like(flat.values)
        for part, layer, attribute, shape in _parts(layers, kind):
            if hasattr(layer, attribute):
                held[part].reshape(shape)[...] = getattr(layer, attribute)
        setattr(flat, PREFIX + kind, held)
    return flat


def optimizer_state_to_layers(flat: FlatParameters, layers: Sequence[Any]) -> None:
    """Give each layer its part of the state, under the book's names (``weight_cache`` ...)."""
    kinds = [name.removeprefix(PREFIX) for name in vars(flat) if name.startswith(PREFIX)]
    for kind in kinds:
        held = getattr(flat, PREFIX + kind)
        for part, layer, attribute, shape in _parts(layers, kind):
            setattr(layer, attribute, held[part].reshape(shape))


def state_kinds(layer: Any) -> list[str]:
    """The kinds of optimizer state on a layer, such as ``momentums`` and ``cache``."""
    names = getattr(layer, "parameter_names", ("weights", "biases"))
    found = []
    for name in names:
        prefix, shape = SINGULAR.get(name, name) + "_", getattr(layer, name).shape
        for attribute, value in vars(layer).items():
            is_state = isinstance(value, np.ndarray) and value.shape == shape
            if attribute.startswith(prefix) and is_state:
                found.append(attribute.removeprefix(prefix))
    return sorted(set(found))


def _parts(layers: Sequence[Any], kind: str) -> list[tuple[slice, Any, str, tuple[int, ...]]]:
    parts, start = [], 0
    for layer in layers:
        for name in layer.parameter_names:
            array = getattr(layer, name)
            part = slice(start, start + array.size)
            parts.append((part, layer, f"{SINGULAR.get(name, name)}_{kind}", array.shape))
            start += array.size
    return parts
