"""Networks that compute their own loss: ``forward(x, t)``, then ``backward()``, lists of parameters.

The second fish book writes its models so.  Parameters and gradients lie side by side in two lists;
a weight used twice stands in the list twice, and its gradient is the sum of both entries.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.consistency import miss
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly, clone
from gradcheck.conventions.loss_names import is_loss_name
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import arguments, verbs
from gradcheck.conventions.sources import Source, builds, more_telling
from gradcheck.types import Array, Case, Op, Primals, Slot

#: Attributes that hold the parameters, with those that hold their gradients.
CONTAINERS = (("params", "grads"), ("parameters", "gradients"), ("weights", "grads"))
AGREES = 1e-3


def gives_its_loss(cls: Any) -> bool:
    """A class with ``forward(a, b)`` and a backward that needs no upstream gradient."""
    pair = verbs(cls)
    if pair is None:
        return False
    forward = [a for a in arguments(getattr(cls, pair[0])) if a.required]
    return len(forward) == 2 and not any(a.required for a in arguments(getattr(cls, pair[1])))


def loss_network_op(source: Source) -> Op | None:
    """The Op of such a network under the first data that it takes, or None where it is none.

    Raises
    ------
    Refused
        It has lists of parameters and gradients, but no data was accepted.
    """
    if not gives_its_loss(source.obj):
        return None
    pair = verbs(source.obj)
    assert pair is not None
    problem, seen = "", False
    for made, make in builds(source, source.obj, limit=12):
        proto = in_double(make(), make)
        found = paired(proto.obj)
        if not found:
            continue
        seen = True
        op, why = first_data(source, make, proto, pair, found, made.text)
        if op is not None:
            return op
        problem = more_telling(problem, why)
    if seen:
        raise Refused(problem or "no data was accepted")
    return None


def in_double(proto: Live, make: Callable[[], Live]) -> Live:
    """The object with its float32 arrays as float64: the noise of float32 would hide small errors."""
    found = {id(a): (p, a) for p, a in places.walk(proto, 5).items()}  # each once, with its aliases
    narrow = {p: a for p, a in found.values() if a.dtype in (np.float32, np.float16)}
    try:
        return clone(proto, {p: a.astype(np.float64) for p, a in narrow.items()}, make)
    except Refused:
        return proto


def paired(obj: Any) -> list[tuple[Place, list[Place]]]:
    """Every parameter of the lists once, with the places of all its gradients."""
    for names in CONTAINERS:
        own, grads = (getattr(obj, n, None) for n in names)
        if not (isinstance(own, list) and isinstance(grads, list) and own):
            continue
        both = [*own, *grads]
        if len(own) != len(grads) or not all(isinstance(a, np.ndarray) for a in both):
            continue
        kept: dict[int, tuple[Place, list[Place]]] = {}
        for i, array in enumerate(own):
            place, gradient = ((("attr", "obj"), ("attr", n), ("item", i)) for n in names)
            kept.setdefault(id(array), (place, []))[1].append(gradient)
        return list(kept.values())
    return []


def data(names: list[str], sizes: list[int]) -> Iterator[tuple[Slot, Slot]]:
    """What the two arguments may be: values, class numbers, several of them, distributions."""
    each: list[tuple[tuple[int | str, ...], str]] = []
    for n in sizes:
        each += [(("N", n), "real"), (("N", "T"), f"index:{n}"), (("N",), f"index:{n}")]
        each += [(("N", "C"), f"index:{n}"), (("N", n), "simplex"), (("N", "T", n), "real")]
        each += [(("N", "C", n), "simplex")]
    for (one, first), (two, second) in itertools.product(each, repeat=2):
        if "simplex" in (first, second) or "index" in first + second:  # one of them is the target
            yield Slot(names[0], one, first), Slot(names[1], two, second)
    for one, first in each:
        if first == "real":
            yield from ((Slot(names[0], one), Slot(names[1], ("N", n))) for n in sizes)


def first_data(
    source: Source, make: Callable[[], Live], proto: Live, pair: tuple[str, str],
    found: list[tuple[Place, list[Place]]], text: str,
) -> tuple[Op | None, str]:  # fmt: skip
    """The Op under the first data that run, consistent ones preferred; else why there are none."""
    arrays = [places.read(proto, p) for p, _ in found]
    sizes = list(dict.fromkeys(n for a in arrays for n in a.shape if n > 1))
    names = [a.name for a in arguments(getattr(source.obj, pair[0])) if a.required]
    running, why = None, ""
    for slots in data(names, sizes):
        op = network(source, make, proto, pair, found, slots, text)
        try:
            runs(op)
        except Refused as refusal:
            why = more_telling(why, str(refusal))
            continue
        distance = max(miss(op, only=k) for k in op.parameters(op.make()))
        if distance < AGREES:
            return op, ""
        running = running or op
        if [s.domain.split(":")[0] for s in slots] != [
            s.domain.split(":")[0] for s in running.slots
        ]:
            break
    return running, why


def runs(op: Op) -> None:
    """One forward and backward.

    Raises
    ------
    Refused
        It raises, or the loss is not one finite number.
    """
    primals, _ = cases.draw(op, Case())
    shown = ", ".join(f"{s.name} {primals[s.name].shape}" for s in op.slots)
    try:
        value, pullback = op.vjp(primals)
        pullback(np.ones(()))
    except Exception as error:
        raise Refused(f"{shown}: {type(error).__name__}: {error}") from error
    if np.size(value) != 1 or not np.all(np.isfinite(value)):
        raise Refused(f"{shown}: the forward gives no single finite number")


def network(
    source: Source, make: Callable[[], Live], proto: Live, pair: tuple[str, str],
    found: list[tuple[Place, list[Place]]], slots: tuple[Slot, Slot], text: str,
) -> Op:  # fmt: skip
    """The Op of a network on data of these kinds."""
    keep = {places.label(p[1:]): (p, grads) for p, grads in found}
    real = [s for s in slots if s.domain == "real"]
    loss = is_loss_name(source.name)

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        values = call_quietly(getattr(live.obj, pair[0]), *(inputs[s.name] for s in slots))
        if len(arrays_of(values)) != 1:
            raise Refused("the forward gives no single number")
        return np.asarray(arrays_of(values)[0], dtype=np.float64).reshape(-1)[0:1].reshape(())

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        live.ret = call_quietly(getattr(live.obj, pair[1]), seed=1)
        gradients = {k: sum(places.read(live, g) for g in grads) for k, (_, grads) in keep.items()}
        returned = arrays_of(live.ret)
        if loss and len(real) == 1 and len(returned) == 1:
            gradients[real[0].name] = returned[0]
        return gradients

    def with_parameters(values: Primals) -> Live:
        return clone(proto, {keep[k][0]: v for k, v in values.items()}, make)

    return Op(
        name=source.name, kind="loss" if loss else "model", convention="fish",
        make=lambda: clone(proto, {}, make), construct=make,
        parameters=lambda live: {k: places.read(live, p) for k, (p, _) in keep.items()},
        with_parameters=with_parameters, forward=forward, backward=backward, slots=slots,
        terminal=True, built=text, obj=source.obj,
        gradient_names={k: " + ".join(places.label(g[1:]) for g in gs) for k, (_, gs) in keep.items()},
    )  # fmt: skip
