"""Optimizers that are given their parameters, or a model, at construction: ``SGD(params, lr)``."""

from __future__ import annotations

import ast
import copy
import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.optimizer_bench import Bench, Holder, fill_holder, write_parameter
from gradcheck.conventions.optimizer_forms import (
    KEYS,
    SHAPES,
    Form,
    attribute_pairs,
    attributes_read,
    form_of,
    is_gradient_name,
)
from gradcheck.conventions.optimizer_names import update_method
from gradcheck.conventions.optimizers import moves, stepping
from gradcheck.conventions.signature import arguments, plain
from gradcheck.guesses import guesses
from gradcheck.types import Op

#: For code that runs only where all parameters have one shape; the laws say what it does with two.
ALIKE = (SHAPES[0],) * len(SHAPES)
MODEL_NAMES = {"model", "net", "network", "nn"}
#: First arguments of a constructor that takes what is to be updated.
GIVEN_NAMES = ("param", "weight", "layer", "variable", "theta")


def is_given(cls: Any) -> bool:
    """Whether the constructor takes what is to be updated: the step takes nothing, or gradients."""
    method = update_method(cls)
    if method is None:
        return False
    wanted = [plain(a.name) for a in arguments(getattr(cls, method)) if a.required]
    first = [plain(a.name) for a in arguments(cls.__init__) if a.required][:1]
    if not wanted:
        return True
    named = bool(first) and (first[0] in MODEL_NAMES or first[0].startswith(GIVEN_NAMES))
    return named and len(wanted) == 1 and is_gradient_name(wanted[0])


def given_op(name: str, cls: Any) -> Op:
    """The Op of an optimizer that is given its parameters at construction.

    Raises
    ------
    Refused
        It cannot be built from parameters in any form, or its step changes nothing.
    """
    method = update_method(cls)
    required = [a for a in arguments(cls.__init__) if a.required]
    if method is None or not required:
        raise Refused("its step takes nothing, and its constructor no parameters")
    first, *others = required
    beside = others[:1] if others and is_gradient_name(plain(others[0].name)) else []
    values = {a.name: ast.literal_eval(guesses(a)[0]) for a in others if a not in beside}

    def op(form: Form, given: Callable[[], Any], text: str) -> Op:
        def make() -> Live:
            held = given()
            slopes = {a.name: copy.deepcopy(held) for a in beside}
            live = Live(cls(held, **slopes, **values))
            live.memory["bench"] = Bench(form, given=held, slopes=next(iter(slopes.values()), None))
            return live

        return stepping(name, make, method, form, f"{name}({text})", cls)

    takes_gradients = bool([a for a in arguments(getattr(cls, method)) if a.required])
    kinds = (
        [arrays_given]
        if takes_gradients or beside
        else [models_given, layers_given, objects_given]
        if plain(first.name) in MODEL_NAMES
        else [objects_given, layers_given, models_given]
    )
    return tried([op(*each) for kind in kinds for each in kind(cls, first.name)], method)


Given = tuple[Form, Callable[[], Any], str]


def objects_given(cls: Any, name: str) -> Iterator[Given]:
    """``SGD(parameters)``: objects that hold a value and a gradient; pairs of a name and one."""

    def given() -> list[Any]:
        held = [Holder(requires_grad=True, trainable=True) for _ in SHAPES]
        for one, shape in zip(held, SHAPES, strict=True):
            write_parameter(one, np.zeros(shape), np.zeros(shape))
        return held

    names = tuple(f"{name}[{i}]" for i in range(len(SHAPES)))
    yield (
        Form("given", {}, names, tuple(f"the gradient of {n}" for n in names)),
        given,
        "parameters",
    )
    yield (
        Form("given", {}, names, tuple(f"the gradient of {n}" for n in names)),
        lambda: list(zip(KEYS, given(), strict=False)),
        "named_parameters",
    )


def arrays_given(cls: Any, name: str) -> Iterator[Given]:
    """``SGD(params)`` with ``step(grads)`` or ``SGD(params, grads)``: lists or dicts of arrays."""
    kinds = (((0, 1), list_of), (KEYS[:2], dict_of))
    for shapes, (keys, collect) in itertools.product((SHAPES, ALIKE), kinds):
        names = tuple(f"{name}[{k!r}]" for k in keys)
        form = Form("given_arrays", {}, names, tuple(f"grads[{k!r}]" for k in keys), shapes)
        make = functools.partial(ones_in, collect, shapes)
        yield form, make, name


def layers_given(cls: Any, name: str) -> Iterator[Given]:
    """``SGD(layers)`` or ``SGD(model)`` with ``model.layers``: two layers of two parameters."""
    pairs = attribute_pairs(attributes_read(cls))
    for holds, own in (("dicts", pairs), ("lists", {})):
        one = form_of(f"layers:{holds}", own, ("params", "grads"))
        names, gradients = (
            tuple(f"layers[{i}].{n}" for i in range(2) for n in part)
            for part in (one.names, one.gradients)
        )
        form = replace(
            one,
            name=f"given_layers:{holds}",
            names=names,
            gradients=gradients,
            shapes=one.shapes * 2,
        )

        def given(form: Form = form, one: Form = one) -> list[Holder]:
            layers = [Holder(), Holder()]
            for layer in layers:
                ones = [np.ones(s) for s in one.shapes]
                fill_holder(form, layer, ones, [v.copy() for v in ones])
            return layers

        def model(given: Callable[[], list[Holder]] = given) -> Holder:
            layers = given()
            return Holder(layers=layers, trainable_layers=layers)

        def between(given: Callable[[], list[Holder]] = given) -> Holder:
            first, second = given()  # model.layers[::2] leaves the activations out
            return Holder(layers=[first, Holder(), second, Holder()])

        if plain(name) not in MODEL_NAMES:
            yield form, given, name
            continue
        yield form, model, name
        yield form, between, name


def models_given(cls: Any, name: str) -> Iterator[Given]:
    """``SGD(model)`` with ``model.params`` and ``model.grads``."""
    for keys, collect in (((0, 1), list_of), (KEYS[:2], dict_of)):
        names = tuple(f"{name}.params[{k!r}]" for k in keys)
        form = Form("given_model", {}, names, tuple(f"{name}.grads[{k!r}]" for k in keys))

        def given(collect: Callable[[list[Any]], Any] = collect) -> Holder:
            params, grads = (collect([np.ones(s) for s in SHAPES]) for _ in range(2))
            return Holder(params=params, grads=grads)

        yield form, given, name


def ones_in(collect: Callable[[list[Any]], Any], shapes: tuple[tuple[int, ...], ...]) -> Any:
    """Arrays of these shapes in a container."""
    return collect([np.ones(s) for s in shapes])


def list_of(arrays: list[Any]) -> Any:
    """Arrays in a list."""
    return list(arrays)


def dict_of(arrays: list[Any]) -> Any:
    """Arrays under the usual keys."""
    return dict(zip(KEYS, arrays, strict=False))


def tried(ops: list[Op], method: str) -> Op:
    """The first Op whose steps move every parameter, else the first that moves them to NaN.

    Raises
    ------
    Refused
        None does; the text names the last problem.
    """
    last, broken = "", []
    for op in ops:
        try:
            if moves(op):
                return op
            broken += [op] if moves(op, finite=False) else []
        except Exception as error:
            last = last or f"{method} of {op.built} raises {type(error).__name__}: {error}"
            continue
        last = last or f"{method} leaves the parameters it was given unchanged"
    if broken:
        return broken[0]  # the laws tell what is wrong with it
    raise Refused(last)
