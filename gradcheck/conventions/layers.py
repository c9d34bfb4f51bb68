"""Layers and activations: a forward and a backward, wherever their values are kept.

Nothing here asks which book the code follows.  The object is tried once: what the forward returns
or stores, which arrays backward returns or changes, and which of them belong together decides how
it is read.
"""

from __future__ import annotations

import ast
import linecache
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.calls import RATE, Calls, Recorder, set_mode
from gradcheck.conventions.live import (
    Live,
    Refused,
    arrays_of,
    changed,
    clone,
    fingerprint,
    join,
    kept_outputs,
    split,
    stored_output,
)
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import (
    PREDICTIONS,
    RATES,
    arguments,
    plain,
    returned_names,
    tree_of,
)
from gradcheck.types import Array, Case, Kind, Op, Primals, Slot

PARAMETER_NAMES = {"weight", "w", "bias", "b", "gamma", "beta", "kernel", "filter", "alpha"}


@dataclass(frozen=True)
class Trial:
    """What one forward and backward of an object showed."""

    slots: tuple[Slot, ...]
    calls: Calls
    output: Place | None
    shapes: list[tuple[int, ...]]
    params: dict[str, Place]
    grads: dict[str, Place]
    problem: str = ""
    missing: tuple[str, ...] = ()


def output_arrays(live: Live, place: Place | None, many: int) -> list[Array]:
    """The output of a forward: what it returned, or what it stored; at most `many` arrays."""
    found = arrays_of(places.read(live, place) if place else live.out)
    return found[:many] if many else found[:1]


def observe(make: Callable[[], Live], proto: Live, calls: Calls, slots: tuple[Slot, ...]) -> Trial:
    """Run forward and backward once and see where everything is.

    Raises
    ------
    Refused
        The forward does not run on this shape, or gives no finite float array.
    """
    case = Case()
    rng = cases.generator(case, 1)
    arrays = [cases.draw_slot(s, case, rng) for s in slots]
    live = clone(proto, {}, make)
    known = places.walk(live)
    before = fingerprint(live)
    try:
        live.out = calls.forward(live, [np.array(a) for a in arrays], None, True)
    except Exception as error:
        raise Refused(f"forward raises {type(error).__name__}: {error}") from error
    place = None
    if not arrays_of(live.out):
        inner = stored_output(live, changed(live, before), arrays)
        if inner is None:
            raise Refused(f"forward returns {type(live.out).__name__} and stores no new array")
        place = (("attr", "obj"), *inner)
    many = upstream_count(calls, live, place)
    outputs = output_arrays(live, place, many)
    if not all(np.all(np.isfinite(o)) for o in outputs):
        raise Refused("forward gives NaN or infinity on ordinary input")
    if sum(o.size for o in outputs) == 0:
        raise Refused("forward gives an empty array")
    params = {
        p: a for p, a in known.items() if places.is_numeric(a) and a.size and unchanged(live, p, a)
    }
    middle = {p: a.tobytes() for p, a in places.walk(live).items()}
    cots = [cases.numbers(cases.generator(case, 4), o.shape) for o in outputs]
    shapes = [o.shape for o in outputs]
    Recorder.seen.clear()
    try:
        live.ret = named(
            calls.backward_function, calls.backward(live, [np.array(c) for c in cots], arrays, None)
        )
    except Exception as error:
        lost = lost_import(error)
        if lost:
            raise Refused(f"backward needs {lost}, whose import failed here") from error
        return Trial(slots, calls, place, shapes, {}, {}, f"{type(error).__name__}: {error}")
    trial = read_gradients(live, calls, slots, arrays, place, shapes, params, middle)
    return without_optimizer(trial, make, proto, arrays, cots)


def without_bystanders(
    trial: Trial, make: Callable[[], Live], proto: Live, arrays: list[Array]
) -> Trial:
    """The trial without arrays that backward changes but forward does not read: velocities."""
    stepped = [k for k, p in trial.grads.items() if p[0] == ("attr", "memory")]
    still: set[str] = set()
    for k in stepped:
        outputs = []
        for shift in (0.0, 0.7):
            value = np.array(places.read(proto, trial.params[k])) + shift
            live = clone(proto, {trial.params[k]: value}, make)
            live.out = trial.calls.forward(live, [np.array(a) for a in arrays], None, True)
            outputs.append(join(output_arrays(live, trial.output, len(trial.shapes))))
        if np.array_equal(outputs[0], outputs[1], equal_nan=True):
            still.add(k)
    return replace(
        trial,
        params={k: p for k, p in trial.params.items() if k not in still},
        grads={k: p for k, p in trial.grads.items() if k not in still},
    )


def without_optimizer(
    trial: Trial, make: Callable[[], Live], proto: Live, arrays: list[Array], cots: list[Array]
) -> Trial:
    """The trial without parameters whose step is not proportional to the upstream gradient.

    A momentum or an adaptive step inside backward hides the gradient: it cannot be recovered.
    """
    trial = without_bystanders(trial, make, proto, arrays)
    stepped = [k for k, p in trial.grads.items() if p[0] == ("attr", "memory")]
    if not stepped:
        return trial
    moves = []
    for scale in (1.0, 2.0):
        live = clone(proto, {}, make)
        before = {k: np.array(places.read(live, trial.params[k])) for k in stepped}
        Recorder.seen.clear()
        live.out = trial.calls.forward(live, [np.array(a) for a in arrays], None, True)
        trial.calls.backward(live, [scale * c for c in cots], arrays, None)
        moves.append({k: before[k] - places.read(live, trial.params[k]) for k in stepped})
    hidden = {k for k in stepped if not np.allclose(2 * moves[0][k], moves[1][k], rtol=1e-6)}
    if not hidden:
        return trial
    return replace(
        trial,
        params={k: p for k, p in trial.params.items() if k not in hidden},
        grads={k: p for k, p in trial.grads.items() if k not in hidden},
        missing=(*trial.missing, *sorted(hidden)),
    )


def lost_import(error: Exception) -> str:
    """The name of a NameError that the file imports: a module that could not be imported here."""
    name, trace = getattr(error, "name", None), error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if not isinstance(error, NameError) or trace is None or not name:
        return ""
    file = trace.tb_frame.f_code.co_filename
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return ""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    return str(name) if name in imported else ""


def unchanged(live: Live, place: Place, before: Array) -> bool:
    """Whether forward left this array alone (running statistics and states are not parameters)."""
    now = places.read(live, place)
    return isinstance(now, np.ndarray) and now.shape == before.shape


def upstream_count(calls: Calls, live: Live, place: Place | None) -> int:
    """How many outputs the backward wants a cotangent for."""
    if calls.backward_function is None or place is not None:
        return 1
    names = [a.name for a in arguments(calls.backward_function) if a.required and a.role == "value"]
    wanted = [
        n for n in names if n not in calls.names and plain(n) not in PREDICTIONS - {"dvalues"}
    ]
    wanted = [n for n in wanted if n not in {"cache", "ctx", "memory", "cached"}]
    return max(1, min(len(wanted), len(arrays_of(live.out))))


def named(backward: Any, ret: Any) -> Any:
    """What backward returned as a dict by name: from its ``return`` statement, else by position."""
    if ret is None or isinstance(ret, dict):
        return ret
    values: list[Any] = []
    for v in ret if isinstance(ret, (tuple, list)) else [ret]:
        values += (
            list(v.values())
            if isinstance(v, dict)
            else list(v)
            if isinstance(v, (tuple, list))
            else [v]
        )
    names = returned_names(backward) if isinstance(ret, tuple) else []
    if len(names) != len(values) or len(set(names)) != len(names):
        names = ["returned"] if len(values) == 1 else [f"returned[{i}]" for i in range(len(values))]
    return dict(zip(names, values, strict=True))


def read_gradients(
    live: Live, calls: Calls, slots: tuple[Slot, ...], arrays: list[Array], place: Place | None,
    shapes: list[tuple[int, ...]], params: dict[Place, Array], middle: dict[Place, bytes],
) -> Trial:  # fmt: skip
    """Which arrays backward made, and what each of them is the gradient of."""
    after = {p: a for p, a in places.walk(live).items() if np.asarray(a).dtype.kind in "fiu"}
    touched = {p for p, a in after.items() if middle.get(p) != a.tobytes()}
    touched |= {p for p in after if p[0] == ("attr", "ret")}
    touched |= {p for p, a in after.items() if any(a is w for w, _ in Recorder.seen)}
    inner = [p for p in params if p[0][1] in {"obj", "args"}]
    own = first_of_each({p: params[p] for p in inner})
    offered = {p: a for p, a in after.items() if p in touched or places.is_gradient_place(p)}
    offered.pop(place, None)  # type: ignore[arg-type]
    marked = {
        p for p in own if places.is_gradient_place(p) and (p in touched or not likely_parameter(p))
    }
    aliases = {p: a for p, a in own.items() if p not in marked}
    pairs = places.pair(aliases, {p: a for p, a in offered.items() if p not in aliases})
    again = places.pair(
        {p: a for p, a in aliases.items() if p not in pairs},
        {p: a for p, a in offered.items() if p in touched},
    )
    pairs |= {p: g for p, g in again.items() if g not in pairs and g not in pairs.values()}
    aliases = {p: a for p, a in aliases.items() if p not in pairs.values()}
    grads: dict[str, Place] = {}
    used = set(pairs.values())
    for slot, array in zip(slots, arrays, strict=True):
        found = input_gradient(
            slot.name,
            array,
            {p: a for p, a in offered.items() if p not in used},
            touched,
            len(slots),
            set(aliases),
        )
        if found is not None and not slot.domain.startswith("index"):
            grads[slot.name] = found
            used.add(found)
    rest = [p for p in after if p[0] == ("attr", "ret") and p not in used]
    for p in [p for p in aliases if p not in pairs]:
        match = next((r for r in rest if after[r].shape == aliases[p].shape), None)
        if match is not None:
            pairs[p] = match
            rest.remove(match)
    updated = [p for p in aliases if p not in pairs and p in touched and p[0] == ("attr", "obj")]
    if pairs:  # velocities and running statistics change too; only a trained name is an update
        updated = [p for p in updated if likely_parameter(p)]
    names = unique_labels([*pairs, *updated])
    for p, g in pairs.items():
        grads[names[p]] = g
    for p in updated:
        grads[names[p]] = (("attr", "memory"), ("key", "step"), ("key", names[p]))
    kept = {names[p]: p for p in [*pairs, *updated]}
    lonely = [p for p in aliases if p not in kept.values() and likely_parameter(p)] if kept else []
    return Trial(
        slots, calls, place, shapes, kept, grads, missing=tuple(places.label(p[1:]) for p in lonely)
    )


def likely_parameter(place: Place) -> bool:
    """A name that everybody uses for a trained parameter."""
    return places.norm(places.words(place)[0]) in PARAMETER_NAMES


def first_of_each(found: dict[Place, Array]) -> dict[Place, Array]:
    """One place for each array: the shortest path to it (aliases point to the same data)."""
    best: dict[int, Place] = {}
    for p, a in found.items():
        if id(a) not in best or len(p) < len(best[id(a)]):
            best[id(a)] = p
    return {p: found[p] for p in best.values()}


def unique_labels(found: list[Place]) -> dict[Place, str]:
    """Short names where they are unique (``W``), whole paths where they are not."""
    short = {p: places.words(p)[0] if len(p) > 1 else places.label(p) for p in found}
    count: dict[str, int] = {}
    for s in short.values():
        count[s] = count.get(s, 0) + 1
    return {
        p: s if count[s] == 1 and not s.isdigit() else places.label(p[1:]) for p, s in short.items()
    }


def input_gradient(
    name: str,
    array: Array,
    offered: dict[Place, Array],
    touched: set[Place],
    slots: int,
    params: set[Place],
) -> Place | None:
    """The gradient of one input: by name, then by shape, then the only array returned."""
    fresh = {p: a for p, a in offered.items() if p in touched and p not in params}
    mine = places.norm(name)
    by_name = [
        p for p in fresh if any(places.same(s, mine) for s in places.stems(str(places.words(p)[0])))
    ]
    returned = [p for p in fresh if p[0] == ("attr", "ret")]
    generic = [p for p in fresh if places.norm(str(p[-1][1])) in GENERIC_INPUT_GRADIENTS]
    if slots > 1:
        generic = []
    for group in (by_name, returned, generic, list(fresh)):
        fits = [p for p in group if fresh[p].shape == array.shape]
        if fits:
            return fits[0]
    if by_name:
        return by_name[0]
    if len(returned) == 1 and slots == 1:
        return returned[0]
    return generic[0] if generic else None


GENERIC_INPUT_GRADIENTS = {
    "dinput", "dx", "dprev", "gradinput", "daprev", "din", "inputgrad", "inputgradient", "dlossdinput",
    "gradientinput", "dxinput", "dldx", "gradx", "dlossdx", "dinp", "inputdelta", "dldinput", "delta",
    "inputerror", "dz", "grad", "gradient", "prevgrad", "backwardoutput", "dvalue", "gradin",
}  # fmt: skip


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
        reset=resetter(proto.obj) or zeroing(proto.obj, trial), gradient_names={k: gradient_label(g) for k, g in trial.grads.items()},
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
    for name in ("zero_grad", "zero_grads", "reset_grad", "reset_gradients", "clear_grad", "clear_grads",
                 "clear_gradients", "zero_gradients", "reset_grads", "cleargrads", "zerograd"):  # fmt: skip
        if callable(getattr(obj, name, None)):
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


def penalty_of(obj: Any, params: Mapping[str, Place]) -> Callable[[Live], float] | None:
    """The L1/L2 terms that NNFS layers add to their gradients: ``weight_regularizer_l2`` and so on."""
    terms = []
    for place in params.values():
        stem = str(place[-1][1]).rstrip("s")
        stem = {"biase": "bias"}.get(stem, stem)
        for power in (1, 2):
            for spelling in (f"{stem}_regularizer_l{power}", f"{stem}s_regularizer_l{power}",
                             f"{stem}_regulariser_l{power}", f"{stem}_l{power}", f"l{power}_{stem}"):  # fmt: skip
                if isinstance(getattr(obj, spelling, None), (int, float)):
                    terms.append((spelling, place, power))
                    break
    if not terms:
        return None

    def penalty(live: Live) -> float:
        total = 0.0
        for name, place, power in terms:
            values = np.asarray(places.read(live, place), dtype=np.float64)
            total += float(getattr(live.obj, name)) * float(np.sum(np.abs(values) ** power))
        return total

    return penalty
