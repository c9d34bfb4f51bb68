"""Shapes to try on a function pair's arguments."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gradcheck.conventions.parameter_dicts import KEY, dict_shapes
from gradcheck.conventions.shapes import FITTING
from gradcheck.conventions.signature import plain
from gradcheck.types import Case, Slot


def shapes_for(
    stem: str, params: list[str]
) -> Iterator[tuple[tuple[int | str, ...], list[tuple[int, ...]]]]:
    """(input shape, parameter shapes) to try for a function pair."""
    key = stem.lower()
    dense: list[Any] = [(("N", 4), {"w": (4, 5), "b": (5,)}), (("N", 4), {"w": (4, 5), "b": (1, 5)}),
                        (("N", 4), {"w": (5, 4), "b": (5,)}), (("N", 4), {"w": (5, 4), "b": (5, 1)}),
                        ((4, "N"), {"w": (5, 4), "b": (5, 1)}), ((4, "N"), {"w": (4, 5), "b": (5, 1)}),
                        (("N", 2, 4), {"w": (8, 5), "b": (5,)}), (("N", 2, 4), {"w": (4, 5), "b": (5,)}),
                        (("N", 4), {"w": (4, 5), "b": (5,), "gamma": (5,), "beta": (5,)})]  # fmt: skip
    # 7 x 9: stride 2 fits without a remainder, and gives another number of rows than of columns
    conv: list[Any] = [(("N", 2, 7, 9), {"w": (4, 2, 3, 3), "b": (4,)}), (("N", 2, 7, 8), {"w": (4, 2, 3, 3), "b": (4,)}), (("N", 7, 8, 2), {"w": (3, 3, 2, 4), "b": (4,)}),
                       (("N", 7, 8, 2), {"w": (3, 3, 2, 4), "b": (1, 1, 1, 4)}), (("N", 2, 7, 8), {"w": (4, 2, 3, 3), "b": (4, 1)}),
                       (("N", 2, 9), {"w": (4, 2, 3), "b": (4,)}),
                       (("N", 2, 7, 9), {"w": (4, 2, 3, 3), "b": (4,), "gamma": (4,), "beta": (4,)})]  # fmt: skip
    norm: list[Any] = [(("N", 4), {"w": (4,), "b": (4,)}), (("N", 4), {"w": (1, 4), "b": (1, 4)}),
                       (("N", 4, 6, 7), {"w": (4,), "b": (4,)}), (("N", 4, 6, 7), {"w": (1, 4, 1, 1), "b": (1, 4, 1, 1)}),
                       ((4, "N"), {"w": (4, 1), "b": (4, 1)})]  # fmt: skip
    rnn: list[Any] = [
        (("N", 4), {"x": ("N", 4), "prev_h": (3, 6), "h": (3, 6), "prev_c": (3, 6), "c": (3, 6), "wx": (4, 6 * k), "wh": (6, 6 * k), "b": (6 * k,)})
        for k in (1, 4, 3)
    ] + [(("N", "T", 4), {"h0": (3, 6), "prev_h": (3, 6), "h": (3, 6), "wx": (4, 6 * k), "wh": (6, 6 * k), "b": (6 * k,)}) for k in (1, 4, 3)]  # fmt: skip
    plain_shapes: list[Any] = [
        (("N", "D"), {}),
        (("N", "C", "H", "W"), {}),
        (("N", "H", "W", "C"), {}),
        (("N", "T", "D"), {}),
    ]
    order = [*dense, *norm, *conv, *rnn]
    if "depthwise" in key:
        order = [(("N", 2, 7, 9), {"w": (2, 3, 2), "b": (2,)}), *order]
    elif "conv" in key:
        even = (("N", 2, 6, 8), conv[0][1])  # for a pooling of 2 x 2 after it
        order = [*conv, *([even] if "pool" in key else []), *order]
    elif "weight" in key and "norm" in key:  # v / |v| times a length g for every unit
        lengths: list[Any] = [((5,), (5,)), ((1, 5), (5,)), ((), (5,)), ((5,), (1, 5))]
        order = [*((("N", 4), {"v": (4, 5), "w": (4, 5), "g": g, "b": b}) for g, b in lengths),
                 *((("N", 4), {"v": (5, 4), "w": (5, 4), "g": g, "b": (5,)}) for g in ((5, 1), (5,))), *order]  # fmt: skip
    elif "norm" in key or "bn" in key:
        order = [*(norm[2:] if "spatial" in key or "group" in key else []), *norm, *order]
    elif any(w in key for w in ("rnn", "lstm", "gru")):
        order = [*rnn, *order]
    if "pool" in key:
        fitting: list[Any] = [(("N", "C", *size), {}) for size in FITTING]
        plain_shapes = [plain_shapes[1], *fitting, *plain_shapes[2:], plain_shapes[0]]
    if not params:
        order = [*plain_shapes, *order]
    if any(w in key for w in ("rnn", "lstm", "gru")):
        gated = [g for g in map(gate_shape, params) if g is not None]
        double = [(*g[:-1], 2 * g[-1]) if i < 3 else g for i, g in enumerate(gated)]
        for sizes in (gated, double) if len(gated) == len(params) else ():
            yield ("N", 4), sizes
            yield ("N", "T", 4), sizes
    for shape, table in order:
        chosen = [match_shape(p, table) for p in params]
        if all(c is not None for c in chosen):
            yield shape, chosen  # type: ignore[misc]
    yield from by_key(params)


#: The other operand of ``a @ M @ b``, one row a sample.
ROWS = (3, 5)


def operand_shapes(
    params: list[str],
) -> Iterator[tuple[tuple[int | str, ...], list[tuple[int, ...]]]]:
    """Operands of one shape, of broadcasting shapes, or with a matrix between: no name tells."""
    if len(params) == 2:
        yield ("N", 4), [ROWS, (4, 5)]
        yield ("N", 4), [(4, 5), ROWS]
    for shape in (("N", 4), ("N", 5, 4), ("N", "T", 4)) if params else ():
        tails = itertools.product(
            [(3, 4), (4,), (3, 5, 4), (4, 5), (3, 1), (3, 4, 6), (3,), (7, 4)], repeat=len(params)
        )
        yield from ((shape, list(t)) for t in itertools.islice(tails, 130))


def by_key(
    params: list[str],
) -> Iterator[tuple[tuple[int | str, ...], list[tuple[int, ...]]]]:
    """Shapes of parameters whose names say from where to where they go: ``Wax``, ``Wf``, ``W1``."""
    if len(params) < 2 or not all(KEY.match(p) for p in params):
        return
    for columns, sizes in dict_shapes(params):
        chosen = [sizes[p] for p in params]
        shapes: list[tuple[int | str, ...]] = [("N", 4), ("N", "T", 4), ("T", "N", 4)]
        if columns:
            shapes = [(4, "N"), (4, "N", "T"), ("T", 4, "N"), ("T", 4, 1), (4, 1)]
        for shape in shapes:
            yield shape, chosen


def gate_shape(param: str) -> tuple[int, ...] | None:
    """The shape of one gate's matrix or bias: ``Wxr`` (4, 6), ``Whr`` and ``Ur`` (6, 6), ``br`` (6,)."""
    key = plain(param)
    if key.startswith("b"):
        return (6,)
    if key.startswith("u") or (key.startswith("w") and "h" in key):
        return (6, 6)
    return (4, 6) if key.startswith("w") else None


def called_parameter(name: str) -> bool:
    """Whether an argument's name says that it is a weight or a bias."""
    return match_shape(name, {"w": (1,), "b": (1,)}) is not None


def match_shape(param: str, table: Mapping[str, tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape for an argument called `param`."""
    key = plain(param)
    if key in table:
        return table[key]
    if param in table:
        return table[param]
    if key in {
        "gamma",
        "scale",
        "weights",
        "weight",
        "kernel",
        "kernels",
        "filters",
        "f",
        "ws",
        "wgt",
    }:
        return table.get("w")
    if key in {"beta", "bias", "biases", "shift"}:
        return table.get("b")
    if len(key) <= 3 and key.startswith("w"):
        return table.get("w")
    return table.get("b") if len(key) <= 2 and key.startswith("b") else None


def documented(pair: tuple[Any, Any], name: str) -> int | None:
    """The number of axes that a docstring gives an argument: ``a: one slope a column, shape (m,)``."""
    text = "\n".join(inspect.getdoc(f) or "" for f in pair)
    found = re.search(rf"(?<!\w){re.escape(name)}\b[\w ,:-]*?\(([A-Za-z]\w*,(?: *\w+,?)*)\)", text)
    return len([part for part in found[1].split(",") if part.strip()]) if found else None


def operands(
    slots: tuple[Slot, ...], names: list[str], shapes: list[tuple[int, ...]]
) -> tuple[tuple[Slot, ...], list[str], list[tuple[int, ...]]]:
    """Slots, parameters and their shapes: what has an axis of samples is an input too."""
    batch = dict(Case().sizes)["N"]
    rows = [
        n
        for n, s in zip(names, shapes, strict=True)
        if s[0] == batch
        and slots[0].shape[0] == "N"
        and slots[0].domain == "real"
        and (
            s in {ROWS, slots[0].sized(dict(Case().sizes))}
            or len(s) == 3
            or not called_parameter(n)
        )
    ]
    extra = [Slot(n, ("N", *s[1:])) for n, s in zip(names, shapes, strict=True) if n in rows]
    kept = [(n, s) for n, s in zip(names, shapes, strict=True) if n not in rows]
    return (*slots, *extra), [n for n, _ in kept], [s for _, s in kept]


def slots_for(
    inputs: list[str], shapes: Iterable[Any]
) -> Iterator[tuple[tuple[Slot, ...], list[tuple[int, ...]]]]:
    """Slots and parameter shapes to try; states take (batch, hidden)."""
    for shape, param_shapes in shapes:
        state: tuple[int | str, ...] = (
            (6, "N") if shape[:1] != ("N",) and "N" in shape else ("N", 6)
        )
        yield (
            tuple(Slot(n, shape if i == 0 else state) for i, n in enumerate(inputs)),
            param_shapes,
        )


def embedding_slots(
    name: str, inputs: list[str], params: list[str]
) -> Iterator[tuple[tuple[Slot, ...], list[tuple[int, ...]]]]:
    """Whole-number inputs into a table of parameters."""
    if len(inputs) == 1 and len(params) == 1:
        for shape in (("N", "T"), ("N",)):
            yield (Slot(inputs[0], shape, "index:7"),), [(7, 4)]


def other_sizes(
    slots: tuple[Slot, ...], shapes: list[tuple[int, ...]]
) -> Iterator[tuple[tuple[Slot, ...], list[tuple[int, ...]]]]:
    """Filters that are not as wide as high; samples that a dense layer lays flat itself."""
    narrow = [(*s[:2], s[2], s[3] - 1) if len(s) == 4 and s[2] == s[3] > 1 else s for s in shapes]
    if narrow != shapes:
        yield slots, narrow
    if len(slots) == 1 and slots[0].shape == ("N", 4) and shapes and len(shapes[0]) == 2:
        yield (replace(slots[0], shape=("N", 2, 2)),), shapes
