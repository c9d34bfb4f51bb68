"""Classes whose methods are the subjects: ``relu`` beside ``relu_derivative``, or ``f(x, derivative=False)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from inspect import Parameter, Signature
from types import MethodType, SimpleNamespace
from typing import Any

from gradcheck.conventions.flagged import FLAGS
from gradcheck.conventions.functions import WHOLE, pairs
from gradcheck.conventions.signature import arguments, is_abstract, plain

#: What the one method is called of a class that gives value and derivative by a flag.
ONLY = ("__call__", "forward", "activate", "activation", "function", "func", "fn", "f", "compute",
        "apply", "evaluate", "call", "calculate", "loss", "cost", "calc", "output", "get", "run")  # fmt: skip

VERBS_OF_NETWORKS = frozenset(forward for forward, _ in WHOLE)


def flag_in(method: Any) -> str | None:
    """The name of the flag that asks a method of one or two arrays for its derivative."""
    args = arguments(method)
    flag = next((a.name for a in args if plain(a.name) in FLAGS and a.default is False), None)
    needed = [a for a in args if a.required]
    return flag if 1 <= len(needed) <= 2 and not is_abstract(method) else None


def flagged_method(cls: Any) -> str | None:
    """The method of a class that is value and derivative by a flag, where it has one such."""
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    return next((n for n in ONLY if n in own and flag_in(getattr(cls, n))), None)


def with_both(cls: Any, name: str) -> Any:
    """The class with that method as its forward, and as its backward with the flag set."""
    method, flag = getattr(cls, name), str(flag_in(getattr(cls, name)))
    members: dict[str, Any] = {
        "forward": without(method, flag, {}),
        "backward": without(method, flag, {flag: True}),
        "__module__": cls.__module__,
        "__qualname__": cls.__qualname__,
        "__doc__": cls.__doc__,
    }
    return type(cls.__name__, (cls,), members)


def without(method: Any, flag: str, given: dict[str, bool]) -> Callable[..., Any]:
    """A method with its flag as given, and no longer an argument."""

    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        return getattr(type(self).__mro__[1], method.__name__)(self, *args, **keywords, **given)

    kept = [p for p in inspect.signature(method).parameters.values() if p.name != flag]
    call.__signature__ = Signature(kept)  # type: ignore[attr-defined]
    call.__wrapped__ = method  # type: ignore[attr-defined]
    return call


def method_pairs(cls: Any) -> Iterator[tuple[str, Any, Any]]:
    """(name, function, derivative) for the pairs and flagged methods of a class of functions.

    An object is made only of a class that has such methods, and only once.
    """
    own = [n for n in vars(cls) if not n.startswith("_") and callable(getattr(cls, n))]
    found = {s: p for s, p in pairs(own).items() if p[0] not in VERBS_OF_NETWORKS}
    found = {s: p for s, p in found.items() if not any(is_abstract(getattr(cls, n)) for n in p)}
    flags = {n: flag for n in own if (flag := flag_in(getattr(cls, n))) is not None}
    if not found and not flags:
        return
    owner = made(cls, [*flags, *(n for pair in found.values() for n in pair)])
    for stem, names in found.items():
        both = [as_function(cls, n, owner) for n in names]
        if None not in both:
            yield stem, both[0], both[1]
    for name, flag in flags.items():
        function = as_function(cls, name, owner)
        if function is not None:
            yield name, given(function, flag, {}), given(function, flag, {flag: True})


def made(cls: Any, names: list[str]) -> Any:
    """An object for methods that take one: of the class, where it is made without arguments."""
    static = (staticmethod, classmethod)
    if all(isinstance(inspect.getattr_static(cls, n), static) for n in names):
        return None
    try:
        return cls()
    except (Exception, SystemExit):  # it needs arguments: then its methods are their own business
        return SimpleNamespace()


def as_function(cls: Any, name: str, owner: Any) -> Any:
    """A method as a function: static, of the class, or of an object."""
    held = inspect.getattr_static(cls, name)
    if isinstance(held, (staticmethod, classmethod)):
        return getattr(cls, name)
    names = list(inspect.signature(held).parameters) if inspect.isfunction(held) else []
    if not names:
        return None
    if names[0] != "self":
        return getattr(cls, name)  # a static method without its decorator
    return MethodType(held, owner)


def given(function: Any, flag: str, value: dict[str, bool]) -> Callable[..., Any]:
    """A function with its flag as given, and no longer an argument."""

    def call(*args: Any, **keywords: Any) -> Any:
        return function(*args, **keywords, **value)

    kept = [
        Parameter(a.name, Parameter.POSITIONAL_OR_KEYWORD,
                  default=Parameter.empty if a.required else a.default)
        for a in arguments(function) if a.name != flag
    ]  # fmt: skip
    call.__signature__ = Signature(kept)  # type: ignore[attr-defined]
    call.__wrapped__ = getattr(function, "__func__", function)  # type: ignore[attr-defined]
    call.__name__ = function.__name__ + (f"(..., {flag}=True)" if value else "")
    return call


def pair_in(cls: Any, stem: str) -> tuple[Any, Any] | None:
    """The pair of a class of functions by its name."""
    return next(((f, b) for name, f, b in method_pairs(cls) if name == stem), None)
