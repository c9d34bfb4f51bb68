"""One object beside its reference: forward, every gradient, an optimizer's path.

Runs in the child process of `gradcheck.isolate` in place of `gradcheck.run`: the same `plan` and
`check`, with one law, ``same_as_reference``, and the tables in ``Verdict.detail["diff"]``.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from gradcheck import run
from gradcheck.conventions import Refused, ops_for
from gradcheck.conventions.recognise import Planned
from gradcheck.diffing.quantities import Numbers, Quantity, Raises, compute, quantities_of
from gradcheck.diffing.roles import ALIKE, likeness, references, settings
from gradcheck.diffing.sides import NoReference, Side, load_side
from gradcheck.targets import Loaded
from gradcheck.types import Case, Entry, Op, Status, Subject, Verdict, worst

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


def plan(loaded: Loaded, only: str | None = None) -> list[Planned]:
    """What a file holds, in its order."""
    return run.plan(loaded, only)


def check(loaded: Loaded, name: str, options: Options) -> Subject:
    """Compare one class or function pair with its reference."""
    began = time.perf_counter()
    planned = next(p for p in plan(loaded) if run.is_asked_for(p, name))
    blank = Subject(loaded.target.of(name), name, "unknown", line=planned.line)
    reason = planned.reason or (NUMGRAD if planned.kind == "numgrad" else "")
    if reason:
        return dataclasses.replace(blank, status="skipped", reason=reason)
    source = run.source_of(loaded, planned, run.Options(init=options.init))
    try:
        ops = [op for op in ops_for(source, planned.kind) if not op.laws][:CONFIGURATIONS]
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
