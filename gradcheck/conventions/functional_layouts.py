"""Shapes of the parameters of a network written as functions, and the labels that go with them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.conventions.parameter_dicts import dict_shapes
from gradcheck.conventions.signature import plain, returned_names


def layouts(keys: tuple[str, ...]) -> Iterator[tuple[bool, dict[str, tuple[int, ...]], str]]:
    """(samples in columns, shapes, label encoding) to try: several outputs, then a single one."""
    if keys == ("w", "b"):
        biases: tuple[tuple[bool, tuple[int, ...]], ...] = (
            (True, ()), (True, (1, 1)), (False, ()), (False, (1,))
        )  # fmt: skip
        for columns, bias in biases:
            yield columns, {"w": (4, 1), "b": bias}, "binary"
        return
    wide = list(dict_shapes(keys))
    for encoding, (columns, sizes) in itertools.product(("index", "onehot", "binary"), wide):
        yield columns, sizes, encoding
    for columns, sizes in wide:
        narrow = {k: one_output(k, s, columns, keys) for k, s in sizes.items()}
        yield columns, narrow, "binary"
        yield columns, narrow, "real"


def one_output(
    key: str, shape: tuple[int, ...], columns: bool, keys: tuple[str, ...]
) -> tuple[int, ...]:
    """The shape of a parameter where the last layer has a single output."""
    if not is_last(key, keys):
        return shape
    if len(shape) == 1:
        return (1,)
    if plain(key).startswith("b"):
        return (1, 1)
    return (1, shape[1]) if columns else (shape[0], 1)


def is_last(key: str, keys: tuple[str, ...]) -> bool:
    """Whether a numbered key belongs to the last layer."""
    numbers = [int("".join(filter(str.isdigit, k)) or 0) for k in (key, *keys)]
    return numbers[0] == max(numbers)


def last_size(sizes: Mapping[str, tuple[int, ...]], columns: bool) -> int:
    """The number of outputs: that of the last matrix."""
    keys = tuple(k for k, s in sizes.items() if len(s) == 2 and not plain(k).startswith("b"))
    matrices = [sizes[k] for k in keys if is_last(k, keys)]
    if list(sizes) == ["w", "b"]:
        return 1
    return int(matrices[-1][0] if columns else matrices[-1][1])


def named_gradients(result: Any, backward: Any) -> Mapping[str, Any]:
    """The gradients by name: from the dict that was returned, or from the ``return`` statement."""
    if isinstance(result, Mapping):
        return result
    names = returned_names(backward)
    values = result if isinstance(result, tuple) else (result,)
    if len(values) == 1 or len(names) != len(values):
        return {}
    return dict(zip(names, values, strict=True))
