"""How a loss's two methods are called, and where their results are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.conventions import places
from gradcheck.conventions.caches import is_cache
from gradcheck.conventions.guessed import refusal
from gradcheck.conventions.live import (
    Live,
    Refused,
    arrays_of,
    call_quietly,
)
from gradcheck.conventions.loss_names import label_first, strong_label
from gradcheck.conventions.pairing import input_gradient
from gradcheck.conventions.places import Place
from gradcheck.conventions.running_totals import added, remember
from gradcheck.conventions.signature import LABELS, PREDICTIONS, arguments, plain
from gradcheck.types import Array


def run_forward(
    live: Live, method: Callable[..., Any], pred: Array, labels: Any, swapped: bool
) -> Any:
    """Call the forward of a loss in one of the two argument orders; flags are left alone."""
    values = [labels, pred] if swapped else [pred, labels]
    needed = len([a for a in arguments(method) if a.required])
    live.memory["given"] = values[0] if not swapped else values[1]
    remember(live, method)
    try:
        return call_quietly(method, *values, *([None] * max(0, needed - 2)))
    except Exception as error:
        if needed <= 2:
            raise
        names = [a.name for a in arguments(method) if a.required][2:]
        raise refusal(method.__name__, names, error) from error


def run_backward(
    live: Live,
    method: Callable[..., Any],
    form: str,
    pred: Array,
    labels: Any,
    swapped: bool,
    output: Array | None,
) -> Any:
    """Call the backward of a loss in one of its forms."""
    first = {"stored": output, "pair": pred, "upstream_pair": np.ones(()), "pred": pred}.get(
        form, pred
    )
    if form == "none":
        return call_quietly(method)
    if form == "cache":
        return call_quietly(method, *by_name(live, method, pred, labels))
    if form in {"upstream", "upstream_each"} and live.memory.get("hands on"):
        # it adds its own gradient to that of what its predictions go on to
        return call_quietly(method, np.zeros_like(pred, dtype=np.float64))
    if form == "upstream":
        return call_quietly(method, live.memory.get("cot", 1.0))
    if form == "upstream_each":
        return call_quietly(method, live.memory.get("cot", 1.0) * live.memory["each"])
    if form == "labels":
        return call_quietly(method, labels)
    if form == "pred":
        return call_quietly(method, first)
    own = label_first([a for a in arguments(method) if a.required])
    turned = swapped if own is None else own
    rest = [pred, labels][: max(0, len([a for a in arguments(method) if a.required]) - 2)]
    if form == "upstream_pair":
        return call_quietly(method, 1.0, *([labels, pred] if turned else [pred, labels]))
    try:
        return call_quietly(method, *([labels, first] if turned else [first, labels]), *rest)
    except Exception as error:
        if not rest:
            raise
        names = [a.name for a in arguments(method) if a.required][2:]
        raise refusal(method.__name__, names, error) from error


def by_name(live: Live, method: Callable[..., Any], pred: Array, labels: Any) -> list[Any]:
    """What a backward with a cache is given, by the names of its arguments.

    Raises
    ------
    Refused
        Forward returned nothing beside the loss.
    """
    if not isinstance(live.out, tuple) or len(live.out) < 2:
        raise Refused(
            f"{method.__name__} takes a cache, but forward returns nothing beside the loss"
        )
    cache = live.out[1] if len(live.out) == 2 else live.out[1:]
    given: list[Any] = []
    for arg in (a for a in arguments(method) if a.required):
        key = plain(arg.name)
        if is_cache(arg.name):
            given.append(cache)
        elif strong_label(key) or key in LABELS:
            given.append(labels)
        else:
            given.append(pred if key in PREDICTIONS else live.memory.get("cot", 1.0))
    return given


def loss_value(out: Any, live: Live, stored: Place | None) -> Array:
    """The number(s) a loss computed: returned, first of a tuple, an object's data, or stored.

    Raises
    ------
    Refused
        There is none.
    """
    found = arrays_of(out)
    given = live.memory.get("given")
    if found and given is not None and found[0].ndim and np.array_equal(found[0], given):
        found = []  # the predictions handed on: the loss is kept elsewhere
        live.memory["hands on"] = True
        if stored is None:
            raise Refused("forward returns its predictions and keeps no loss")
        held = places.read(live.obj, stored)
        if np.shape(held) != np.shape(given) and np.size(held) > 1:
            raise Refused(
                f"forward keeps a loss of shape {np.shape(held)} for predictions of shape {np.shape(given)}"
            )
    if not found and not isinstance(out, np.ndarray):
        named_values = [getattr(out, n, None) for n in ("loss", "value", "val", "data", "item")]
        found = [a for v in named_values for a in arrays_of(v() if callable(v) else v)]
    if not found and stored is not None:
        found = arrays_of(places.read(live.obj, stored))
    if not found:
        raise Refused(f"forward returns {type(out).__name__}, not a number")
    return added(np.asarray(found[0]), live, stored)


def stored_prediction(live: Live, pred: Array) -> Array | None:
    """The output that a fused pair keeps (softmax of its input): an array of the input's shape."""
    if "activated" in live.memory:
        return np.asarray(live.memory["activated"])
    for name in ("output", "outputs", "y", "y_pred", "y_hat", "probs", "p", "softmax", "out", "a"):
        held = getattr(live.obj, name, None)
        if isinstance(held, np.ndarray) and held.shape == pred.shape:
            return held
    inner = getattr(live.obj, "activation", None)
    held = getattr(inner, "output", None)
    return held if isinstance(held, np.ndarray) and held.shape == pred.shape else None


def read_gradient(live: Live, name: str, pred: Array, before: Mapping[Place, bytes]) -> Any:
    """The gradient a loss's backward returned or stored."""
    returned = [
        a
        for a in arrays_of(list(live.ret.values()) if live.ret else None)
        if a.size > 1 or pred.size == 1
    ]
    if returned:
        same = [a for a in returned if a.shape == pred.shape]
        return (same or returned)[0]
    after = {
        p: a
        for p, a in places.walk(live).items()
        if before.get(p) != a.tobytes() or places.is_gradient_place(p)
    }
    place = input_gradient(name, pred, after, set(after), 1, set())
    return None if place is None else places.read(live, place)
