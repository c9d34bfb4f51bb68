"""Build an object whose constructor we do not know: guesses in order, tried one after another.

Values come from ``--init``, from calls of the class elsewhere in the file, from the default, and
from what the argument is called.  Every size is a different small number, so that a mix-up of two
axes cannot go unnoticed.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.conventions.signature import Arg, arguments, choices, plain
from gradcheck.factories import made_by_file, takes_arrays
from gradcheck.guard import seeded
from gradcheck.guesses import CLASS_WEIGHTS, GENERIC, guesses, shown
from gradcheck.loading.usages import calls_elsewhere, classes_with, definition_elsewhere
from gradcheck.usage import from_use, use_of

MAX_TRIALS = 160
#: Guesses that are tried before the calls a project's own files make.
FIRST_TRIALS = 12


@dataclass(frozen=True)
class Recipe:
    """One way to build an object: the expression to paste, and the call that does it.

    It is `certain` where the shapes of its arrays are those of the user's own code.
    """

    text: str
    make: Callable[[], Any]
    dims: tuple[int, ...] = ()
    certain: bool = False


def dims_of(text: str) -> tuple[int, ...]:
    """The whole numbers above 1 in an expression, in order, without repeats."""
    numbers: list[int] = []
    for node in ast.walk(ast.parse(text, mode="eval")):
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1:
            numbers.append(node.value)
    return tuple(dict.fromkeys(numbers))


def recipe(expression: str, namespace: Mapping[str, Any]) -> Recipe:
    """A recipe from an expression such as ``Layer_Dense(4, 3)``.

    Raises
    ------
    SyntaxError
        The expression cannot be read.
    """
    code = compile(expression, "--init", "eval")
    scope = {"np": np, "numpy": np, **namespace}
    for name in unknown_names(expression, scope):
        found = definition_elsewhere(name, namespace)
        if found is not None:
            scope[name] = found

    def make() -> Any:
        with seeded(0):
            return eval(code, dict(scope))

    return Recipe(expression, make, dims_of(expression))


def unknown_names(expression: str, scope: Mapping[str, Any]) -> list[str]:
    """The capitalised names of an expression that its file does not know: classes of other files."""
    names = {n.id for n in ast.walk(ast.parse(expression, mode="eval")) if isinstance(n, ast.Name)}
    return sorted(n for n in names if n[:1].isupper() and n not in scope)


def is_known(node: ast.expr, names: Mapping[str, Any]) -> bool:
    """A function or class of the file, or an attribute of NumPy, handed over by name."""
    if isinstance(node, ast.Name):
        return callable(names.get(node.id))
    return isinstance(node, ast.Attribute) and getattr(node.value, "id", "") in {"np", "numpy"}


def literal_calls(tree: ast.AST | None, name: str, names: Mapping[str, Any]) -> list[str]:
    """Calls of `name` in the user's own file whose arguments are literals or known functions."""
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
            values = [*node.args, *(k.value for k in node.keywords)]
            if all(is_small_literal(v) or is_known(v, names) for v in values) and all(
                k.arg for k in node.keywords
            ):
                found.append(ast.unparse(node))
    return list(dict.fromkeys(found))


def call_arguments(text: str) -> list[ast.expr]:
    """The arguments of a call given as text."""
    node = ast.parse(text, mode="eval").body
    return [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []


def is_small_literal(node: ast.expr) -> bool:
    """A literal without a number so large that checking would be slow."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError):
        return False
    numbers = value if isinstance(value, (tuple, list)) else (value,)
    return all(not isinstance(n, (int, float)) or abs(n) <= 16 for n in numbers)


def recipes(
    obj: Any,
    name: str,
    namespace: Mapping[str, Any],
    tree: ast.AST | None = None,
    init: str | None = None,
) -> Iterator[Recipe]:
    """Ways to build `obj`, best first; only `init` when it is given."""
    if init is not None:
        yield recipe(init, namespace)
        return
    scope = {**namespace, name: obj}
    required = [a for a in arguments(getattr(obj, "__init__", obj)) if a.required]
    calls = [*literal_calls(tree, name, scope), *project_calls(name, namespace)]
    calls = list(dict.fromkeys(calls))
    for call in calls:
        if any(is_known(a, scope) for a in call_arguments(call)):
            yield recipe(call, scope)
    small = small_sizes(obj)
    if required and takes_arrays(required):
        for call in made_by_file(obj, name, scope, tree):
            yield replace(recipe(call, scope), certain=True)
    if not required:
        if small:
            yield recipe(f"{name}({small})", scope)
        yield recipe(f"{name}()", scope)
        optional = optional_sizes(obj)
        if optional:
            yield recipe(f"{name}({optional})", scope)
    else:
        if small:
            yield from itertools.islice(by_trial(name, required, scope, small), 24)
        trials = by_trial(name, required, scope)
        if not any(guesses(a)[0].startswith("(") for a in required):
            yield from itertools.islice(trials, FIRST_TRIALS)  # no guess fits shapes to each other
        yield from (recipe(call, scope) for call in calls)
        yield from trials
        return
    for call in calls:
        yield recipe(call, scope)


def project_calls(name: str, namespace: Mapping[str, Any]) -> list[str]:
    """Calls in the project's other files whose arguments are small literals or made of classes."""
    found = []
    for text in itertools.islice(calls_elsewhere(name, namespace), 40):
        values = call_arguments(text)
        if all(is_small_literal(v) or is_made(v) for v in values):
            found += [t for t in (lighter(text), text) if t]
    return list(dict.fromkeys(found))[:6]


#: The images of a call with more values than this are tried smaller first.
HEAVY = 700


def lighter(text: str) -> str:
    """The call with a small image for a large square one, ``(4, 4, 2)`` for ``(14, 14, 12)``; "" for any other."""
    tree = ast.parse(text, mode="eval")
    changed = False
    for node in ast.walk(tree):
        if not isinstance(node, ast.Tuple) or len(node.elts) != 3:
            continue
        sizes = [getattr(e, "value", None) for e in node.elts]
        same = {n for n in sizes if type(n) is int and sizes.count(n) == 2}
        if same and all(type(n) is int for n in sizes) and np.prod(sizes) > HEAVY:  # type: ignore[arg-type]
            small = [4 if n in same else min(n, 2) for n in sizes]  # type: ignore[type-var]
            node.elts = [ast.Constant(n) for n in small]
            changed = True
    return ast.unparse(tree) if changed else ""


def is_made(node: ast.expr) -> bool:
    """``Relu()``: an object of a class, made from small literals."""
    if not (isinstance(node, ast.Call) and getattr(node.func, "id", "")[:1].isupper()):
        return False
    return all(is_small_literal(v) for v in (*node.args, *(k.value for k in node.keywords)))


def small_sizes(obj: Any) -> str:
    """``input_dim=(2, 6, 8), hidden_dim=6`` for defaults so large that checking would be slow."""
    given = []
    for a in arguments(getattr(obj, "__init__", obj)):
        guess = guesses(a)[0]
        if (
            type(a.default) is int
            and a.default >= 10
            and guesses(a) is not GENERIC
            and guess.isdigit()
        ):
            given.append(f"{a.name}={guess}")
        if isinstance(a.default, tuple) and any(type(n) is int and n >= 10 for n in a.default):
            shapes = {1: "(4,)", 2: "(6, 8)", 3: "(2, 6, 8)" if a.default[0] < 10 else "(6, 8, 2)"}
            if len(a.default) in shapes:
                given.append(f"{a.name}={shapes[len(a.default)]}")
    return ", ".join(given)


def optional_sizes(obj: Any) -> str:
    """``input_size=4`` for arguments whose default None stands for a size to be given."""
    given = [
        f"{a.name}={guesses(a)[0]}"
        for a in arguments(getattr(obj, "__init__", obj))
        if not a.required and a.default is None and guesses(a)[0].isdigit()
    ]
    return ", ".join(given)


def by_trial(
    name: str, required: list[Arg], scope: Mapping[str, Any], more: str = ""
) -> Iterator[Recipe]:
    """Combinations of guesses; the first guess of every argument comes first."""
    init = getattr(scope.get(name), "__init__", None)
    options = [
        tuple(
            dict.fromkeys(
                (
                    *map(repr, choices(init, a.name)),
                    *class_weights(name, a),
                    *(
                        from_use(scope.get(name), a.name, scope)
                        or held_objects(scope.get(name), a, scope)
                    ),
                    *distinct(by_kind(name, guesses(a)), i, required),
                )
            )
        )
        for i, a in enumerate(required)
    ]
    combinations = itertools.islice(itertools.product(*options), 4000)
    ranked = sorted(
        combinations, key=lambda c: sum(o.index(v) for o, v in zip(options, c, strict=True))
    )
    for values in dict.fromkeys([*gated(name, options), *ranked[:MAX_TRIALS]]):
        inner = ", ".join(
            f"{a.name}={v}" if a.keyword_only else v for a, v in zip(required, values, strict=True)
        )
        yield recipe(shown(f"{name}({inner}, {more})" if more else f"{name}({inner})"), scope)


def gated(name: str, options: list[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """A recurrent cell's ``Wx, Wh, b`` that fit each other: of one gate, of four, of three."""
    both = any("<WX>" in o for o in options) and any("<WH>" in o for o in options)
    own = [k for word, k in (("lstm", "4"), ("gru", "3")) if word in plain(name)]
    for k in dict.fromkeys((*own, "", "4", "3")) if both else ():
        fitting = {f"<WX{k}>", f"<WH{k}>", f"<BX{k}>"}
        yield tuple(next((v for v in o if v in fitting), o[0]) for o in options)


IMAGES = ("conv", "pool", "2d", "image", "spatial", "upsampl", "pad", "flatten", "incept")


def by_kind(name: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Shapes in the order a class of this name suggests: one axis first, unless it is about images."""
    if not values[0].startswith("(") or any(w in plain(name) for w in IMAGES):
        return values
    return tuple(sorted(values, key=lambda v: v.count(",") > 1))


#: Activations, those first whose derivative tells the input from the output.
ACTIVATIONS = ("sigmoid", "tanh", "softplus", "elu", "leakyrelu", "relu")


def held_objects(cls: Any, arg: Arg, scope: Mapping[str, Any]) -> list[str]:
    """Objects of the project's classes for an argument whose methods the class calls."""
    methods = sorted(m for m in use_of(cls, arg.name).methods if not m.startswith("__"))
    own = plain(arg.name)
    if not methods:
        return []
    if not any(w in own for w in ("activation", "act", "nonlin")):
        near = classes_with(methods, scope, lambda n: own in plain(n) or plain(n) in own)
        return [f"{n}()" for n in near][:3]
    names = list(classes_with(methods, scope, lambda n: plain(n).endswith(ACTIVATIONS)))
    names.sort(key=lambda n: next(i for i, a in enumerate(ACTIVATIONS) if plain(n).endswith(a)))
    return [f"{n}()" for n in names][:3]


def class_weights(name: str, arg: Arg) -> tuple[str, ...]:
    """One weight for each of four classes, where the weights are those of a loss."""
    loss = re.search(r"loss|entropy|criterion", plain(name))
    return (CLASS_WEIGHTS,) if loss and plain(arg.name) in {"weights", "weight", "w"} else ()


def distinct(values: tuple[str, ...], position: int, required: list[Arg]) -> tuple[str, ...]:
    """Sizes that nothing in the name tells apart get different numbers by position."""
    if values is GENERIC:
        return (str(4 + position), *(v for v in GENERIC if v != str(4 + position)))
    if values == ("2",) and any(plain(a.name) in GROUPS for a in required):
        return ("4", "2")  # a group of one channel hides what goes wrong between channels
    names = [plain(a.name) for a in required]
    if names[position] == "beta" and "gamma" in names:
        return ("<GAMMA>", *values)  # beside a scale it is a shift
    same = [i for i, a in enumerate(required) if guesses(a)[0] == values[0] and values[0].isdigit()]
    if len(same) > 1 and same.index(position) > 0 and values[0] not in {"3", "2"}:
        return (str(int(values[0]) + same.index(position)), *values)
    return values


GROUPS = {"numgroups", "groups", "ngroups"}
