"""Networks whose backward takes the upstream gradient of their output and gives none of the data.

``forward(x)``, then ``backward(dout)``: the gradients of all parameters lie in the network, or in the
layers it holds, at whatever depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe
from gradcheck.conventions import layer_op, places
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.hypotheses import dims_of, hypotheses
from gradcheck.conventions.layers import named, output_arrays
from gradcheck.conventions.live import Live, Refused, clone
from gradcheck.conventions.pairing import Trial, likely_parameter, unique_labels
from gradcheck.conventions.places import Place
from gradcheck.conventions.sources import Source, more_telling
from gradcheck.types import Array, Case, Op, Primals, Slot

DEPTH = 8
#: Shapes that are tried.
LIMIT = 60
#: Upstream gradients below the usual limits of a clipping; steps are not lost in the weights yet.
SMALLER = (0.125, 0.03125)


def is_network(obj: Any) -> bool:
    """Whether an object holds the matrices of several layers."""
    found = {id(a): p for p, a in places.walk(obj, DEPTH).items() if places.is_numeric(a)}
    arrays = [(p, places.read(obj, p)) for p in found.values()]
    matrices = [p for p, a in arrays if a.ndim > 1 and min(a.shape) > 1 and not places.is_gradient_place(p)]  # fmt: skip
    recurrent = re.search(
        r"rnn|lstm|gru|attention|cell|recurrent", type(obj).__name__, re.IGNORECASE
    )
    return len(matrices) > (2 if recurrent else 1)


def whole_op(
    source: Source, made: Recipe, make: Callable[[], Live], proto: Live, pair: tuple[str, str]
) -> Op | None:
    """The Op of such a network: a reading that agrees, else the first that runs, else None."""
    first, count, why = None, 0, ""
    for calls, slots in readings(source, made, proto, pair):
        count += 1
        if count > LIMIT:
            break
        try:
            trial = observed(make, proto, calls, slots)
        except Refused as refusal:
            why = more_telling(why, str(refusal))
            continue
        op = layer_op.to_op(source.name, "model", "network", make, proto, trial, made.text)
        stepped = any(p[0] == ("attr", "memory") for p in trial.grads.values())
        op = replace(op, convention="updating" if stepped else "network", obj=source.obj,
                     notes=tuple(f"no gradient found for {m}" for m in trial.missing))  # fmt: skip
        names = tuple(op.gradient_names)
        smaller = [unclipped(op, calls, scale) for scale in SMALLER] if clips(calls) else [op]
        right = next((one for one in smaller if miss(one, only=names) < AGREES), None)
        if right is not None:
            return right
        op = smaller[0]
        first = first or op
        if len(slots[0].shape) == 2:
            break
    return first


def clips(calls: Calls) -> bool:
    """Whether backward clips what it computes."""
    code = getattr(calls.backward_function, "__code__", None)
    return "clip" in getattr(code, "co_names", ())


def unclipped(op: Op, calls: Calls, scale: float) -> Op:
    """The Op under a small upstream gradient, which no limit of a clipping reaches."""

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        return np.asarray(op.forward(live, inputs, labels, train)) * scale

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        return op.backward(live, cot * scale, inputs, labels)

    text = f"{op.reading}; " if op.reading else ""
    text += f"gradients are clipped: checked under an upstream gradient of about {scale:g}"
    return replace(op, forward=forward, backward=backward, reading=text)


def readings(
    source: Source, made: Recipe, proto: Live, pair: tuple[str, str]
) -> Iterator[tuple[Calls, tuple[Slot, ...]]]:
    """The readings that hand an upstream gradient over, with shapes for one input."""
    deep = [n for a in places.walk(proto.obj, DEPTH).values() if a.ndim > 1 for n in a.shape]
    dims = tuple(dict.fromkeys([n for n in deep if n > 1] + list(dims_of(made, proto))))[:8]
    for calls_list, slots in hypotheses(source, proto, pair, dims, ()):
        calls = next((c for c in calls_list if c.upstream and c.upstream not in c.names), None)
        if calls is not None and len(slots) == 1 and slots[0].domain == "real":
            yield calls, slots


def observed(make: Callable[[], Live], proto: Live, calls: Calls, slots: tuple[Slot, ...]) -> Trial:
    """What one forward and backward leave in the network and in the layers inside.

    Raises
    ------
    Refused
        It does not run on this shape, or leaves no gradient of a parameter.
    """
    case = Case()
    arrays = [cases.draw_slot(slots[0], case, cases.generator(case, 1))]
    live = clone(proto, {}, make)
    own = {p: a for p, a in places.walk(live.obj, DEPTH).items() if places.is_numeric(a)}
    values = {p: np.array(a) for p, a in own.items()}
    try:
        live.out = calls.forward(live, [np.array(a) for a in arrays], None, True)
        outputs = output_arrays(live, None, 1)
        if not outputs or not np.all(np.isfinite(outputs[0])) or outputs[0].ndim == 0:
            raise Refused("forward returns no finite array")
        params = {
            p: a for p, a in own.items() if np.array_equal(places.read(live.obj, p), values[p])
        }
        middle = {p: a.tobytes() for p, a in places.walk(live.obj, DEPTH).items()}
        cot = cases.numbers(cases.generator(case, 4), outputs[0].shape)
        live.ret = named(calls.backward_function, calls.backward(live, [cot], arrays, None))
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}") from error
    pairs, stepped, lonely = matched(live, params, middle)
    if not pairs and not stepped:
        raise Refused("backward leaves no gradient of a parameter")
    names = unique_labels([(("attr", "obj"), *p) for p in (*pairs, *stepped)])
    full = {p: (("attr", "obj"), *p) for p in (*pairs, *stepped)}
    grads = {names[full[p]]: g for p, g in pairs.items()}
    grads |= {
        names[full[p]]: (("attr", "memory"), ("key", "step"), ("key", names[full[p]]))
        for p in stepped
    }
    return Trial(slots, calls, None, [outputs[0].shape], {names[q]: q for q in full.values()}, grads,
                 missing=tuple(places.label(p) for p in lonely))  # fmt: skip


def matched(
    live: Live, params: dict[Place, Array], middle: dict[Place, bytes]
) -> tuple[dict[Place, Place], list[Place], list[Place]]:
    """Parameters with the places of their gradients, those that moved, and those with neither.

    Layers are told apart: a gradient lies in the object that holds its parameter, or is returned.
    """
    after = {p: a for p, a in places.walk(live.obj, DEPTH).items() if places.is_numeric(a)}
    returned = {(("attr", "ret"), *p): a for p, a in places.walk(live.ret, 3).items()}
    touched = {p for p, a in after.items() if middle.get(p) != a.tobytes()}
    aliases: dict[int, Place] = {}
    for p, a in sorted(params.items(), key=lambda item: -len(item[0])):
        aliases[id(a)] = p  # the shortest way to it
    own = {p: params[p] for p in aliases.values() if not places.is_gradient_place(p)}
    pairs: dict[Place, Place] = {}
    for owner in {owner_of(p) for p in own}:
        mine = {p: a for p, a in own.items() if owner_of(p) == owner}
        offered = {p: a for p, a in after.items()
                   if owner_of(p) == owner and p not in mine and (p in touched or places.is_gradient_place(p))}  # fmt: skip
        pairs |= {p: (("attr", "obj"), *g) for p, g in places.pair(mine, offered).items()}
    free = {p: a for p, a in own.items() if p not in pairs}
    pairs |= places.pair(free, returned)
    stepped = [p for p in own if p not in pairs and p in touched]
    lonely = [p for p in own if p not in pairs and p not in stepped and likely_parameter(p)]
    return pairs, [] if pairs else stepped, lonely if pairs else []


def owner_of(place: Place) -> Place:
    """The way to the object in whose attributes an array lies."""
    last = max((i for i, (kind, _) in enumerate(place) if kind == "attr"), default=0)
    return place[:last]
