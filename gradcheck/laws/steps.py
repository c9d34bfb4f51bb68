"""Laws of an optimizer's arithmetic: its steps and its bias correction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradcheck.laws.common import numbers_differ, source_text, subscript, verdict
from gradcheck.laws.formulas import INSIDE, LEGAL, WITHOUT_MAXIMUM, Formula, Hyper, State
from gradcheck.laws.hyper import (
    SPELLINGS,
    candidates,
    decay_names,
    role_of,
    switched_off,
    unnamed,
    values_of,
)
from gradcheck.laws.optimizer import problem
from gradcheck.laws.schedules import on_stairs, stairs
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict

NEEDS = {
    "sgd": "",
    "momentum": "mu",
    "nesterov": "mu",
    "adagrad": "eps",
    "rmsprop": "rho eps mu",
    "adadelta": "rho eps",
}
EPSILONS = (1e-8, 1e-7, 1e-6, 1e-10, 1e-12, 1e-5, 0.0)
STEPS = 5
EXACT = 1e-7
#: A difference of an epsilon's size: its place differs, or a constant that could not be read.
SMALL = 1e-3


@dataclass(frozen=True)
class Trace:
    """Parameters before and after every step, and the gradients given."""

    params: list[Primals]
    grads: list[Primals]
    live: Any


@dataclass(frozen=True)
class Gap:
    """How far one parameter's path is from a formula's, in units of the steps taken; where most."""

    distance: float
    formula: Formula
    hyper: Hyper
    step: int
    mine: Array
    wanted: Array

    @property
    def text(self) -> str:
        """The formula with its numbers."""
        return f"{described(self.formula)} with {', '.join(f'{k}={v:g}' for k, v in self.hyper.items())}"


def described(formula: Formula) -> str:
    """A formula's docstring."""
    return (formula.__doc__ or "").strip()


def trace(op: Op, case: Case, live: Any, steps: int = STEPS, constant: bool = False) -> Trace:
    """Run an optimizer on copies of a small problem."""
    assert op.step is not None
    params, drawn = problem(op, case)
    rng = np.random.default_rng([case.seed, 17])
    now, before, given = params, [], []
    for t in range(steps):
        grads = (
            drawn[t] if t < len(drawn) else {k: rng.normal(size=v.shape) for k, v in params.items()}
        )
        grads = drawn[0] if constant else grads
        before.append({k: v.copy() for k, v in now.items()})
        given.append({k: v.copy() for k, v in grads.items()})
        copies = {k: g.copy() for k, g in grads.items()}
        now = op.step(live, {k: v.copy() for k, v in now.items()}, copies)
    return Trace([*before, now], given, live)


def optimizer_steps(op: Op, case: Case) -> Iterator[Verdict]:
    """Five steps follow one of the legal formulas of the method the name stands for."""
    law = "optimizer_steps"
    role = role_of(op)
    odd = None if op.step is None or role is not None else against_the_others(op, case)
    if odd is not None:
        yield odd
        return
    if op.step is None or role is None:
        what = "not an optimizer" if op.step is None else "its name stands for no method known here"
        yield verdict(law, "skipped", op, case, what=what)
        return
    live = op.make()
    switched_off(live, (*decay_names(role, values_of(live)), *SPELLINGS["wd"]))
    taken = trace(op, case, live)
    nearest: dict[str, Gap] = {}
    best: dict[str, Gap] = {}
    for formula, hyper in hypotheses(op, role, values_of(taken.live)):
        gaps = compare(taken, formula, hyper)
        if worst(gaps).distance < EXACT:
            yield followed(op, case, formula, hyper, values_of(taken.live))
            return
        if not best or worst(gaps).distance < worst(best).distance:
            best = gaps
        nearest |= {
            k: g for k, g in gaps.items() if k not in nearest or g.distance < nearest[k].distance
        }
    if not best:
        what = "its learning rate could not be read from an attribute"
        yield verdict(law, "skipped", op, case, what=what)
        return
    if worst(nearest).distance < EXACT:
        yield two_rules(op, case, nearest)
        return
    for stair in stairs(values_of(taken.live)):
        for formula, hyper in hypotheses(op, role, values_of(taken.live)):
            stepped = on_stairs(formula, *stair)
            if worst(compare(taken, stepped, hyper)).distance < EXACT:
                yield followed(op, case, stepped, hyper, values_of(taken.live))
                return
    name, gap = max(best.items(), key=lambda item: item[1].distance)
    if role == "amsgrad" and follows_adam(op, taken):
        why = f"the steps are those of Adam, not of {gap.text}: a v that falls is not held up"
        where = f"{name} after step {gap.step}"
        yield numbers_differ(law, "fail", op, case, where, gap.mine, gap.wanted, why)
        return
    status: Status = "note" if gap.distance < SMALL else "fail"
    why = f"nearest legal formula of {role}: {gap.text}" if status == "fail" else \
          f"agrees with {gap.text} up to {gap.distance:.0e} of a step, an epsilon's size"  # fmt: skip
    where = f"{name} after step {gap.step}"
    yield numbers_differ(law, status, op, case, where, gap.mine, gap.wanted, why)


def against_the_others(op: Op, case: Case) -> Verdict | None:
    """A fail where each parameter moves by a multiple of its gradient, and one the other way."""
    taken = trace(op, case, op.make(), steps=1)
    before, after = taken.params
    factors: dict[str, float] = {}
    for name, gradient in taken.grads[0].items():
        ratio = (after[name] - before[name]) / gradient
        if not np.ptp(ratio) < 1e-6 * np.max(np.abs(ratio)):
            return None  # another method than plain descent
        factors[name] = float(np.mean(ratio))
    up = [k for k, f in factors.items() if f > 0]
    if not up or len(up) == len(factors):
        return None
    name = up[0]
    why = f"{name} moves by {factors[name]:+.3g} of its gradient, the others against theirs"
    wanted = before[name] - (after[name] - before[name])
    return numbers_differ("optimizer_steps", "fail", op, case, name, after[name], wanted, why)


def follows_adam(op: Op, taken: Trace) -> bool:
    """Whether the steps are exactly those of Adam without a maximum.

    v falls by a thousandth in a step at most, so the two are never far apart in a few steps.
    """
    return any(
        worst(compare(taken, formula, hyper)).distance < EXACT
        for first, hyper in hypotheses(op, "adam", values_of(taken.live))
        if first is LEGAL["adam"][0]  # each choice of numbers once
        for formula in WITHOUT_MAXIMUM
    )


def worst(gaps: dict[str, Gap]) -> Gap:
    """The largest of some gaps."""
    return max(gaps.values(), key=lambda g: g.distance)


def followed(
    op: Op, case: Case, formula: Formula, hyper: Hyper, values: dict[str, float]
) -> Verdict:
    """The verdict on steps that follow one formula; a note where it is not the books'."""
    law, text = "optimizer_steps", described(formula)
    detail = {"formula": text, "hyper": hyper, "steps": STEPS}
    what, wrt = "", ""
    if hyper.get("b1", 1.0) == 0.0:
        wrt = next((n for n in SPELLINGS["b1"] if n in values), "beta1")
        what = f"{wrt} = 0: {text} without its first moment"
    elif formula in INSIDE and hyper["eps"] > 0:
        eps, wrt = hyper["eps"], next(iter(op.parameters(None)))
        what = (
            f"the step of {', '.join(op.parameters(None))} has its epsilon inside the root: {text}. The books add it "
            f"outside; inside, {eps:g} acts on small gradients like {eps**0.5:.2g} outside"
        )
    if what:
        return verdict(law, "note", op, case, wrt, what, detail=detail)
    return verdict(law, "pass", op, case, resolution=EXACT, detail=detail)


def two_rules(op: Op, case: Case, nearest: dict[str, Gap]) -> Verdict:
    """Every parameter follows a legal formula, but not the same one: a slip in one of the lines."""
    usual = next(
        (g for g in nearest.values() if g.formula not in INSIDE), next(iter(nearest.values()))
    )
    odd = next(
        k for k, g in nearest.items() if (g.formula, g.hyper) != (usual.formula, usual.hyper)
    )
    other = next(k for k, g in nearest.items() if g is usual)
    text = f"two rules in one optimizer: {odd} follows {nearest[odd].text}, but {other} follows {usual.text}"
    return verdict("optimizer_steps", "fail", op, case, odd, text)


def hypotheses(op: Op, role: str, values: dict[str, float]) -> Iterator[tuple[Formula, Hyper]]:
    """Legal formulas with hyper-parameters read from the object, the likely ones first."""
    rates = candidates(values, "lr")[:2]
    roles = [role]
    if role == "sgd":
        wanted = ["momentum", "nesterov"] if candidates(values, "mu") else []
        roles = [*wanted, "sgd"] if wanted else ["sgd"]
        if any(values.get(n) == 0 for n in ("momentum", "mu")):
            roles = ["sgd"]
    if role == "momentum":
        roles.append("nesterov")
    if role == "adam":
        roles += ["amsgrad"] if "amsgrad" in values or "amsgrad" in source_text(op).lower() else []
    constants = [float(c) for c in re.findall(r"\b\d(?:\.\d*)?[eE]-\d+\b", source_text(op))]
    for one in roles:
        needs = NEEDS.get(one, "b1 b2 eps")
        for formula in LEGAL[one]:
            choices: dict[str, list[float]] = {"lr": rates}
            for key in needs.split():
                choices[key] = candidates(values, key)[:3]
                if key == "eps":
                    choices[key] = list(dict.fromkeys([*choices[key], *constants, *EPSILONS]))[:6]
                if not choices[key]:
                    usual = 0.9 if key in {"mu", "rho", "b1"} else 0.999
                    choices[key] = list(dict.fromkeys([usual, *unnamed(values)]))[:4]
            for combination in product(*choices.values()):
                yield formula, dict(zip(choices, combination, strict=True))


def compare(taken: Trace, formula: Formula, hyper: Hyper) -> dict[str, Gap]:
    """The largest difference between each parameter's path and that of a formula."""
    return {name: gap_of(taken, name, formula, hyper) for name in taken.params[0]}


def gap_of(taken: Trace, name: str, formula: Formula, hyper: Hyper) -> Gap:
    """The same for one parameter; the walk ends where the two have parted for good."""
    start = taken.params[0][name]
    w, state = start.copy(), State()
    found = Gap(0.0, formula, hyper, 1, start, start)
    for t, grads in enumerate(taken.grads):
        w = formula(w, grads[name], state, t + 1, hyper)
        mine = taken.params[t + 1][name]
        distance = apart(mine, w, start)
        if distance > found.distance:
            found = Gap(distance, formula, hyper, t + 1, mine, w.copy())
        if distance > 0.5:
            break
    return found


def apart(mine: Array, wanted: Array, start: Array) -> float:
    """The largest difference, relative to the way gone; what is not finite must be so in both."""
    finite = np.isfinite(wanted)
    if mine.shape != wanted.shape or not finite.any() or np.any(np.isfinite(mine) != finite):
        return NOWHERE
    scale = float(np.max(np.abs(wanted - start)[finite])) or 1.0
    return float(np.max(np.abs(mine - wanted)[finite])) / scale


#: The distance of a path that leaves the numbers.
NOWHERE = 1e9

#: On a constant gradient Adam's steps have one length, up to what an epsilon takes away.
LENGTH = 0.01


def bias_correction(op: Op, case: Case) -> Iterator[Verdict]:
    """Adam's steps on a constant gradient are all of length lr, for every parameter, from the first.

    Where the learning rate cannot be read, and no formula can be compared, the steps must still
    all be of one length.
    """
    law = "bias_correction"
    role = role_of(op)
    if op.step is None or role != "adam":
        yield verdict(law, "skipped", op, case, what="not Adam")
        return
    live = op.make()
    switched_off(live, (*decay_names(role, values_of(live)), *SPELLINGS["wd"]))
    taken = trace(op, case, live, steps=6, constant=True)
    rate = next(iter(candidates(values_of(taken.live), "lr")), None)
    for name in taken.params[0]:
        pairs = zip(taken.params, taken.params[1:], strict=False)
        with np.errstate(invalid="ignore", over="ignore"):
            moves = [np.abs(b[name] - a[name]) for a, b in pairs]
        length = rate if rate is not None else float(np.median(moves[-1]))
        said = "the learning rate" if rate is not None else f"as in step {len(moves)}"
        for t, move in enumerate(moves):
            off = np.where(np.isfinite(move), np.abs(move - length), np.inf)
            index = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), move.shape))
            if not off[index] <= LENGTH * length:
                mine = float(move[index])
                text = (
                    f"step {t + 1} moves {subscript(name, index)} by {mine:.6g}, but should move it by {length:.6g} "
                    f"({said}): on a constant gradient the corrected moments are g and g²"
                )
                yield verdict(law, "fail", op, case, name, text, index=index, claimed=mine, measured=length)  # fmt: skip
                return
    yield verdict(law, "pass", op, case, resolution=LENGTH)
