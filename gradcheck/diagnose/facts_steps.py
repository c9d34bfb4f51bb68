"""What the law of the first steps has shown: the length of a step on a constant gradient.

With corrected averages each step is as long as the learning rate.  Each way of getting the
correction wrong predicts another length, computed here from the two decay rates and the step.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.diagnose.common_state import changed_in_common
from gradcheck.diagnose.floats import callable_errors
from gradcheck.diagnose.measure import claim
from gradcheck.diagnose.pieces import functions_by_place
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws.common import differs
from gradcheck.laws.optimizer import problem
from gradcheck.laws.optimizer_state import walk
from gradcheck.laws.steps import trace
from gradcheck.types import Case, Op, Verdict

#: Names of a step counter.
COUNTER = re.compile(r"^(t|iter|iters|iterations?|step|steps|n_steps?|time|count)$")


def corrected(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown | None:
    """Which mistake in the bias correction predicts the length of the step that was seen."""
    noted = [o.message for o in others if o.law == "optimizer_steps" and o.status == "note"]
    if any("epsilon inside the root" in text for text in noted):
        text = (
            "the epsilon is added under the root: the steps are too short where gradients are small"
        )
        tried = "every step agrees with the formula that has its epsilon inside the root"
        return Shown("epsilon-placement", text, tried, second="bias-correction")
    match = re.search(r"step (\d+)", v.message)
    if match is None or v.claimed is None or not v.measured:
        return None
    t, length = int(match.group(1)), v.claimed / v.measured
    tried = f"step {t} on a constant gradient is {length:.4g} learning rates long, as that predicts"
    if not math.isfinite(length) and not finite_uphill(op):
        text = "the first step divides by 1 - beta^0 = 0: the counter starts too low"
        return Shown("step-counter", text, f"step {t} is not finite")
    if t == 1 and not length and first_divides_by_zero(op):
        text = "the first step divides by 1 - beta^0 = 0: the counter starts too low"
        return Shown(
            "step-counter", text, "NumPy's check reports a division by 0 in the first step"
        )
    still, later = stands_still(op), re.search(r"as in step (\d+)", v.message)
    for first, second in rates(op):
        last = list(mistakes(first, second, int(later.group(1)), still)) if later else []
        whole = {(cause, re.sub(r"\d+", "", text)): x for cause, text, x in last}
        for cause, text, predicted in mistakes(first, second, t, still):
            end = whole.get((cause, re.sub(r"\d+", "", text)), 1.0)
            if not math.isclose(predicted / end, length, rel_tol=2e-4):
                continue
            if text.endswith("the first") and t == 2 and not ever_first(op, first, second):
                continue
            if not later and not goes_on(
                op, abs(v.measured), t, (cause, text), (first, second), still
            ):
                continue
            return Shown(cause, text, tried)
    return None


def goes_on(
    op: Op, rate: float, t: int, mistake: tuple[str, str], rates: tuple[float, float], still: bool
) -> bool:
    """Whether the next two steps, too, are as long as the same mistake predicts."""
    try:
        with quiet():
            taken = trace(op, Case(), op.make(), steps=t + 2, constant=True)
    except Exception:  # it cannot be stepped like that
        return True
    name = next(iter(taken.params[0]))
    for k in (t + 1, t + 2):
        same = [x for cause, text, x in mistakes(*rates, k, still) if (cause, text) == mistake]
        moved = np.abs(taken.params[k][name] - taken.params[k - 1][name]) / rate
        if len(same) == 1 and not np.isclose(moved, same[0], rtol=1e-2).any():
            return False
    return True


def ever_first(op: Op, b1: float, b2: float) -> bool:
    """Whether the fourth step on a constant gradient, too, is as long as if it were the first."""
    try:
        with quiet():
            taken = trace(op, Case(), op.make(), steps=4, constant=True)
    except Exception:  # it cannot be stepped like that
        return False
    for name in taken.params[0]:
        one, last = (np.abs(taken.params[k + 1][name] - taken.params[k][name]) for k in (0, 3))
        grown = (1 - b1**4) / (1 - b1) * math.sqrt((1 - b2) / (1 - b2**4))
        if not np.allclose(last, one * grown, rtol=1e-3):
            return False
    return True


def finite_uphill(op: Op) -> bool:
    """Whether the first step is finite where every gradient is positive: no division by 0 then."""
    assert op.step is not None
    params = {k: np.ones(p.shape) for k, p in op.parameters(None).items()}
    try:
        with quiet():
            after = op.step(op.make(), params, {k: np.ones(p.shape) for k, p in params.items()})
    except Exception:  # it cannot be stepped like that
        return False
    return all(bool(np.all(np.isfinite(p))) for p in after.values())


def first_divides_by_zero(op: Op) -> bool:
    """Whether a first step with gradients of 1 divides by 0, and the second does not."""
    assert op.step is not None
    params = {k: np.ones(p.shape) for k, p in op.parameters(None).items()}
    seen = []
    live = op.make()
    for _ in range(2):
        try:
            with callable_errors(), quiet():
                op.step(live, params, {k: np.ones(p.shape) for k, p in params.items()})
            seen.append(False)
        except FloatingPointError:
            seen.append(True)
            live = op.make()
            with quiet():
                op.step(live, params, {k: np.ones(p.shape) for k, p in params.items()})
        except Exception:  # it cannot be stepped like that
            return False
    return seen == [True, False]


def mistakes(b1: float, b2: float, t: int, still: bool) -> Iterator[tuple[str, str, float]]:
    """(cause, words, predicted length of step t in learning rates)."""
    m, v = 1 - b1**t, 1 - b2**t
    yield "bias-correction", "neither average is corrected for its zero start", m / math.sqrt(v)
    yield "bias-correction", "the first average is not corrected for its zero start", m
    yield (
        "bias-correction",
        "the second average is not corrected for its zero start",
        1 / math.sqrt(v),
    )
    yield (
        "bias-correction",
        "the second average is corrected with the first one's rate",
        math.sqrt((1 - b1**t) / v),
    )
    yield (
        "bias-correction",
        "the first average is corrected with the second one's rate",
        m / (1 - b2**t),
    )
    if t > 1:
        one, two = m / (1 - b1), math.sqrt((1 - b2) / v)
        yield "bias-correction", "the first average is corrected with beta, not with beta^t", one
        yield "bias-correction", "the second average is corrected with beta, not with beta^t", two
        cause = "step-counter" if still else "bias-correction"
        yield cause, "every step is corrected as if it were the first", one * two
    for first, second in ((True, False), (False, True), (True, True)):
        words = "the corrected average is stored, and corrected again at the next step"
        yield "bias-correction", words, stored(b1, t, first) / math.sqrt(stored(b2, t, second))
    for shift in (1, -1, 2, 3):
        if t + shift < 1:
            continue
        one, two = m / (1 - b1 ** (t + shift)), math.sqrt((1 - b2 ** (t + shift)) / v)
        words = f"step {t} is corrected as if it were step {t + shift}"
        for predicted in (one, two, one * two):
            yield "step-counter", words, predicted


def stored(beta: float, t: int, corrected: bool) -> float:
    """The average of t gradients of 1 as step t uses it; `corrected` ones are stored so."""
    kept = used = 0.0
    for step in range(1, t + 1):
        kept = beta * kept + (1 - beta)
        used = kept / (1 - beta**step)
        kept = used if corrected else kept
    return used


def rates(op: Op) -> Iterator[tuple[float, float]]:
    """Pairs of decay rates: the usual one, then those of the object."""
    yield 0.9, 0.999
    found = [x for x in held(op).values() if isinstance(x, float) and 0.3 < x < 1]
    yield from itertools.permutations(dict.fromkeys(found), 2)


def held(op: Op) -> dict[str, Any]:
    """The attributes of the live object."""
    live = op.make()
    return (
        dict(vars(getattr(live, "obj", live)))
        if hasattr(getattr(live, "obj", live), "__dict__")
        else {}
    )


def stands_still(op: Op) -> bool:
    """Whether a step counter exists and does not move in three steps."""
    if op.step is None:
        return False
    live = op.make()
    inner = getattr(live, "obj", live)
    try:
        with quiet():
            params = {k: np.ones(p.shape) for k, p in op.parameters(None).items()}
            for _ in range(3):
                params = op.step(live, params, {k: np.ones(p.shape) for k, p in params.items()})
    except Exception:  # it cannot be stepped like that
        return False
    configs = getattr(getattr(live, "memory", {}).get("bench"), "configs", [])
    kept = [*getattr(inner, "__dict__", {}).items(), *(i for c in configs for i in c.items())]
    counters = [x for n, x in kept if COUNTER.match(n)]
    codes = [f.__code__ for f in functions_by_place(op).values()]
    asked = [c for code in codes for c in code.co_consts if isinstance(c, str) and COUNTER.match(c)]
    if configs and not counters and asked:
        return True  # ``config.get("t", 0) + 1``, which is never put back
    return bool(counters) and all(x in (0, 1) for x in counters if isinstance(x, int))


def resting(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """A step with a zero gradient."""
    if "nan" in v.message.lower():
        return Shown(
            "nan-at-extreme",
            "a zero gradient gives 0/0: add an epsilon to the divisor",
            "one step was made with a zero gradient, and some with others, which gave no NaN",
            sure=op.step is not None and v.case is not None and finite_steps(op, v.case),
        )
    text = "a zero gradient moves the parameters"
    return Shown("update-wrong", text, "one step was made", sure=False)


def finite_steps(op: Op, case: Case) -> bool:
    """Whether steps with gradients that are not zero give numbers: what is lost is lost at zero only."""
    with quiet():
        taken = trace(op, case, op.make())
    return all(np.all(np.isfinite(p)) for p in taken.params[-1].values())


def decayed(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown:
    """A decay that is not the formula's; sure where the steps without it are the method's."""
    steps = [o.status for o in others if o.law == "optimizer_steps"]
    return Shown(
        "decay-wrong",
        "weight or rate decay is not applied as defined",
        "without the decay the steps are those of the method, with it they are not the formula's",
        sure=bool(steps) and "fail" not in steps and "error" not in steps,
        second="update-wrong",
    )


def stepped_once(op: Op, live: Any) -> int:
    """One step of every parameter; how many there are."""
    assert op.step is not None
    params = {k: np.ones(p.shape) for k, p in op.parameters(None).items()}
    op.step(live, params, {k: np.ones(p.shape) for k, p in params.items()})
    return len(params)


def shared_by_parameters(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """One state for several parameters: a counter that moves with each of them, or an array."""
    if "keeps the gradient array" in v.message:
        text = "the gradient array is kept by reference: what the caller writes into it later changes the steps"
        shown = "the same gradients in new arrays at every step give other parameters"
        return Shown("cached-by-reference", text, shown, second="shared-state")
    tried = "the path of one parameter changed with the gradient of another"
    live = op.make()
    inner, count = getattr(live, "obj", live), 0
    before = dict(getattr(inner, "__dict__", {}))
    try:
        with quiet():
            count = stepped_once(op, live)
    except Exception:  # it cannot be stepped like that
        count = 0
    grown = {n: x - before[n] for n, x in getattr(inner, "__dict__", {}).items()
             if COUNTER.match(n) and type(x) is int and type(before.get(n)) is int}  # fmt: skip
    name = next((n for n, by in grown.items() if count > 1 and by in {count, count + 1}), "")
    if name:
        text = f"{name} counts the parameters, not the steps alone: it grows by {grown[name]} in one step of {count} parameters"
        return Shown("step-counter", text, "it was read after one step",
                     second="state-shared-between-parameters")  # fmt: skip
    common = changed_in_common(op, lambda: stepped_once(op, op.make()))
    if common is not None:
        return common
    if v.case is not None and deaf_to_the_other(op, v.case):
        text = "a count goes on with every layer or parameter, not with every step"
        shown = "beside a second layer the path is another one, but the same whatever that layer's gradient"
        return Shown("step-counter", text, shown, second="state-shared-between-parameters")
    return Shown("state-shared-between-parameters", "one state serves several parameters", tried,
                 second="step-counter")  # fmt: skip


def deaf_to_the_other(op: Op, case: Case) -> bool:
    """Whether the path beside a second layer is the same for two gradients of that layer."""
    params, steps = problem(op, case)
    extra = {f"{k} of another layer": v[::-1].copy() for k, v in params.items()}
    paths = []
    for scale in (3.0, -1.7):
        slopes = [g | {n: scale * g[k] for n, k in zip(extra, params, strict=True)} for g in steps]
        try:
            with quiet():
                paths.append(walk(op, params | extra, slopes)[0])
        except Exception:  # it takes no second layer
            return False
    return not differs(paths[0], paths[1])


def gradient_absent(op: Op, v: Verdict) -> bool:
    """Whether backward leaves a parameter without a gradient."""
    if v.case is None or op.backward is None:
        return False
    try:
        with quiet():
            return v.wrt not in claim(op, v.case).claimed
    except Exception:  # it cannot be run, or raises because the gradient is missing
        return False


def unmoved(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown:
    """A parameter that training leaves as it was: without a gradient, or with one nobody uses."""
    if "a second object shares" in v.message:
        text = (
            "two objects have one array: a default argument or an attribute of the class holds it"
        )
        return Shown(
            "shared-state",
            text,
            "two objects were made, and the memory of their parameters compared",
        )
    if "flag stays" in v.message:
        text = "validation switches training off, and training goes on without it"
        return Shown("mode-ignored", text, "two trainings were compared, one with validation")
    lost = [o for o in others if o.law in {"contract", "model_gradient"} and o.status == "fail"]
    absent = gradient_absent(op, v)
    if lost or absent:
        return Shown(
            "gradient-missing",
            f"{v.wrt or 'a parameter'} never changes in training, because it gets no gradient",
            "the gradients were looked at after one backward pass",
            sure=absent,
            second="never-wired",
        )
    return Shown(
        "never-wired",
        "a parameter never changes in training",
        "a few steps were made",
        sure="leaves" in v.message,
        second="gradient-missing",
    )
