"""A number that is meant to be an array: backward computes the gradient of each of its entries."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.signature import arguments
from gradcheck.conventions.sources import Source
from gradcheck.types import Case, Op


def with_arrays(source: Source, op: Op) -> str:
    """The constructor call with an array where backward leaves a gradient of its shape; "" if none.

    ``PReLU(0.3)`` runs as well as ``PReLU(slopes)``; with a number the gradient of the slopes, which
    has the shape of the slopes, belongs to nothing.
    """
    try:
        call = ast.parse(op.built, mode="eval").body
        shapes = left_behind(op)
    except Exception:  # it is built in several steps, or raises: the laws say so
        return ""
    if not isinstance(call, ast.Call) or not shapes:
        return ""
    names = [a.name for a in arguments(getattr(source.obj, "__init__", source.obj))]
    given = dict(zip(names, call.args, strict=False))
    given |= {str(k.arg): k.value for k in call.keywords}
    changed = {n: s for n, s in shapes.items() if isinstance(given.get(n), ast.Constant)}
    if not changed:
        return ""
    for name, shape in changed.items():
        node = ast.parse(f"np.random.randn{shape}".replace(",)", ")"), mode="eval").body
        if name in names[: len(call.args)]:
            call.args[names.index(name)] = node
        else:
            next(k for k in call.keywords if k.arg == name).value = node
    return ast.unparse(call)


def left_behind(op: Op) -> dict[str, tuple[int, ...]]:
    """Numbers that an object holds, with the shape of the array that backward stores as a gradient."""
    assert op.backward is not None
    live: Any = op.make()
    primals, labels = cases.draw(op, Case())
    inputs = {s.name: primals[s.name] for s in op.slots}
    output = op.forward(live, inputs, labels, True)
    op.backward(live, cases.cotangent(np.asarray(output), Case()), inputs, labels)
    held = vars(live.obj) if hasattr(live.obj, "__dict__") else {}
    numbers = [n for n, v in held.items() if type(v) is float and n not in op.gradient_names]
    found = {}
    for name in numbers:
        for other, value in held.items():
            meant = any(places.same(s, places.norm(name)) for s in places.stems(other))
            if meant and other != name and isinstance(value, np.ndarray) and value.size > 1:
                found[name] = value.shape
    return found
