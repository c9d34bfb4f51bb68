"""What a file itself says of its regularisation: ``layer.regularization_loss()``, ``Loss().regularization_loss(layer)``.

A gradient that contains ``l2 * W`` is right beside ``0.5 * l2 * sum(W**2)`` and wrong beside
``l2 * sum(W**2)``: where the file has the penalty, it decides.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.conventions.signature import arguments

if TYPE_CHECKING:
    from gradcheck.conventions.regulariser import Term
    from gradcheck.types import Op

Value = Callable[[Any], float]
#: What the method is called that gives a layer's, or all layers', penalty.
OWN = re.compile(
    r"^(get_?|compute_?)?(regulari[sz](ation|er)|reg|penalty|l2)_?(loss|penalty|cost|term)?$"
)
#: The forms that one strength may have: a power and a coefficient.
FORMS = ((2, 1.0), (2, 0.5), (1, 1.0))


def as_defined(op: Op, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms in the form that the file's own penalty gives them, where it has these and no others."""
    if not terms:
        return terms
    points = [op.make(), op.with_parameters(other_values(op))]
    held = [op.parameters(p) for p in points]
    for value in own_values(points[0].obj):
        try:
            wanted = [value(p.obj) for p in points]
        except Exception:  # it cannot be called like that
            continue
        for forms in itertools.product(FORMS, repeat=len(terms)):
            other = tuple(replace(t, power=p, coefficient=c) for t, (p, c) in zip(terms, forms, strict=True))  # fmt: skip
            mine = [
                sum(t.value(p.obj, w[t.parameter]) for t in other)
                for p, w in zip(points, held, strict=True)
            ]
            changes = abs(wanted[1] - wanted[0]) > 1e-6 * abs(wanted[0])
            if changes and np.allclose(mine, wanted, rtol=1e-9):
                return other
    return terms


def other_values(op: Op) -> dict[str, Any]:
    """Parameters unlike those that the object has."""
    rng = np.random.default_rng(5)
    held = op.parameters(op.make())
    return {k: rng.normal(size=np.shape(v)) for k, v in held.items()}


def own_values(obj: Any) -> Iterator[Value]:
    """Functions of an object that may be its penalty: a method of its own, then of the file's classes."""
    for name in methods(type(obj)):
        if not required(type(obj), name):
            yield partial(of_layer, name)
    code = [f for f in vars(type(obj)).values() if hasattr(f, "__globals__")]
    space = code[0].__globals__ if code else {}
    for cls in [c for c in space.values() if isinstance(c, type) and c is not type(obj)]:
        for name in methods(cls):
            count = len(required(cls, name))
            if count == 1:
                yield partial(of_loss, cls, name)
            if count == 0 and "trainable_layers" in getattr(cls, name).__code__.co_names:
                yield partial(of_layers, cls, name)


def of_layer(name: str, layer: Any) -> float:
    """The penalty of a layer that computes it itself."""
    return float(getattr(layer, name)())


def of_loss(cls: type, name: str, layer: Any) -> float:
    """The penalty that a loss computes of a layer."""
    return float(getattr(cls(), name)(layer))


def of_layers(cls: type, name: str, layer: Any) -> float:
    """The penalty of a loss that keeps a list of the layers."""
    loss: Any = cls()
    loss.trainable_layers = [layer]
    return float(getattr(loss, name)())


def methods(cls: type) -> list[str]:
    """The methods of a class that are called like a penalty."""
    return [n for n in dir(cls) if OWN.match(n) and hasattr(getattr(cls, n), "__code__")]


def required(cls: type, name: str) -> list[Any]:
    """The arguments a method cannot do without."""
    return [a for a in arguments(getattr(cls, name)) if a.required]
