"""Models and parameters in files: numbers and names only, nothing that runs.

NNFS chapter 21 saves with ``pickle``; here a model is described by the classes of its parts and
their attributes.  Classes are looked up among those of this package, attributes hold numbers,
texts, arrays, the state of a random generator, or again such parts.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..functional.checks import Array
from .archive import ModelFileError, read_archive, write_archive
from .parameters import names_of

if TYPE_CHECKING:
    from .model import Model

PARTS = ("loss", "optimizer", "accuracy")
#: What a pass leaves behind, and what `finalize` sets up again.
PASSING = {
    "inputs", "output", "dinputs", "binary_mask", "reuse_buffers", "input_gradient",
    "trainable_layers", "accumulated_sum", "accumulated_count",
}  # fmt: skip


def save_parameters(model: Model, path: str | os.PathLike[str]) -> None:
    """Write the parameters by layer number and name (``0.weights``)."""
    layers = [type(layer).__name__ for layer in model.layers]
    write_archive(path, {"kind": "parameters", "layers": layers}, model.named_parameters())


def load_parameters(model: Model, path: str | os.PathLike[str]) -> None:
    """Copy saved parameters into a model of the same layers: all, or nothing.

    Raises
    ------
    ModelFileError
        A missing, damaged or foreign file, or parameters of other names or shapes.
    """
    _, arrays = read_archive(path, kind="parameters")
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise ModelFileError(f"{path}: {name} has dtype {array.dtype}, but should be floats")
    try:
        model.set_named_parameters(arrays)
    except ValueError as error:
        raise ModelFileError(f"{path}: does not fit this model: {error}") from error


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write layers, loss, optimizer and accuracy with their attributes and state."""
    arrays: dict[str, Array] = {}
    layers = [_describe(layer, f"{i}", arrays, path) for i, layer in enumerate(model.layers)]
    parts = {
        name: None if part is None else _describe(part, name, arrays, path)
        for name, part in ((name, getattr(model, name)) for name in PARTS)
    }
    write_archive(path, {"kind": "model", "layers": layers, **parts}, arrays)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Build the model that a file describes.

    Raises
    ------
    ModelFileError
        A missing, damaged or foreign file, an unknown class, a missing or misshapen array.
    """
    from .model import Model

    content, arrays = read_archive(path, kind="model")
    reader = _Reader(Path(path), arrays, _classes())
    model = Model()
    layers = content.get("layers")
    if not isinstance(layers, list) or not layers:
        raise ModelFileError(f"{path}: names no layers")
    for i, description in enumerate(layers):
        layer = reader.build(description, f"layer {i}")
        reader.check_parameters(layer, f"layer {i}")
        model.add(layer)
    for name in PARTS:
        if content.get(name) is not None:
            setattr(model, name, reader.build(content[name], name))
    if reader.left:
        raise ModelFileError(f"{path}: arrays that no part asks for: {', '.join(reader.left)}")
    if model.loss is not None:
        model.finalize()
    return model


def _classes() -> dict[str, type]:
    """The classes that a file may name: those that this package exports."""
    package = importlib.import_module(__package__ or "")
    exported = {name: getattr(package, name) for name in package.__all__}
    return {name: value for name, value in exported.items() if isinstance(value, type)}


def _describe(part: Any, where: str, arrays: dict[str, Array], path: Any) -> dict[str, Any]:
    known = _classes()
    name = type(part).__name__
    if known.get(name) is not type(part):
        raise ModelFileError(
            f"{path}: {name} ({where}) is not a class of {__package__}; save_parameters works for "
            "any layer"
        )
    passing = PASSING | {f"d{parameter}" for parameter in names_of(part)}
    attributes = {
        key: _encode(value, f"{where}.{key}", arrays, path)
        for key, value in vars(part).items()
        if key not in passing and not key.startswith("_")
    }
    return {"class": name, "attributes": attributes}


def _encode(value: Any, where: str, arrays: dict[str, Array], path: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        arrays[where] = value
        return {"array": where, "shape": list(value.shape), "dtype": value.dtype.str}
    if isinstance(value, np.dtype):
        return {"dtype": value.str}
    if isinstance(value, np.random.Generator):
        return {"generator": value.bit_generator.state}
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        items = [_encode(v, f"{where}.{i}", arrays, path) for i, v in enumerate(value)]
        return {kind: items}
    return {"part": _describe(value, where, arrays, path)}


class _Reader:
    """Builds parts from their descriptions; `left` are the arrays not used so far."""

    def __init__(self, path: Path, arrays: dict[str, Array], classes: Mapping[str, type]) -> None:
        self.path, self.arrays, self.classes = path, arrays, classes
        self.left = dict.fromkeys(arrays)

    def build(self, description: Any, where: str) -> Any:
        name = description.get("class") if isinstance(description, dict) else None
        if not isinstance(name, str) or name not in self.classes:
            raise ModelFileError(
                f"{self.path}: {where} is a {name!r}, which is no class of {__package__}"
            )
        attributes = description.get("attributes")
        if not isinstance(attributes, dict):
            raise ModelFileError(f"{self.path}: {where} ({name}) has no attributes")
        cls = self.classes[name]
        part: Any = object.__new__(cls)
        for key, value in attributes.items():
            if not key.isidentifier() or key.startswith("_") or callable(getattr(cls, key, None)):
                raise ModelFileError(
                    f"{self.path}: {where} ({name}): attribute {key!r} is not data"
                )
            setattr(part, key, self.decode(value, f"{where}.{key}"))
        return part

    def decode(self, value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            return value
        match value:
            case {"array": str(name), "shape": list(shape), "dtype": str(dtype)}:
                return self.array(name, tuple(shape), dtype, where)
            case {"dtype": str(text)}:
                return np.dtype(text)
            case {"generator": dict(state)}:
                return self.generator(state, where)
            case {"tuple": list(items)}:
                return tuple(self.decode(v, where) for v in items)
            case {"list": list(items)}:
                return [self.decode(v, where) for v in items]
            case {"part": dict(description)}:
                return self.build(description, where)
        raise ModelFileError(
            f"{self.path}: {where} is described by {sorted(value)}: not understood"
        )

    def array(self, name: str, shape: tuple[Any, ...], dtype: str, where: str) -> Array:
        if name not in self.arrays:
            raise ModelFileError(f"{self.path}: {where}: the array {name!r} is missing")
        found = self.arrays[name]
        if found.shape != shape or found.dtype.str != dtype:
            raise ModelFileError(
                f"{self.path}: {where} = {found.dtype.str} of shape {found.shape}, but should be "
                f"{dtype} of shape {shape}"
            )
        self.left.pop(name, None)
        return found

    def generator(self, state: Mapping[str, Any], where: str) -> np.random.Generator:
        name = state.get("bit_generator")
        kinds = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
        if name not in kinds:
            raise ModelFileError(f"{self.path}: {where}: unknown random generator {name!r}")
        generator = np.random.Generator(getattr(np.random, name)())
        try:
            generator.bit_generator.state = state
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise ModelFileError(f"{self.path}: {where}: not a generator state: {error}") from error
        return generator

    def check_parameters(self, layer: Any, where: str) -> None:
        for name in names_of(layer):
            if not isinstance(getattr(layer, name, None), np.ndarray):
                kind = type(layer).__name__
                raise ModelFileError(f"{self.path}: {where} ({kind}) has no array {name!r}")
