"""Linear models of one output: ``loss(X, y)`` and ``gradient(X, y)`` with labels of shape (n,)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.construct import Recipe, recipe, recipes
from gradcheck.conventions import places
from gradcheck.conventions.consistency import agrees
from gradcheck.conventions.live import Live, Refused, live_maker
from gradcheck.conventions.models import fits, model_op, reading
from gradcheck.conventions.trained import with_arrays
from gradcheck.conventions.whole_models import of_data_and_labels
from gradcheck.types import Op, Slot

#: The usual guess for a matrix, and the vector that a model of one output holds instead.
MATRIX, VECTOR = "np.random.randn(4, 5)", "np.random.randn(4)"


def linear_op(name: str, obj: Any, namespace: Mapping[str, Any], tree: Any, init: str | None) -> Op:
    """The Op of a model whose only weights are a vector.

    Raises
    ------
    Refused
        It is none, or its gradient does not agree under this reading.
    """
    loss, gradient = "loss", "gradient"
    methods = [getattr(obj, m, None) for m in (loss, gradient)]
    if init is not None or not all(map(callable, methods)) or not of_data_and_labels(*methods):
        raise Refused("")
    running: list[Op] = []
    for made in vectors(name, obj, namespace, tree):
        for op in readings(name, obj, made, loss, gradient):
            if agrees(op):
                return op
            running.append(op)
    try:
        whole = model_op(name, obj, namespace, tree, init)
    except Refused:
        whole = None
    if not running or (whole is not None and agrees(whole)):
        raise Refused("")
    return running[0]


def readings(name: str, obj: Any, made: Recipe, loss: str, gradient: str) -> Iterator[Op]:
    """What runs with one number a sample: labels of 0 and 1, or any numbers."""
    try:
        proto = Live(with_arrays(made.make()))
    except Exception:  # it is built otherwise
        return
    held = [a for a in places.walk(proto.obj).values() if places.is_numeric(a) and a.ndim]
    sizes = {a.size for a in held if a.size > 1}
    if any(a.ndim > 1 for a in held) or len(sizes) > 1:
        return
    make = live_maker(made)
    for encoding, size in itertools.product(("binary_flat", "real_flat"), sizes):
        try:
            slot = Slot("x", ("N", size))
            op = reading(name, obj, proto, make, made.text, loss, gradient, slot, encoding)
        except Refused:
            continue
        if op.gradient_names and fits(op):
            yield op


def vectors(name: str, obj: Any, namespace: Mapping[str, Any], tree: Any) -> Iterator[Recipe]:
    """The usual ways to build it, with a vector for a matrix."""
    for made in recipes(obj, name, namespace, tree, None):
        text = made.text.replace(MATRIX, VECTOR).replace("((4,)", "(4")
        yield made if text == made.text else recipe(text, {**namespace, name: obj})
