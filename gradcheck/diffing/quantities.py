"""The arrays that two sides compute from the same numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.diffing.roles import role_name
from gradcheck.diffing.sides import NoReference, fit
from gradcheck.diffing.tables import DiffTable, compare_arrays, first_parting
from gradcheck.types import Array, Case, Op, Primals


@dataclass(frozen=True)
class Quantity:
    """One array of the comparison; ``step`` is where trajectories part, or their last one."""

    name: str
    table: DiffTable
    step: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Numbers:
    """What `mine` was given and what it gave: computed once, compared with every candidate."""

    op: Op
    case: Case
    primals: Primals
    labels: Array | None
    output: Array
    upstream: Array
    gradients: Primals


class Raises(Exception):
    """The user's code raises on a legal call, so there is nothing to compare."""


def compute(op: Op, case: Case) -> Numbers | None:
    """Forward and backward of mine; None for what has no gradients (optimizers, accuracies).

    Raises
    ------
    Raises
        The user's code does.
    """
    if op.step is not None or op.kind == "accuracy":
        return None
    if op.labels and not case.labels:
        case = dataclasses.replace(case, labels=op.labels.encodings[0])
    primals, labels = cases.draw(op, case)
    try:
        output, pullback = op.vjp(primals, labels, case.train)
        upstream = np.ones_like(output) if op.terminal else cases.cotangent(output, case)
        return Numbers(op, case, primals, labels, output, upstream, pullback(upstream))
    except Exception as error:
        raise Raises(f"{op.built} raises {type(error).__name__}: {error}") from error


def quantities_of(
    mine: Op, reference: Op, case: Case, steps: int, numbers: Numbers | None
) -> list[Quantity]:
    """Every array that both sides compute from the same numbers."""
    if mine.step is not None and reference.step is not None:
        return list(paths(mine, reference, case, steps))
    if mine.kind == "accuracy" and reference.kind == "accuracy":
        return list(accuracies(mine, reference, case))
    if numbers is None or reference.step is not None or reference.kind == "accuracy":
        raise NoReference(f"{mine.name} is of kind {mine.kind}, {reference.name} {reference.kind}")
    return list(gradients(numbers, reference))


def gradients(mine: Numbers, reference: Op) -> Iterator[Quantity]:
    """Output and gradients at the same inputs, parameters, labels and cotangent."""
    op, case = mine.op, mine.case
    if (op.labels is None) != (reference.labels is None):
        raise NoReference(f"only one of {op.name} and {reference.name} takes labels")
    fits = fit(op, reference, mine.primals)
    labels = mine.labels
    if op.labels is not None and reference.labels is not None:
        encodings = reference.labels.encodings
        if case.labels not in encodings:
            there = dataclasses.replace(case, labels=encodings[0])
            labels = cases.draw_labels(op.labels, op.slots, there)
    primals = {f.name: f.there(mine.primals[k]) for k, f in fits.items()}
    try:
        output, pullback = reference.vjp(primals, labels, case.train)
        fair = mine.output.size == output.size
        upstream = mine.upstream.reshape(output.shape) if fair else np.ones_like(output)
        theirs = pullback(upstream)
    except Exception as error:
        raise NoReference(f"{reference.name}: {type(error).__name__}: {error}") from error
    kept = _both_kept(mine.output, output) if role_name(reference.name) == "dropout" else None
    yield Quantity("output", _masked(mine.output, output, kept))
    if not fair and not (op.terminal and reference.terminal):
        return  # no cotangent fits both
    batch = float(dict(case.sizes)["N"])
    names = {batch: f"N = {batch:.0f}", 1 / batch: f"1/N, N = {batch:.0f}"}
    for key, f in fits.items():
        label = op.gradient_names.get(key, f"d{key}")
        gradient = theirs.get(f.name)
        if gradient is None:
            continue  # an input without a gradient
        gradient = f.back(gradient, mine.primals[key].shape)
        yield Quantity(label, _masked(mine.gradients.get(key), gradient, kept, names))


def _both_kept(mine: Array, reference: Array) -> Any:
    """Where neither mask of two dropouts is 0: only there have they to agree."""
    return (mine != 0) & (reference != 0) if mine.shape == reference.shape else None


def _masked(
    mine: Any, reference: Array, kept: Any, names: dict[float, str] | None = None
) -> DiffTable:
    if mine is None:
        return DiffTable(
            (), reference.shape, (), reference.size, reference.size, np.nan, np.inf, "missing"
        )
    if kept is None or kept.shape != reference.shape or np.shape(mine) != reference.shape:
        return compare_arrays(mine, reference, names=names)
    table = compare_arrays(np.where(kept, mine, 0.0), np.where(kept, reference, 0.0), names=names)
    text = f"{table.pattern} (where both masks keep: {int(kept.sum())} of {kept.size})"
    return dataclasses.replace(table, pattern=text)


def paths(mine: Op, reference: Op, case: Case, steps: int) -> Iterator[Quantity]:
    """Parameters after every step from the same start with the same gradients."""
    ours, theirs = (list(op.parameters(None)) for op in (mine, reference))
    sizes = [v.shape for op in (mine, reference) for v in op.parameters(None).values()]
    shapes = sizes[: len(ours)] if len(ours) >= len(theirs) else sizes[len(ours) :]
    rng = cases.generator(case, 7)
    drawn = [[cases.numbers(rng, s) for s in shapes] for _ in range(steps + 1)]
    mine_walk, their_walk = (_walk(op, drawn[0], drawn[1:]) for op in (mine, reference))
    for name, other in zip(ours, theirs, strict=False):
        a = [{name: step[name]} for step in mine_walk]
        b = [{name: step[other]} for step in their_walk]
        parting = first_parting(a, b)
        if parting is not None:
            yield Quantity(name, parting.table, parting.step)
        else:
            yield Quantity(name, compare_arrays(a[-1][name], b[-1][name]), steps)


def _walk(op: Op, start: list[Array], drawn: list[list[Array]]) -> list[Primals]:
    names = list(op.parameters(None))
    live, now, walk = op.make(), dict(zip(names, start, strict=False)), []
    assert op.step is not None
    for grads in drawn:
        given = {k: p.copy() for k, p in now.items()}  # a step may edit what it is given
        slopes = {k: g.copy() for k, g in zip(names, grads, strict=False)}
        try:
            now = op.step(live, given, slopes)
        except Exception as error:
            raise NoReference(f"{op.name}: {type(error).__name__}: {error}") from error
        walk.append(now)
    return walk


def accuracies(mine: Op, reference: Op, case: Case) -> Iterator[Quantity]:
    """The number on the same predictions and labels, in each form of the labels."""
    rng = cases.generator(case, 8)
    if mine.reading == "binary":
        forms = {"binary (N, 1)": (rng.random((11, 1)), rng.integers(0, 2, (11, 1)))}
    elif mine.reading == "categorical":
        scores, classes = rng.random((11, 4)), rng.integers(0, 4, 11)
        forms = {"index": (scores, classes), "one-hot": (scores, np.eye(4, dtype=int)[classes])}
    else:
        raise NoReference(f"{mine.name}: a regression accuracy depends on its precision")
    for form, (predictions, labels) in forms.items():
        values = [
            op.forward(op.make(), {"predictions": predictions.copy()}, labels.copy(), True)
            for op in (mine, reference)
        ]
        yield Quantity(f"accuracy, labels {form}", compare_arrays(*values))
