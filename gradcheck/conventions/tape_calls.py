"""What can be done with a tensor of a tape: its operators, methods, and uses of one tensor twice."""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.conventions.signature import Arg, arguments, plain
from gradcheck.conventions.tapes import Tape, source
from gradcheck.types import Slot

#: Methods that are no operations, or whose derivative is 0 on purpose.
HELPERS = re.compile(
    r"_.*|.*(backward|backprop|grad|walk|topo|trace|graph|draw|step|detach|numpy|item|copy|clone|zeros|ones|"
    r"rand|full|eye|arange|arg(max|min|sort)|sign|round|floor|ceil|one_?hot|tolist|cpu|gpu|cuda|"
    r"to|float|int|astype|is_|has_|set_|get_|dim|ndim|size|numel|shape|type|print|save|load|assign|"
    r"eq|gt|lt|ge|le|ne|uniform|normal|glorot|kaiming|xavier|creat|from_|register|hook|update|reset|"
    r"eval|train|add_|release|requires|no_).*"
)
#: What a body says that puts its result on the tape.
TAPED = re.compile(r"_?backward|grad_?fn|creat|child|parent|_prev|depends|apply|ctx|Function", re.I)
OTHER = {"other", "others", "y", "b", "tensor", "rhs", "t", "w", "mat", "o", "another", "value", "v",
         "right", "second", "var", "x", "operand", "target", "matrix", "exponent", "that"}  # fmt: skip
AXES = {"axis", "dim", "dims", "axes"}
ROWS: tuple[int | str, ...] = ("N", "D")
#: Three rows, whatever the case: what an index of 2 needs.
THREE: tuple[int | str, ...] = (3, "D")


@dataclass(frozen=True)
class Expression:
    """One thing done with tensors, as a user would type it.

    Attributes
    ----------
    optional
        Where it does not run, it is not for this class: nothing is said.
    spread
        Operands of different shapes: only where the class deals with that at all.
    """

    text: str
    run: Callable[..., Any]
    shapes: tuple[tuple[int | str, ...], ...]
    optional: bool = False
    spread: bool = False

    def slots(self, domain: str) -> tuple[Slot, ...]:
        """The inputs, named after the letters of the expression."""
        names = (f"{letter} of {self.text}" for letter in "abc")
        return tuple(Slot(n, s, domain) for n, s in zip(names, self.shapes, strict=False))


BINARY = {"__add__": ("+", operator.add), "__sub__": ("-", operator.sub), "__mul__": ("*", operator.mul),
          "__truediv__": ("/", operator.truediv), "__matmul__": ("@", operator.matmul)}  # fmt: skip
REVERSED = {"__radd__": ("+", operator.add), "__rsub__": ("-", operator.sub), "__rmul__": ("*", operator.mul),
            "__rtruediv__": ("/", operator.truediv)}  # fmt: skip


def own_names(cls: type) -> list[str]:
    """The names a class and its bases define, bases last."""
    return list(dict.fromkeys(n for c in cls.__mro__[:-1] for n in vars(c)))


def expressions(tape: Tape) -> Iterator[Expression]:
    """Everything that is tried on a tensor class."""
    own = set(own_names(tape.cls))
    yield from operators(tape, own)
    yield from methods(tape)
    yield from reused(own, ("N",) if tape.scalar else ROWS)
    if not tape.scalar:
        yield from indexed(own)
        yield from spread(own)


def operators(tape: Tape, own: set[str]) -> Iterator[Expression]:
    """Operators between tensors, and between a tensor and a number."""
    shape: tuple[int | str, ...] = ("N",) if tape.scalar else ROWS
    for name, (sign, apply) in BINARY.items():
        if name not in own:
            continue
        second: tuple[int | str, ...] = ("D", "C") if name == "__matmul__" else shape
        yield Expression(f"(a {sign} b)", apply, (shape, second))
        if name != "__matmul__":
            yield Expression(f"(a {sign} 2.0)", partial_right(apply, 2.0), (shape,), optional=True)
    for name, (sign, apply) in REVERSED.items():
        if name in own:
            yield Expression(f"(2.0 {sign} a)", partial_left(apply, 2.0), (shape,), optional=True)
    if "__neg__" in own:
        yield Expression("(-a)", operator.neg, (shape,))
    if "__pow__" in own:
        yield Expression("(a ** 2)", partial_right(operator.pow, 2), (shape,))
        yield Expression("(a ** 3)", partial_right(operator.pow, 3), (shape,))
        yield Expression("(a ** b)", operator.pow, (shape, shape), optional=True)
    if "__abs__" in own:
        yield Expression("abs(a)", operator.abs, (shape,))


def partial_right(apply: Callable[[Any, Any], Any], number: Any) -> Callable[[Any], Any]:
    """``a op number``."""
    return lambda a: apply(a, number)


def partial_left(apply: Callable[[Any, Any], Any], number: Any) -> Callable[[Any], Any]:
    """``number op a``."""
    return lambda a: apply(number, a)


#: One tensor used once, twice, and on the way.
TWICE = ("(a * a)", "(a + a)", "(a * b + a)")
ON_THE_WAY = ("(c * b + c) for c = a * b", "(c * d) for c = a + b, d = c * a")


def reused(own: set[str], shape: tuple[int | str, ...]) -> Iterator[Expression]:
    """One tensor used twice: its gradients must be added, whatever the order of the walk."""
    if "__mul__" in own:
        yield Expression(TWICE[0], lambda a: a * a, (shape,))
    if "__add__" in own:
        yield Expression(TWICE[1], lambda a: a + a, (shape,))
    if {"__add__", "__mul__"} <= own:
        yield Expression(TWICE[2], lambda a, b: a * b + a, (shape, shape))
        yield Expression(ON_THE_WAY[0], lambda a, b: chained(a * b, b), (shape, shape))
        yield Expression(ON_THE_WAY[1], lambda a, b: diamond(a + b, a), (shape, shape))


def chained(c: Any, b: Any) -> Any:
    """A tensor made on the way and used twice."""
    return c * b + c


def diamond(c: Any, a: Any) -> Any:
    """Two ways from the result back to one tensor, of different length."""
    return c * (c * a)


def indexed(own: set[str]) -> Iterator[Expression]:
    """Rows, slices, and an index that occurs twice."""
    if "__getitem__" not in own:
        return
    yield Expression("a[1]", lambda a: a[1], (THREE,), optional=True)
    yield Expression("a[:, 1:3]", lambda a: a[:, 1:3], (THREE,), optional=True)
    twice = np.array([0, 2, 0])
    yield Expression("a[np.array([0, 2, 0])]", lambda a: a[twice], (THREE,), optional=True)


def spread(own: set[str]) -> Iterator[Expression]:
    """A row and a column against a matrix."""
    for name, (sign, apply) in BINARY.items():
        if name in own and name != "__matmul__":
            for other in (("D",), (1, "D"), ("N", 1)):
                shown = str(tuple(other)).replace("'", "")
                text = f"(a {sign} b), b {shown}"
                yield Expression(text, apply, (ROWS, other), optional=True, spread=True)


def methods(tape: Tape) -> Iterator[Expression]:
    """Public methods that give a tensor, called with what their arguments are named after."""
    shape: tuple[int | str, ...] = ("N",) if tape.scalar else ROWS
    for name in own_names(tape.cls):
        held = inspect.getattr_static(tape.cls, name)
        if isinstance(held, property) and name in {"T", "H"}:
            yield Expression(f"a.{name}", operator.attrgetter(name), (shape,), optional=True)
        if HELPERS.fullmatch(name) or not inspect.isfunction(held) or name == tape.backward:
            continue
        yield from called(name, held, shape)


def called(name: str, method: Any, shape: tuple[int | str, ...]) -> Iterator[Expression]:
    """The calls of one method."""
    args = arguments(method)
    required = [a for a in args if a.required]
    taped = TAPED.search(source(method)) is not None
    if not required:
        yield Expression(f"a.{name}()", operator.methodcaller(name), (shape,), optional=not taped)
    axis = next((a for a in args if plain(a.name) in AXES), None)
    if axis is not None and not [a for a in required if a is not axis] and len(shape) == 2:
        for number in (0, 1):
            text = f"a.{name}({axis.name}={number})"
            run = operator.methodcaller(name, **{axis.name: number})
            yield Expression(text, run, (shape,), optional=True)
    if name in {"reshape", "view"} and len(shape) == 2:
        yield Expression(f"a.{name}(-1)", operator.methodcaller(name, -1), (shape,), optional=True)
    if len(required) == 1 and required[0] is not axis:
        yield from one_argument(name, required[0], shape)


def one_argument(name: str, arg: Arg, shape: tuple[int | str, ...]) -> Iterator[Expression]:
    """A method of one argument: another tensor, or a number."""
    key = plain(arg.name)
    product = re.search(r"matmul|dot|mm", plain(name)) is not None
    if key in OTHER:
        second: tuple[int | str, ...] = ("D", "C") if product and len(shape) == 2 else shape
        yield Expression(f"a.{name}(b)", lambda a, b: getattr(a, name)(b), (shape, second), optional=True)  # fmt: skip
    for value in values_for(key):
        yield Expression(f"a.{name}({value!r})", operator.methodcaller(name, value), (shape,), optional=True)  # fmt: skip


def values_for(key: str) -> list[Any]:
    """What an argument of this name may be, other than a tensor."""
    if key in {"alpha", "slope", "negativeslope", "leak"}:
        return [0.3]
    if key in {"n", "p", "power", "exponent", "exp", "k", "num", "pow"}:
        return [3]
    if key in {"c", "scalar", "number", "const", "constant", "factor"}:
        return [2.0]
    if re.search(r"ind|idx|slice|item", key):
        return [np.array([0, 2, 0]), 1]
    return [(-1,)] if key in {"shape", "newshape"} else []
