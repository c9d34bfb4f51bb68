"""Whole models: a class with loss and gradient (fish book), or one that holds layers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import recipes
from gradcheck.conventions import places
from gradcheck.conventions.argument_roles import mode_value, set_mode
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.layers import lost_import, named
from gradcheck.conventions.live import (
    Live,
    Refused,
    arrays_of,
    call_quietly,
    clone,
    live_maker,
    raised_inside,
)
from gradcheck.conventions.model_inputs import WORDS, image_shapes, inputs_tried, outputs_of
from gradcheck.conventions.objectives import STRENGTH, is_strength
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import arguments
from gradcheck.conventions.trained import with_arrays
from gradcheck.conventions.whole_models import GRADIENT, LOSS, gives_both, returns_gradients
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot


def model_op(name: str, obj: Any, namespace: Mapping[str, Any], tree: Any, init: str | None) -> Op:
    """The Op of a model with ``loss(x, t)`` and a method that computes every gradient.

    Raises
    ------
    Refused
        It cannot be built or called; the text says what was tried.
    """
    loss = next((m for m in LOSS if callable(getattr(obj, m, None))), None)
    gradient = next((m for m in GRADIENT if callable(getattr(obj, m, None))), None)
    if (
        loss is not None
        and returns_gradients(getattr(obj, loss))
        and not alike(obj, loss, gradient)
    ):
        gradient = loss
    if loss is None and gradient is not None and gives_both(getattr(obj, gradient)):
        loss = gradient
    if loss is None or gradient is None:
        raise Refused(
            f"has no {'loss' if loss is None else 'gradient'} method: a model is checked through both"
        )
    last = ""
    for made in recipes(obj, name, namespace, tree, init):
        try:
            proto = Live(with_arrays(made.make()))
        except Exception as error:
            last = last or f"{made.text} raises {type(error).__name__}: {error}"
            continue
        found = first_reading(name, obj, proto, live_maker(made), made.text, loss, gradient)
        if isinstance(found, Op):
            return found
        last = last or found or in_common(obj, made.make)
    raise Refused(last or "no input was accepted")


def alike(cls: Any, loss: str, gradient: str | None) -> bool:
    """Whether a gradient method takes what the loss takes: `backward(dlogits, cache)` does not."""
    if gradient is None:
        return False
    taken = [[a.name for a in arguments(getattr(cls, m)) if a.required] for m in (loss, gradient)]
    return not taken[1] or taken[0] == taken[1] or len(taken[1]) == 1


def in_common(cls: Any, make: Callable[[], Any]) -> str:
    """What a second object overwrites of the first, because it belongs to the class; "" if nothing."""
    for name, held in vars(cls).items():
        if isinstance(held, dict) and any(isinstance(v, np.ndarray) for v in held.values()):
            before = dict(held)
            make()
            lost = [k for k, v in before.items() if held.get(k) is not v]
            if lost:
                return (
                    f"`{name}` belongs to the class {cls.__name__}: a second object took the place of "
                    f"{name}[{lost[0]!r}] of the first; write self.{name} = {{}} in __init__"
                )
    return ""


def first_reading(
    name: str, cls: Any, proto: Live, make: Callable[[], Live], text: str, loss: str, gradient: str
) -> Op | str:
    """The first input size and label encoding under which loss and gradient run."""
    dims = [n for p, a in places.walk(proto.obj).items() if a.ndim > 1 for n in a.shape]
    last = ""
    candidates: list[Op] = []
    broken: list[Op] = []
    shapes = [*image_shapes(proto.obj), *((n,) for n in dict.fromkeys(dims))]
    moded = switches(clone(proto, {}, make), loss, gradient)
    # A gradient that is told its mode is that of the loss in the same mode.
    told = any(a.role in {"flag", "mode"} for a in arguments(getattr(cls, gradient)))
    alone = len([a for a in arguments(getattr(cls, loss)) if a.required]) == 1 and loss != gradient
    for slot, encoding, each in inputs_tried(shapes, dims, alone):
        if slot.domain != "real" and (candidates or WORDS not in last):
            break
        read = functools.partial(
            reading, name, cls, proto, make, text, loss, gradient, slot, encoding, each
        )
        try:
            op = either(read) if moded else read()
        except Refused as refusal:
            last = last or str(refusal)
            continue
        if not op.gradient_names:
            broken.append(op)
        elif fits(op):
            return in_its_mode(op, read) if moded and not told else op
        else:
            candidates.append(op)
    return next(iter([*candidates, *broken]), last)


def either(read: Callable[..., Op]) -> Op:
    """In training; by default where the switch to it is an option (``use_dropout``) that breaks it."""
    try:
        return read()
    except Refused as refusal:
        try:
            return read(train=None)
        except Refused:
            raise refusal from None


def switches(live: Live, *methods: str) -> bool:
    """Whether a model can be told that it trains; it may be left training."""
    given = [a for m in methods for a in arguments(getattr(live.obj, m))]
    return any(a.role in {"flag", "mode"} for a in given) or set_mode(live.obj, True)


def in_its_mode(op: Op, read: Callable[..., Op]) -> Op:
    """The gradient is that of the loss in training, else that of the loss as it is called by default."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    names = tuple(op.gradient_names)
    if miss(op, case, names) <= AGREES:
        return op
    try:
        plainly = read(train=None)
    except Refused:
        return op
    return plainly if miss(plainly, case, names) <= AGREES else op


def fits(op: Op) -> bool:
    """Whether every gradient has the size of its parameter: labels that broadcast make others."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    samples = dict(case.sizes)["N"]
    if op.labels and op.labels.classes == samples:  # (n,) and (n, n) broadcast: seen at another n
        case = case.replace(N=samples + 1)
    try:
        primals, labels = cases.draw(op, case)
        gradients = op.vjp(primals, labels)[1](np.ones(()))
    except Exception:  # the laws tell it
        return False
    return all(np.size(g) == primals[k].size for k, g in gradients.items() if k in primals)


def reading(
    name: str, cls: Any, proto: Live, make: Callable[[], Live], text: str, loss: str, gradient: str,
    slot: Slot, encoding: str, each: bool = False, train: bool | None = True,
) -> Op:  # fmt: skip
    """One reading of a model; where the loss runs and the gradient raises, without gradients.

    `train` is the mode of the loss whose gradient is meant; None leaves out every flag.

    Raises
    ------
    Refused
        It does not run.
    """
    raised = False
    case = Case()
    x = cases.draw_slot(slot, case, cases.generator(case, 1))
    live = clone(proto, {}, make)
    try:
        classes, t = 1, None
        if encoding:
            classes = 1 if encoding.endswith("_flat") else outputs_of(live, x)
            if classes == 1 and encoding in {"index", "onehot"}:
                raise Refused(f"one output: {encoding} labels say nothing")
            shape = (*(x.shape if each else x.shape[:1]), classes)
            t = cases.encode(encoding, shape, classes, cases.generator(case, 3))
        value = loss_of(call_loss(live, loss, x, t, train))
        try:
            live.ret = call_gradient(live, gradient, x, t, train)
        except (
            Exception
        ) as error:  # told by the laws, where it is the code of the model that raises
            raised = np.size(value) == 1 and gradient != loss and raised_inside(error, cls)
            if not raised:
                raise
    except Refused:
        raise
    except Exception as error:
        lost = lost_import(error)
        if lost:
            raise Refused(f"needs {lost}, whose import failed here") from error
        raise Refused(
            f"input {x.shape}, labels {encoding}: {type(error).__name__}: {error}"
        ) from error
    if np.size(value) != 1 or not np.all(np.isfinite(value)):
        raise Refused("loss is not one finite number")
    own = {p: a for p, a in places.walk(proto.obj).items() if places.is_numeric(a) and a.size}
    if raised:
        return build(
            name, cls, proto, make, text, loss, gradient, slot, encoding, classes, {}, train, each
        )
    found = {p: a for p, a in places.walk(live).items() if p[0] == ("attr", "ret")}
    if live.ret is None:  # they are kept
        found = {
            p: a
            for p, a in places.walk(live).items()
            if p[0] == ("attr", "obj") and p[1:] not in own
        }
    pairs = by_key(own, found)
    if not pairs and len(own) == 1 and len(found) == 1:
        place = next(iter(own))
        pairs = {places.words(place)[0]: (place, next(iter(found)))}
    if not pairs:
        raise Refused("gradient returns nothing that matches a parameter by name")
    return build(
        name, cls, proto, make, text, loss, gradient, slot, encoding, classes, pairs, train, each
    )


def loss_of(value: Any) -> Array:
    """The loss a model returned: a number, or the first of (loss, gradients)."""
    return np.asarray(
        arrays_of(value)[0] if isinstance(value, tuple) else value, dtype=np.float64
    ).reshape(())


def call_loss(live: Live, loss: str, x: Array, t: Array | None, train: bool | None = None) -> Any:
    """Run the loss of data and targets, or of the data alone; None leaves the mode as it stands."""
    method = getattr(live.obj, loss)
    given = {**penalties(method), **modes(live, method, train)}
    return call_quietly(method, x, *([] if t is None else [t]), **given)


def modes(live: Live, method: Any, train: bool | None) -> dict[str, Any]:
    """The flags of a method that say the mode; without any, the model itself is switched."""
    if train is None:
        return {}
    flags = [a for a in arguments(method) if a.role in {"flag", "mode"}]
    if not flags:
        set_mode(live.obj, train)
    return {a.name: mode_value(a, train) for a in flags}


def penalties(method: Any) -> dict[str, Any]:
    """The strengths of a penalty that a method takes and that are off unless they are given."""
    return {
        a.name: STRENGTH for a in arguments(method)
        if is_strength(a) and (a.required or a.default in (0, 0.0))
    }  # fmt: skip


def call_gradient(
    live: Live, gradient: str, x: Array, t: Array | None, train: bool | None = None
) -> Any:
    """Run the gradient method with (x, t), or without arguments after a loss."""
    method = getattr(live.obj, gradient)
    named_too = {**penalties(method), **modes(live, method, train)}
    needed = [a for a in arguments(method) if a.required and a.name not in named_too]
    given = [x, t] if gradient in LOSS else [x, t][: len(needed)]
    # With the data it runs a forward of its own, which must draw what that of the loss drew.
    result = call_quietly(method, *given, seed=0 if given else 1, **named_too)
    if isinstance(result, tuple) and isinstance(result[-1], dict):
        return result[-1]
    if isinstance(result, tuple):
        held = named(getattr(type(live.obj), gradient), result)
        return {k: np.asarray(v) for k, v in held.items()}
    return result if result is not None else getattr(live.obj, "grads", None)


def by_key(own: dict[Place, Array], found: dict[Place, Array]) -> dict[str, tuple[Place, Place]]:
    """Parameters and gradients with the same key (``params['W1']``, ``grads['W1']``), else by name."""
    pairs: dict[str, tuple[Place, Place]] = {}
    taken: set[int] = set()
    for p, a in own.items():
        for g in found:
            keys = str(p[-1][1]), str(g[-1][1])
            if id(a) not in taken and (
                keys[0] == keys[1]
                or any(places.same(s, places.norm(keys[0])) for s in places.stems(keys[1]))
            ):
                pairs[keys[0]] = (p, g)
                taken.add(id(a))
                break
    return pairs


def build(
    name: str, cls: Any, proto: Live, make: Callable[[], Live], text: str, loss: str, gradient: str,
    slot: Slot, encoding: str, classes: int, pairs: dict[str, tuple[Place, Place]],
    mode: bool | None, each: bool = False,
) -> Op:  # fmt: skip
    """The Op of a model: its loss as a function of its parameters."""

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        told = None if mode is None else train
        return loss_of(call_loss(live, loss, inputs["x"], labels, told))

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        targets = None if labels is None else np.asarray(labels)
        live.ret = call_gradient(live, gradient, inputs["x"], targets, mode)
        return {k: places.read(live, g) for k, (_, g) in pairs.items()}

    return Op(
        name=name, kind="model", convention="fish", make=lambda: clone(proto, {}, make), construct=make,
        parameters=lambda live: {k: places.read(live.obj, p) for k, (p, _) in pairs.items()},
        with_parameters=lambda values: clone(proto, {(("attr", "obj"), *pairs[k][0]): v for k, v in values.items()}, make),
        forward=forward, backward=backward, slots=(slot,), terminal=True,
        labels=LabelSpec((encoding,), classes, wide=True, each=each) if encoding else None,
        built=text, obj=cls, gradient_names={k: f"grads[{k!r}]" for k in pairs},
    )  # fmt: skip
