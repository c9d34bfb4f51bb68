"""Tensors that record a tape: ``Value``, ``Tensor``, ``Variable`` with ``.backward()`` and ``.grad``.

The gradient of every operation is read off the tape: leaves are made from data, the operation is
applied, ``backward`` walks the graph, and ``.grad`` of the leaves is what is checked.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.conventions.signature import arguments, plain, tree_of
from gradcheck.types import Array

BACKWARDS = ("backward", "backprop", "backward_pass", "back_propagate", "backpropagate", "back")
#: Attributes by which a tensor knows what it was made from.
GRAPH = re.compile(
    r"_?(prev|children|child|parents?|creators?|creation_op|depends_on|dependencies|grad_fn|"
    r"backward(_fn|_func|s|_op)?|_backward|ctx|op|inputs|operands|sources?|history|graph|node|tape|"
    r"args|context|local_gradients?|local_grads?)",
    re.IGNORECASE,
)
OPERATORS = ("__add__", "__mul__", "__matmul__", "__sub__", "__neg__", "__pow__")
TRACKING = {"requiresgrad", "autograd", "requiresgradient", "trainable", "needsgrad", "tracked"}
DATA = ("data", "value", "val", "_data", "array", "values", "v", "x", "item")
#: What only code for arrays says.
ARRAYS = re.compile(
    r"ones_like|zeros_like|ndarray|np\.array|asarray|np\.ones|np\.zeros|np\.dot|matmul|\.shape\b| @ "
)


@dataclass(frozen=True)
class Tape:
    """A tensor class, and whether its instances hold one number each.

    Attributes
    ----------
    cls, root
        The class of the tensors, and the tensor class it is derived from (else itself).
    backward
        The name of the method that walks the graph.
    gradient_name
        The attribute of a tensor that holds its gradient.
    flags, empty
        Arguments of the constructor that ask for a gradient, and those left empty.
    scalar
        One Python number in each instance, as in micrograd.
    """

    cls: type
    root: type
    backward: str
    gradient_name: str
    flags: tuple[str, ...]
    empty: tuple[str, ...]
    scalar: bool

    def leaf(self, value: Any) -> Any:
        """A tensor that asks for its gradient, made from data."""
        return self.cls(value, **dict.fromkeys(self.empty), **dict.fromkeys(self.flags, True))

    def constant(self, value: Any) -> Any:
        """A tensor that does not ask for a gradient, for an upstream gradient."""
        return self.cls(value, **dict.fromkeys(self.empty), **dict.fromkeys(self.flags, False))

    def data(self, tensor: Any) -> Array:
        """The numbers in a tensor."""
        for name in DATA:
            held = getattr(tensor, name, None)
            if isinstance(held, (np.ndarray, np.generic, int, float)):
                return np.asarray(held)
        return np.asarray(next(v for v in vars(tensor).values() if isinstance(v, np.ndarray)))

    def gradient(self, tensor: Any) -> Array | None:
        """The gradient a tensor holds, whether as a number, an array or a tensor."""
        held = getattr(tensor, self.gradient_name, None)
        if self.is_tensor(held):
            held = self.data(held)
        return None if held is None else np.asarray(held)

    def is_tensor(self, value: Any) -> bool:
        """Whether a value is a tensor of this tape."""
        return isinstance(value, self.root)


def gradient_attribute(cls: Any) -> str:
    """The attribute that ``__init__`` sets for the gradient, or ""."""
    stored = sorted(attributes_made(cls), key=lambda n: (len(n), n))
    named = [n for n in stored if re.search(r"grad", n) and not re.search(r"fn|func|requires", n)]
    exact = [n for n in named if n.strip("_") in {"grad", "gradient"}]
    return next(iter(exact or [n for n in named if plain(n) not in TRACKING]), "")


def attributes_made(cls: Any) -> set[str]:
    """The attributes that the constructors of a class and of its bases assign or declare.

    With those of the methods that a constructor calls: ``self._init(op, inputs)``.
    """
    own = [c for c in cls.__mro__[:-1] if "__init__" in vars(c)]
    called = {n for c in own for n in names_in(c.__init__)}
    helpers = [getattr(cls, n) for n in called if inspect.isfunction(getattr(cls, n, None))]
    declared = {n for c in cls.__mro__[:-1] for n in vars(c).get("__annotations__", {})}
    return declared.union(*map(attributes_set, [*(c.__init__ for c in own), *helpers]))


def names_in(method: Any) -> tuple[str, ...]:
    """The names that a method's code reads."""
    code = getattr(method, "__code__", None)
    return code.co_names if code is not None else ()


def attributes_set(method: Any) -> set[str]:
    """The attributes of ``self`` that a method assigns."""
    tree = tree_of(method)
    return {
        node.attr
        for node in ast.walk(tree) if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store) and getattr(node.value, "id", "") == "self"
    } if tree is not None else set()  # fmt: skip


def walks(cls: Any) -> str:
    """The method that walks the graph: it needs no argument; "" where there is none."""
    for name in BACKWARDS:
        method = getattr(cls, name, None)
        if callable(method) and not any(a.required for a in arguments(method)):
            return name
    return ""


def is_tape(cls: Any) -> bool:
    """A class of tensors: made from data, with a gradient, a graph, and a backward of its own."""
    key: Any = cls
    return inspect.isclass(cls) and bool(is_tensor_class(key))


@functools.lru_cache(maxsize=512)
def is_tensor_class(cls: Any) -> bool:
    """The same of what is known to be a class."""
    if callable(getattr(cls, "forward", None)) or not walks(cls):
        return False
    required = [a for a in arguments(cls.__init__) if a.required and plain(a.name) not in TRACKING]
    if len(required) > 1 or not arguments(cls.__init__) or not gradient_attribute(cls):
        return False
    linked = any(GRAPH.fullmatch(n) for n in attributes_made(cls))
    return linked or any(n in vars(c) for n in OPERATORS for c in cls.__mro__[:-1])


@functools.lru_cache(maxsize=64)
def tape_of(cls: Any) -> Tape:
    """How a tensor class is read."""
    text = "\n".join(source(c) for c in cls.__mro__[:-1])
    args = arguments(cls.__init__)
    flags = tuple(a.name for a in args if plain(a.name) in TRACKING)
    empty = tuple(a.name for a in [a for a in args if a.required][1:] if a.name not in flags)
    root = [c for c in cls.__mro__[:-1] if is_tape(c)][-1]
    scalar = ARRAYS.search(text) is None
    return Tape(cls, root, walks(cls), gradient_attribute(cls), flags, empty, scalar)


def source(obj: Any) -> str:
    """The source of a class or function, or "" where there is none."""
    try:
        return inspect.getsource(obj)
    except (OSError, TypeError):
        return ""


def tape_in(namespace: Mapping[str, Any], user: Any = None) -> type | None:
    """The tensor class that a file defines or imports: the one that a function names, else a base."""
    found = [v for v in namespace.values() if is_tape(v)]
    text = source(user) if user is not None and found[1:] else ""
    named = [c for c in found if re.search(rf"\b{c.__name__}\b", text)]
    return min(named or found, key=lambda c: len(c.__mro__), default=None)


def records(function: Any) -> bool:
    """Whether a function holds an inner function that computes a gradient: an operation on a tape."""
    tree = tree_of(function)
    body = getattr(tree.body[0], "body", []) if isinstance(tree, ast.Module) else []
    inner = [
        n for s in body for n in ast.walk(s) if isinstance(n, (ast.FunctionDef, ast.Lambda))
    ]  # fmt: skip
    marks = ("grad", "upstream", "dout", "delta")
    return any(
        any(w in part.lower() for w in marks)
        for node in inner
        for child in ast.walk(node)
        for part in (
            getattr(child, "attr", ""),
            getattr(child, "arg", ""),
            getattr(child, "id", ""),
        )
        if isinstance(part, str)
    )


def is_recorded(cls: Any, namespace: Mapping[str, Any]) -> bool:
    """A class of operations whose call makes tensors: ``Square()(x)``, ``Square.apply(x)``."""
    tape = tape_in(namespace, cls)
    if tape is None or not inspect.isclass(cls) or issubclass(cls, tape):
        return False
    return caller_of(cls, tape) != ""


def applied(cls: Any) -> bool:
    """Whether a class has a forward of its own, or is called: a layer made of what is on a tape."""
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    return bool(own & {"forward", "call", "__call__"})


def caller_of(cls: type, tape: type) -> str:
    """The method by which an operation is applied to tensors: it makes a tensor itself."""
    for name in ("__call__", "apply"):
        method = next((vars(c)[name] for c in cls.__mro__[:-1] if name in vars(c)), None)
        code = getattr(getattr(method, "__func__", method), "__code__", None)
        names = set(code.co_names) if code is not None else set()
        inner = [k for k in getattr(code, "co_consts", ()) if hasattr(k, "co_names")]
        names |= {n for k in inner for n in k.co_names}
        if tape.__name__ in names:
            return name
    return ""
