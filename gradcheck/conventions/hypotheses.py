"""Which readings and input shapes of an object are tried, in which order."""

from __future__ import annotations

import ast
import inspect
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.construct import Recipe
from gradcheck.conventions import places
from gradcheck.conventions.calls import Calls, class_calls
from gradcheck.conventions.function_shapes import documented
from gradcheck.conventions.live import Live
from gradcheck.conventions.shapes import shape_hypotheses, with_masks
from gradcheck.conventions.signature import plain, tree_of
from gradcheck.conventions.sources import Source
from gradcheck.types import Case, Slot


def pinned(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Slots whose free sizes are fixed, but for the batch: lazily made parameters have this size."""
    sizes = dict(Case().sizes)
    return tuple(
        replace(s, shape=tuple(n if n == "N" or isinstance(n, int) else sizes[n] for n in s.shape))
        for s in slots
    )


def hypotheses(
    source: Source,
    proto: Live,
    pair: tuple[str, str],
    dims: tuple[int, ...],
    shapes: tuple[Any, ...],
) -> Iterator[tuple[list[Calls], tuple[Slot, ...]]]:
    """Readings of the two methods with the input shapes to try them on."""
    readings = list(class_calls(type(proto.obj), *pair))
    names = readings[0].names
    if len(shapes) == len(names):
        known = zip(names, shapes, strict=True)  # what is no shape is a whole slot: word numbers
        given = tuple(s if isinstance(s, Slot) else Slot(n, s) for n, s in known)
        yield readings, without_padding(given, proto.obj)
    if source.shape is not None:
        batch: tuple[int | str, ...] = ("N", *source.shape[1:])
        for shape in (batch, source.shape):  # of any batch size, else of just this size
            yield readings, tuple(Slot(n, shape) for n in names)
        return
    for shape in declared_shapes(proto.obj) if len(names) == 1 else ():
        yield readings, (Slot(names[0], shape),)
    for shape in written_shapes(type(proto.obj)) if len(names) == 1 else ():
        yield readings, (Slot(names[0], shape),)
    for shape in implied_shapes(proto.obj) if len(names) == 1 else ():
        yield readings, (Slot(names[0], shape),)
    classes = type(proto.obj).__mro__[:-1] if len(names) > 1 else ()
    code = "\n".join(ast.unparse(tree) for c in classes if (tree := tree_of(c)) is not None)
    if len(names) > 1 and OF_CHANNELS.search(code):  # (3, 8) would broadcast to four axes
        others = tuple(Slot(n, ("C",)) for n in names[1:])
        yield readings, (Slot(names[0], ("N", "C", "H", "W")), *others)
    context = " ".join([source.name, *(c.__name__ for c in type(proto.obj).__mro__[:-1])])
    square = (
        not dims and len(names) == 1
    )  # softmax without keepdims: a batch as large as wide, or one row
    tried = list(shape_hypotheses(context, dims, names))
    axes = documented_axes(type(proto.obj), pair[0], names[0]) if len(names) == 1 else 0
    if axes:
        tried.sort(key=lambda slots: len(slots[0].shape) != axes)
    if len(names) > 1:
        said = [documented((getattr(type(proto.obj), pair[0]), type(proto.obj)), n) for n in names]
        tried.sort(
            key=lambda slots: any(
                n not in (None, len(s.shape)) for n, s in zip(said, slots, strict=True)
            )
        )
    for slots in tried:
        if square and is_row_or_column(slots):
            square = False
            yield readings, (Slot(names[0], ("N", "N")),)
        if any(s.shape == () for s in slots):
            continue  # a single number may be positive by chance
        for given in with_masks(slots, code):
            yield readings, without_padding(given, proto.obj)
    for shape in along_columns(proto.obj) if len(names) == 1 else ():
        yield readings, (Slot(names[0], shape),)
    for slots in shape_hypotheses(context, dims, names):
        yield (
            readings,
            tuple(replace(s, domain="positive") if s.domain == "real" else s for s in slots),
        )
    for slots in shape_hypotheses(context, dims, names):
        if any(s.shape == () for s in slots):
            yield readings, slots


#: A number for each channel of images: ``gamma.reshape(1, -1, 1, 1)``, ``beta[None, :, None, None]``.
OF_CHANNELS = re.compile(r"\(1, (-1|\w+), 1, 1\)|\[None, :, None, None\]")


def without_padding(slots: tuple[Slot, ...], obj: Any) -> tuple[Slot, ...]:
    """The slots, where word numbers leave out the one that stands for padding: it has no gradient."""
    own = dict(vars(obj)) if hasattr(obj, "__dict__") else {}
    held = [v for n, v in own.items() if plain(n) in PADDING and type(v) is int and v >= 0]
    if len(held) != 1:
        return slots
    words = [re.match(r"index:\d+", s.domain) for s in slots]
    return tuple(
        replace(s, domain=f"{w[0]}/{held[0]}") if w else s
        for s, w in zip(slots, words, strict=True)
    )


#: What the word number of padding is called.
PADDING = {"paddingidx", "paddingindex", "paddingid", "padidx", "padindex", "padid", "padtoken", "padtokenid"}  # fmt: skip


def declared_shapes(obj: Any) -> list[tuple[int | str, ...]]:
    """The input shape an object was given at construction, with samples in front and without.

    Without comes first where the object keeps an array for its input or output, or their
    gradients, that has no axis for samples: it takes one sample at a time.
    """
    given: list[tuple[int | str, ...]] = []
    own = dict(vars(obj)) if hasattr(obj, "__dict__") else {}
    for name, value in own.items():
        key = plain(name)
        sizes = (value,) if type(value) is int else value if isinstance(value, tuple) else ()
        if not ("shape" in key and "in" in key and 0 < len(sizes) < 4):
            continue
        if not all(type(n) is int and 0 < n <= 64 for n in sizes):
            continue
        single = any(
            isinstance(a, np.ndarray) and a.shape == sizes and plain(n) in SAMPLE_NAMES
            for n, a in own.items()
        )
        if single:
            given += [sizes, ("N", *sizes)]
        elif len(sizes) > 1:
            given += [("N", *sizes), sizes]
    return given


def documented_axes(cls: type, forward: str, name: str) -> int:
    """How many axes a docstring gives the input: ``(N, T, D) -> (N, D)``, ``x: (N, D)``; 0 for none."""
    pair = (getattr(cls, forward), cls)
    text = "\n".join(inspect.getdoc(f) or "" for f in pair)
    found = re.search(r"\(([A-Za-z]\w*(?:, *\w+)+)\) *(?:->|→)", text)
    axes = found[1].count(",") + 1 if found else documented(pair, name) or 0
    return axes if axes > 1 else 0


def implied_shapes(obj: Any) -> list[tuple[int | str, ...]]:
    """The input shapes that an array such as (1, C, 1, 1) is made to be broadcast against."""
    found: list[tuple[int | str, ...]] = []
    for place, array in places.walk(obj).items():
        wide = [i for i, n in enumerate(array.shape) if n > 1]
        if array.ndim not in {3, 4} or len(wide) != 1 or places.is_gradient_place(place):
            continue
        free = ("N", "C", "H", "W") if array.ndim == 4 or wide == [0] else ("N", "T", "D")
        sizes: list[int | str] = list(free)
        own = wide[0] + len(free) - array.ndim
        sizes[own] = array.shape[wide[0]]
        if own == len(free) - 1 and len(free) == 4:
            sizes[1:3] = ["H", "W"]
        if own:
            found.append(tuple(sizes))
    return list(dict.fromkeys(found))


def along_columns(obj: Any) -> list[tuple[int | str, ...]]:
    """(N, C, T), where all that an object holds are columns (C, 1): factors of channels along time."""
    shapes = {a.shape for p, a in places.walk(obj).items() if not places.is_gradient_place(p)}
    column = len(shapes) == 1 and len(shape := next(iter(shapes))) == 2 and shape[0] > 1 == shape[1]
    return [("N", shape[0], "T")] if column else []


def written_shapes(cls: type) -> list[tuple[int | str, ...]]:
    """The input shapes that a ``reshape(-1, 1, 28, 28)`` with sizes of its own lets through."""
    found: list[tuple[int | str, ...]] = []
    tree = tree_of(cls)
    for node in ast.walk(tree) if tree is not None else ():
        called = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
        if called not in {"reshape", "view"} or not isinstance(node, ast.Call):
            continue
        given = [e for a in node.args for e in (a.elts if isinstance(a, ast.Tuple) else [a])]
        sizes = [fixed_size(e) for e in given[1:]]
        if sizes and all(sizes) and max(sizes) >= 10:  # smaller ones are tried anyway
            found += [("N", math.prod(sizes)), ("N", *sizes)]
    return list(dict.fromkeys(found))


def fixed_size(node: ast.expr) -> int:
    """A whole number above 0 that is written in the code, products included; else 0."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return fixed_size(node.left) * fixed_size(node.right)
    value = getattr(node, "value", 0)
    return value if type(value) is int and 0 < value <= 4096 else 0


#: What an object calls the arrays it keeps for one sample.
SAMPLE_NAMES = {
    "x",
    "input",
    "inputs",
    "gradx",
    "dx",
    "gradinput",
    "dinput",
    "dinputs",
    "gradin",
    "loss",
    "losses",
}


def dims_of(made: Recipe, proto: Live) -> tuple[int, ...]:
    """Sizes the object may insist on: those of its parameters, then those in its constructor call."""
    found: list[int] = []
    for place, array in places.walk(proto.obj).items():
        if array.ndim and not places.is_gradient_place(place):
            found += [n for n in array.shape if 1 < n <= 1024]
    numbers = (
        [v for v in vars(proto.obj).values() if type(v) is int and 1 < v <= 64]
        if hasattr(proto.obj, "__dict__")
        else []
    )
    return tuple(dict.fromkeys([*found, *made.dims, *numbers]))[:6]


def shown_shape(slots: tuple[Slot, ...]) -> str:
    """Shapes for a message."""
    return ", ".join(str(s.sized(dict(Case().sizes))) for s in slots)


def is_vector(slots: tuple[Slot, ...]) -> bool:
    """One input, one sample, one axis."""
    return len(slots) == 1 and len(slots[0].shape) == 1 and slots[0].shape[0] != "N"


def is_row_or_column(slots: tuple[Slot, ...]) -> bool:
    """One sample as a matrix of one row or column."""
    return len(slots) == 1 and len(slots[0].shape) == 2 and 1 in slots[0].shape
