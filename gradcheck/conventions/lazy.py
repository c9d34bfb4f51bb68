"""Objects that make their parameters in the first forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import pairing, places
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.live import Live, changed, clone, fingerprint
from gradcheck.conventions.places import Place
from gradcheck.types import Case, Slot


def warmed(proto: Live, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live]) -> Live:
    """A clone after one forward on the base case."""
    twin = clone(proto, {}, make)
    once(twin, calls, slots, make, Case())
    return twin


def once(
    live: Live, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live], case: Case
) -> None:
    """One forward that makes what is made lazily, and leaves none of its input behind.

    A list that grows with every pass is a memory of inputs, which is no part of the object.
    """

    def forward(one: Live) -> list[int]:
        rng = cases.generator(case, 1)
        calls.forward(one, [cases.draw_slot(s, case, rng) for s in slots], None, True)
        return [len(kept) for kept in lists_of(one.obj)]

    before = {id(kept): len(kept) for kept in lists_of(live.obj)}
    lengths = forward(live)
    if not any(lengths):
        return
    again = forward(clone(live, {}, make))
    for kept, length, later in zip(lists_of(live.obj), lengths, again, strict=False):
        if later > length:
            del kept[before.get(id(kept), 0) :]


def lists_of(obj: Any) -> list[list[Any]]:
    """The lists in an object's attributes, and in the dicts there."""
    values = list(vars(obj).values()) if hasattr(obj, "__dict__") else []
    values += [v for d in values if isinstance(d, dict) for v in d.values()]
    return [v for v in values if isinstance(v, list)]


def keeps(
    live: Live, place: Place, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live]
) -> bool:
    """Whether forward leaves another value of an array alone, and so does not compute it."""
    value = np.asarray(places.read(live.obj, place)) + 0.7
    twin = clone(live, {(("attr", "obj"), *place): value}, make)
    once(twin, calls, slots, make, Case())
    now = places.read(twin.obj, place)
    return isinstance(now, np.ndarray) and np.array_equal(now, value)


def lazily(
    proto: Live, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live]
) -> Live | None:
    """The object after a first forward if that forward made new parameters, else None."""
    one, two = clone(proto, {}, make), clone(proto, {}, make)
    before = fingerprint(one)
    for twin, seed in ((one, 0), (two, 1)):
        once(twin, calls, slots, make, Case(seed=seed))
    new = {
        p: a for p, a in changed(one, before).items() if places.is_numeric(a) and p not in before
    }
    for p, a in new.items():
        other = places.read(two.obj, p)
        if (
            isinstance(other, np.ndarray)
            and np.array_equal(a, other)
            and pairing.likely_parameter(p)
            and keeps(one, p, calls, slots, make)
        ):
            return one
    return None


def set_by_data(
    proto: Live, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live]
) -> Live | None:
    """The object after a first forward if that set parameters by its data, once; else None.

    Weight normalisation fits its scale and offset to the first batch: what a later forward leaves
    alone is no cache and no running statistic.
    """
    one = clone(proto, {}, make)
    before = fingerprint(one)
    once(one, calls, slots, make, Case())
    fitted = [
        p
        for p, a in changed(one, before).items()
        if places.is_numeric(a) and p in before and a.size
    ]
    if any(keeps(one, p, calls, slots, make) for p in fitted):
        return one
    return one if fits_attributes(proto, calls, slots, make) else None


def fits_attributes(
    proto: Live, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live]
) -> bool:
    """Whether a forward sets an empty attribute from its data, and the next forward keeps it.

    A number, or a float array of one shape for every batch: what is kept of one batch entry by
    entry (a mask, an input) is a leftover, and what does not depend on the data is no fit.
    """
    empty = {k for k, v in attributes(proto).items() if v is None}
    if not empty:
        return False

    def after(*batches: int) -> dict[str, np.ndarray[Any, Any]]:
        live = clone(proto, {}, make)
        for k in batches:
            once(live, calls, slots, make, Case(seed=k).replace(N=3 + k))
        found = {
            k: np.asarray(v)
            for k, v in attributes(live).items()
            if k in empty and isinstance(v, (np.ndarray, np.floating, float))
        }
        return {k: v for k, v in found.items() if v.dtype.kind == "f"}

    first = after(0)
    if not first:
        return False
    try:
        again, strange = after(0, 1), after(1)
    except Exception:  # what is kept of the first batch does not go with another: no fit
        return False
    return any(
        k in again and k in strange and np.array_equal(v, again[k]) and v.shape == strange[k].shape
        and not np.array_equal(v, strange[k])
        for k, v in first.items()
    )  # fmt: skip


def attributes(live: Live) -> dict[str, Any]:
    """The attributes of the user's object."""
    return dict(vars(live.obj)) if hasattr(live.obj, "__dict__") else {}
