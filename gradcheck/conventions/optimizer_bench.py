"""What an optimizer is handed: stand-ins for layers, parameters and models, kept over its steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.conventions.optimizer_forms import KEYS, Form
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


def put(old: Any, new: Array) -> Array:
    """The array to hand over: the old one with the new values where it can take them."""
    if isinstance(old, np.ndarray) and old.shape == new.shape and old.flags.writeable:
        if old is not new:
            old[...] = new
        return old
    return new


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
