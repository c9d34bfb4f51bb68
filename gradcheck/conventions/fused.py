"""Output layers: an activation and a loss in one class, where only the backward sees the labels.

NNFS's last chapters keep nothing but ``backward(dvalues, y_true)``; others have a ``forward(x)``
that returns the activation and a loss beside it.  The loss that such a backward belongs to is the
class's own where it has one, else the one its name says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.conventions import places
from gradcheck.conventions.live import (
    Live,
    Refused,
    arrays_of,
    call_quietly,
    changed,
    fingerprint,
    stored_output,
)
from gradcheck.conventions.loss_names import is_loss_name, label_first, strong_label
from gradcheck.conventions.losses import Lossy
from gradcheck.conventions.signature import Arg, arguments, is_abstract, plain
from gradcheck.types import Array

BACKWARDS = ("backward", "backward_pass", "bprop", "backprop", "backpropagate", "gradient")
OWN_LOSS = ("loss", "compute_loss", "calculate_loss", "calculate", "cost", "get_loss")


def fused_backward(cls: type, pair: tuple[str, str] | None) -> str | None:
    """The backward that takes labels the forward never sees, or None."""
    if pair is not None and labels_of(getattr(cls, pair[0])) is not None:
        return None
    name = (
        pair[1] if pair else next((b for b in BACKWARDS if callable(getattr(cls, b, None))), None)
    )
    if name is None or is_abstract(getattr(cls, name)) or labels_of(getattr(cls, name)) is None:
        return None
    if pair is None and not activation_of(cls.__name__):
        return None
    named = is_loss_name(cls.__name__) and activation_of(cls.__name__) is not None
    return name if named or (pair is not None and own_loss(cls)) else None


def labels_of(method: Any) -> Arg | None:
    """The argument that can only be the labels."""
    return next((a for a in arguments(method) if strong_label(plain(a.name))), None)


def own_loss(cls: type) -> str | None:
    """A method of the class that computes the loss from an output and labels."""
    for name in OWN_LOSS:
        method = getattr(cls, name, None)
        if callable(method) and not is_abstract(method):
            args = [a for a in arguments(method) if a.required]
            if len(args) == 2 and (label_first(args) is not None or plain(args[1].name) == "y"):
                return name
    return None


def activation_of(name: str) -> Callable[[Array], Array] | None:
    """The activation that the name of a fused class begins with."""
    key = plain(name)
    return softmax if "softmax" in key else sigmoid if "sigmoid" in key else None


def softmax(x: Array) -> Array:
    """Softmax over the last axis."""
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return np.asarray(e / np.sum(e, axis=-1, keepdims=True))


def sigmoid(x: Array) -> Array:
    """The logistic function."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)))


def cross_entropy(y: Array, labels: Array, binary: bool) -> Array:
    """Cross-entropy of probabilities for every sample; index and one-hot labels.

    Raises
    ------
    Refused
        The labels have another shape.
    """
    tiny = np.finfo(np.float64).tiny
    if binary:
        t = np.asarray(labels, dtype=np.float64)
        if t.shape != y.shape:
            raise Refused(f"labels of shape {t.shape} for an output of shape {y.shape}")
        terms = -(t * np.log(y + tiny) + (1 - t) * np.log(1 - y + tiny))
        return np.asarray(np.mean(terms, axis=-1) if terms.ndim > 1 else terms)
    if np.ndim(labels) == y.ndim - 1:
        picked = np.take_along_axis(y, np.asarray(labels).astype(int)[..., None], axis=-1)[..., 0]
        return np.asarray(-np.log(picked + tiny))
    if np.shape(labels) != y.shape:
        raise Refused(f"labels of shape {np.shape(labels)} for an output of shape {y.shape}")
    return np.asarray(-np.sum(np.asarray(labels) * np.log(y + tiny), axis=-1))


def readings_of(
    cls: type, pair: tuple[str, str] | None, backward: str
) -> Iterator[tuple[Lossy, str]]:
    """The losses this backward may belong to, with the words that say so."""
    loss = own_loss(cls)
    if loss is not None and pair is not None:
        yield (
            lossy_of(cls, pair[0], backward, loss),
            f"{backward} is read with the class's own {loss}",
        )
    if activation_of(cls.__name__) is not None:
        word = "softmax" if activation_of(cls.__name__) is softmax else "sigmoid"
        yield (
            lossy_of(cls, pair[0] if pair else None, backward, None),
            f"{backward} is read as that of {word} and cross-entropy in one: the gradient with respect to the "
            f"input of the {word}",
        )


def lossy_of(cls: type, forward: str | None, backward: str, loss: str | None) -> Lossy:
    """The forward and backward of a loss, made of the parts the class has."""
    activation = activation_of(cls.__name__)
    binary = activation is sigmoid

    def activated(live: Live, x: Array) -> Array:
        if forward is None:
            assert activation is not None
            return activation(x)
        before = fingerprint(live)
        found = arrays_of(call_quietly(getattr(live.obj, forward), x))
        place = None if found else stored_output(live, changed(live, before), [x])
        if not found and place is None:
            raise Refused(f"{forward} gives no output")
        return found[0] if place is None else np.asarray(places.read(live.obj, place))

    def value(live: Live, x: Array, labels: Any) -> Any:
        y = live.memory["activated"] = np.array(activated(live, x))
        if loss is None:
            return cross_entropy(y, labels, binary)
        method = getattr(live.obj, loss)
        first = label_first([a for a in arguments(method) if a.required])
        return call_quietly(method, *((labels, y) if first else (y, labels)))

    def gradient(live: Live, given: Any, labels: Any) -> Any:
        method = getattr(live.obj, backward)
        wanted = labels_of(method)
        assert wanted is not None
        others = [a.name for a in arguments(method) if a.required and a.name != wanted.name]
        return call_quietly(method, seed=1, **dict.fromkeys(others, given), **{wanted.name: labels})

    return Lossy(
        lambda live: lambda inputs, y_true: value(live, inputs, y_true),
        lambda live: lambda output, y_true: gradient(live, output, y_true),
        forward_signature, backward_signature, averaged=False, fused=True,
    )  # fmt: skip


def forward_signature(inputs: Any, y_true: Any) -> Any:
    """The arguments of a fused forward."""


def backward_signature(output: Any, y_true: Any) -> Any:
    """The arguments of a fused backward: the activation's output and the labels."""


__all__ = ["fused_backward", "readings_of"]
