"""Steps of optimizers that were given what they update at construction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcheck.conventions.live import call_quietly
from gradcheck.conventions.optimizer_bench import (
    Arrays,
    Bench,
    fill_holder,
    layer_values,
    put,
    read_holder,
    read_parameter,
    write_parameter,
)


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
    held = bench.given if isinstance(bench.given, list) else bench.given.layers
    layers = [layer for layer in held if "params" in vars(layer)]
    size = len(values) // len(layers)
    chunks = [slice(i * size, (i + 1) * size) for i in range(len(layers))]
    for layer, chunk in zip(layers, chunks, strict=True):
        fill_holder(bench.form, layer, values[chunk], grads[chunk])
    before = [[v.copy() for v in layer_values(bench.form, layer)] for layer in layers]
    call_quietly(update)
    pairs = zip(layers, before, strict=True)
    return [v for layer, old in pairs for v in read_holder(bench.form, layer, old)]
