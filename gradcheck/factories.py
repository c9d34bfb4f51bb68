"""Ways in which a file itself makes objects of a class: class methods, functions, calls with arrays.

``Dense(w, b)`` does not tell whether ``b`` has the shape (n,) or (1, n); the code that calls it does.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.conventions.signature import Arg, arguments, tree_of
from gradcheck.guesses import GENERIC, guesses, shown
from gradcheck.loading.usages import called, folder_of, trees

#: How many combinations of arguments one factory is tried with.
MANY = 8
#: Functions that make an array of a shape, given as a tuple or as one number for each axis.
MAKERS = {
    "zeros", "ones", "empty", "full", "rand", "randn", "random", "standard_normal", "normal", "uniform",
    "random_sample", "truncated_normal",
}  # fmt: skip
#: Those of them that take one number for each axis.
SPREAD = {"rand", "randn"}
#: The sizes that stand for the names in shapes, in the order of the names.
SIZES = (4, 5, 6, 3, 2, 7)
#: Only a shape as small as these is built from literals of the user's.
LARGEST = 16


def takes_arrays(required: list[Arg]) -> bool:
    """Whether a constructor wants arrays, or something that its argument's name does not tell."""
    return any(guesses(a)[0].startswith("<") or guesses(a) is GENERIC for a in required)


def made_by_file(cls: Any, name: str, scope: Mapping[str, Any], tree: ast.AST | None) -> list[str]:
    """Calls that make an object as the user's own code does: expressions to paste, best first."""
    found = [
        *factory_calls(cls, name, scope),
        *function_calls(cls, name, scope, tree),
        *calls_with_arrays(name, scope, tree),
    ]
    return list(dict.fromkeys(found))


def factory_calls(cls: Any, name: str, scope: Mapping[str, Any]) -> Iterator[str]:
    """``Dense.initialize(4, 5)`` for class and static methods that call the class."""
    if not isinstance(cls, type):
        return
    for base in cls.__mro__[:-1]:
        for method, held in vars(base).items():
            if isinstance(held, (classmethod, staticmethod)) and calls_one_of(
                held.__func__, {"cls", name}
            ):
                yield from that_work(f"{name}.{method}", getattr(cls, method), cls, scope)


def function_calls(
    cls: Any, name: str, scope: Mapping[str, Any], tree: ast.AST | None
) -> Iterator[str]:
    """``make_dense(4, 5)`` for functions of the file that return an object of the class."""
    for node in getattr(tree, "body", ()):
        function = scope.get(node.name) if isinstance(node, ast.FunctionDef) else None
        if not inspect.isfunction(function) or name not in returned_calls(node):
            continue
        yield from that_work(node.name, function, cls, scope)


def returned_calls(node: ast.FunctionDef) -> set[str]:
    """The names of what is called in the ``return`` statements, through one variable."""
    made = {
        getattr(t, "id", ""): n.value
        for n in ast.walk(node)
        if isinstance(n, ast.Assign)
        for t in n.targets
    }
    values = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
    values = [made.get(getattr(v, "id", None) or " ", v) for v in values]
    return {called(v) for v in values if isinstance(v, ast.Call)}


def calls_one_of(function: Any, names: set[str]) -> bool:
    """Whether a method calls the class that it belongs to."""
    tree = tree_of(function)
    return tree is not None and any(
        isinstance(n, ast.Call) and getattr(n.func, "id", "") in names for n in ast.walk(tree)
    )


def that_work(text: str, function: Any, cls: Any, scope: Mapping[str, Any]) -> Iterator[str]:
    """Calls of a factory that give an object of the class, the first arguments that do."""
    from gradcheck.construct import recipe

    required = [a for a in arguments(function) if a.required]
    options = [dict.fromkeys((*distinct(required, i), *sizes(a))) for i, a in enumerate(required)]
    for values in itertools.islice(itertools.product(*options), MANY):
        expression = shown(f"{text}({', '.join(values)})")
        try:
            made = recipe(expression, scope).make()
        except Exception:  # it wants other arguments
            continue
        if isinstance(made, cls):
            yield expression
            return


def distinct(required: list[Arg], position: int) -> tuple[str, ...]:
    """What to try for one argument: sizes that nothing tells apart get different numbers."""
    values = guesses(required[position])
    if values is GENERIC:
        return (str(SIZES[position % len(SIZES)]),)
    earlier = sum(guesses(a) == values for a in required[:position])
    if earlier and values[0].isdigit():
        return (str(int(values[0]) + earlier), *values)
    return values


def sizes(arg: Arg) -> tuple[str, ...]:
    """Sizes as a pair, where an argument may hold several."""
    return ("(4, 5)",) if arg.name.endswith(("s", "shape", "dims", "size")) else ()


def calls_with_arrays(name: str, scope: Mapping[str, Any], tree: ast.AST | None) -> Iterator[str]:
    """``Dense(np.random.randn(4, 5), np.random.randn(1, 5))`` from the arrays that calls are given."""
    folder = folder_of(scope)
    others = [t for path, t in trees(folder, name) if str(path) != scope.get("__file__")]
    for module in (tree, *others):
        for owner in scopes(module):
            for node in ast.walk(owner):
                if isinstance(node, ast.Call) and called(node) == name and node.args:
                    text = with_shapes(node, name, assignments(owner))
                    if text:
                        yield text


def scopes(module: ast.AST | None) -> list[ast.AST]:
    """The classes of a module, its functions, and the module: where a name is looked up, inner first."""
    body = getattr(module, "body", [])
    inner = [n for n in body if isinstance(n, (ast.ClassDef, ast.FunctionDef))]
    return [*inner, *([module] if module is not None else [])]


def assignments(owner: ast.AST) -> dict[str, ast.expr]:
    """What is assigned to every name, attribute and item: ``{"self.params['W1']": node}``."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(owner):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=False))
                found |= {ast.unparse(t): v for t, v in pairs}
    return found


def with_shapes(call: ast.Call, name: str, known: Mapping[str, ast.expr]) -> str:
    """The call with new arrays of the shapes it is given, or "" where one of them is not known."""
    shapes = [shape_of(a, known) for a in call.args]
    if call.keywords or not all(shapes):
        return ""
    numbers: dict[str, int] = {}
    texts = []
    for shape in shapes:
        axes = [axis_size(ast.unparse(a), numbers) for a in shape]
        if not all(0 < n <= LARGEST for n in axes):
            return ""
        texts.append(f"np.random.randn({', '.join(map(str, axes))})")
    return f"{name}({', '.join(texts)})"


def axis_size(text: str, numbers: dict[str, int]) -> int:
    """The number for one axis: a literal stands for itself, a name gets a size of its own."""
    if text.isdigit() and (int(text) == 1 or int(text) <= LARGEST):
        return int(text)
    if text not in numbers:
        numbers[text] = SIZES[len(numbers) % len(SIZES)]
    return numbers[text]


def shape_of(node: ast.expr, known: Mapping[str, ast.expr], depth: int = 3) -> list[ast.expr]:
    """The axes of the array that an expression makes, or nothing."""
    value = known.get(ast.unparse(node))
    if value is not None and depth:
        return shape_of(value, known, depth - 1)
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and called(part) in MAKERS:
            return axes_of(part)
    return []


def axes_of(call: ast.Call) -> list[ast.expr]:
    """The axes in a call that makes an array: a tuple anywhere, or one argument for each axis."""
    named = [k.value for k in call.keywords if k.arg in {"size", "shape"}]
    for given in (*named, *call.args):
        if isinstance(given, (ast.Tuple, ast.List)):
            return list(given.elts)
    if called(call) in SPREAD:
        return list(call.args)
    return named or list(
        call.args[:1] if called(call) in {"zeros", "ones", "empty", "full"} else []
    )
