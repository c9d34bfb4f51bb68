"""Layers and activations: a forward and a backward, wherever their values are kept.

Nothing here asks which book the code follows.  The object is tried once: what the forward returns
or stores, which arrays backward returns or changes, and which of them belong together decides how
it is read.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.live import (
    Live,
    NotFinite,
    Refused,
    arrays_of,
    changed,
    clone,
    fingerprint,
    join,
    stored_output,
)
from gradcheck.conventions.pairing import Trial, likely_parameter, read_gradients
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import (
    PREDICTIONS,
    arguments,
    plain,
    returned_names,
    unpacked,
)
from gradcheck.conventions.stand_ins import Recorder
from gradcheck.types import Array, Case, Slot


def output_arrays(live: Live, place: Place | None, many: int) -> list[Array]:
    """The output of a forward: what it returned, or what it stored; at most `many` arrays."""
    found = arrays_of(places.read(live, place) if place else live.out)
    return found[:many] if many else found[:1]


def observe(
    make: Callable[[], Live],
    proto: Live,
    calls: Calls,
    slots: tuple[Slot, ...],
    *,
    upstream: bool = True,
    among: Collection[Place] | None = None,
) -> Trial:
    """Run forward and backward once and see where everything is.

    Parameters lie `among` these places, where they are given. Without `upstream`, where backward takes targets, its steps need not grow with a cotangent.

    Raises
    ------
    Refused
        The forward does not run on this shape, or gives no finite float array.
    """
    case = Case()
    rng = cases.generator(case, 1)
    arrays = [cases.draw_slot(s, case, rng) for s in slots]
    live = clone(proto, {}, make)
    known = {p: np.array(a) for p, a in places.walk(live).items()}
    own = places.walk(live)
    before = fingerprint(live)
    try:
        live.out = calls.forward(live, [np.array(a) for a in arrays], None, True)
    except Exception as error:
        lost = lost_import(error)
        if lost:
            raise Refused(f"forward needs {lost}, whose import failed here") from error
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
        raise NotFinite("forward gives NaN or infinity on ordinary input")
    if sum(o.size for o in outputs) == 0:
        raise Refused("forward gives an empty array")
    params = {
        p: a
        for p, a in own.items()
        if places.is_numeric(a)
        and a.size
        and unchanged(live, p, known[p])
        and not places.computed(live, p)
        and (among is None or p in among)
    }
    middle = {p: a.tobytes() for p, a in places.walk(live).items()}
    cots = [cases.numbers(cases.generator(case, 4), o.shape) for o in outputs]
    shapes = [o.shape for o in outputs]
    Recorder.seen.clear()
    try:
        live.ret = named(
            calls.backward_function, calls.backward(live, [np.array(c) for c in cots], arrays, None)
        )
    except Refused:
        raise
    except Exception as error:
        lost = lost_import(error)
        if lost:
            raise Refused(f"backward needs {lost}, whose import failed here") from error
        return Trial(slots, calls, place, shapes, {}, {}, f"{type(error).__name__}: {error}")
    trial = read_gradients(live, calls, slots, arrays, place, shapes, params, middle)
    trial = without_unused(trial, params, make, proto, arrays)
    return without_optimizer(trial, make, proto, arrays, cots) if upstream else trial


def without_unused(
    trial: Trial,
    params: Mapping[Place, Array],
    make: Callable[[], Live],
    proto: Live,
    arrays: list[Array],
) -> Trial:
    """The trial without parameters that lack a gradient because forward does not read them.

    A layer may make its bias whether or not it is asked to use it.
    """

    def output(values: Mapping[Place, Array]) -> Array:
        live = clone(proto, values, make)
        live.out = trial.calls.forward(live, [np.array(a) for a in arrays], None, True)
        return join(output_arrays(live, trial.output, len(trial.shapes)))

    places_of = {places.label(p[1:]): p for p in params}
    used = []
    for name in trial.missing:
        place = places_of.get(name)
        moved = {} if place is None else {place: np.array(params[place]) + 0.7}
        if not moved or not np.array_equal(output({}), output(moved), equal_nan=True):
            used.append(name)
    return replace(trial, missing=tuple(used))


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

    An adaptive step inside backward hides the gradient: it cannot be recovered.  A step that stays
    the same when the upstream gradient turns round is not hidden: it ignores that gradient.  A
    constant beside a proportional part is a decay of the weights, which hides nothing.
    """
    trial = without_bystanders(trial, make, proto, arrays)
    stepped = [k for k, p in trial.grads.items() if p[0] == ("attr", "memory")]
    if not stepped:
        return trial
    moves = []
    for scale in (0.0, 1.0, 2.0, -1.0):
        live = clone(proto, {}, make)
        before = {k: np.array(places.read(live, trial.params[k])) for k in stepped}
        Recorder.seen.clear()
        live.out = trial.calls.forward(live, [np.array(a) for a in arrays], None, True)
        trial.calls.backward(live, [scale * c for c in cots], arrays, None)
        moves.append({k: before[k] - places.read(live, trial.params[k]) for k in stepped})
    moved = {k for k in stepped if np.any(moves[1][k])}  # not left to an optimizer that records
    deaf = {k for k in moved if np.array_equal(moves[1][k], moves[3][k])}
    hidden = deaf | {
        k
        for k in moved
        if not np.allclose(moves[2][k] - moves[1][k], moves[1][k] - moves[0][k], rtol=1e-6)
    }
    if not hidden:
        return trial
    return replace(
        trial,
        params={k: p for k, p in trial.params.items() if k not in hidden},
        grads={k: p for k, p in trial.grads.items() if k not in hidden},
        missing=(*trial.missing, *sorted(deaf)),
        hidden=tuple(sorted(hidden - deaf)),
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
    """Whether forward left this array alone: caches, states, running statistics are no parameters.

    What is called a weight stays one: code that edits it in its forward is judged as it is.
    """
    now = places.read(live, place)
    if not isinstance(now, np.ndarray) or now.shape != before.shape:
        return False
    return likely_parameter(place) or np.array_equal(now, before, equal_nan=True)


def upstream_count(calls: Calls, live: Live, place: Place | None) -> int:
    """How many outputs the backward wants a cotangent for."""
    if calls.backward_function is None or place is not None:
        return 1
    names = [a.name for a in arguments(calls.backward_function) if a.required and a.role == "value"]
    wanted = [
        n for n in names if n not in calls.names and plain(n) not in PREDICTIONS - {"dvalues"}
    ]
    wanted = [n for n in wanted if n not in {"cache", "ctx", "memory", "cached"}]
    parts = [len(unpacked(calls.backward_function, n)) or 1 for n in wanted]
    return max(1, min(sum(parts), len(arrays_of(live.out))))


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
    names = [n or f"returned[{i}]" for i, n in enumerate(names)]
    if len(names) != len(values) or len(set(names)) != len(names):
        names = ["returned"] if len(values) == 1 else [f"returned[{i}]" for i in range(len(values))]
    return dict(zip(names, values, strict=True))
