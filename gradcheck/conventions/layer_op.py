"""The Op of a layer whose trial succeeded: parameters, gradients, penalties and resets."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.conventions import places
from gradcheck.conventions.argument_roles import set_mode
from gradcheck.conventions.layers import named, output_arrays
from gradcheck.conventions.live import (
    Live,
    clone,
    join,
    kept_outputs,
    split,
)
from gradcheck.conventions.pairing import Trial
from gradcheck.conventions.places import Place
from gradcheck.conventions.regulariser import Penalty, Term, name_words
from gradcheck.conventions.signature import (
    RATES,
    plain,
    tree_of,
)
from gradcheck.conventions.stand_ins import RATE, Recorder
from gradcheck.conventions.zeroing import zeroed_by_others
from gradcheck.resets import resets
from gradcheck.types import Array, Kind, Op, Primals


def learning_rate(live: Live) -> float:
    """The step size of a backward that updates: its own attribute, else the one we passed."""
    for name, value in vars(live.obj).items() if hasattr(live.obj, "__dict__") else ():
        if plain(name) in RATES and isinstance(value, float) and value:
            return value
    return RATE


def to_op(
    name: str,
    kind: Kind,
    convention: str,
    make: Callable[[], Live],
    proto: Live,
    trial: Trial,
    built: str,
) -> Op:
    """The Op of an object whose trial succeeded."""
    calls, slots = trial.calls, trial.slots
    order = [s.name for s in slots]
    many = len(trial.shapes)

    def with_parameters(values: Primals) -> Live:
        return clone(proto, {trial.params[k]: v for k, v in values.items()}, make)

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        live.out = calls.forward(live, [inputs[k] for k in order], labels, train)
        outputs = output_arrays(live, trial.output, many)
        live.memory["shapes"] = [np.shape(o) for o in outputs]
        return join(outputs)

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        shapes = live.memory["shapes"]
        cots = [cot] if len(shapes) == 1 else split(np.ravel(cot), shapes)
        held = {k: np.array(places.read(live, p)) for k, p in trial.params.items()}
        Recorder.seen.clear()
        live.ret = named(
            calls.backward_function, calls.backward(live, cots, [inputs[k] for k in order], labels)
        )
        step = {
            k: (v - places.read(live, trial.params[k])) / learning_rate(live)
            for k, v in held.items()
        }
        for k, p in trial.params.items():
            mine = [g for w, g in Recorder.seen if w is places.read(live, p)]
            step[k] = mine[-1] if mine and not np.any(step[k]) else step[k]
        live.memory["step"] = step
        return {k: places.read(live, g) for k, g in trial.grads.items()}

    def parameters(live: Live) -> Primals:
        return {k: places.read(live, p) for k, p in trial.params.items()}

    return Op(
        name=name, kind=kind, convention=convention, make=lambda: clone(proto, {}, make), construct=make,
        parameters=parameters, with_parameters=with_parameters, forward=forward,kept=kept_outputs, backward=backward,
        slots=slots, has_mode=calls.has_mode or set_mode(clone(proto, {}, make).obj, True), built=built,
        reading=calls.reading, upstream=calls.upstream, penalty=penalty_of(proto.obj, trial.params),
        reset=resetter(proto.obj) or zeroing(proto.obj, trial) or zeroed_by_others(proto.obj, trial.grads), gradient_names={k: gradient_label(g) for k, g in trial.grads.items()},
    )  # fmt: skip


def gradient_label(place: Place) -> str:
    """How the user calls a gradient: ``dweights``, ``grads['W']``, ``the value returned``."""
    if place[0] == ("attr", "memory"):
        return f"the step of {place[-1][1]}"
    if place[0] == ("attr", "ret"):
        key = str(place[-1][1])
        return key if not key.startswith("returned") else "the returned gradient" + key[8:]
    return places.label(place[1:])


def resetter(obj: Any) -> Callable[[Live], None] | None:
    """``zero_grad`` and its kin."""
    for name in resets(obj, gradients=True):
        return lambda live, method=name: getattr(live.obj, method)()  # type: ignore[misc]
    return None


def zeroing(obj: Any, trial: Trial) -> Callable[[Live], None] | None:
    """Zeroes the gradients, where a method beside backward does it together with the update."""
    own = {n: p for n, p in trial.grads.items() if p[0] == ("attr", "obj") and len(p) == 2}
    names = {str(p[1][1]) for p in own.values()}
    used = {
        "__init__",
        *(
            getattr(f, "__name__", "")
            for f in (trial.calls.forward_function, trial.calls.backward_function)
        ),
    }
    methods = [m for c in type(obj).__mro__[:-1] for n, m in vars(c).items() if n not in used]
    if not any(names & zeroed_in(m) for m in methods if callable(m)):
        return None

    def reset(live: Live) -> None:
        for place in own.values():
            held = places.read(live, place)
            if isinstance(held, np.ndarray):
                held.fill(0.0)

    return reset


def zeroed_in(method: Any) -> set[str]:
    """The attributes of ``self`` that a method sets to zeros, 0 or None."""
    found: set[str] = set()
    tree = tree_of(method)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Assign) and re.match(
            r"^(0|0\.0?|None|np\.zeros.*)$", ast.unparse(node.value)
        ):
            found |= {t.attr for t in node.targets if isinstance(t, ast.Attribute)}
    return found


def penalty_of(obj: Any, params: Mapping[str, Place]) -> Penalty | None:
    """The L1/L2 terms that NNFS layers add to their gradients: ``weight_regularizer_l2`` and so on."""
    own = vars(obj).items() if hasattr(obj, "__dict__") else ()
    strengths = {n: name_words(n) for n, v in own if type(v) in (int, float) and "regulari" in n}
    terms = []
    for parameter, place in params.items():
        stem = places.norm(str(place[-1][1]))
        for power in (1, 2):
            fits = [
                n
                for n, words in strengths.items()
                if f"l{power}" in words and any(places.same(places.norm(w), stem) for w in words)
            ]
            terms += [Term(n, parameter, power, 1.0) for n in fits[:1]]

    def held(live: Live) -> Primals:
        return {k: places.read(live, p) for k, p in params.items()}

    return Penalty(tuple(terms), held) if terms else None
