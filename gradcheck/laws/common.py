"""What every law needs: one run of the raw object, and verdicts in one grammar."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.types import Array, Case, Entry, Op, Primals, Status, Verdict

#: Two runs of the same float64 arithmetic may differ by the order of summation only.
SAME = 1e-9
#: The same for code that computes in float32 whatever it is given.
SAME_SINGLE = 1e-4


@dataclass
class Run:
    """One forward and backward of the raw object: nothing copied, everything at hand."""

    live: Any
    inputs: Primals
    parameters: Primals
    labels: Array | None
    output: Any
    cotangent: Array
    gradients: Mapping[str, Any]


def start(op: Op, case: Case) -> tuple[Any, Primals, Primals, Array | None]:
    """A fresh object with drawn parameters, and the inputs and labels of a case."""
    primals, labels = cases.draw(op, case)
    inputs = {s.name: primals[s.name] for s in op.slots}
    parameters = {k: v for k, v in primals.items() if k not in inputs}
    return op.with_parameters(parameters), inputs, parameters, labels


def cotangent_for(op: Op, output: Any, case: Case) -> Array:
    """Random for layers; 1 for losses, whose backward starts there."""
    array = np.asarray(output)
    if op.terminal:
        return np.ones(array.shape)
    return cases.arrange(cases.cotangent(array, case).astype(case.dtype), case.layout)


def run(op: Op, case: Case) -> Run:
    """Forward and backward once on a fresh object."""
    live, inputs, parameters, labels = start(op, case)
    output = op.forward(live, inputs, labels, case.train)
    cot = cotangent_for(op, output, case)
    gradients = op.backward(live, cot, inputs, labels)
    return Run(live, inputs, parameters, labels, output, cot, gradients)


@dataclass(frozen=True)
class Evaluated:
    """Output and gradients of one evaluation, as copies."""

    output: Array
    gradients: Primals


def evaluate(
    op: Op,
    case: Case,
    primals: Primals | None = None,
    labels: Array | None = None,
    cotangent: Array | None = None,
) -> Evaluated:
    """Forward and backward of a fresh object on copies; everything not given is drawn."""
    if primals is None:
        primals, labels = cases.draw(op, case)
    slots = {s.name for s in op.slots}
    inputs = {k: np.array(v) for k, v in primals.items() if k in slots}
    target = None if labels is None else np.array(labels)
    live = op.with_parameters({k: v for k, v in primals.items() if k not in slots})
    output = np.array(op.forward(live, inputs, target, case.train))
    cot = cotangent_for(op, output, case) if cotangent is None else np.array(cotangent)
    found = op.backward(live, cot, inputs, target)
    return Evaluated(output, {k: np.array(v) for k, v in found.items() if v is not None})


def differing(
    op: Op, base: Evaluated, output: Any, gradients: Mapping[str, Any], rtol: float = SAME
) -> Iterator[tuple[str, Array, Array]]:
    """What differs from `base`: its name, the value got and the value wanted; output first."""
    if output is not None and differs(output, base.output, rtol):
        yield "output", np.asarray(output), base.output
        return
    for name, wanted in base.gradients.items():
        got = gradients.get(name)
        if got is None or (
            differs(got, wanted, rtol)
            and not (comparable(got, wanted) and rounding(got - wanted, base.gradients))
        ):
            yield gradient_name(op, name), np.zeros(()) if got is None else np.asarray(got), wanted


def comparable(got: Any, wanted: Array) -> bool:
    """Numbers of one shape."""
    got = np.asarray(got)
    return got.shape == wanted.shape and got.dtype.kind in "fiu" and wanted.dtype.kind in "fiu"


def rounding(difference: Array, gradients: Mapping[str, Any]) -> bool:
    """Whether a difference is lost beside the other gradients: one that is 0 but for rounding."""
    numeric = [g for g in map(np.asarray, gradients.values()) if g.dtype.kind in "fiu"]
    largest = max((float(np.max(np.abs(g), initial=0.0)) for g in numeric), default=0.0)
    noise = 1e-4 if in_single(gradients) else 1e-12
    return bool(np.max(np.abs(difference), initial=0.0) <= noise * largest)


def in_single(gradients: Mapping[str, Any]) -> bool:
    """Whether gradients were computed in float32."""
    return any(np.asarray(g).dtype == np.float32 for g in gradients.values())


def relabelled(v: Verdict, law: str) -> Verdict:
    """A verdict of another law, found on the way of this one."""
    return replace(v, law=law, message=v.message.replace(f"[{v.law}, ", f"[{law}, "))


def name_of(op: Op) -> str:
    """The object's name for matching: lower case, letters and digits only."""
    return "".join(c for c in op.name.lower() if c.isalnum())


def source_text(op: Op) -> str:
    """The source of the object's class (and its bases) or function, or ""."""
    return "\n".join(source_of(part) for part in getattr(op.obj, "__mro__", (op.obj,))).strip()


@functools.lru_cache(maxsize=512)
def source_of(part: Any) -> str:
    """The source of one class or function, read once; "" where there is none."""
    try:
        return inspect.getsource(part)
    except (OSError, TypeError):
        return ""


def differs(a: Any, b: Any, rtol: float = SAME) -> bool:
    """Whether two arrays differ by more than reordered float64 sums can, relative to their size."""
    x, y = np.asarray(a), np.asarray(b)
    if x.shape != y.shape or x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub":
        return True
    x, y = x.astype(np.float64), y.astype(np.float64)
    if np.array_equal(x, y, equal_nan=True):
        return False
    scale = max(float(np.max(np.abs(x), initial=0.0)), float(np.max(np.abs(y), initial=0.0)))
    if is_single(a, x) or is_single(b, y):
        rtol = max(rtol, SAME_SINGLE)
    return not bool(np.all(np.abs(x - y) <= rtol * scale))


def is_single(original: Any, values: Array) -> bool:
    """Whether the numbers were computed in float32: by dtype, or because every one of them fits."""
    if np.asarray(original).dtype in (np.float32, np.float16):
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = values.astype(np.float32).astype(np.float64)
    return (
        values.size > 4
        and bool(np.array_equal(narrow, values, equal_nan=True))
        and not bool(np.array_equal(np.round(values * 1024.0), values * 1024.0, equal_nan=True))
    )


def first_difference(a: Any, b: Any) -> tuple[tuple[int, ...], float, float]:
    """Index and the two values where two arrays of one shape differ most."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    gap = np.where(np.isfinite(x - y), np.abs(x - y), np.inf)
    where = np.unravel_index(int(np.argmax(gap)), x.shape) if x.ndim else ()
    index = tuple(int(i) for i in where)
    return index, float(x[index]), float(y[index])


def subscript(name: str, index: tuple[int, ...]) -> str:
    """``dbiases[0, 1]``."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def gradient_name(op: Op, wrt: str) -> str:
    """What the user calls the gradient of a primal."""
    return op.gradient_names.get(wrt, f"d{wrt}")


def place(op: Op, case: Case, law: str) -> str:
    """The end of every message: ``[law, subject, case]``."""
    sizes = dict(case.sizes)
    shapes = {s.name: s.sized(sizes) for s in op.slots}
    return f"[{', '.join(filter(None, (law, op.name, cases.describe(op, case, shapes))))}]"


def verdict(
    law: str, status: Status, op: Op, case: Case, wrt: str = "", what: str = "", **more: Any
) -> Verdict:
    """A verdict whose message ends with law, subject and case."""
    message = f"{what} {place(op, case, law)}" if what else ""
    return Verdict(law=law, status=status, wrt=wrt, message=message, case=case, **more)


def numbers_differ(
    law: str,
    status: Status,
    op: Op,
    case: Case,
    wrt: str,
    got: Any,
    wanted: Any,
    why: str,
    **more: Any,
) -> Verdict:
    """A verdict about two arrays that should be equal, with the worst entry."""
    x, y = np.asarray(got), np.asarray(wanted)
    if x.shape != y.shape:
        return verdict(
            law,
            status,
            op,
            case,
            wrt,
            f"{wrt} has shape {x.shape}, but should have shape {y.shape}: {why}",
            size=int(x.size),
            **more,
        )
    index, mine, other = first_difference(x, y)
    wrong = int(
        np.sum(
            np.abs(x.astype(float) - y.astype(float)) > SAME * max(float(np.max(np.abs(y))), 1e-300)
        )
    )
    text = f"{subscript(wrt, index)} = {mine:.6g}, but should be {other:.6g}: {why}"
    return verdict(law, status, op, case, wrt, text, index=index, claimed=mine, measured=other, bound=0.0,
                   wrong=wrong, size=int(x.size), entries=(Entry(index, mine, other, 0.0),), **more)  # fmt: skip
