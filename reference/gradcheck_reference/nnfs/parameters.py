"""The parameters of a list of layers: by name, by layer, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..functional.checks import Array


def names_of(layer: Any) -> tuple[str, ...]:
    """The parameters of a layer: what it declares, else the book's weights and biases."""
    declared = getattr(layer, "parameter_names", None)
    if declared is not None:
        return tuple(declared)
    return tuple(name for name in ("weights", "biases") if hasattr(layer, name))


def named(layers: Sequence[Any], prefix: str = "") -> dict[str, Array]:
    """The live arrays by layer number and name (``0.weights``); prefix "d": the gradients."""
    return {
        f"{i}.{name}": getattr(layer, prefix + name)
        for i, layer in enumerate(layers)
        for name in names_of(layer)
    }


def set_named(layers: Sequence[Any], values: Mapping[str, Array]) -> None:
    """Copy arrays into the parameters of these names: all, or nothing.

    Raises
    ------
    ValueError
        Missing or unknown names, or another shape.
    """
    live = named(layers)
    if values.keys() != live.keys():
        missing, unknown = sorted(live.keys() - values.keys()), sorted(values.keys() - live.keys())
        raise ValueError(f"missing parameters: {missing}, unknown parameters: {unknown}")
    for name, array in live.items():
        if np.shape(values[name]) != array.shape:
            raise ValueError(
                f"{name} has shape {np.shape(values[name])}, but should have {array.shape}"
            )
    for name, array in live.items():
        array[...] = values[name]


def get_parameters(layers: Sequence[Any]) -> list[tuple[Array, ...]]:
    """Copies of the parameters: one tuple for each layer that has any."""
    return [
        tuple(np.array(getattr(layer, name)) for name in names_of(layer))
        for layer in layers
        if names_of(layer)
    ]


def set_parameters(layers: Sequence[Any], values: Sequence[Sequence[Array]]) -> None:
    """Copy in what `get_parameters` gave: all, or nothing.

    Raises
    ------
    ValueError
        Another number of layers or arrays, or another shape.
    """
    trainable = [(i, layer) for i, layer in enumerate(layers) if names_of(layer)]
    if len(values) != len(trainable):
        raise ValueError(f"parameters of {len(values)} layers, but should be {len(trainable)}")
    flat: dict[str, Array] = {}
    for (i, layer), arrays in zip(trainable, values, strict=True):
        names = names_of(layer)
        if len(arrays) != len(names):
            raise ValueError(f"{len(arrays)} arrays for layer {i}, but should be {names}")
        flat |= {f"{i}.{name}": array for name, array in zip(names, arrays, strict=True)}
    set_named(layers, flat)


def summary(layers: Sequence[Any]) -> str:
    """Layers, shapes and numbers of parameters as aligned text."""
    rows, total = [], 0
    for i, layer in enumerate(layers):
        arrays = {name: getattr(layer, name) for name in names_of(layer)}
        size = sum(array.size for array in arrays.values())
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        rows.append((str(i), type(layer).__name__, shapes, f"{size:,}"))
        total += size
    width = [max((len(row[k]) for row in rows), default=0) for k in range(4)]
    lines = [
        f"{n:>{width[0]}}  {kind:<{width[1]}}  {shapes:<{width[2]}}  {size:>{width[3]}}"
        for n, kind, shapes, size in rows
    ]
    return "\n".join([*lines, f"{total:,} parameters"])
