"""Interventions on the labels: another dtype, encoding or shape, the last class taken out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck import cases
from gradcheck.diagnose.measure import claim, clock, cotangent_of, derivative, measure
from gradcheck.diagnose.pieces import functions_by_place
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.shrink import smaller
from gradcheck.diagnose.trial import Shown, agreed, slot_name
from gradcheck.types import Array, Case, Op, Primals, Verdict

UNSIGNED = {"uint8": 256, "uint16": 65536, "int8": 256}


def label_interventions(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """Labels of another dtype, encoding or shape."""
    case = verdict.case
    if op.labels is None or case is None:
        return
    wrt = slot_name(op, verdict.wrt)
    if case.label_dtype not in {"int64", "float64", "float32"}:
        plain = case.replace(label_dtype="float64" if verdict.law == "label_formats" else "int64")
        same = agreed(op, plain, wrt)
        if same and not agreed(op, case, wrt):
            dtype = case.label_dtype
            other = plain.label_dtype
            yield Shown(
                "label-dtype-wrap" if dtype in UNSIGNED else "int-truncation",
                f"labels are {dtype}{wrapped(op, case, wrt)}; with {other} labels {same}",
                f"the same case with {other} labels: {same}",
                sure=dtype != "bool",
                second="label-dtype-wrap" if dtype == "bool" else "gradient-dtype",
            )
    first = op.labels.encodings[0]
    if case.labels and case.labels != first:
        same = agreed(op, case.replace(labels=first, label_dtype="int64"), wrt)
        if same and not agreed(op, case.replace(label_dtype="int64"), wrt):
            cause = (
                "onehot-as-index"
                if case.labels == "onehot" or first == "onehot"
                else "labels-broadcast"
            )
            shown = f"the same case with {first} labels: {same}"
            read = by_numbers(op, case, wrt)
            if read is not None:
                text = f"wrong for labels given as {case.labels} only: {read[1]}"
                yield Shown(read[0], text, shown, second=cause)
                return
            text = f"labels given as {case.labels} are misread; as {first} {same}"
            told = cause == "onehot-as-index" and tells_apart(op)
            told = told and "indexing arrays" not in verdict.message  # there NumPy tells it
            yield Shown(
                cause, text, shown, sure=not told, second="wrong-derivative" if told else ""
            )
    yield from without_last_class(op, case, wrt)


def by_numbers(op: Op, case: Case, wrt: str) -> tuple[str, str] | None:
    """What the numbers themselves say at these labels: they are read rightly, the rest is wrong."""
    from gradcheck.diagnose.numbers import confirmed

    try:
        with quiet():
            point = measure(op, smaller(op, case, wrt), [wrt], clock() + 1.0)
            found = [g for g in confirmed(op, point, wrt, case) if g.sure]
    except Exception:  # too slow, or the labels are refused
        return None
    return (found[0].cause, found[0].text) if found else None


def tells_apart(op: Op) -> bool:
    """Whether the user's functions look at the number of axes or take the largest entry."""
    names = {n for f in functions_by_place(op).values() for n in f.__code__.co_names
             if getattr(op.obj, "__name__", "") in f.__qualname__}  # fmt: skip
    return bool(names & {"argmax", "ndim"})


def wrapped(op: Op, case: Case, wrt: str) -> str:
    """``, -1 became 255``, where the numbers show it."""
    period = UNSIGNED.get(case.label_dtype, 0)
    try:
        bad, good = claim(op, case), claim(op, case.replace(label_dtype="int64"))
    except Exception:  # the labels cannot be drawn in both dtypes
        return ""
    a, b = bad.claimed.get(wrt), good.claimed.get(wrt)
    if a is None or b is None or a.shape != b.shape or not period:
        return ""
    with np.errstate(all="ignore"):
        steps = (a - b) / b
    if case.label_dtype == "uint8" and np.any(np.isclose(steps, -period, rtol=1e-6)):
        return ", -1 became 255"
    return f", and arithmetic on them wraps around at {period}" if np.any(a != b) else ""


def without_last_class(op: Op, case: Case, wrt: str) -> Iterator[Shown]:
    """The same batch with every label of the last class replaced by class 0."""
    assert op.labels is not None
    if (case.labels or op.labels.encodings[0]) not in {"index", "index_column"} or not wrt:
        return
    try:
        primals, labels = cases.draw(op, case)
    except Exception:  # labels of this encoding cannot be drawn
        return
    if labels is None or labels.size < 2:
        return
    last = int(labels.max())
    other = np.where(labels == last, 0, labels).astype(labels.dtype)
    results = []
    for target in (labels, other):
        ok = along_labels(op, case, primals, target, wrt)
        results.append(ok)
    if results == [False, True]:
        yield Shown(
            "last-class",
            f"wrong only where the label is the last class, {last}: without it the gradient is "
            "right",
            f"labels with class {last} replaced by 0: the slope along a random direction agrees "
            "to 1e-6",
        )


def along_labels(op: Op, case: Case, primals: Primals, labels: Array, wrt: str) -> bool | None:
    """Whether the gradient agrees with the slope along a random direction for these labels."""
    if wrt not in primals:
        return None
    try:
        output, pullback = op.vjp(primals, labels, case.train)
        g = np.asarray(pullback(cotangent_of(op, output, case))[wrt], dtype=float)
    except Exception:  # these labels are refused
        return None
    x = primals[wrt]
    v = np.random.default_rng(3).uniform(0.5, 1.5, size=x.shape) * (0.05 if x.min() > 0 else 1.0)
    cot = np.ravel(cotangent_of(op, output, case))

    def f(t: float) -> float:
        return float(
            np.dot(np.ravel(op.vjp({**primals, wrt: x + t * v}, labels, case.train)[0]), cot)
        )

    slope = derivative(f)
    if g.shape != x.shape:
        return False
    return bool(abs(slope - float(np.sum(g * v))) <= 1e-5 * max(abs(slope), 1e-6))
