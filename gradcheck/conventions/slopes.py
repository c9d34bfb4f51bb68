"""A number that is meant to be an array, a matrix that is meant to be a vector: backward has its gradient."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.signature import arguments
from gradcheck.conventions.sources import Source
from gradcheck.types import Case, Op


def call_with_arrays(source: Source, op: Op) -> str:
    """The constructor call with an array of the shape that backward gives its gradient; "" if none.

    ``PReLU(0.3)`` runs as well as ``PReLU(slopes)``; with a number the gradient of the slopes, which
    has the shape of the slopes, belongs to nothing.
    """
    try:
        call = ast.parse(op.built, mode="eval").body
    except SyntaxError:  # it is built in several steps
        return ""
    if not isinstance(call, ast.Call):
        return ""
    names = [a.name for a in arguments(getattr(source.obj, "__init__", source.obj))]
    given = dict(zip(names, call.args, strict=False))
    given |= {str(k.arg): k.value for k in call.keywords}
    numbers = {n for n, node in given.items() if isinstance(node, (ast.Constant, ast.Call))}
    try:
        shapes = left_behind(op) if numbers else {}
    except Exception:  # what it raises is told by the laws
        return ""
    changed = {n: s for n, s in shapes.items() if n in numbers}
    for name, shape in changed.items():
        node = ast.parse(f"np.random.randn({', '.join(map(str, shape))})", mode="eval").body
        if name in names[: len(call.args)]:
            call.args[names.index(name)] = node
        else:
            next(k for k in call.keywords if k.arg == name).value = node
    return ast.unparse(call) if changed else ""


def left_behind(op: Op) -> dict[str, tuple[int, ...]]:
    """Numbers and matrices that an object holds, with the shape of the array or vector of their gradients."""
    assert op.backward is not None
    live: Any = op.make()
    primals, labels = cases.draw(op, Case())
    inputs = {s.name: primals[s.name] for s in op.slots}
    output = op.forward(live, inputs, labels, True)
    claimed = op.backward(live, cases.cotangent(np.asarray(output), Case()), inputs, labels)
    held = vars(live.obj) if hasattr(live.obj, "__dict__") else {}
    numbers = [n for n, v in held.items() if type(v) is float and n not in op.gradient_names]
    found = {
        n: np.shape(g)
        for n, g in claimed.items()
        if n in primals and n not in inputs and primals[n].ndim == 2 and np.ndim(g) == 1
    }
    for name in numbers:
        for other, value in held.items():
            meant = any(places.same(s, places.norm(name)) for s in places.stems(other))
            if meant and other != name and isinstance(value, np.ndarray) and value.size > 1:
                found[name] = value.shape
    return found
