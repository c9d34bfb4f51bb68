"""Conventions: how people write layers, and how each of them becomes an Op."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gradcheck.construct import recipe, recipes
from gradcheck.conventions import functions
from gradcheck.conventions.accuracies import accuracy_function_op, accuracy_op
from gradcheck.conventions.adapt import layer_ops
from gradcheck.conventions.adapt_functions import function_ops, pair_of
from gradcheck.conventions.adapt_losses import loss_ops
from gradcheck.conventions.backprops import backprop_op
from gradcheck.conventions.caption_models import caption_op, takes_captions
from gradcheck.conventions.consistency import AGREES, miss, of_one_number
from gradcheck.conventions.containers import chains
from gradcheck.conventions.epsilon import small_constants, switched_off
from gradcheck.conventions.even_parts import in_even_parts
from gradcheck.conventions.functional_models import network_op
from gradcheck.conventions.guessed import refused_guess
from gradcheck.conventions.held_data import held_op, holds_data
from gradcheck.conventions.linear_models import linear_op
from gradcheck.conventions.live import Refused, Skipped
from gradcheck.conventions.loss_functions import loss_function_ops
from gradcheck.conventions.loss_networks import loss_network_op
from gradcheck.conventions.methods import flagged_method, with_both
from gradcheck.conventions.models import model_op
from gradcheck.conventions.module_parameters import module_op
from gradcheck.conventions.networks import assembled_op, assembled_variants
from gradcheck.conventions.numerical import numgrad_op
from gradcheck.conventions.objectives import classifier_op, line_op
from gradcheck.conventions.optimizer_given import given_op, is_given
from gradcheck.conventions.optimizers import function_optimizers, optimizer_op
from gradcheck.conventions.recognise import takes_labels
from gradcheck.conventions.regulariser import of_one_penalty
from gradcheck.conventions.scalar_functions import entry_by_entry, takes_numbers_only
from gradcheck.conventions.several_losses import several_op
from gradcheck.conventions.signature import arguments, verbs
from gradcheck.conventions.sources import Source
from gradcheck.conventions.tape_ops import tape_ops
from gradcheck.conventions.torch_functions import torch_ops
from gradcheck.conventions.trained import trained_op
from gradcheck.conventions.word_vectors import vectors_op
from gradcheck.types import Case, Op
from gradcheck.variants import variants


def ops_for(source: Source, kind: str) -> list[Op]:
    """The Ops of a recognised subject, one for each configuration.

    Raises
    ------
    Refused
        It cannot be constructed, called or read; the text says what was tried and what to give.
    """
    found = read_as(source, kind)
    if kind in {"layer", "function"}:
        forward = source.obj if isinstance(source.obj, type) else pair_of(source)[0]
        found = [in_even_parts(op, forward) for op in found]
    found = of_one_penalty(found)
    for op in found[:1]:
        refused_guess(op)
    if not small_constants(source.obj, source.namespace):
        return found
    return [replace(op, plainly=lambda: switched_off(source.obj, source.namespace)) for op in found]


def read_as(source: Source, kind: str) -> list[Op]:
    """The Ops under the convention of this kind."""
    is_class = isinstance(source.obj, type)
    if is_class and kind in {"layer", "loss"} and verbs(source.obj) is None:
        flagged = flagged_method(source.obj)
        source = replace(source, obj=with_both(source.obj, flagged)) if flagged else source
    if kind == "optimizer" and not is_class:
        return function_optimizers(source.name, source.obj)
    if kind == "optimizer":
        return constructed(source, optimizer_op)
    if kind == "accuracy" and not is_class:
        return [accuracy_function_op(source)]
    if kind == "accuracy":
        return constructed(source, accuracy_op)[:1]
    if kind in {"loss", "layer", "model"} and is_class:
        network = loss_network_op(source)
        if network is not None:
            return [network]
    if kind == "model" and is_class and takes_captions(source.obj):
        return [caption_op(source)]
    if kind == "model" and is_class and holds_data(source.obj):
        return [held_op(source.name, source.obj)]
    if kind == "model":
        return models(source)
    if kind == "classifier":
        return [classifier_op(source)]
    if kind == "line":
        one, other = functions.pairs(list(source.namespace))[source.name]
        return [line_op(source, (source.namespace[one], source.namespace[other]))]
    if kind == "vectors":
        return [vectors_op(source)]
    if kind == "several":
        return [several_op(source)]
    if kind == "module":
        return [module_op(source)]
    if kind == "network":
        paired = functions.pairs(list(source.namespace)).get(source.name)
        both = tuple(source.namespace[f] for f in paired) if paired else None
        return [network_op(source, both)]
    if kind == "numgrad":
        return [numgrad_op(source)]
    if kind == "loss":
        return loss_ops(source) if is_class else loss_function_ops(source)
    if kind == "function":
        return function_ops(source)
    if kind == "backprop":
        return [backprop_op(source)]
    if kind == "tape":
        return tape_ops(source)
    if kind == "torch":
        return torch_ops(source)
    if is_class and takes_numbers_only(source.obj):
        found = layer_ops(replace(source, obj=entry_by_entry(source.obj)))
        text = "of numbers, taken entry by entry"
        return [replace(op, obj=source.obj, reading=text) for op in found]
    try:
        found = layer_ops(source)
    except Skipped:
        raise
    except Refused as refusal:
        return loss_after_all(source, refusal)
    return as_a_loss(source, found[0]) or found


def as_a_loss(source: Source, layer: Op) -> list[Op]:
    """The Ops of a class read as a loss: one number of two inputs, the second without a gradient.

    Its name and its arguments need not say so: ``SoftMargin.forward(out, sign)``.  Empty where no
    gradient agrees under this reading.
    """
    names = [s.name for s in layer.slots]
    pair = verbs(source.obj) if isinstance(source.obj, type) else None
    lost = [n for n in names if n not in layer.gradient_names]
    if pair is None or len(names) != 2 or lost != names[1:] or layer.parameters(layer.make()):
        return []
    if any(a.required for a in arguments(getattr(source.obj, pair[1]))):
        return []
    if not of_one_number(layer):
        return []
    try:
        found = loss_ops(source)
    except Refused:
        return []
    labels = found[0].labels
    case = Case(labels=labels.encodings[0] if labels else "")
    return found if miss(found[0], case) <= AGREES else []


def loss_after_all(source: Source, refusal: Refused) -> list[Op]:
    """The Ops of a class that no layer's data fits, read as a loss: ``forward(x, y)``, ``backward(dout=1)``.

    Raises
    ------
    Refused
        It is no loss either; the text is about the layer.
    """
    pair = verbs(source.obj) if isinstance(source.obj, type) else None
    if pair is None or not takes_labels(source.obj, pair):
        raise refusal
    if any(a.required for a in arguments(getattr(source.obj, pair[1]))):
        raise refusal
    try:
        return loss_ops(source)
    except Refused:
        raise refusal from None


def models(source: Source) -> list[Op]:
    """The Op of a model, and of its variants: a penalty is off by default."""
    first = model(source)
    if source.init or first.convention not in {"fish", "nnfs"}:
        return [first]
    if first.convention == "nnfs":
        return assembled_variants(first, source.name, source.obj, source.namespace)
    if "; " in first.built:  # put together in several statements
        return [first]
    names = {**source.namespace, source.name: source.obj}
    found = [first]
    for other in variants(recipe(first.built, names), source.obj, source.namespace):
        try:
            found.append(model(replace(source, init=other.text)))
        except Refused:  # the constructor refuses this option
            continue
    return found


def model(source: Source) -> Op:
    """The Op of a model: through loss and gradient, assembled, or through one step of training.

    Raises
    ------
    Refused
        None of the three works; the text says what each of them lacks.
    """
    reasons: list[str] = []
    for adapt in (linear_op, model_op, assembled_op, trained_op):
        try:
            return adapt(source.name, source.obj, source.namespace, source.tree, source.init)
        except Skipped:
            if all(r.startswith("has no ") for r in reasons):
                raise
        except Refused as refusal:
            reasons += filter(None, [str(refusal)])  # that it is no linear model says nothing
    if any(True for _ in chains(source.obj, source.name, source.namespace)):
        try:
            return layer_ops(source)[0]
        except Skipped:
            raise
        except Refused as refusal:
            reasons.append(str(refusal))
    raise Refused("; ".join(dict.fromkeys(reasons)))


def constructed(
    source: Source, adapt: Callable[[str, Callable[[], Any], Any, str], Op]
) -> list[Op]:
    """The Op of the first recipe that can be built, and of its variants."""
    last = ""
    if adapt is optimizer_op and is_given(source.obj):
        return [given_op(source.name, source.obj)]
    for made in recipes(source.obj, source.name, source.namespace, source.tree, source.init):
        try:
            made.make()
        except Exception as error:
            last = f"{made.text} raises {type(error).__name__}: {error}"
            continue
        found = [adapt(source.name, made.make, source.obj, made.text)]
        for other in () if source.init else variants(made, source.obj, source.namespace):
            try:
                other.make()
                found.append(adapt(source.name, other.make, source.obj, other.text))
            except Exception:  # the constructor refuses this option
                continue
        return found
    raise Refused(f"cannot be constructed: {last}; give the call with --init")


__all__ = ["Refused", "Source", "ops_for"]
