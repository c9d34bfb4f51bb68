"""Losses of several arrays with the gradient of each: ``triplet_loss(anchor, positive, negative)``.

The loss comes out first, then one gradient for every array that goes in, in the order of the
arguments.  A further argument may say which samples belong together (``same``).
"""

from __future__ import annotations

import ast
import functools
import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.conventions.argument_roles import strength_name
from gradcheck.conventions.candidates import first_fitting
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly
from gradcheck.conventions.loss_names import is_loss_name, strong_label
from gradcheck.conventions.objective_roles import (
    DATA,
    STRENGTH,
    TARGETS,
    VALUE,
    is_gradient_of,
    returned_parts,
)
from gradcheck.conventions.signature import arguments, last_name, plain
from gradcheck.conventions.sources import Source
from gradcheck.types import Array, LabelSpec, Op, Primals, Slot

#: What a gradient is called.
GRADIENT = re.compile(r"d(?!ist|ata)|.*grad|g\d*$", re.IGNORECASE)
#: What says of every pair whether it belongs together.
PAIRED = {"same", "similar", "issame", "match", "label", "labels"} | TARGETS
SHAPES: tuple[tuple[int | str, ...], ...] = (("N", "D"), ("N", 4), ("N",))
ENCODINGS = ("binary_flat", "sign", "index")


@dataclass(frozen=True)
class Several:
    """Such a function: its arrays, the argument that pairs them ("" without), strengths."""

    arrays: tuple[str, ...]
    labels: str
    fixed: dict[str, float]


def several_of(function: Any) -> Several | None:
    """What the arguments of a function are, where it is a loss of several arrays; else None."""
    parts, names = returned_parts(function), gradient_names(function)
    required = [a.name for a in arguments(function, method=False) if a.required]
    fixed = {n: STRENGTH for n in required if strength_name(n)}
    open_ = [n for n in required if n not in fixed]
    if len(names) < 2 or not (VALUE.search(last_name(parts[0])) or is_loss_name(function.__name__)):
        return None
    if any(n and not GRADIENT.match(n) for n in names):
        return None  # other results beside the loss
    labels = [n for n in open_ if plain(n) in PAIRED or strong_label(plain(n))]
    arrays = [n for n in open_ if n not in labels]
    if len(arrays) != len(names) or len(labels) > 1 or {plain(n) for n in arrays} & DATA - {"x"}:
        return None
    mixed = any(
        is_gradient_of(g, a) for i, g in enumerate(names) for j, a in enumerate(arrays) if i != j
    )
    return None if mixed else Several(tuple(arrays), (labels or [""])[0], fixed)


def gradient_names(function: Any) -> list[str]:
    """What the gradients are called where they are returned, "" where they have no name."""
    parts = returned_parts(function)[1:]
    inner = parts[0].elts if len(parts) == 1 and isinstance(parts[0], ast.Tuple) else parts
    return [p.id if isinstance(p, ast.Name) else "" for p in inner]


def several_op(source: Source) -> Op:
    """The Op of such a function.

    Raises
    ------
    Refused
        It does not run on arrays of one shape.
    """
    function = source.namespace[source.name]
    found = several_of(function)
    if found is None:
        raise Refused("is no loss of several arrays")
    why = ""
    for shape in SHAPES:  # the first that runs: where entries are few, many a mistake is none
        tries = (
            (f"arrays {shape}", functools.partial(reading, source, found, shape, encoding))
            for encoding in (ENCODINGS if found.labels else ("",))
        )
        try:
            return first_fitting(tries)
        except Refused as refusal:
            why = why or str(refusal)
    raise Refused(f"{source.name}: {why}")


def reading(source: Source, found: Several, shape: tuple[int | str, ...], encoding: str) -> Op:
    """The Op for arrays of this shape."""
    function = source.namespace[source.name]

    def live(values: Primals | None = None) -> Live:
        return Live(SimpleNamespace(), {})

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        given: dict[str, Any] = {found.labels: labels} if found.labels else {}
        live.ret = call_quietly(function, **{**given, **inputs, **found.fixed})
        return np.asarray(arrays_of(live.ret[0])[0], dtype=np.float64).reshape(())

    def backward(live: Live, cot: Array, inputs: Primals, labels: Array | None) -> dict[str, Any]:
        _, *given = live.ret
        inner = given[0] if isinstance(given[0], tuple) else given
        return dict(zip(found.arrays, inner, strict=True))

    names = gradient_names(function)
    shown = [
        *found.arrays,
        *filter(None, [found.labels]),
        *(f"{k}={v}" for k, v in found.fixed.items()),
    ]
    return Op(
        name=source.name, kind="loss", convention="functions", make=live,
        parameters=lambda live: {}, with_parameters=live, forward=forward, backward=backward,
        slots=tuple(Slot(k, shape) for k in found.arrays),
        labels=LabelSpec((encoding,), 1) if found.labels else None, terminal=True,
        built=f"{source.name}({', '.join(shown)})", obj=function,
        gradient_names={k: n or f"the gradient of {k}" for k, n in zip(found.arrays, names, strict=True)},
    )  # fmt: skip
