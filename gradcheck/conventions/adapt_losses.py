"""From a user's loss to Ops: the reading under which its forward and backward agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe
from gradcheck.conventions import loss_names, losses, places
from gradcheck.conventions.adapt import layer_ops
from gradcheck.conventions.consistency import AGREES, agrees, miss, once
from gradcheck.conventions.costs_at_z import asks_for_z, costs_at_z
from gradcheck.conventions.fused import fused_backward, readings_of
from gradcheck.conventions.live import Refused, Skipped, live_maker
from gradcheck.conventions.loss_readings import loss_readings
from gradcheck.conventions.recognise import loss_call
from gradcheck.conventions.signature import plain, verbs
from gradcheck.conventions.sources import Source, builds
from gradcheck.types import Case, Op
from gradcheck.variants import constructor_options, variants


def loss_ops(source: Source) -> list[Op]:
    """The Ops of a loss class under the reading that makes it consistent.

    Raises
    ------
    Refused
        No reading runs.
    """
    pair = verbs(source.obj)
    cls = source.obj
    fused = fused_backward(cls, pair)
    if fused is not None:
        return fused_ops(source, pair, fused)
    call = loss_call(cls)
    if pair is None and call is not None:
        return with_gradient_object(source, call)
    if pair is None:
        raise Refused("has no forward/backward pair")
    forward, backward = pair
    if asks_for_z(getattr(cls, forward), getattr(cls, backward)):
        return cost_ops(source, forward, backward)
    lossy = losses.Lossy(
        lambda live: getattr(live.obj, forward), lambda live: getattr(live.obj, backward),
        getattr(cls, forward), getattr(cls, backward),
        averaged=callable(getattr(cls, "calculate", None)),
        fused=is_fused(cls),
    )  # fmt: skip
    problem = ""
    for made, make in builds(source, cls, limit=8):
        found = loss_readings(source, lossy, make, made.text)
        if isinstance(found, str):
            problem = found or problem
            continue
        if is_of_parameters(found):
            raise Refused(
                f"the gradient that {backward} returns has the shape of a parameter, not that of what {forward} is "
                "given: a model with its data is not read in this form"
            )
        both = differentiated_twice(source, found, getattr(cls, forward))
        if both:
            return both
        others = [] if source.init else list(variants(made, cls, source.namespace))
        options = constructor_options(cls, made.text)
        return [replace(found, obj=cls, options=options), *loss_variants(source, lossy, others)]
    raise Refused(problem or "no labels and predictions were accepted")


def is_of_parameters(found: Op) -> bool:
    """Whether what backward returns fits no predictions, but an array that the object holds."""
    case = Case(labels=found.labels.encodings[0] if found.labels else "")
    if plain(found.slots[0].name) not in {"x", "features", "data"}:
        return False  # class weights, too, are arrays that an object holds
    try:
        primals, gradients = once(found, case)
    except Exception:  # what it raises is told by the laws
        return False
    gradient = np.shape(next(iter(gradients.values())))
    held = [a for p, a in places.walk(found.make().obj).items() if places.is_numeric(a)]
    given = primals[found.slots[0].name].shape
    return gradient != given and len(gradient) > 0 and any(a.shape == gradient for a in held)


def cost_ops(source: Source, forward: str, backward: str) -> list[Op]:
    """The Op of a cost with ``delta(z, a, y)``, under the activation it is consistent with.

    Raises
    ------
    Refused
        The file has no activation to take a from z, or no reading runs.
    """
    problem, found = "", []
    for lossy, words in costs_at_z(source, forward, backward):
        for made, make in builds(source, source.obj, limit=2):
            op = loss_readings(source, lossy, make, made.text)
            if isinstance(op, str):
                problem = op or problem
                continue
            found.append(replace(op, obj=source.obj, reading=words))
            break
        if found and miss(found[-1]) < AGREES:
            return found[-1:]
    if not found:
        text = (
            "also wants the values before the activation, and the file has no activation function"
        )
        raise Refused(problem or f"{backward} {text}")
    return found[:1]


def differentiated_twice(source: Source, op: Op, forward: Any) -> list[Op]:
    """The Ops of a loss whose backward gives a gradient of its second argument too, else none.

    ``KL(mu, logvar)`` has no labels: both of its arguments are what a network computes.
    """
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    primals, labels = cases.draw(op, case)
    live = op.make()
    try:
        op.backward(live, np.ones_like(op.forward(live, primals, labels, True)), primals, labels)
    except Exception:  # the laws tell it
        return []
    returned = dict(live.ret or {})
    second = next((a.name for a in loss_names.value_args(forward)[1:2]), "")
    shapes = [np.shape(a) for a in returned.values()]
    shape = () if labels is None else labels.shape
    if not shape or shapes != [shape, shape]:
        return []
    named = any(places.same(s, places.norm(second)) for s in places.stems(list(returned)[1]))
    try:
        found = layer_ops(source)
    except (Refused, Skipped):
        return []
    return found if len(found[0].slots) == 2 and (named or agrees(found[0])) else []


def loss_variants(source: Source, lossy: losses.Lossy, others: list[Recipe]) -> Iterator[Op]:
    """The loss with other options; one that cannot be built or read is left out."""
    for made in others:
        try:
            made.make()
        except Exception:  # the constructor refuses this option
            continue
        found = loss_readings(source, lossy, live_maker(made), made.text)
        if not isinstance(found, str):
            options = constructor_options(source.obj, made.text)
            yield replace(found, obj=source.obj, options=options)


def fused_ops(source: Source, pair: tuple[str, str] | None, backward: str) -> list[Op]:
    """The Op of an activation and loss in one, under the loss it is consistent with.

    Raises
    ------
    Refused
        No reading runs.
    """
    problem, found = "", []
    for lossy, words in readings_of(source.obj, pair, backward):
        for made, make in builds(source, source.obj, limit=2):
            op = loss_readings(source, lossy, make, made.text)
            if isinstance(op, str):
                problem = op or problem
                continue
            found.append(replace(op, obj=source.obj, reading=words))
            break
        if found and miss(found[-1]) < AGREES:
            return found[-1:]
    if not found:
        raise Refused(problem or "no output and labels were accepted")
    return found[:1]


def with_gradient_object(source: Source, call: str) -> list[Op]:
    """A loss that returns an object holding the value and the gradient.

    Raises
    ------
    Refused
        No reading runs.
    """
    cls = source.obj
    lossy = losses.Lossy(
        lambda live: getattr(live.obj, call), lambda live: lambda: gradient_of_value(live.out),
        getattr(cls, call), gradient_of_value, averaged=False, fused=False, object_gradient=True,
    )  # fmt: skip
    problem = ""
    for made, make in builds(source, cls, limit=4):
        found = loss_readings(source, lossy, make, made.text)
        if not isinstance(found, str):
            if not gives_gradient(found):
                raise Skipped(
                    "a loss without a backward: no second method, no object with a gradient"
                )
            return [replace(found, obj=cls, convention="objects")]
        problem = found or problem
    raise Refused(problem or "no labels and predictions were accepted")


def gives_gradient(op: Op) -> bool:
    """Whether what the loss returns holds a gradient."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    try:
        primals, labels = cases.draw(op, case)
        return bool(op.vjp(primals, labels)[1](np.ones(())))
    except Exception:  # it has one, and raises: the laws say so
        return True


def gradient_of_value(out: Any = None) -> Any:
    """The gradient in the object a loss returned: its ``backward()``, or an attribute."""
    if callable(getattr(out, "backward", None)):
        result = out.backward()
        if result is not None:
            return result
    for name in ("grad", "gradient", "delta", "dx", "dinputs"):
        if isinstance(getattr(out, name, None), np.ndarray):
            return getattr(out, name)
    return None


def is_fused(cls: type) -> bool:
    """An activation and a loss in one: backward takes the stored output."""
    key = plain(cls.__name__)
    return ("activation" in key and loss_names.is_loss_name(key)) or (
        "softmax" in key and "loss" in key
    )
