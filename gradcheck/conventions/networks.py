"""Models that are assembled: add the layers, set loss and optimizer, finalize.

A model is put together as the file itself does it, or from the file's own layers.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe
from gradcheck.conventions import loss_names, places
from gradcheck.conventions.assembly import assembled, one_layer, with_dropout
from gradcheck.conventions.live import (
    Live,
    Refused,
    arrays_of,
    call_quietly,
    clone,
    live_maker,
    raised_inside,
)
from gradcheck.conventions.signature import arguments
from gradcheck.resets import begin_pass
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot


def assembled_op(
    name: str, cls: Any, namespace: Mapping[str, Any], tree: ast.AST, init: str | None = None
) -> Op:
    """The Op of an assembled model: its loss as a function of every layer's parameters.

    Raises
    ------
    Refused
        The file does not show how it is put together, or it does not run.
    """
    if not (callable(getattr(cls, "forward", None)) and callable(getattr(cls, "backward", None))):
        raise Refused("has no forward and backward of its own")
    problem = "the file does not show how it is put together"
    for made in assembled(name, tree, namespace):
        try:
            proto = Live(made.make())
            return wired(name, cls, proto, made)
        except Exception as error:
            problem = (
                f"{made.text}: {type(error).__name__}: {error}"
                if not isinstance(error, Refused)
                else str(error)
            )
    raise Refused(problem)


def assembled_variants(first: Op, name: str, cls: Any, namespace: Mapping[str, Any]) -> list[Op]:
    """An assembled model, the same with the file's dropout in it, and a model of one layer."""
    found = [first]
    layers = getattr(first.make().obj, "layers", None) or ()
    if not any("drop" in type(layer).__name__.lower() for layer in layers):
        found += composed_op(with_dropout(name, namespace), name, cls)
    single = one_layer(name, namespace)
    if single is None:
        return found
    try:
        single.make()
    except Exception as error:
        if raised_inside(error, cls):
            what = f"a model of one layer raises {type(error).__name__}: {error}"
            found[0] = replace(first, notes=(*first.notes, what))
        return found
    return found + composed_op(single, name, cls)


def composed_op(made: Recipe | None, name: str, cls: Any) -> list[Op]:
    """The Op of a model that we put together, where its parts go together."""
    try:
        return [] if made is None else [wired(name, cls, Live(made.make()), made)]
    except Exception:  # our guess of how the file's parts are used was wrong
        return []


def loss_attribute(model: Any) -> str:
    """The name under which a model keeps the loss that has a ``calculate``.

    Raises
    ------
    Refused
        There is none.
    """
    for name in ("loss", *vars(model)):
        held = getattr(model, name, None)
        if callable(getattr(held, "calculate", None)) and callable(getattr(held, "backward", None)):
            return str(name)
    raise Refused("has no loss with calculate")


def wired(name: str, cls: Any, proto: Live, made: Recipe) -> Op:
    """The Op of one assembled model.

    Raises
    ------
    Refused
        It has no loss, or no parameters with gradients are found after a backward.
    """
    key = loss_attribute(proto.obj)
    loss = getattr(proto.obj, key)
    width = next(
        (a.shape[0] for a in places.walk(proto.obj, 5).values() if a.ndim == 2 and a.shape[0] > 1),
        4,
    )
    slot = Slot("X", ("N", int(width)))

    make = live_maker(made)

    def run(live: Live, x: Array, train: bool) -> Array:
        flags = [a for a in arguments(live.obj.forward) if a.role == "flag"]
        out = call_quietly(live.obj.forward, x, **{a.name: bool(a.flag) == train for a in flags})
        live.out = out if out is not None else live.obj.layers[-1].output
        return np.asarray(live.out)

    case = Case()
    live = clone(proto, {}, make)
    x = cases.draw_slot(slot, case, cases.generator(case, 1))
    output = run(live, x, True)
    encodings = [
        e
        for e in loss_names.hints(type(loss).__name__)[1]
        if e in {"index", "onehot", "binary", "real"}
    ]
    spec = LabelSpec((encodings[0],), int(output.shape[-1]), wide=True)
    labels = cases.encode(
        encodings[0], output.shape, int(output.shape[-1]), cases.generator(case, 3)
    )
    call_quietly(live.obj.backward, live.out, labels, seed=1)
    after = {p: a for p, a in places.walk(live.obj, 5).items() if places.is_numeric(a)}
    own = {p: a for p, a in places.walk(proto.obj, 5).items() if places.is_numeric(a)}
    pairs = places.pair(own, {p: a for p, a in after.items() if p not in own})
    by_layer = {p: g for p, g in pairs.items() if p[:-1] == g[:-1]}
    if not by_layer:
        raise Refused("no layer has a parameter with a gradient after backward")
    shortest_last = sorted(by_layer.items(), key=lambda pair: -len(pair[0]))
    unique = {id(own[p]): (p, g) for p, g in shortest_last}
    named = {places.label(p): (p, g) for p, g in unique.values()}

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        begin_pass(getattr(live.obj, key))
        value = call_quietly(
            getattr(live.obj, key).calculate, run(live, inputs["X"], train), labels
        )
        return np.asarray(arrays_of(value)[0], dtype=np.float64).reshape(())

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        call_quietly(live.obj.backward, live.out, labels, seed=1)
        return {k: places.read(live.obj, g) for k, (_, g) in named.items()}

    def with_parameters(values: Primals) -> Live:
        return clone(proto, {(("attr", "obj"), *named[k][0]): v for k, v in values.items()}, make)

    return Op(
        name=name, kind="model", convention="nnfs", make=lambda: clone(proto, {}, make),
        parameters=lambda live: {k: places.read(live.obj, p) for k, (p, _) in named.items()},
        with_parameters=with_parameters, forward=forward, backward=backward, slots=(slot,), labels=spec,
        terminal=True, built=made.text, obj=cls,
        gradient_names={k: places.label(g) for k, (_, g) in named.items()},
    )  # fmt: skip
