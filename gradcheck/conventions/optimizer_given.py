"""Optimizers that are given their parameters, or a model, at construction: ``SGD(params, lr)``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.construct import guesses
from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.optimizer_calls import Bench, Holder, write_parameter
from gradcheck.conventions.optimizer_forms import KEYS, SHAPES, Form
from gradcheck.conventions.optimizer_names import update_method
from gradcheck.conventions.optimizers import moves, stepping
from gradcheck.conventions.signature import arguments, plain
from gradcheck.types import Op

MODEL_NAMES = {"model", "net", "network", "nn"}


def steps_alone(cls: Any) -> bool:
    """Whether the step takes nothing, so that the constructor must take what it updates."""
    method = update_method(cls)
    return method is not None and not [a for a in arguments(getattr(cls, method)) if a.required]


def given_op(name: str, cls: Any) -> Op:
    """The Op of an optimizer that is given its parameters at construction.

    Raises
    ------
    Refused
        It cannot be built from parameter objects, or its step changes nothing.
    """
    method = update_method(cls)
    required = [a for a in arguments(cls.__init__) if a.required]
    if method is None or not required:
        raise Refused("its step takes nothing, and its constructor no parameters")
    first, *others = required
    values = {a.name: ast.literal_eval(guesses(a)[0]) for a in others}
    if plain(first.name) in MODEL_NAMES:
        return model_given(name, cls, method, values)

    def make() -> Live:
        held = [Holder() for _ in SHAPES]
        for one, shape in zip(held, SHAPES, strict=True):
            write_parameter(one, np.zeros(shape), np.zeros(shape))
        return built_on(form, held, lambda: cls(held, **values))

    names = tuple(f"{first.name}[{i}]" for i in range(len(SHAPES)))
    form = Form("given", {}, names, tuple(f"the gradient of {n}" for n in names))
    return tried([stepping(name, make, method, form, f"{name}(parameters)", cls)], method)


def built_on(form: Form, given: Any, construct: Callable[[], Any]) -> Live:
    """A live optimizer with the parameters it was given on its bench."""
    live = Live(construct())
    live.memory["bench"] = Bench(form, given=given)
    return live


def model_given(name: str, cls: Any, method: str, values: dict[str, Any]) -> Op:
    """The Op of an optimizer given a model: it reads ``model.params`` and ``model.grads``.

    Raises
    ------
    Refused
        It cannot be built from such a model, or its step changes nothing.
    """

    def op_for(keys: tuple[Any, ...], collect: Callable[[list[Any]], Any]) -> Op:
        names = tuple(f"model.params[{k!r}]" for k in keys)
        form = Form("model_given", {}, names, tuple(f"model.grads[{k!r}]" for k in keys))

        def make() -> Live:
            params, grads = (collect([np.ones(s) for s in SHAPES]) for _ in range(2))
            model = Holder(params=params, grads=grads)
            return built_on(form, model, lambda: cls(model, **values))

        return stepping(name, make, method, form, f"{name}(model)", cls)

    as_dict = op_for(KEYS[:2], lambda arrays: dict(zip(KEYS, arrays, strict=False)))
    return tried([op_for((0, 1), list), as_dict], method)


def tried(ops: list[Op], method: str) -> Op:
    """The first Op whose steps move every parameter.

    Raises
    ------
    Refused
        None does; the text names the last problem.
    """
    last = ""
    for op in ops:
        try:
            if moves(op):
                return op
        except Exception as error:
            last = f"{method} of {op.built} raises {type(error).__name__}: {error}"
            continue
        last = last or f"{method} leaves the parameters it was given unchanged"
    raise Refused(last)
