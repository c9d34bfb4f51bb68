"""Functions that take their parameters in a dict: ``rnn_cell_forward(xt, a_prev, parameters)``.

The keys are read off the code, also that of functions of the file which the dict is handed on to;
the shapes follow from the keys (``Wax`` goes from x to a, ``W1`` to the first layer).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from inspect import Parameter, Signature
from typing import Any

from gradcheck.conventions.signature import arguments, plain, tree_of, undecorated

#: What a dict of arrays is called.
NAMES = re.compile(
    r"^(model_?)?(param(eter)?s?|weights|theta|network|wts|w_dict|p)(_?(dict|values))?$"
)
#: A key of a dict of arrays.
KEY = re.compile(r"^([WwUVbB]|gamma|beta|weights?|bias(es)?)(_?[a-zA-Z]{0,2}\d*)$")
#: Layer sizes for numbered parameters.
LAYERS = (4, 6, 5, 7, 3)
X, HIDDEN, Y = 4, 6, 5

Shapes = dict[str, tuple[int, ...]]


def dict_argument(function: Any) -> tuple[str, tuple[str, ...]] | None:
    """The argument that is a dict of arrays, and its keys; None where a function has none."""
    for arg in arguments(function, method=False):
        if NAMES.match(arg.name.lower()):
            keys = tuple(dict.fromkeys(keys_read(function, arg.name)))
            if keys and all(KEY.match(k) for k in keys):
                return arg.name, keys
    return None


def keys_read(function: Any, name: str, depth: int = 3) -> Iterator[str]:
    """The string keys under which a dict is read, also by functions that it is handed on to."""
    tree = tree_of(function)
    scope: Mapping[str, Any] = getattr(undecorated(function), "__globals__", {})
    prefixes: dict[str, None] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == name:
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                yield node.slice.value
            elif first_letters(node.slice):
                prefixes[first_letters(node.slice)] = None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and depth:
            callee = scope.get(node.func.id)
            if callable(callee) and callee is not function:
                for own in handed_on(node, name, callee):
                    yield from keys_read(callee, own, depth - 1)
    yield from (f"{p}{layer}" for layer in (1, 2) for p in prefixes)


def handed_on(call: ast.Call, name: str, callee: Any) -> Iterator[str]:
    """What a function calls the argument that is given a variable of this name."""
    taken = [a.name for a in arguments(callee, method=False)]
    for own, value in zip(taken, call.args, strict=False):
        if getattr(value, "id", "") == name:
            yield own
    for keyword in call.keywords:
        if keyword.arg and getattr(keyword.value, "id", "") == name:
            yield keyword.arg


def first_letters(node: ast.expr) -> str:
    """``W`` of ``"W" + str(l)``, of ``f"W{l}"`` and of ``"W%d" % l``; "" for anything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        return first_letters(node.left)
    if isinstance(node, ast.JoinedStr) and node.values:
        return first_letters(node.values[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return first_letters(node.func.value)  # "W{}".format(l)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found = re.match(r"[A-Za-z]+", node.value)
        return found[0] if found else ""
    return ""


def opened(function: Any, name: str, keys: Sequence[str]) -> Any:
    """The function with the dict's entries as arguments of their own."""

    kinds = []
    for arg in arguments(function, method=False):
        default = Parameter.empty if arg.required or arg.name == name else arg.default
        names = keys if arg.name == name else (arg.name,)
        kinds += [Parameter(n, Parameter.POSITIONAL_OR_KEYWORD, default=default) for n in names]
    signature = Signature(kinds, __validate_parameters__=False)  # defaults may come first

    def call(*args: Any, **keywords: Any) -> Any:
        given = {**dict(zip(signature.parameters, args, strict=False)), **keywords}
        held = {k: given.pop(k) for k in keys if k in given}
        return function(**given, **{name: held})

    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__wrapped__ = undecorated(function)  # type: ignore[attr-defined]
    call.__name__ = getattr(undecorated(function), "__name__", "f")
    return call


def dict_shapes(keys: Sequence[str]) -> Iterator[tuple[bool, Shapes]]:
    """(whether samples stand in columns, a shape for every key), likeliest first."""
    for columns in (True, False):
        for flat in (False, True):
            found = {k: shape_of(k, columns, flat, keys) for k in keys}
            if all(s is not None for s in found.values()):
                yield columns, {k: s for k, s in found.items() if s is not None}


def shape_of(key: str, columns: bool, flat: bool, keys: Sequence[str]) -> tuple[int, ...] | None:
    """The shape of one entry: a matrix from one layer or letter to the next, or a bias."""
    low = plain(key)
    number = re.search(r"(\d+)$", low)
    vector = low.startswith(("b", "gamma"))
    if number:
        layer = int(number[1])
        if not 1 <= layer < len(LAYERS):
            return None
        sizes = LAYERS[layer], LAYERS[layer - 1]
    else:
        pair = letters(low, keys)
        if pair is None:
            return None
        sizes = pair
    out, into = sizes
    if vector:
        return (out,) if flat else (out, 1) if columns else (1, out)
    return (out, into) if columns else (into, out)


def letters(low: str, keys: Sequence[str]) -> tuple[int, int] | None:
    """(size it leads to, size it comes from) of ``wax``, ``why``, ``wf``, ``u``, ``by``."""
    tail = low[1:]
    if low.startswith("b"):
        return (Y if tail.endswith(("y", "o")) and is_output(tail, keys) else HIDDEN), 0
    if not tail:
        return {"u": (HIDDEN, X), "w": (HIDDEN, HIDDEN), "v": (Y, HIDDEN)}.get(low)
    if len(tail) > 2:
        return None
    if len(tail) == 1:  # a gate of the state and the input side by side
        return (Y, HIDDEN) if tail == "y" else (HIDDEN, HIDDEN + X)
    size = {"x": X, "y": Y, "v": Y}
    one, two = (size.get(c, HIDDEN) for c in tail)
    if "y" in tail or (tail in {"ho", "ha"} and not gated(keys)):
        return Y, HIDDEN
    return (HIDDEN, X) if X in (one, two) else (HIDDEN, HIDDEN)


def is_output(tail: str, keys: Sequence[str]) -> bool:
    """Whether a bias is that of the output: ``by``, or ``bo`` where no gate is called o."""
    return tail.endswith("y") or not gated(keys)


def gated(keys: Sequence[str]) -> bool:
    """Whether the keys are those of an LSTM or GRU."""
    return (
        len({plain(k) for k in keys} & {"wf", "wi", "wo", "wc", "wu", "wz", "wr", "bf", "bi"}) > 2
    )
