"""One step of an optimizer in any form: arrays and gradients in, arrays out.

The containers (layers, dicts, configs) live on from step to step, and so do the arrays in them:
an optimizer may know its parameters by identity.
"""

from __future__ import annotations

import ast
import copy
import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.conventions.live import call_quietly
from gradcheck.conventions.optimizer_bench import (
    Arrays,
    Bench,
    Holder,
    fill_holder,
    layer_values,
    put,
    read_holder,
)
from gradcheck.conventions.optimizer_forms import KEYS, Form
from gradcheck.conventions.optimizer_given_calls import (
    on_given,
    on_given_arrays,
    on_given_layers,
    on_given_model,
)
from gradcheck.conventions.signature import arguments, plain, tree_of
from gradcheck.types import Array


def call_step(opt: Any, method: str, bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """One step; what comes back are copies.

    Raises
    ------
    Exception
        Whatever the user's code raises under this form.
    """
    update = getattr(opt, method) if method != "__call__" else opt
    for hook in hooks_of(opt, "pre"):
        call_quietly(getattr(opt, hook))
    after = STEPS[step_name(bench.form)](update, bench, values, grads)
    for hook in hooks_of(opt, "post"):
        call_quietly(getattr(opt, hook))
    kind: Any = type(opt)
    for counter in counters_elsewhere(
        kind, method, (*hooks_of(opt, "pre"), *hooks_of(opt, "post"))
    ):
        setattr(opt, counter, getattr(opt, counter) + 1)
    return [np.array(v) for v in after]


@functools.cache
def counters_elsewhere(cls: Any, method: str, hooks: tuple[str, ...]) -> list[str]:
    """The counters a step reads that only a method around it counts up: one that trains, say."""
    own = {n: v for c in reversed(cls.__mro__[:-1]) for n, v in vars(c).items() if callable(v)}
    counted: dict[str, set[str]] = {}
    for name, function in own.items():
        tree = tree_of(function)
        for node in ast.walk(tree) if tree is not None else ():
            if not isinstance(node, ast.AugAssign) or ast.unparse(node.value) != "1":
                continue
            if isinstance(node.op, ast.Add) and is_own(node.target):
                counted.setdefault(ast.unparse(node.target)[5:], set()).add(name)
    tree = tree_of(own[method]) if method in own else None
    nodes = ast.walk(tree) if tree is not None else ()
    read = {n.attr for n in nodes if isinstance(n, ast.Attribute) and is_own(n)}
    inside = {method, *hooks, *read}
    return [n for n, places in counted.items() if n in read and not places & inside]


def is_own(node: ast.AST) -> bool:
    """``self.attribute``."""
    return isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self"


def step_name(form: Form) -> str:
    """Which of the functions below takes the step."""
    kind = form.kind.removesuffix("_swapped")
    return kind if kind in STEPS else "array"


def hooks_of(opt: Any, when: str) -> list[str]:
    """Methods without arguments that are called before or after every update, by their names."""
    own = dict.fromkeys(n for c in type(opt).__mro__[:-1] for n in vars(c))
    return [
        n
        for n in own
        if plain(n).startswith(when)
        and any(w in plain(n) for w in ("update", "step", "param"))
        and callable(getattr(opt, n))
        and not [a for a in arguments(getattr(opt, n)) if a.required]
    ]


def in_dict(update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """``update(params, grads)`` over dicts; what it returns counts where it has the same keys."""
    keys = KEYS[: len(values)]
    held = bench.held or {}
    bench.held = {k: put(held.get(k), v) for k, v in zip(keys, values, strict=True)}
    slopes = dict(zip(keys, grads, strict=True))
    out = call_quietly(update, *ordered(bench.form, bench.held, slopes))
    if isinstance(out, dict) and set(out) == set(keys):
        bench.held = out
    return [bench.held[k] for k in keys]


def in_list(update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """``update(params, grads)`` over lists."""
    bench.held = [put(o, v) for o, v in itertools.zip_longest(bench.held or [], values)][
        : len(values)
    ]
    out = call_quietly(update, *ordered(bench.form, bench.held, list(grads)))
    if isinstance(out, (list, tuple)) and len(out) == len(values):
        bench.held = list(out)
    return list(bench.held)


def in_dicts_of_layers(
    update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays
) -> Arrays:
    """``step(params, grads)`` over lists with a dict for each layer; a layer has one parameter."""
    held = bench.held or [{} for _ in values]
    bench.held = [{"W": put(h.get("W"), v)} for h, v in zip(held, values, strict=True)]
    slopes = [{"W": g} for g in grads]
    call_quietly(update, *ordered(bench.form, bench.held, slopes))
    return [h["W"] for h in bench.held]


def ordered(form: Form, held: Any, slopes: Any) -> tuple[Any, Any]:
    """Parameters and gradients in the order of the form."""
    return (slopes, held) if form.kind.endswith("_swapped") else (held, slopes)


def one_by_one(update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """A step on each array; the new value is returned or written in place."""
    form, after = bench.form.kind, []
    for key, w, g in zip(KEYS, values, grads, strict=False):
        args: dict[str, tuple[Any, ...]] = {
            "arrays": (w, g), "arrays_swapped": (g, w), "named_array": (key, w, g),
            "array_named": (w, g, key), "step_only": (g,),
        }  # fmt: skip
        out = call_quietly(update, *args[form])
        if form == "step_only":
            after.append(np.asarray(w - np.asarray(out)))
        else:
            after.append(w if out is None else np.asarray(out))
    return after


def with_configs(update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """``w, config = f(w, dw, config)`` for each array, each with a config of its own."""
    after = []
    for i, (w, g) in enumerate(zip(values, grads, strict=True)):
        if i == len(bench.configs):
            bench.configs.append(copy.deepcopy(bench.config))
        config = bench.configs[i]
        out = call_quietly(update, w, g, *([] if config is None else [config]))
        if isinstance(out, tuple):
            after.append(out[0])
            bench.configs[i] = out[1]
        else:
            after.append(w if out is None else out)
    return after


def on_layer(update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """``update(layer)``, once for each layer."""
    fill_layers(bench, values, grads)
    for layer in bench.layers:
        call_quietly(update, layer)
    return [getattr(layer, p) for layer in bench.layers for p in width(bench.form)]


def width(form: Form) -> tuple[str, ...]:
    """The attributes of one layer's parameters."""
    return tuple(form.pairs)[: len(form.names)] if form.pairs else form.names


def fill_layers(bench: Bench, values: Sequence[Array], grads: Sequence[Array]) -> None:
    """Put parameters and gradients on as many layers as they are for."""
    attributes = list(bench.form.pairs.items())[: len(bench.form.names)]
    count = len(values) // len(attributes)
    bench.layers += [bench.layer_class() for _ in range(count - len(bench.layers))]
    places = [(layer, *names) for layer in bench.layers[:count] for names in attributes]
    for (layer, p, g), value, gradient in zip(places, values, grads, strict=True):
        setattr(layer, p, put(vars(layer).get(p), value))
        setattr(layer, g, gradient)


def on_holders(update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """Layers in a list, a model with layers, or one container, under every name they may use."""
    size = len(bench.form.names)
    chunks = [slice(i, i + size) for i in range(0, len(values), size)]
    bench.layers += [bench.layer_class() for _ in range(len(chunks) - len(bench.layers))]
    for layer, chunk in zip(bench.layers, chunks, strict=True):
        fill_holder(bench.form, layer, values[chunk], grads[chunk])
    before = [[v.copy() for v in layer_values(bench.form, layer)] for layer in bench.layers]
    first = bench.layers[0]
    argument = {
        "layers": bench.layers,
        "container": first,
        "model": Holder(
            layers=bench.layers, params=first.params, grads=first.grads,
            trainable_layers=bench.layers,
        ),
    }[bench.form.kind]  # fmt: skip
    call_quietly(update, argument)
    pairs = zip(bench.layers, before, strict=True)
    return [v for layer, old in pairs for v in read_holder(bench.form, layer, old)]


STEPS: Mapping[str, Callable[[Callable[..., Any], Bench, Arrays, Arrays], Arrays]] = {
    "dicts": in_dict,
    "lists": in_list,
    "layerdicts": in_dicts_of_layers,
    "array": one_by_one,
    "function": with_configs,
    "layer": on_layer,
    "layers": on_holders,
    "model": on_holders,
    "container": on_holders,
    "given": on_given,
    "given_arrays": on_given_arrays,
    "given_layers": on_given_layers,
    "given_model": on_given_model,
}
