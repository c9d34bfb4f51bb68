"""Interventions on what forward leaves for backward: its random numbers, what it stored."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from unittest import mock

import numpy as np

from gradcheck.conventions import places
from gradcheck.conventions.live import arrays_of
from gradcheck.diagnose.facts_modes import DRAWS, redrawn
from gradcheck.diagnose.interventions_options import same_claim
from gradcheck.diagnose.kept import numbers
from gradcheck.diagnose.measure import claim
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown, agreed, fails
from gradcheck.guard import one_seed
from gradcheck.types import Array, Op, Primals, Verdict

#: How far single precision may be off, in parts of the number or of one.
NEARLY = 1e-4


def other_chance(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """A backward that draws random numbers: with those of forward it is right, or it lets others through."""
    case, wrt = verdict.case, verdict.wrt
    shown = redrawn(op)
    if case is None or "gradient" not in verdict.law or shown is None:
        return
    with one_seed(), drawn_once():
        same = agreed(op, case, wrt)
    if same:
        yield replace(shown, evidence=f"where it draws the numbers that forward drew, {same}")
        return
    try:
        with quiet():
            point = claim(op, case)
    except Exception:  # it cannot be run: nothing is known
        return
    if op.terminal:
        return
    x, mine = point.primals.get(wrt), point.claimed.get(wrt)
    if x is None or mine is None or not x.shape == mine.shape == point.output.shape:
        return
    if np.any((mine == 0) != (point.output == 0)):
        yield shown


@contextlib.contextmanager
def drawn_once() -> Iterator[None]:
    """Inside the context what NumPy draws by the same call is the same numbers again."""
    space = vars(np.random)
    saved = {name: space[name] for name in DRAWS if name in space}
    known: dict[Any, Any] = {}

    def repeated(name: str) -> Any:
        def draw(*args: Any, **kwargs: Any) -> Any:
            key = (name, repr(args), repr(kwargs))
            if key not in known:
                known[key] = saved[name](*args, **kwargs)
            return np.copy(known[key])[()]

        return draw

    space.update({name: repeated(name) for name in saved})
    try:
        yield
    finally:
        space.update(saved)


def output_in_place_of_input(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """What forward stored of its input is taken for its output by backward, or the reverse."""
    case, wrt = verdict.case, verdict.wrt
    if case is None or verdict.law != "gradient" or op.terminal or len(op.slots) != 1:
        return
    for kept, wanted in (("input", "output"), ("output", "input")):
        names: set[str] = set()
        if numbers(exchanged(op, kept, names), case) is None or not names:
            continue
        same = agreed(exchanged(op, kept, names), case, wrt)
        # What is only compared with a threshold is cured by anything on the right side of it.
        if same and names and not same_claim(op, exchanged(op, kept, names, nudge=1e-6), case, wrt):
            name = min(names)
            text = f"backward takes {name} for forward's {wanted}, but it holds the {kept}"
            evidence = f"with the {wanted} in {name}, {same}"
            yield Shown("derivative-at-wrong-point", text, evidence)
    same = agreed(handed_output(op), case, wrt)
    if same:
        text = "the formula of backward is one of forward's output, but it is given the input"
        yield Shown("derivative-at-wrong-point", text, f"called with forward's output, {same}")


def in_double(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """``np.float32`` in the code stands for double precision, where the numbers are nearly right."""
    case, wrt, mine, true = verdict.case, verdict.wrt, verdict.claimed, verdict.measured
    if case is None or verdict.law != "gradient" or case.dtype != "float64":
        return
    if mine is None or true is None or not 0 < abs(mine - true) < NEARLY * max(1.0, abs(true)):
        return
    with mock.patch.object(np, "float32", np.float64):
        wide, same = numbers(op, case), agreed(op, case, wrt)
    plain = numbers(op, case)
    if not wide or not plain or np.array_equal(wide.get(wrt, 0.0), plain.get(wrt, 0.0)):
        return  # it does not stand in the code
    if same:
        text = "something inside is kept or computed in single precision: np.float32 stands in the code"
        yield Shown("float32-inside", text, f"with np.float64 in the place of np.float32, {same}")


def handed_output(op: Op) -> Op:
    """The Op whose backward is called with forward's output in the place of the input."""

    def backward(live: Any, cot: Array, inputs: Any, labels: Array | None) -> Any:
        assert op.backward is not None
        output = np.asarray(op.forward(op.make(), inputs, labels, True))
        return op.backward(live, cot, {op.slots[0].name: output}, labels)

    return replace(op, backward=backward) if op.backward is not None else op


def exchanged(op: Op, kept: str, names: set[str], nudge: float = 0.0) -> Op:
    """The Op whose backward finds the output where the input is stored, or the reverse.

    The names of what was exchanged are added to `names`.  With a `nudge`, it finds what was stored
    changed by that much, relative, and nothing else.
    """

    def backward(live: Any, cot: Array, inputs: Primals, labels: Array | None) -> Mapping[str, Any]:
        two = [np.asarray(next(iter(inputs.values()))), *arrays_of(live.out)[:1]]
        if len(two) == 2 and two[0].shape == two[1].shape:
            old, new = two if kept == "input" else two[::-1]
            new = old * (1.0 + nudge) if nudge else new
            for place, held in places.walk(live.obj).items():
                if held.shape == old.shape and np.array_equal(held, old):
                    places.write(live.obj, place, np.array(new))
                    names.add(places.label(place))
        return op.backward(live, cot, inputs, labels)

    return replace(op, backward=backward)


def made_apart(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """One object that stands several times in a list: right once each place has its own."""
    case, wrt = verdict.case, verdict.wrt
    if case is None or op.step is not None or "gradient" not in verdict.law:
        return
    name = next(iter(repeated(getattr(op.make(), "obj", None))), "")
    if not name:
        return

    def forward(live: Any, inputs: Primals, labels: Array | None, train: bool) -> Array:
        for key, value in repeated(live.obj).items():
            setattr(live.obj, key, [copy.copy(v) for v in value])
        return np.asarray(op.forward(live, inputs, labels, train))

    apart = replace(op, forward=forward)
    same = (
        agreed(apart, case, wrt)
        if verdict.law == "gradient"
        else "the check passes"
        if fails(apart, verdict.law, case, wrt) is False
        else ""
    )
    if same:
        text = f"self.{name} holds one object several times: what it keeps for one place is overwritten by the next"
        evidence = f"with an object of its own in each place, {same}"
        yield Shown("shared-state", text, evidence, second="stale-mask")


def repeated(obj: Any) -> dict[str, list[Any]]:
    """The lists of an object that hold one thing with a state several times."""
    found = {}
    for key, value in list(getattr(obj, "__dict__", {}).items()):
        if not isinstance(value, list) or len(value) < 2:
            continue
        own = [v for v in value if isinstance(v, dict) or hasattr(v, "__dict__")]
        if len({id(v) for v in own}) < len(own):
            found[key] = value
    return found
