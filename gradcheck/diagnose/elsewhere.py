"""The same object with other numbers: what works there too does not work by chance.

With a learning rate of 1, one group, or a decay of 1 - lr, many a wrong change agrees.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gradcheck.conventions.signature import Arg, arguments
from gradcheck.diagnose.measure import usual
from gradcheck.diagnose.rebuild import rebuilt
from gradcheck.diagnose.repairs import safely
from gradcheck.laws import LAWS, family, group
from gradcheck.types import Case, Op
from gradcheck.variants import is_off_regulariser

#: A law and the primal that it is about.
Failure = tuple[str, str]
#: Smaller numbers are epsilons and weights of nothing.
SMALL = 1e-3
#: What a weight of the regularisation is that is off by default.
ON = 0.3
#: Options that begin at random, or only bound something.
LEFT = ("eps", "seed", "std", "tol", "init", "clip", "max", "min")


@dataclass(frozen=True)
class Elsewhere:
    """The other object with its case."""

    op: Op
    case: Case


def odd_calls(text: str, cls: Any) -> Iterator[str]:
    """A constructor call with other numbers: all of them, then only the fractions."""
    for sizes in (True, False):
        other = odd_call(text, arguments(getattr(cls, "__init__", cls)), sizes)
        if other not in {"", text}:
            yield other


def odd_call(text: str, args: list[Arg], sizes: bool) -> str:
    """``Dense(4, 3)`` as ``Dense(5, 4)``, ``SGD()`` as ``SGD(lr=0.7)``; "" where it is no such call."""
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError:
        return ""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return ""
    for node in ast.walk(call):
        if isinstance(node, ast.Constant):
            node.value = odd(node.value, sizes)
    given = {a.name for a in args[: len(call.args)]} | {k.arg for k in call.keywords}
    for a in args:
        if a.required or a.name in given or any(w in a.name.lower() for w in LEFT):
            continue
        value = ON if is_off_regulariser(a) else a.default
        if type(value) is float and odd(value, False) != a.default:
            call.keywords.append(ast.keyword(arg=a.name, value=ast.Constant(odd(value, False))))
    return ast.unparse(call)


def odd(value: Any, sizes: bool) -> Any:
    """Another number of its kind: 4 -> 5, 0.9 -> 0.846; shares stay shares."""
    if type(value) is int and sizes and 2 <= value < 64:
        return value + 1
    if type(value) is float and value >= SMALL:
        return round(0.94 * value, 4)
    return value


def elsewhere(op: Op, failing: frozenset[Failure], laws: tuple[str, ...]) -> Elsewhere | None:
    """The same class with other numbers, where the code as it stands fails in nothing else there.

    None for what has no numbers, and where they are none that it takes.
    """
    for text in odd_calls(op.built, op.obj):
        try:
            other = rebuilt(op, text)
        except Exception:  # the constructor or the forward refuses these numbers
            continue
        case = usual(other, Case())
        alike = {s.name for s in other.slots} == {s.name for s in op.slots}
        if alike and failures(other, case, laws) <= failing:
            return Elsewhere(other, case)
    return None


def failures(op: Op, case: Case, laws: tuple[str, ...]) -> frozenset[Failure]:
    """Which laws fail, for which primals."""
    found: set[Failure] = set()
    for law in laws:
        if law not in LAWS or group(op) not in family(law):
            continue
        found |= {(law, v.wrt) for v in safely(op, law, case) if v.status in {"fail", "error"}}
    return frozenset(found)
