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
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.conventions.live import call_quietly
from gradcheck.conventions.optimizer_forms import KEYS, Form
from gradcheck.conventions.signature import arguments, plain, tree_of
from gradcheck.types import Array

Arrays = list[Array]


class Holder:
    """A stand-in for a layer, a parameter or a model: whatever attributes the optimizer reads."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def __getattr__(self, name: str) -> Any:
        """``get_weights()``, ``set_weights(value)``, ``params_and_grads()``, as they are called."""
        verb, _, attribute = name.partition("_")
        if "param" in name and "grad" in name:  # net.params_and_grads()
            held = [h for h in vars(self).get("layers", [self]) if isinstance(h, Holder)]
            return lambda: [p for h in held for p in pairs_of(h)]
        if verb == "set" and attribute:
            return lambda value: setattr(self, attribute, value)
        if verb == "get" and attribute:
            return lambda: vars(self).get(attribute, [])  # a cache that is not there yet
        raise AttributeError(f"a stand-in layer has no {name}")


def pairs_of(holder: Holder) -> list[tuple[Array, Array]]:
    """The parameters of a stand-in layer with their gradients."""
    params, grads = vars(holder)["params"], vars(holder)["grads"]
    keys = list(params) if isinstance(params, dict) else range(len(params))
    return [(params[k], grads[k]) for k in keys]


@dataclass
class Bench:
    """What one optimizer is handed, kept over the steps.

    Attributes
    ----------
    layers
        Stand-in layers of one class, which belongs to this bench alone.
    held
        The dict or list of parameters.
    config
        What a function is given with the first step of every parameter; None for nothing.
    configs
        What it returned since, one for each parameter.
    given
        What the constructor was given: parameter objects, arrays, layers or a model.
    slopes
        The container of gradients it was given beside them, if any.
    """

    form: Form
    layers: list[Any] = field(default_factory=list)
    held: Any = None
    config: dict[str, Any] | None = None
    configs: list[Any] = field(default_factory=list)
    given: Any = None
    slopes: Any = None
    layer_class: type[Holder] = field(default_factory=lambda: type("Holder", (Holder,), {}))


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


def put(old: Any, new: Array) -> Array:
    """The array to hand over: the old one with the new values where it can take them."""
    if isinstance(old, np.ndarray) and old.shape == new.shape and old.flags.writeable:
        if old is not new:
            old[...] = new
        return old
    return new


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


def fill_holder(form: Form, layer: Any, values: Arrays, grads: Arrays) -> None:
    """One stand-in layer: attributes of its own, and ``params`` and ``grads`` of the same arrays."""
    attributes = list(form.pairs.items()) or [(k, f"d{k}") for k in KEYS]
    old = layer_values(form, layer) if "params" in vars(layer) else [None] * len(values)
    values = [put(o, v) for o, v in zip(old, values, strict=True)]
    for (p, g), value, gradient in zip(attributes, values, grads, strict=False):
        setattr(layer, p, value)
        setattr(layer, g, gradient)
    as_list = form.holds == "lists"
    layer.params = list(values) if as_list else dict(zip(KEYS, values, strict=False))
    layer.grads = list(grads) if as_list else dict(zip(KEYS, grads, strict=False))
    layer.parameters, layer.gradients = layer.params, layer.grads


def layer_values(form: Form, layer: Any) -> list[Any]:
    """The arrays in a stand-in layer's ``params``."""
    return list(layer.params if form.holds == "lists" else layer.params.values())


def read_holder(form: Form, layer: Any, before: Arrays) -> Arrays:
    """The parameters after a step: those in ``params`` where they moved, else the attributes."""
    names = list(form.pairs) or list(KEYS)
    return [
        v if not np.array_equal(v, old) else getattr(layer, name)
        for v, old, name in zip(layer_values(form, layer), before, names, strict=False)
    ]


def on_given(update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays) -> Arrays:
    """``step()`` over parameter objects, or pairs of a name and one, given to the constructor."""
    held = [one[1] if isinstance(one, tuple) else one for one in bench.given]
    for one, value, gradient in zip(held, values, grads, strict=True):
        write_parameter(one, put(read_parameter(one, value), value), gradient)
    kept = [one.data for one in held]
    call_quietly(update)
    return [read_parameter(h, v) for h, v in zip(held, kept, strict=True)]


def on_given_model(
    update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays
) -> Arrays:
    """``step()`` over the parameters of a model given to the constructor."""
    model = bench.given
    if isinstance(model.params, dict):
        keys = list(model.params)
        model.params.update({k: put(model.params[k], v) for k, v in zip(keys, values, strict=True)})
        model.grads.update(zip(keys, grads, strict=True))
        call_quietly(update)
        return [model.params[k] for k in keys]
    model.params[:] = [put(o, v) for o, v in zip(model.params, values, strict=True)]
    model.grads[:] = grads
    call_quietly(update)
    return list(model.params)


def on_given_arrays(
    update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays
) -> Arrays:
    """``step(grads)`` over a list or dict of arrays given to the constructor, or ``step()`` where
    that was given the gradients too; new arrays count where they are returned.
    """
    held = bench.given
    keys = list(held) if isinstance(held, dict) else range(len(held))
    for k, v in zip(keys, values, strict=True):
        held[k] = put(held[k], v)
    if bench.slopes is not None:
        for k, g in zip(keys, grads, strict=True):
            bench.slopes[k][...] = g
        out = call_quietly(update)
    else:
        slopes = dict(zip(keys, grads, strict=True)) if isinstance(held, dict) else list(grads)
        out = call_quietly(update, slopes)
    if isinstance(out, type(held)) and len(out) == len(held):
        held = out
    return [held[k] for k in keys]


def on_given_layers(
    update: Callable[..., Any], bench: Bench, values: Arrays, grads: Arrays
) -> Arrays:
    """``step()`` over layers given to the constructor, alone or in a model."""
    layers = bench.given if isinstance(bench.given, list) else bench.given.layers
    size = len(values) // len(layers)
    chunks = [slice(i * size, (i + 1) * size) for i in range(len(layers))]
    for layer, chunk in zip(layers, chunks, strict=True):
        fill_holder(bench.form, layer, values[chunk], grads[chunk])
    before = [[v.copy() for v in layer_values(bench.form, layer)] for layer in layers]
    call_quietly(update)
    pairs = zip(layers, before, strict=True)
    return [v for layer, old in pairs for v in read_holder(bench.form, layer, old)]


#: The spellings under which a parameter object holds its value and its gradient.
VALUE, GRADIENT = ("data", "value", "w", "params"), ("grad", "gradient", "g", "grads")


def write_parameter(held: Any, value: Array, gradient: Array) -> None:
    """Fill a parameter object."""
    for name in VALUE:
        setattr(held, name, value)
    for name in GRADIENT:
        setattr(held, name, gradient)


def read_parameter(held: Any, given: Array) -> Array:
    """The value a step left in a parameter object: the spelling that was assigned, else `given`,
    which was edited in place."""
    values = [vars(held).get(n, given) for n in VALUE]
    return next((np.asarray(v) for v in values if v is not given), given)


STEPS: Mapping[str, Callable[[Callable[..., Any], Bench, Arrays, Arrays], Arrays]] = {
    "dicts": in_dict,
    "lists": in_list,
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
