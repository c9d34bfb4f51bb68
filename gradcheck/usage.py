"""What a constructor's argument must be, from what the class does with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gradcheck.conventions.signature import arguments, plain, tree_of

#: How many values an argument is given from its use.
MANY = 3
#: Names by which the second of two functions is the derivative of the first.
DERIVATIVE = ("prime", "deriv", "grad", "backward", "_d", "d_")

#: Arrays of so many axes: filters with the channels before and behind, or before the outputs.
ARRAYS = {
    2: ("np.random.randn(4, 5)",),
    3: ("np.random.randn(2, 3, 3)", "np.random.randn(5, 4, 3)", "np.random.randn(4, 2, 3)"),
    4: ("np.random.randn(4, 2, 3, 3)", "np.random.randn(3, 3, 2, 4)", "np.random.randn(2, 4, 3, 3)"),
}  # fmt: skip

#: What is unpacked into so many sizes: an image or a window, channels and an image.
TUPLES = {2: ("(3, 2)", "(6, 7)"), 3: ("(2, 6, 7)", "(6, 7, 2)", "(2, 6, 6)")}


@dataclass
class Use:
    """What is done with an argument, or with the attribute that holds it.

    Attributes
    ----------
    called
        It is called itself.
    methods
        Names of the methods called on it.
    each
        Names of the methods called on its elements.
    keyed
        Names of the dicts it is a key of.
    keys
        The keys of dicts written in the class that it is a key of.
    parts
        The number of variables it is unpacked into, or 0.
    axes
        The number of variables its shape is unpacked into, or 0.
    """

    called: bool = False
    methods: set[str] = field(default_factory=set)
    each: set[str] = field(default_factory=set)
    keyed: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    parts: int = 0
    axes: int = 0


def from_use(cls: Any, name: str, scope: Mapping[str, Any]) -> tuple[str, ...]:
    """Expressions for an argument that its name alone does not tell, best first.

    A key of a dict of the file, a tuple of sizes, a function, an object of another class of the file that has the
    methods called on it, or a list of such objects.
    """
    found = use_of(cls, name)
    keys = [repr(k) for d in found.keyed for k in keys_of(scope.get(d))]
    keys += [repr(k) for k in found.keys]
    if found.parts in TUPLES:
        return TUPLES[found.parts]
    if found.axes in ARRAYS:
        return ARRAYS[found.axes]
    if found.each:
        chain = layer_chain(cls, found.each, scope)
        return (*keys[:MANY], *([chain] if chain else []))
    if found.methods:
        return (*keys[:MANY], *siblings(cls, found.methods, scope, name)[:MANY])
    if found.called:
        second = any(w in name.lower() for w in DERIVATIVE)
        return (*keys[:MANY], "<ACT'>" if second else "<ACT>")
    return tuple(keys[:MANY])


def use_of(cls: Any, name: str) -> Use:
    """How the class uses an argument of its constructor."""
    found = Use()
    if not isinstance(cls, type):
        return found
    sources = [tree_of(c) for c in cls.__mro__[:-1]]  # a base's constructor may keep it
    tree = ast.Module([s for t in sources if isinstance(t, ast.Module) for s in t.body], [])
    attributes = {
        target.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target, value in pairs_of(node)
        if isinstance(target, ast.Attribute) and is_name(value, name)
    }

    def is_it(node: ast.AST) -> bool:
        return is_name(node, name) or (
            isinstance(node, ast.Attribute)
            and node.attr in attributes
            and getattr(node.value, "id", "") == "self"
        )

    written = {
        name_of(t): node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for t in node.targets
    }
    elements = {v for node in ast.walk(tree) for v in elements_of(node, is_it)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if is_it(node.func.value):
                found.methods.add(node.func.attr)
            elif getattr(node.func.value, "id", "") in elements:
                found.each.add(node.func.attr)
        if isinstance(node, ast.Call) and is_it(node.func):
            found.called = True
        if isinstance(node, ast.Assign) and is_it(node.value):
            found.parts = max(found.parts, *(len(getattr(t, "elts", ())) for t in node.targets), 0)
        shape = getattr(node, "value", None) if isinstance(node, ast.Assign) else None
        if isinstance(shape, ast.Attribute) and shape.attr == "shape" and is_it(shape.value):
            counts = (len(getattr(t, "elts", ())) for t in node.targets)  # type: ignore[attr-defined]
            found.axes = max(found.axes, *counts, 0)
        looked_in = looked_up(node, name)
        if looked_in is not None:
            held = name_of(looked_in)
            found.keyed.append(held)
            found.keys += literal_keys(looked_in if not held else written.get(held))
    return found


def pairs_of(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Each target with its value, those of ``self.w, self.b = w, b`` included."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


def looked_up(node: ast.AST, name: str) -> ast.expr | None:
    """What a variable is a key of: ``D[name]`` or ``D.get(name)``."""
    if isinstance(node, ast.Subscript) and is_name(node.slice, name):
        return node.value
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and node.args
        and is_name(node.args[0], name)
    ):
        return node.func.value
    return None


def name_of(node: ast.AST) -> str:
    """A variable's or attribute's name, or ""."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def literal_keys(node: ast.AST | None) -> list[str]:
    """The string keys of a dict that is written out."""
    found = node.keys if isinstance(node, ast.Dict) else []
    return [k.value for k in found if isinstance(k, ast.Constant) and isinstance(k.value, str)]


def is_name(node: ast.AST, name: str) -> bool:
    """Whether a node is this variable."""
    return isinstance(node, ast.Name) and node.id == name


def elements_of(node: ast.AST, is_it: Any) -> Iterator[str]:
    """The variable of a loop over it, also reversed or enumerated."""
    if not isinstance(node, (ast.For, ast.comprehension)):
        return
    over: Any = node.iter
    counted = False
    while isinstance(over, ast.Call) and getattr(over.func, "id", "") in {"reversed", "enumerate"}:
        counted = counted or getattr(over.func, "id", "") == "enumerate"
        over = over.args[0] if over.args else None
    if isinstance(over, ast.Subscript):  # self.layers[::-1]
        over = over.value
    if over is None or not is_it(over):
        return
    target = node.target
    if counted and isinstance(target, ast.Tuple):
        target = target.elts[-1]
    if isinstance(target, ast.Name):
        yield target.id


def keys_of(value: Any) -> list[str]:
    """The string keys of a dict, or nothing."""
    return [k for k in value if isinstance(k, str)] if isinstance(value, Mapping) else []


def siblings(cls: Any, methods: set[str], scope: Mapping[str, Any], name: str) -> list[str]:
    """Calls of other classes with these methods: those that the name means first, sized ones last."""
    key = plain(name)
    fitting = [n for n, c in scope.items() if is_sibling(cls, c, methods) and one_input(c, methods)]
    if any(w in key for w in ("loss", "criterion", "cost")):
        losses = [
            n
            for n, c in scope.items()
            if isinstance(c, type) and not required(c) and takes_two(c, methods)
        ]
        return [f"{n}()" for n in losses] or [f"{n}()" for n in fitting if not required(scope[n])]
    free = [n for n in fitting if not required(scope[n])]
    square = [n for n in fitting if len(required(scope[n])) == 2 and is_dense(n)]
    return [
        *(f"{n}()" for n in sorted(free, key=lambda n: (key not in plain(n), free.index(n)))),
        *(f"{n}(4, 4)" for n in square),
    ]


def takes_two(cls: Any, methods: set[str]) -> bool:
    """Whether all of the methods are there, and the first of them takes predictions and targets."""
    found = [getattr(cls, m, None) for m in sorted(methods)]
    return all(map(callable, found)) and len([a for a in arguments(found[0]) if a.required]) == 2  # type: ignore[arg-type]


def one_input(cls: Any, methods: set[str]) -> bool:
    """Whether its forward, where that is one of the methods, takes one array."""
    if "forward" not in methods:
        return True
    return len([a for a in arguments(cls.forward) if a.required]) == 1


def is_sibling(cls: Any, other: Any, methods: set[str]) -> bool:
    """Another concrete class with these methods."""
    return (
        isinstance(other, type)
        and other is not cls
        and not issubclass(cls, other)
        and not ("backward" in methods and is_derivative(other))
        and all(callable(getattr(other, m, None)) for m in methods if not m.startswith("__"))
    )


def is_derivative(cls: Any) -> bool:
    """Whether a class's backward takes what its forward takes: it is no link of a chain."""
    first = [
        next((a.name for a in arguments(getattr(cls, m, None) or len)), "")
        for m in ("forward", "backward")
    ]
    return bool(first[0]) and first[0] == first[1]


def required(cls: Any) -> list[str]:
    """The names of the arguments without which a class cannot be constructed."""
    return [a.name for a in arguments(cls.__init__) if a.required] if "__init__" in dir(cls) else []


def layer_chain(cls: Any, methods: set[str], scope: Mapping[str, Any]) -> str | None:
    """``[Dense(4, 6), Tanh(), Dense(6, 5)]`` from layers of the file that have these methods."""
    fitting = {n: c for n, c in scope.items() if is_sibling(cls, c, methods)}
    dense = next((n for n, c in fitting.items() if len(required(c)) == 2 and is_dense(n)), None)
    plain_ones = [n for n, c in fitting.items() if not required(c)]
    hidden = next((n for n in plain_ones if plain(n) in {"tanh", "sigmoid", "relu"}), None)
    if dense and hidden:
        return f"[{dense}(4, 6), {hidden}(), {dense}(6, 5)]"
    if dense:
        return f"[{dense}(4, 6), {dense}(6, 5)]"
    return f"[{hidden}(), {hidden}()]" if hidden else None


def is_dense(name: str) -> bool:
    """A fully connected layer's name."""
    return any(w in plain(name) for w in ("dense", "linear", "affine", "fullyconnected", "fc"))
