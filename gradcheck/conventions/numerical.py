"""A user's own numerical differentiation: ``numerical_gradient(f, x)``, ``numerical_diff(f, x)``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.conventions.calls import strongly_upstream
from gradcheck.conventions.live import Refused
from gradcheck.conventions.signature import Arg, arguments, plain, tree_of
from gradcheck.conventions.sources import Source
from gradcheck.types import Op

#: How a function is read that does not speak of a gradient.
AT_A_NUMBER = "the derivative at a number"
#: Words for a derivative, and for its being measured.
DERIVATIVE = ("grad", "diff", "deriv")
MEASURED = ("num", "finite", "central")
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

    Raises
    ------
    Refused
        It cannot be called as ``f(function, x)``.
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
            return with_arrays(function, g, x, extra)
        if point_first and len(needed) >= 2:
            return function(x, g, *extra)
        return function(g, x, *extra)

    if len([a for a in arguments(function, method=False) if a.required and where(a)]) > 0:
        raise Refused("is the derivative at one index: a part of a numerical gradient")
    return Op(
        name=source.name, kind="function", convention="numerical gradient", make=lambda: call,
        parameters=lambda _l: {}, with_parameters=lambda _v: call, forward=refuse, backward=refuse,
        built=f"{source.name}({'x, f' if point_first else 'f, x'})", obj=function,
        reading="" if "grad" in plain(source.name) else AT_A_NUMBER,
    )  # fmt: skip


def upstream_or_step(arg: Arg) -> Any:
    """What a numerical gradient gets beyond the function and x: an upstream gradient or a step."""
    return np.ones(()) if strongly_upstream(arg.name) and plain(arg.name) != "delta" else 1e-4


def where(arg: Arg) -> bool:
    """An argument that picks one entry."""
    return plain(arg.name) in {"index", "idx", "ix", "coordinate", "i", "position"}


def with_arrays(function: Any, g: Callable[[Any], float], x: Any, extra: list[Any]) -> Any:
    """Call a numerical gradient of an array-valued function with an upstream gradient."""
    return function(lambda *a: np.asarray(g(*a)), x, *extra)
