"""Objects that hold layers: a chain of the file's own layers for ``*layers``, or handed to ``add``."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from gradcheck.construct import Recipe, held_objects, recipe
from gradcheck.conventions.signature import arguments, plain, tree_of
from gradcheck.guard import seeded
from gradcheck.guesses import guesses
from gradcheck.loading.usages import class_names, definition_elsewhere
from gradcheck.usage import is_dense, is_sibling, required

PAIRS = (("forward", "backward"), ("forward_pass", "backward_pass"), ("fprop", "bprop"))
ADDS = ("add", "add_layer", "append", "addLayer", "add_module", "push")


def chains(cls: Any, name: str, namespace: Mapping[str, Any]) -> Iterator[Recipe]:
    """Recipes for a container with a chain of layers in it; none where it holds no layers."""
    if any(a.required for a in arguments(cls.__init__)) or not holds_what_it_is_given(cls):
        return
    star, add = star_argument(cls), adder(cls)
    for layers in chain(cls, namespace):
        if star:
            yield recipe(f"{name}({', '.join(layers)})", {**namespace, name: cls})
        else:
            yield added(cls, name, namespace, add, layers)


def adder(cls: Any) -> str:
    """The method by which layers are added, or ""."""
    return next((m for m in ADDS if callable(getattr(cls, m, None))), "")


def holds_what_it_is_given(cls: Any) -> bool:
    """Whether a class is a container of layers handed to it: ``*layers``, or an ``add(layer)``."""
    return bool(star_argument(cls)) or takes_a_layer(cls, adder(cls))


def star_argument(cls: Any) -> str:
    """The name of ``*layers`` in a constructor, or ""."""
    try:
        parameters = inspect.signature(cls.__init__).parameters.values()
    except (TypeError, ValueError):
        return ""
    names = [p.name for p in parameters if p.kind is p.VAR_POSITIONAL]
    words = ("layer", "module", "block", "op", "stage", "sub", "net")
    return next((n for n in names if any(w in n.lower() for w in words)), "")


def takes_a_layer(cls: Any, add: str) -> bool:
    """Whether there is an ``add(layer)`` that needs one argument and appends it to a list."""
    method = getattr(cls, add, None) if add else None
    tree = tree_of(method) if callable(method) else None
    if tree is None or len([a for a in arguments(method) if a.required]) != 1:  # type: ignore[arg-type]
        return False
    return any(isinstance(n, ast.Attribute) and n.attr == "append" for n in ast.walk(tree))


def chain(cls: Any, namespace: Mapping[str, Any]) -> Iterator[list[str]]:
    """``Dense(4, 6)``, ``Tanh()``, ``Dense(6, 5)`` of the file, else of the project's other files.

    A dense layer that wants its activation as a third argument is given several, one after another.
    """
    for methods in PAIRS:
        found = first(cls, namespace, methods, is_dense, (2, 3))
        if not found:
            continue
        dense, made = found
        more = [a for a in arguments(made.__init__) if a.required][2:]
        for value in (held_objects(made, more[0], namespace) or guesses(more[0])) if more else ():
            yield [f"{dense}(4, 6, {value})", f"{dense}(6, 5, {value})"]
        if more:
            return
        layers = [f"{dense}(4, 6)", f"{dense}(6, 5)"]
        for own, word in itertools.product((True, False), ("tanh", "sigmoid", "relu")):
            fits = partial(is_called, word)
            hidden = first(cls, namespace, methods, fits, (0,), own=own)
            if hidden:
                layers.insert(1, f"{hidden[0]}()")
                break
        yield layers
        return


def is_called(word: str, name: str) -> bool:
    """Whether a class has just this name, however it is spelt."""
    return plain(name) == word


def first(
    cls: Any,
    namespace: Mapping[str, Any],
    methods: tuple[str, str],
    fits: Callable[[str], bool],
    counts: tuple[int, ...],
    own: bool = False,
) -> tuple[str, Any] | None:
    """The first class of such a name that has both methods and so many required arguments.

    Of the file's own alone, where `own` says so.
    """
    for name in [n for n in (namespace if own else class_names(namespace)) if fits(n)]:
        found = namespace.get(name) or definition_elsewhere(name, namespace)
        if not (isinstance(found, type) and is_sibling(cls, found, set(methods))):
            continue
        if len(required(found)) in counts:
            return name, found
    return None


def parts_of(built: str, container: str) -> list[tuple[str, str]]:
    """The layers in the text of a container, as the name of the class and the text of its call."""
    found = []
    for statement in ast.parse(built).body:
        nodes = [statement.value] if isinstance(statement, (ast.Expr, ast.Assign)) else []
        for node in nodes:
            if isinstance(node, ast.Call):
                found += [(a.func.id, ast.unparse(a)) for a in node.args
                          if isinstance(a, ast.Call) and isinstance(a.func, ast.Name)]  # fmt: skip
    return [f for f in found if f[0] != container]


def added(cls: Any, name: str, namespace: Mapping[str, Any], add: str, layers: list[str]) -> Recipe:
    """``Name()`` and one ``add`` for each layer."""
    made = [recipe(text, {**namespace, name: cls}) for text in (f"{name}()", *layers)]

    def make() -> Any:
        with seeded(0):
            whole = made[0].make()
            for layer in made[1:]:
                getattr(whole, add)(layer.make())
        return whole

    lines = [f"net = {name}()", *(f"net.{add}({layer})" for layer in layers)]
    return Recipe("; ".join(lines), make, (4, 6, 5))
