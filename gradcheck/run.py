"""Objects x laws x cases -> verdicts, for one name of one loaded file."""

from __future__ import annotations

import dataclasses
import math
import re
import time
import weakref
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from gradcheck import cases
from gradcheck.config import called
from gradcheck.conventions import ops_for, recognise
from gradcheck.conventions.live import Refused, Skipped
from gradcheck.conventions.recognise import Planned
from gradcheck.conventions.sources import Source
from gradcheck.evidence import without_pictures
from gradcheck.guard import pristine_numpy, seeded
from gradcheck.laws import AFTER_GRADIENT, FIRST_CONFIGURATION, LAWS, family
from gradcheck.laws import group as group_of
from gradcheck.laws.common import verdict
from gradcheck.laws.contract import told, traced
from gradcheck.loading import older_numpy
from gradcheck.targets import Loaded
from gradcheck.types import Case, Law, Op, Status, Subject, Verdict, worst
from gradcheck.unavoidable import refused

__all__ = ["Options", "Planned", "check", "describe", "laws", "plan"]


#: What kind of subject a way of reading gives, where the two have other names.
KINDS = {
    "numgrad": "function",
    "classifier": "model",
    "line": "model",
    "module": "model",
    "vectors": "model",
    "several": "loss",
    "torch": "function",
    "tape": "function",
    "backprop": "model",
    "network": "model",
}


@dataclass(frozen=True)
class Options:
    """What a user may ask for; the defaults check everything."""

    init: tuple[str, ...] = ()
    input: tuple[int, ...] | None = None
    labels: str | None = None
    laws: tuple[str, ...] = ()
    seed: int = 0
    examples: int | None = None
    replay: str | None = None
    exhaustive: bool = False
    seconds: float | None = None
    diagnose: bool = True
    early: Callable[[Subject], None] | None = None  # given the verdicts before their diagnosis


#: What each file holds; made before the forks of its classes, so that none makes it again.
_PLANS: weakref.WeakKeyDictionary[Loaded, list[Planned]] = weakref.WeakKeyDictionary()


def laws() -> dict[str, Law]:
    """Every law by name."""
    return dict(LAWS)


def plan(loaded: Loaded, only: str | None = None) -> list[Planned]:
    """What a file holds, in its order; nothing is constructed."""
    if loaded not in _PLANS:
        _PLANS[loaded] = recognise.plan_names(loaded.namespace, loaded.tree, loaded.module_name)
    return [p for p in _PLANS[loaded] if only is None or is_asked_for(p, only)]


def is_asked_for(planned: Planned, name: str) -> bool:
    """Whether a user means this subject (a pair also by the name of either function)."""
    stem = re.escape(planned.name)
    either = rf"{stem}_(forward|backward|fwd|bwd)(_\w+)?|(forward|backward)_{stem}"
    bare = re.sub(r"_(forward|backward)(?=_)", "", name, count=1)
    return planned.name in {name, bare} or re.fullmatch(either, name) is not None


def source_of(loaded: Loaded, planned: Planned, options: Options) -> Source:
    """What the conventions need to know about one name."""
    init = next((i for i in options.init if called(i) == planned.name), None)
    return Source(
        planned.name, loaded.namespace.get(planned.name), loaded.namespace, loaded.tree, init,
        options.input, options.labels,
    )  # fmt: skip


def describe(loaded: Loaded, name: str, options: Options) -> Subject:
    """How a subject would be built and read, for ``gradcheck list``; nothing is checked."""
    planned = next(p for p in plan(loaded) if p.name == name)
    kind = KINDS.get(planned.kind, planned.kind)
    blank = Subject(name, name, kind, status="skipped", reason=planned.reason)  # type: ignore[arg-type]
    if planned.reason:
        return blank
    try:
        op = ops_for(source_of(loaded, planned, options), planned.kind)[0]
    except Skipped as reason:
        return dataclasses.replace(blank, reason=str(reason))
    except Refused as refusal:
        return dataclasses.replace(blank, status="error", reason=str(refusal))
    shapes = ", ".join(f"{s.name} {s.sized(dict(Case().sizes))}" for s in op.slots)
    built = "; ".join(filter(None, (op.built, shapes, op.reading)))
    return dataclasses.replace(blank, kind=op.kind, convention=op.convention, built=built)


def check(loaded: Loaded, name: str, options: Options) -> Subject:
    """Check one class or function pair of a loaded file against every law that applies."""
    began = time.perf_counter()
    planned = next((p for p in plan(loaded) if is_asked_for(p, name)), None)
    target = f"{loaded.target.text.split('::')[0]}::{name}"
    if planned is None:
        reason = "not a class or function pair with a backward"
        return Subject(target, name, "unknown", status="error", reason=reason)
    kind = KINDS.get(planned.kind, planned.kind)
    blank = Subject(target, planned.name, kind, line=planned.line)  # type: ignore[arg-type]
    if planned.reason:
        return dataclasses.replace(blank, status="skipped", reason=planned.reason)
    if planned.convention == "unfinished":
        message = f"backward does nothing: its body is empty, so there is no gradient [contract, {planned.name}]"
        found = Verdict("contract", "fail", "backward", message, case=Case())
        return dataclasses.replace(blank, status="fail", verdicts=(found,))
    with pristine_numpy() as guard:
        try:
            ops = ops_for(source_of(loaded, planned, options), planned.kind)
        except Skipped as reason:
            return dataclasses.replace(blank, status="skipped", reason=str(reason))
        except Refused as refusal:
            if re.search("NotImplementedError|Can't instantiate abstract class", str(refusal)):
                return dataclasses.replace(blank, status="skipped", reason=f"abstract: {refusal}")
            return refused(blank, str(refusal), loaded)
        blank = dataclasses.replace(
            blank, kind=ops[0].kind, convention=ops[0].convention, built=ops[0].built
        )
        subject = judged(ops, blank, loaded, options, began)
    notes = (
        guard_notes(guard)
        + older_numpy.notes()
        + tuple(r for r in {op.reading for op in ops} if r and op_reading_matters(ops[0]))
    )
    seconds = time.perf_counter() - began
    return dataclasses.replace(subject, notes=notes, seconds=seconds)


def judged(
    ops: list[Op], blank: Subject, loaded: Loaded, options: Options, began: float
) -> Subject:
    """A subject with the verdicts on all its configurations, merged and explained."""
    replay = Case.parse(options.replay) if options.replay else None
    if replay is not None and replay.config >= len(ops):
        text = f"--replay asks for config={replay.config}, but {blank.name} has {len(ops)}, counted from 0"
        return dataclasses.replace(blank, status="error", reason=text)
    end = began + (options.seconds or math.inf)
    found: list[Verdict] = []
    for i, op in enumerate(ops):
        failed = {(v.law, v.wrt) for v in found if v.status == "fail"}
        found += interpreted(op, list(check_op(op, options, i, end, failed)))
    merged = merge(found)
    if options.early is not None:
        options.early(with_verdicts(blank, uncompared(merged)))
    merged = explained(ops, merged, loaded, options)
    merged = [*uncompared(merged), *unmeasured(ops[0], merged, options)]
    calls = sum(int(v.detail.get("forward_calls", 0)) for v in found)
    return dataclasses.replace(with_verdicts(blank, merged), forward_calls=calls)


def with_verdicts(blank: Subject, verdicts: list[Verdict]) -> Subject:
    """A subject with its verdicts, and the worst of them as its status."""
    return dataclasses.replace(
        blank, verdicts=tuple(verdicts), status=worst([v.status for v in verdicts])
    )


def interpreted(op: Op, verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts of one Op; a failing gradient that is a verified convention becomes a note.

    Laws that measure the same gradient at other points say nothing new under that reading.
    """
    if not any(v.status == "fail" and v.law == "gradient" for v in verdicts):
        return verdicts
    from gradcheck.diagnose import reinterpret

    after = reinterpret(op, verdicts)
    read = {
        new.wrt
        for old, new in zip(verdicts, after, strict=True)
        if (old.status, new.status) == ("fail", "note")
    }
    if any(v.status == "fail" and v.law == "gradient" for v in after):
        return after
    return [
        v for v in after if not (v.law in AFTER_GRADIENT and v.status == "fail" and v.wrt in read)
    ]


def explained(
    ops: list[Op], verdicts: list[Verdict], loaded: Loaded, options: Options
) -> list[Verdict]:
    """The verdicts with a confirmed cause on those that fail, where one was found."""
    if not options.diagnose or not any(v.status == "fail" for v in verdicts):
        return verdicts
    from gradcheck.diagnose import diagnose_all

    return diagnose_all(
        ops, verdicts, source=loaded.source, tree=loaded.tree, path=str(loaded.path)
    )


def uncompared(verdicts: list[Verdict]) -> list[Verdict]:
    """An optimizer whose name does not say which it is was not held against its formula: say so."""
    text = "the update was not compared with any formula"
    return [
        dataclasses.replace(v, status="note", message=f"{text}: {v.message}")
        if v.law == "optimizer_steps" and v.status == "skipped"
        else v
        for v in verdicts
    ]


#: Laws that measure a gradient.
MEASURING = ("gradient", "model_gradient", "numerical_gradient")


def unmeasured(op: Op, verdicts: list[Verdict], options: Options) -> list[Verdict]:
    """An inconclusive verdict where no gradient was measured at all: it must not look like a pass."""
    asked = any(name in MEASURING for name, _ in applicable(op, options))
    settled = any(v.law in MEASURING and v.status != "skipped" for v in verdicts)
    if not asked or settled or op.kind in {"optimizer", "accuracy"}:
        return []
    if any(v.status in {"fail", "error"} for v in verdicts):
        return []
    text = "no gradient of an input or a parameter was found, so none was measured"
    return [verdict("gradient", "inconclusive", op, Case(), what=text)]


def guard_notes(guard: Any) -> tuple[str, ...]:
    """What the guard has to say about an active ``nnfs.init()``."""
    return tuple(getattr(guard, "notes", ()))


def op_reading_matters(op: Op) -> bool:
    """Optimizers' readings only name the form of the call."""
    return op.kind != "optimizer"


def applicable(op: Op, options: Options) -> Iterator[tuple[str, Law]]:
    """The laws to run on an Op."""
    for name, law in LAWS.items():
        if (options.laws and name not in options.laws) or (op.laws and name not in op.laws):
            continue
        if group_of(op) in family(name):
            yield name, law


def check_op(
    op: Op, options: Options, config: int, end: float = math.inf,
    failed: Collection[tuple[str, str]] = (),
) -> Iterator[Verdict]:  # fmt: skip
    """Every applicable law on its cases; a case whose contract fails is not tried further.

    Of what `failed` before, as (law, primal), no further picture is made.
    """
    seen = set(failed)
    broken: set[Case] = set()
    wrong = False
    examples = 1 if options.examples is None else options.examples
    replay = Case.parse(options.replay) if options.replay else None
    if replay is not None and replay.config != config:
        return
    for name, law in applicable(op, options):
        if config and name in FIRST_CONFIGURATION and not replay:
            continue
        planned = [replay] if replay else cases.plan(op, name, options.seed, examples)
        for case in planned:
            case = dataclasses.replace(case, config=config)
            if time.perf_counter() > end:
                what = f"not tried: the time for this class ({options.seconds:.0f} s) is over"
                yield verdict(
                    name, "inconclusive", op, case, what=f"{what}; give more with --timeout"
                )
                return
            if case in broken or (wrong and name in AFTER_GRADIENT):
                continue
            with without_pictures(frozenset(wrt for one, wrt in seen if one == name)):
                verdicts = run_law(name, law, op, case)
            seen |= {(name, v.wrt) for v in verdicts if v.status == "fail"}
            for v in verdicts:
                if (
                    name == "contract"
                    and v.status == "fail"
                    and (v.wrt == "output" or "raises" in v.message)
                ):
                    broken.add(case)
                wrong = wrong or (name == "gradient" and v.status == "fail")
                yield dataclasses.replace(v, detail={**v.detail, "built": op.built})


def run_law(name: str, law: Law, op: Op, case: Case) -> list[Verdict]:
    """One law on one case; an exception of the user's code is a fail, one of ours an error."""
    try:
        with seeded(0):  # once around all calls of the law: saving the generators is slow
            return list(law(op, case))
    except Refused as refusal:
        return [verdict(name, "error", op, case, what=str(refusal))]
    except MemoryError:  # the limit of the child process, which reports it
        raise
    except Exception as error:
        where = traced(error)
        status: Status = "fail" if "line" in where else "error"
        what = f"raises {type(error).__name__}: {error}"
        return [verdict(name, status, op, case, what=what, detail=told(where))]


def merge(verdicts: list[Verdict]) -> list[Verdict]:
    """One verdict for each law and primal: the first of the worst status; passes keep the coarsest
    resolution."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for v in verdicts:
        groups.setdefault((v.law, v.wrt), []).append(v)
    merged = []
    for group in groups.values():
        status = worst([v.status for v in group])
        chosen = [v for v in group if v.status == status]
        if status == "pass":
            merged.append(max(chosen, key=lambda v: v.resolution or 0.0))
        else:
            merged.append(chosen[0])
    return merged
