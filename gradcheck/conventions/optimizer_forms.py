"""The forms an optimizer's step may take: what it is handed, and under which names.

``update(layer)`` reads attributes of a layer, ``update(params, grads)`` takes dicts, lists or
arrays, ``step(model)`` finds its parameters itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gradcheck.conventions import places
from gradcheck.conventions.signature import arguments, plain, tree_of

#: Two parameters of different shapes: code that keeps one state for both is caught by it.
SHAPES: tuple[tuple[int, ...], ...] = ((4, 5), (1, 5))
#: The keys under which parameters stand in a dict.
KEYS = ("W", "b", "W2", "b2", "W3", "b3")
#: Forms that take one array at a time, with nothing that tells one parameter from another.
SINGLE = frozenset(("arrays", "arrays_swapped", "step_only"))
#: What layers call their parameters when the optimizer finds the names out at run time.
USUAL_PAIRS: tuple[dict[str, str], ...] = (
    {"weights": "dweights", "biases": "dbiases"},
    {"W": "dW", "b": "db"},
)
IGNORED = frozenset(("shape", "items", "keys", "values", "append", "copy", "T"))
MODULES = frozenset(("self", "np", "numpy", "math"))


@dataclass(frozen=True)
class Form:
    """How a step is called.

    Attributes
    ----------
    name
        ``layer``, ``layers``, ``model``, ``container``, ``dicts``, ``lists``, ``layerdicts`` (a list
        with a dict for each layer), ``arrays`` (with
        ``_swapped`` where gradients come first), ``named_array``, ``array_named``, ``step_only``,
        ``function``, ``given``, ``given_arrays``, ``given_layers``, ``given_model``; ``layers:dicts`` says what the layers hold.
    pairs
        Attribute of a parameter -> attribute of its gradient, for forms that hand over objects.
    names, gradients
        What the user calls the parameters and gradients the laws try it on.
    shapes
        Their shapes.
    """

    name: str
    pairs: dict[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    gradients: tuple[str, ...] = ()
    shapes: tuple[tuple[int, ...], ...] = SHAPES

    @property
    def kind(self) -> str:
        """The form without what its containers hold."""
        return self.name.partition(":")[0]

    @property
    def holds(self) -> str:
        """``dicts`` or ``lists``, where layers keep their parameters so."""
        return self.name.partition(":")[2]


def form_of(name: str, pairs: dict[str, str], words: tuple[str, str]) -> Form:
    """A form with the names its user would write; `words` are those of the step's arguments."""
    kind, _, holds = name.partition(":")
    p, g = words
    if kind in SINGLE:
        return Form(name, pairs, (p,), (g,), SHAPES[:1])
    if kind in {"named_array", "array_named", "function"}:
        return Form(name, pairs, (p, f"another {p}"), (g, f"another {g}"))
    if kind.startswith("layerdicts"):
        names, grads = (tuple(f"{w}[{i}]['W']" for i in range(2)) for w in words)
        return Form(name, pairs, names, grads)
    if kind.startswith(("dicts", "lists")):
        keys = KEYS[:2] if kind.startswith("dicts") else (0, 1)
        names, grads = (tuple(f"{w}[{k!r}]" for k in keys) for w in words)
        return Form(name, pairs, names, grads)
    if pairs and holds != "lists":
        shown = dict(list(pairs.items())[:2])
        shapes = tuple(
            SHAPES[1] if places.same("bias", places.norm(n)) else SHAPES[0] for n in shown
        )
        return Form(name, pairs, tuple(shown), tuple(shown.values()), shapes)
    keys = (0, 1) if holds == "lists" else KEYS[:2]
    return Form(
        name, pairs, tuple(f"params[{k!r}]" for k in keys), tuple(f"grads[{k!r}]" for k in keys)
    )


def source_nodes(cls: Any) -> Iterator[ast.AST]:
    """The nodes of a class's source and of its bases', or of a function's."""
    for one in cls.__mro__[:-1] if isinstance(cls, type) else (cls,):
        tree = tree_of(one)
        yield from ast.walk(tree) if tree is not None else ()


def attributes_read(cls: Any) -> list[str]:
    """The attributes the class's source reads or writes on objects other than ``self``."""
    found: list[str] = []
    for node in source_nodes(cls):
        owner = getattr(node, "value", None)
        element = isinstance(owner, ast.Subscript)  # self.layers[i].W
        if isinstance(node, ast.Attribute) and (
            element or getattr(owner, "id", "self") not in MODULES
        ):
            found.append(node.attr)
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") in {"hasattr", "getattr", "setattr"}
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)
        ):
            found.append(str(node.args[1].value))
    found = [a[4:] if a.startswith(("get_", "set_")) else a for a in found]
    return [a for a in dict.fromkeys(found) if a not in IGNORED]


def filled_later(cls: Any) -> list[str]:
    """The attributes of a layer that the optimizer finds to be None at first and then fills."""
    found = []
    for node in source_nodes(cls):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            continue
        left, right = node.left, node.comparators[0]
        owner = getattr(getattr(left, "value", None), "id", "self")
        none = isinstance(right, ast.Constant) and right.value is None
        if none and isinstance(left, ast.Attribute) and owner not in MODULES:
            found.append(left.attr)
    return list(dict.fromkeys(found))


def attribute_pairs(found: list[str]) -> dict[str, str]:
    """``weights -> dweights`` among the attributes an optimizer reads."""
    marked = [
        a
        for a in found
        if a.lower().lstrip("_").startswith(("d", "g", "delta")) or "grad" in a.lower()
    ]
    pairs = {}
    for name in found:
        own = [g for g in marked if g != name and is_gradient_of(g, name)]
        if own:
            pairs[name] = own[0]
    return pairs


def is_gradient_of(gradient: str, name: str) -> bool:
    """Whether one attribute's name is that of another with a gradient's mark."""
    return any(places.same(stem, places.norm(name)) for stem in places.stems(gradient))


def candidate_forms(cls: Any, method: str) -> Iterator[Form]:
    """The forms an update method may have, from the number and names of its arguments."""
    args = [a for a in arguments(getattr(cls, method)) if a.required]
    names = [plain(a.name) for a in args]
    if len(args) == 1:
        yield from one_argument(names[0], attribute_pairs(attributes_read(cls)))
    if len(args) == 2:
        swapped = is_gradient_name(names[0]) and not is_gradient_name(names[1])
        words = (args[swapped].name, args[not swapped].name)
        suffix = "_swapped" if swapped else ""
        kinds = ("dicts", "lists", "arrays", "layerdicts")
        yield from (form_of(f + suffix, {}, words) for f in kinds)
    if len(args) == 3:
        yield form_of("named_array", {}, (args[1].name, args[2].name))
        yield form_of("array_named", {}, (args[0].name, args[1].name))


def is_gradient_name(name: str) -> bool:
    """Whether an argument's plain name is that of gradients."""
    return any(w in name for w in ("grad", "dw", "delta")) or name == "g"


def one_argument(name: str, pairs: dict[str, str]) -> Iterator[Form]:
    """The forms of ``step(one)``: a layer, several, a model, or a gradient."""
    words = ("params", "grads")
    many = name.endswith("s") and "params" not in name
    order = ["layers", "layer"] if many else ["layer", "model", "layers"]
    if pairs:
        yield from (form_of(f if f == "layer" else f + ":dicts", pairs, words) for f in order)
    inside = ("layers", "container", "model") if many else ("container", "layers", "model")
    for kind in ("dicts", "lists"):
        yield from (form_of(f"{form}:{kind}", pairs, words) for form in inside)
    yield from (form_of("layer", usual, words) for usual in USUAL_PAIRS if usual != pairs)
    yield form_of("step_only", pairs, ("w", name))
