"""Laws of a user's own numerical differentiation, and of an accuracy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.laws.common import first_difference, subscript, verdict
from gradcheck.types import Array, Case, Op, Verdict

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
    law = "numerical_gradient"
    call = op.make()
    rng = np.random.default_rng([case.seed, 7])
    failed = False
    for shape in ((5,), (3, 4)):
        x = np.round(rng.normal(size=shape), 2)
        for name, f, gradient in KNOWN:
            mine, before = x.copy(), x.copy()
            try:
                got = np.asarray(call(as_their_argument(f, mine), mine), dtype=np.float64)
            except Exception as error:
                if len(shape) > 1 and not failed:
                    yield verdict(
                        law,
                        "note",
                        op,
                        case,
                        "x",
                        f"takes vectors only: raises {type(error).__name__} for x {shape}",
                    )
                    return
                raise
            if not np.array_equal(mine, before):
                failed = True
                index, now, was = first_difference(mine, before)
                yield verdict(law, "fail", op, case, "x", f"x is not restored: {subscript('x', index)} = {now:.8g}, but was {was:.8g}",
                              index=index, claimed=now, measured=was, bound=0.0)  # fmt: skip
                return
            wanted = gradient(before)
            if got.shape != wanted.shape or np.max(np.abs(got - wanted)) > 1e-3 * np.max(
                np.abs(wanted)
            ):
                yield wrong(op, case, got, wanted, name)
                return
    yield from restored_after_error(op, case, call)


def as_their_argument(f: Callable[[Array], float], x: Array) -> Callable[..., float]:
    """The function under differentiation; the books pass one that ignores its argument, too."""
    return lambda value=None, *_: f(np.asarray(x if value is None else value))


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


def restored_after_error(op: Op, case: Case, call: Callable[..., object]) -> Iterator[Verdict]:
    """Whether x is put back when the function raises half-way; the books' own code does not."""
    x = np.array([1.0, 2.0, 3.0])
    calls = []

    def failing(value: Array, *_: object) -> float:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError("raised on purpose by the check")
        return float(np.sum(value))

    with contextlib.suppress(ZeroDivisionError):
        call(failing, x)
    if np.array_equal(x, [1.0, 2.0, 3.0]):
        yield verdict("numerical_gradient", "pass", op, case)
    else:
        yield verdict(
            "numerical_gradient", "note", op, case, "x", "x is not restored when f raises"
        )
