"""A user's own numerical differentiation: ``numerical_gradient(f, x)``, ``numerical_diff(f, x)``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.conventions.argument_roles import strongly_upstream
from gradcheck.conventions.signature import Arg, arguments, plain, tree_of
from gradcheck.conventions.sources import Source
from gradcheck.types import Op

#: How a function is read that does not speak of a gradient.
AT_A_NUMBER = "the derivative at a number"
#: Words for a derivative, and for its being measured.
DERIVATIVE = ("grad", "diff", "deriv")
MEASURED = ("num", "finite", "central")
#: The upstream gradient that is handed over; with 1 nobody would see that it is forgotten.
UPSTREAM = 1.75
#: What else is done with derivatives.
OTHERS = ("descent", "check", "test", "second")


def is_numerical(name: str, function: Any) -> bool:
    """Whether a function is a numerical derivative of a function it is given.

    A name that says so is enough; else the body must call the function at two points.
    """
    key = plain(name)
    args = [a for a in arguments(function, method=False) if a.required]
    if len(args) < 2 or not any(d in key for d in DERIVATIVE) or any(o in key for o in OTHERS):
        return False
    if "num" in key and "grad" in key:
        return True
    calls = [c for c in names_called(function) if c in {a.name for a in args[:2]}]
    if any(m in key for m in MEASURED):
        return bool(calls)
    return len(args) == 2 and len(calls) > 1


def names_called(function: Any) -> list[str]:
    """The plain names a function's body calls, one for each call."""
    tree = tree_of(function)
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call)] if tree is not None else []
    return [n.func.id for n in calls if isinstance(n.func, ast.Name)]


def numgrad_op(source: Source) -> Op:
    """The Op of a user's own numerical differentiation function.

    One that gives the derivative at an index is read as the gradient at all of them.
    """
    function = source.namespace[source.name]
    refuse: Any = None
    two = [a.name for a in arguments(function, method=False) if a.required][:2]
    called = [n for n in two if n in names_called(function)]
    point_first = called == two[1:] or (
        not called and two[0].lower().startswith(("x", "w", "theta", "params"))
    )

    def call(g: Callable[[Any], float], x: Any) -> Any:
        needed = [a for a in arguments(function, method=False) if a.required]
        extra = [upstream_or_step(a) for a in needed[2:]]
        if any(isinstance(e, np.ndarray) for e in extra):
            return function(weighed(g), x, *extra)
        if point_first and len(needed) >= 2:
            return function(x, g, *extra)
        return function(g, x, *extra)

    pointwise = any(a.required and where(a) for a in arguments(function, method=False))
    gradient = at_every_index(function, point_first) if pointwise else call
    return Op(
        name=source.name, kind="function", convention="numerical gradient", make=lambda: gradient,
        parameters=lambda _l: {}, with_parameters=lambda _v: gradient, forward=refuse, backward=refuse,
        built=f"{source.name}({'x, f' if point_first else 'f, x'})", obj=function,
        reading="" if "grad" in plain(source.name) else AT_A_NUMBER,
    )  # fmt: skip


def at_every_index(
    function: Any, point_first: bool
) -> Callable[[Callable[[Any], float], Any], Any]:
    """A derivative at one index, taken at every index of x in turn."""
    needed = [a for a in arguments(function, method=False) if a.required]

    def call(g: Callable[[Any], float], x: Any) -> Any:
        found = np.zeros(np.shape(x))
        for index in np.ndindex(*np.shape(x)):
            own = index[0] if len(index) == 1 else index
            rest = [own if where(a) else upstream_or_step(a) for a in needed[2:]]
            f = weighed(g) if any(isinstance(r, np.ndarray) for r in rest) else g
            given: list[Any] = [x, f] if point_first else [f, x]
            found[index] = np.asarray(function(*given, *rest)).reshape(())
        return found

    return call


def upstream_or_step(arg: Arg) -> Any:
    """What a numerical gradient gets beyond the function and x: an upstream gradient or a step."""
    if strongly_upstream(arg.name) and plain(arg.name) != "delta":
        return np.array(UPSTREAM)
    return 1e-4


def where(arg: Arg) -> bool:
    """An argument that picks one entry."""
    return plain(arg.name) in {"index", "idx", "ix", "coordinate", "i", "position"}


def weighed(g: Callable[[Any], float]) -> Callable[..., Any]:
    """An array-valued function divided by the upstream gradient: used, this gives the gradient of `g`."""
    return lambda *a: np.asarray(g(*a)) / UPSTREAM
