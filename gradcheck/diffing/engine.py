"""One object beside its reference: forward, every gradient, an optimizer's path.

Runs in the child process of `gradcheck.isolate` in place of `gradcheck.run`: the same `plan` and
`check`, with one law, ``same_as_reference``, and the tables in ``Verdict.detail["diff"]``.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import cases, run
from gradcheck.conventions import Refused, ops_for
from gradcheck.conventions.recognise import Planned
from gradcheck.diffing.sides import (
    ALIKE,
    NoReference,
    Side,
    fit,
    likeness,
    load_side,
    references,
    role_name,
    settings,
)
from gradcheck.diffing.tables import DiffTable, compare_arrays, first_parting
from gradcheck.laws.optimizer import problem
from gradcheck.targets import Loaded
from gradcheck.types import Array, Case, Entry, Op, Primals, Status, Subject, Verdict, worst

LAW = "same_as_reference"
NUMGRAD = "a numerical gradient differs from another by its step; gradcheck check judges it"
#: Configurations of one class (options on and off) that are compared.
CONFIGURATIONS = 3


@dataclass(frozen=True)
class Options:
    """What a user may ask for.

    Attributes
    ----------
    reference
        A target, or "" for the reference of the same role.
    init, reference_init
        How to construct either side.
    case
        A replay token.
    steps
        Of an optimizer.
    """

    reference: str = ""
    init: tuple[str, ...] = ()
    reference_init: str = ""
    case: str = ""
    steps: int = 10


@dataclass(frozen=True)
class Quantity:
    """One array of the comparison; ``step`` is where trajectories part, or their last one."""

    name: str
    table: DiffTable
    step: int | None = None
    note: str = ""


def plan(loaded: Loaded, only: str | None = None) -> list[Planned]:
    """What a file holds, in its order."""
    return run.plan(loaded, only)


def check(loaded: Loaded, name: str, options: Options) -> Subject:
    """Compare one class or function pair with its reference."""
    began = time.perf_counter()
    planned = next(p for p in plan(loaded) if name in run.aliases(p))
    blank = Subject(loaded.target.of(name), name, "unknown", line=planned.line)
    reason = planned.reason or (NUMGRAD if planned.kind == "numgrad" else "")
    if reason:
        return dataclasses.replace(blank, status="skipped", reason=reason)
    source = run.source_of(loaded, planned, run.Options(init=options.init))
    try:
        ops = ops_for(source, planned.kind)[:CONFIGURATIONS]
        verdicts, reading = compare(Side(blank.target, ops[0]), ops, options)
    except NoReference as refusal:
        status: Status = "error" if options.reference else "skipped"
        return dataclasses.replace(blank, status=status, reason=str(refusal))
    except (Refused, Raises) as refusal:
        return dataclasses.replace(blank, status="error", reason=str(refusal))
    return dataclasses.replace(
        blank,
        kind=ops[0].kind,
        convention=ops[0].convention,
        built=ops[0].built,
        verdicts=tuple(verdicts),
        status=worst([v.status for v in verdicts]),
        reason=reading,
        seconds=time.perf_counter() - began,
    )


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


def compare(mine: Side, ops: list[Op], options: Options) -> tuple[list[Verdict], str]:
    """The verdicts on every configuration, and what the first was compared with."""
    case = Case.parse(options.case)
    side, quantities = choose(mine, case, options)
    verdicts = [verdict(mine.op, side, q, case) for q in quantities]
    for config, op in enumerate(ops[1:], start=1):
        try:
            other = next(load_side(side.text, op, options.reference_init or None))
            if not same_options(op, other.op):
                continue
            found = quantities_of(op, other.op, case, options.steps, compute(op, case))
        except (NoReference, Refused, Raises):
            continue  # the reference has no such option
        at = dataclasses.replace(case, config=config)
        verdicts += [verdict(op, other, q, at) for q in found]
    return verdicts, f"compared with {side.text}, built as {side.op.built}"


def same_options(mine: Op, reference: Op) -> bool:
    """Whether every option that mine was built with was given to the reference too."""
    own, other = settings(mine.obj, mine.built), settings(reference.obj, reference.built)
    return all(other.get(name, value) == value for name, value in own.items()) and (
        set(own) <= set(other)
    )


def choose(mine: Side, case: Case, options: Options) -> tuple[Side, list[Quantity]]:
    """The reference and the comparison with it.

    Raises
    ------
    NoReference
        None was named and none has this role; or the one named cannot be compared.
    Raises
        The user's code raises.
    """
    numbers = compute(mine.op, case)
    if options.reference:
        return _first(mine, options.reference, case, options, numbers)
    fallback = None
    for text in references(mine.op.name, mine.op.convention):
        alike = likeness(mine.op.name, text.rpartition(":")[2]) >= ALIKE
        if fallback is not None and not alike:
            break  # what has the name of the role is the one to be compared with
        try:
            side, found = _first(mine, text, case, options, numbers)
        except (NoReference, Refused):
            continue
        if found[0].table.same:
            return side, found
        if fallback is None and alike:
            fallback = side, found
    if fallback is None:
        raise NoReference(
            f"no reference does what {mine.op.name} does; name one: "
            f"gradcheck diff {mine.text} TARGET"
        )
    return fallback


def _first(
    mine: Side, text: str, case: Case, options: Options, numbers: Numbers | None
) -> tuple[Side, list[Quantity]]:
    """The first way of building a reference under which it takes the same numbers."""
    last: Exception = NoReference(f"{text}: cannot be built")
    for side in load_side(text, mine.op, options.reference_init or None):
        try:
            return side, quantities_of(mine.op, side.op, case, options.steps, numbers)
        except (NoReference, Refused) as refusal:
            last = refusal
    raise last


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
    start, _ = problem(mine, case)
    other, _ = problem(reference, case)
    start = {k: v for k, v in start.items() if k in other}
    rng = cases.generator(case, 7)
    drawn = [{k: cases.numbers(rng, v.shape) for k, v in start.items()} for _ in range(steps)]
    walks = [_walk(op, start, drawn) for op in (mine, reference)]
    for name in start:
        a, b = ([{name: step[name]} for step in walk] for walk in walks)
        parting = first_parting(a, b)
        if parting is not None:
            yield Quantity(name, parting.table, parting.step)
        else:
            yield Quantity(name, compare_arrays(a[-1][name], b[-1][name]), steps)


def _walk(op: Op, start: Primals, drawn: list[Primals]) -> list[Primals]:
    live, now, walk = op.make(), {k: v.copy() for k, v in start.items()}, []
    assert op.step is not None
    for grads in drawn:
        given = {k: p.copy() for k, p in now.items()}  # a step may edit what it is given
        try:
            after = op.step(live, given, {k: g.copy() for k, g in grads.items()})
        except Exception as error:
            raise NoReference(f"{op.name}: {type(error).__name__}: {error}") from error
        now = {k: np.array(v) for k, v in after.items()}
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


def verdict(op: Op, reference: Side, q: Quantity, case: Case) -> Verdict:
    """A comparison as a verdict; its table travels in ``detail["diff"]``."""
    t = q.table
    first = t.rows[0] if t.rows else None
    at = "" if q.step is None else f"step {q.step}: "
    return Verdict(
        LAW, "pass" if t.same else "fail", q.name, f"{at}{t.pattern}",
        resolution=None, wrong=t.count, size=t.size,
        index=first.index if first else None,
        claimed=first.mine if first else None,
        measured=first.reference if first else None,
        entries=tuple(Entry(r.index, r.mine, r.reference, 0.0) for r in t.rows),
        case=case,
        detail={
            "diff": dataclasses.asdict(t) | {"step": q.step, "pattern": t.pattern},
            "reference": reference.text, "built": op.built,
            "reference_built": reference.op.built,
        },
    )  # fmt: skip
