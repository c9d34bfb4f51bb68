"""One function for both: ``sigmoid(x, deriv=False)`` gives the derivative when the flag is set."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Any

from gradcheck.conventions.signature import arguments, is_abstract, plain, undecorated

FLAGS = {
    "deriv", "derivative", "derivate", "derive", "prime", "grad", "gradient", "backward", "diff", "der",
    "isderivative", "isderiv", "isprime", "returnderivative", "returngrad", "backprop", "getderivative",
    "calcderivative", "usederivative", "computegrad", "isgrad", "dx", "derivada", "isbackward",
}  # fmt: skip


def flag_of(function: Any) -> str | None:
    """The name of the flag that asks for the derivative, of a function of one or two arrays."""
    args = arguments(function, method=False)
    flag = next((a.name for a in args if plain(a.name) in FLAGS and a.default is False), None)
    needed = [a for a in args if a.required]
    return flag if 1 <= len(needed) <= 2 and not is_abstract(function) else None


def split(function: Any, flag: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The function without the flag, and with it."""
    return without(function, flag, {}), without(function, flag, {flag: True})


def without(function: Any, flag: str, given: dict[str, bool]) -> Callable[..., Any]:
    """The function with the flag as given, and no longer an argument."""

    def call(*args: Any, function_: Any = function, given_: Any = given, **keywords: Any) -> Any:
        return function_(*args, **keywords, **given_)

    kinds = [
        Parameter(
            a.name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=Parameter.empty if a.required else a.default,
        )
        for a in arguments(function, method=False)
        if a.name != flag
    ]
    call.__wrapped__ = undecorated(function)  # type: ignore[attr-defined]
    call.__signature__ = Signature(kinds)  # type: ignore[attr-defined]
    call.__name__ = getattr(undecorated(function), "__name__", "f") + (
        f"(..., {flag}=True)" if given else ""
    )
    return call
