"""The two sides of a comparison: built alike, and given the same numbers.

The reference is a target like any other (``gradcheck_reference.nnfs:Layer_Dense``,
``file.py::Name``). Without one, the class of the same role is looked for among the references:
the nearest by name whose forward gives the same values, else the nearest by name.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import run, targets
from gradcheck.conventions import Refused, ops_for
from gradcheck.conventions.places import norm
from gradcheck.conventions.recognise import Planned
from gradcheck.diffing.roles import (
    comparable,
    find_reference,
    parameter_names,
    setting_name,
    settings,
)
from gradcheck.types import Array, Op, Primals


@dataclass(frozen=True)
class Side:
    """One object of a comparison: how it is called, and the Op it became."""

    text: str
    op: Op


class NoReference(Exception):
    """There is nothing to compare with; the text says what was looked for and the next step."""


def calls_alike(name: str, obj: Any, mine: Op) -> Iterator[str | None]:
    """Ways to build `obj` with the settings of `mine`, best first; None stands for any way."""
    known = settings(mine.obj, mine.built)
    try:
        parameters = list(inspect.signature(obj).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    found = {
        p.name: known[setting_name(p.name)] for p in parameters if setting_name(p.name) in known
    }
    missing = [
        p for p in parameters
        if p.default is p.empty and p.name not in found and p.kind is p.POSITIONAL_OR_KEYWORD
    ]  # fmt: skip
    if found and not missing:
        defaults = {p.name: repr(p.default) for p in parameters}
        said = [f"{k}={v}" for k, v in found.items() if defaults[k] != v]
        yield f"{name}({', '.join(said)})"
    if "(" in mine.built:
        yield f"{name}({mine.built.partition('(')[2]}"
    yield None


def load_side(text: str, mine: Op, init: str | None = None) -> Iterator[Side]:
    """The object of a target, built as alike to `mine` as can be; every way that works.

    Raises
    ------
    NoReference
        The target cannot be loaded, or holds nothing of that name that can be built.
    """
    find_reference()
    try:
        target = targets.parse(text)[0]
        if target.name is None:
            target = targets.parse(f"{text}{':' if target.module else '::'}{mine.name}")[0]
        loaded = targets.load(target)
    except targets.TargetError as error:
        raise NoReference(str(error)) from error
    planned = next((p for p in run.plan(loaded) if run.is_asked_for(p, target.name or "")), None)
    if planned is None or planned.reason:
        reason = planned.reason if planned else "not a class or function pair with a backward"
        raise NoReference(f"{target}: {reason}")
    labelled = planned.kind != "loss" or mine.labels is not None
    if not comparable(mine.kind, planned.kind) or not labelled:
        raise NoReference(f"{target} is of kind {planned.kind}, {mine.name} of kind {mine.kind}")
    alike = calls_alike(planned.name, loaded.namespace.get(planned.name), mine)
    ways = [init] if init else list(dict.fromkeys(alike))
    last, built = "", False
    for way in ways:
        try:
            op = _built(loaded, planned, way)
        except (Refused, SyntaxError, NameError) as refusal:
            last = str(refusal)
            continue
        built = True
        if way is None and (call := with_options(op, mine)):
            with contextlib.suppress(Refused, SyntaxError, NameError):
                yield Side(str(target), _built(loaded, planned, call))
        yield Side(str(target), op)
    if not built:
        raise NoReference(f"{target}: {last}")


def _built(loaded: targets.Loaded, planned: Planned, init: str | None) -> Op:
    options = run.Options(init=(init,) if init else ())
    return ops_for(run.source_of(loaded, planned, options), planned.kind)[0]


def with_options(op: Op, mine: Op) -> str:
    """The call that built `op` with the options of `mine` added, or "" where there are none."""
    known, given = settings(mine.obj, mine.built), settings(op.obj, op.built)
    names = {setting_name(p): p for p in parameter_names(op.obj)}
    added = {names[k]: v for k, v in known.items() if k in names and given.get(k, v) != v}
    if not added or not op.built.endswith(")"):
        return ""
    return f"{op.built[:-1]}, {', '.join(f'{k}={v}' for k, v in added.items())})"


# ---- the same numbers on both sides -------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """How one primal of mine becomes one of the reference: its name there, its shape, turned."""

    name: str
    shape: tuple[int, ...]
    turned: bool = False

    def there(self, array: Array) -> Array:
        """My array as the reference wants it."""
        return np.array(array.T if self.turned else array).reshape(self.shape)

    def back(self, array: Array, mine: tuple[int, ...]) -> Array:
        """A gradient of the reference as mine has it; as it is where the sizes differ."""
        array = np.asarray(array)
        array = array.T if self.turned else array
        return array.reshape(mine) if array.size == int(np.prod(mine)) else array


def fit(mine: Op, reference: Op, primals: Primals) -> dict[str, Fit]:
    """Match inputs by position, and parameters by shape and name.

    Parameters
    ----------
    primals
        The inputs and parameters of `mine`.

    Raises
    ------
    NoReference
        The numbers of inputs differ, or a parameter has no counterpart.
    """
    inputs = [s.name for s in mine.slots]
    if len(inputs) != len(reference.slots):
        raise NoReference(
            f"{mine.name} has {len(inputs)} inputs, {reference.name} has {len(reference.slots)}"
        )
    fits = {a: Fit(b.name, primals[a].shape) for a, b in zip(inputs, reference.slots, strict=True)}
    free = dict(reference.parameters(reference.make()))
    for name in (k for k in primals if k not in fits):
        fits[name] = _counterpart(mine.name, name, primals[name], free)
        del free[fits[name].name]
    return fits


def _counterpart(subject: str, name: str, array: Array, free: Mapping[str, Array]) -> Fit:
    possible = [f for key, other in free.items() if (f := _shapes_fit(key, array, other))]
    if not possible:
        theirs = ", ".join(f"{k} {v.shape}" for k, v in free.items()) or "none left"
        raise NoReference(
            f"{subject}: parameter {name} {array.shape} has no counterpart (of: {theirs})"
        )
    own = norm(name)

    def alike(f: Fit) -> tuple[bool, bool, bool]:
        return norm(f.name) == own, norm(f.name)[:1] == own[:1], not f.turned

    return max(possible, key=alike)


def _shapes_fit(key: str, mine: Array, other: Array) -> Fit | None:
    if np.squeeze(mine).shape == np.squeeze(other).shape:
        return Fit(key, other.shape)
    if mine.T.shape == other.shape:
        return Fit(key, other.shape, turned=True)
    return None
