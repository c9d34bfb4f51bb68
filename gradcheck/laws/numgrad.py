"""Laws of a user's own numerical differentiation, and of an accuracy."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.laws.common import first_difference, subscript, verdict
from gradcheck.types import Array, Case, Op, Verdict

LAW = "numerical_gradient"
SHAPES: tuple[tuple[int, ...], ...] = ((5,), (3, 4))
#: Functions with their gradients; smooth, so that any step near 1e-4 is good to 1e-6.
KNOWN: tuple[tuple[str, Callable[[Array], float], Callable[[Array], Array]], ...] = (
    ("sum of squares", lambda x: float(np.sum(x**2)), lambda x: 2 * x),
    ("sum of x[i] * x[i+1]", lambda x: float(np.sum(x.ravel()[:-1] * x.ravel()[1:])), lambda x: neighbours(x)),
    ("sum of sines", lambda x: float(np.sum(np.sin(x))), lambda x: np.cos(x)),
)  # fmt: skip


def neighbours(x: Array) -> Array:
    """The gradient of the sum of products of neighbours."""
    flat = x.ravel()
    out = np.zeros_like(flat)
    out[:-1] += flat[1:]
    out[1:] += flat[:-1]
    return out.reshape(x.shape)


def numerical_gradient(op: Op, case: Case) -> Iterator[Verdict]:
    """A user's own numerical gradient is right on known functions and restores x, also on errors."""
    call = op.make()
    if op.reading and of_numbers(call):
        yield from at_numbers(op, case, call)
        return
    refused: list[str] = []
    shapes = SHAPES[:1] if re.search("1d|vector", op.name.lower()) else SHAPES
    for shape in shapes:
        try:
            found = list(at_shape(op, case, call, shape))
        except Exception as error:
            if wants_another_object(error):
                text = f"not an array is wanted, but an object with .{error.name}: not called"  # type: ignore[attr-defined]
                yield verdict(LAW, "error", op, case, "x", text)
                return
            refused.append(f"raises {type(error).__name__} for x of shape {shape}: {error}")
            continue
        yield from found
        if any(v.status == "fail" for v in found):
            return
    if len(refused) == len(shapes):
        yield verdict(LAW, "fail", op, case, "x", refused[0])
        return
    if refused:
        yield verdict(LAW, "note", op, case, "x", refused[0])
    shape = (2, 3) if refused and "(5,)" in refused[0] else (3,)
    yield from whole_numbers(op, case, call, shape)
    yield from restored_after_error(op, case, call, shape)


#: Functions of one number with their derivatives.
OF_NUMBERS: tuple[tuple[str, Callable[[Any], Any], Callable[[float], float]], ...] = (
    ("square", lambda x: x**2, lambda x: 2 * x),
    ("0.01 x² + 0.1 x", lambda x: 0.01 * x**2 + 0.1 * x, lambda x: 0.02 * x + 0.1),
    ("sine", lambda x: np.sin(x), lambda x: float(np.cos(x))),
)
NUMBERS = (0.7, -1.3, 5.0, 10.0)


def of_numbers(call: Callable[..., Any]) -> bool:
    """Whether a derivative takes a number; one that wants an array raises."""
    try:
        return np.size(call(OF_NUMBERS[0][1], NUMBERS[0])) == 1
    except Exception:  # then it is tried with arrays, which report what they raise
        return False


def at_numbers(op: Op, case: Case, call: Callable[..., Any]) -> Iterator[Verdict]:
    """The first fault on known functions of one number."""
    for name, f, derivative in OF_NUMBERS:
        for x in NUMBERS:
            got, true = float(np.asarray(call(f, x)).reshape(())), derivative(x)
            if not abs(got - true) <= 1e-3 * max(abs(true), 1e-2):
                text = f"gradient = {got:.8g}, but should be {true:.8g} for the {name} at x = {x:g}"
                yield verdict(LAW, "fail", op, case, "gradient", text, claimed=got, measured=true, bound=1e-3)  # fmt: skip
                return
    yield verdict(LAW, "pass", op, case, resolution=1e-3)


def whole_numbers(
    op: Op, case: Case, call: Callable[..., Any], shape: tuple[int, ...]
) -> Iterator[Verdict]:
    """An array of whole numbers: where x + h is cut off to x, every slope is 0."""
    name, f, gradient = KNOWN[0]
    x = 2 + np.arange(int(np.prod(shape))).reshape(shape)
    wanted = gradient(x.astype(np.float64))
    try:
        got = np.asarray(call(as_their_argument(f, x), x), dtype=np.float64)
    except (TypeError, ValueError):  # refusing whole numbers is a legal answer, and a loud one
        return
    if got.shape != wanted.shape or np.max(np.abs(got - wanted)) > 1e-3 * np.max(np.abs(wanted)):
        index, mine, true = first_difference(np.broadcast_to(got, wanted.shape), wanted)
        text = (
            f"{subscript('gradient', index)} = {mine:.8g}, but should be {true:.8g} for the {name}, where x holds whole "
            f"numbers ({x.dtype}): x + h is cut off; begin with x = np.array(x, dtype=float)"
        )
        yield verdict(LAW, "note", op, case, "gradient", text, index=index, claimed=mine, measured=true, bound=1e-3)  # fmt: skip


def at_shape(
    op: Op, case: Case, call: Callable[..., Any], shape: tuple[int, ...]
) -> Iterator[Verdict]:
    """The first fault on the known functions, for arrays of one shape."""
    rng = np.random.default_rng([case.seed, 7])
    x = np.round(rng.normal(size=shape), 2)
    for name, f, gradient in KNOWN:
        mine, before, parts = x.copy(), x.copy(), set[tuple[int, ...]]()
        call_f = noting(as_their_argument(f, mine), parts)
        got = np.asarray(call(call_f, mine), dtype=np.float64)
        if not np.array_equal(mine, before):
            index, now, was = first_difference(mine, before)
            text = f"x is not restored: {subscript('x', index)} = {now:.8g}, but was {was:.8g}"
            yield verdict(
                LAW, "fail", op, case, "x", text, index=index, claimed=now, measured=was, bound=0.0
            )
            return
        wanted = of_parts(gradient, before, parts)
        near = got.shape == wanted.shape and np.max(np.abs(got - wanted)) <= 1e-3 * np.max(
            np.abs(wanted)
        )
        if not near:
            yield wrong(op, case, got, wanted, name)
            return
    whose = part_given(shape, parts)
    if whose:
        text = f"f is given one {whose} of x at a time: right for functions of one {whose} only"
        yield verdict(LAW, "note", op, case, "x", text)


def noting(f: Callable[..., np.float64], shapes: set[tuple[int, ...]]) -> Callable[..., np.float64]:
    """The function, which notes the shapes it is given: the books' variants go row by row."""

    def noted(value: Any = None, *rest: Any) -> np.float64:
        shapes.add(np.shape(value))
        return f(value, *rest)

    return noted


def part_given(shape: tuple[int, ...], parts: set[tuple[int, ...]]) -> str:
    """``row`` or ``column`` where f is given these only, by the shapes it is given; else ""."""
    if len(shape) != 2:
        return ""
    return "row" if parts == {shape[1:]} else "column" if parts == {shape[:1]} else ""


def of_parts(gradient: Callable[[Array], Array], x: Array, parts: set[tuple[int, ...]]) -> Array:
    """The gradient; of a function of one row or of one column where only these were passed to it."""
    whose = part_given(x.shape, parts)
    if whose == "column":
        return of_parts(gradient, x.T, parts).T
    return np.stack([gradient(row) for row in x]) if whose else gradient(x)


def wants_another_object(error: Exception) -> bool:
    """Whether an attribute was read that no array or number has: the call was a wrong guess of ours."""
    given = getattr(error, "obj", None)
    return isinstance(error, AttributeError) and isinstance(given, (np.ndarray, np.generic, float))


def as_their_argument(f: Callable[[Array], float], x: Array) -> Callable[..., np.float64]:
    """The function under differentiation; the books pass one that ignores its argument, too.

    It gives a NumPy number, on which code for arrays (``f(x).copy()``) runs as well.
    """
    return lambda value=None, *_: np.float64(f(np.asarray(x if value is None else value)))


def wrong(op: Op, case: Case, got: Array, wanted: Array, name: str) -> Verdict:
    """The fail for a wrong value."""
    law = "numerical_gradient"
    if got.shape != wanted.shape:
        return verdict(
            law,
            "fail",
            op,
            case,
            "gradient",
            f"gradient.shape = {got.shape}, but should be {wanted.shape} ({name})",
        )
    index, mine, true = first_difference(got, wanted)
    text = f"{subscript('gradient', index)} = {mine:.8g}, but should be {true:.8g} for the {name}"
    return verdict(law, "fail", op, case, "gradient", text, index=index, claimed=mine, measured=true, bound=1e-3,
                   wrong=int(np.sum(np.abs(got - wanted) > 1e-3 * np.max(np.abs(wanted)))), size=int(got.size))  # fmt: skip


def restored_after_error(
    op: Op, case: Case, call: Callable[..., object], shape: tuple[int, ...]
) -> Iterator[Verdict]:
    """Whether x is put back when the function raises half-way; the books' own code does not."""
    x = 1.0 + np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape)
    before, calls = x.copy(), []

    def failing(value: Array | None = None, *_: object) -> np.float64:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError("raised on purpose by the check")
        return np.float64(np.sum(x if value is None else value))

    with contextlib.suppress(ZeroDivisionError):
        call(failing, x)
    if np.array_equal(x, before):
        yield verdict(LAW, "pass", op, case)
    else:
        yield verdict(LAW, "note", op, case, "x", "x is not restored when f raises")
