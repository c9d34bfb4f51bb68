"""Interventions on the input: change one thing a caller may change, and run the law again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.diagnose.measure import agrees, claim
from gradcheck.diagnose.rebuild import rebuilt
from gradcheck.diagnose.repairs import gradient_passes, quiet
from gradcheck.diagnose.shrink import still_wrong
from gradcheck.laws import LAWS
from gradcheck.types import Array, Case, Op, Primals, Verdict

UNSIGNED = {"uint8": 256, "uint16": 65536, "int8": 256}


@dataclass(frozen=True)
class Shown:
    """A cause that an intervention confirmed."""

    cause: str
    text: str
    evidence: str


def fails(op: Op, law: str, case: Case, wrt: str) -> bool | None:
    """Whether a law fails at a case; None where the case cannot be drawn."""
    if law == "gradient" and still_wrong(op, case, wrt):
        return True  # one direction tells already
    try:
        with quiet():
            found = list(LAWS[law](op, case))
    except Exception:  # the case is not legal for this object
        return None
    mine = [v for v in found if v.wrt == wrt] or found
    return any(v.status in {"fail", "error"} for v in mine)


def agreed(op: Op, case: Case, wrt: str) -> str:
    """``the gradient agrees to 2e-10``, or "" where it does not."""
    if still_wrong(op, case, wrt):
        return ""
    try:
        with quiet():
            result = gradient_passes(op, case, wrt)
    except Exception:  # the case is not legal for this object
        return ""
    if result is False:
        return ""
    return (
        f"the gradient agrees to {result:.0e}" if isinstance(result, float) else "the check passes"
    )


def all_of(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """Every intervention that applies and confirms a cause."""
    yield from label_interventions(op, verdict)
    yield from shape_interventions(op, verdict)
    yield from distinct_indices(op, verdict)
    yield from without_regulariser(op, verdict)
    yield from without_decay(op, verdict)


def label_interventions(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """Labels of another dtype, encoding or shape."""
    case = verdict.case
    if op.labels is None or case is None:
        return
    wrt = slot_name(op, verdict.wrt)
    if case.label_dtype not in {"int64", "float64"}:
        plain = case.replace(label_dtype="float64" if verdict.law == "label_formats" else "int64")
        same = agreed(op, plain, wrt)
        if same and not agreed(op, case, wrt):
            dtype = case.label_dtype
            other = plain.label_dtype
            yield Shown(
                "label-dtype-wrap" if dtype in UNSIGNED else "int-truncation",
                f"labels are {dtype}{wrapped(op, case, wrt)}; with {other} labels {same}",
                f"the same case with {other} labels: {same}",
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
            text = f"labels given as {case.labels} are misread; as {first} {same}"
            yield Shown(cause, text, f"the same case with {first} labels: {same}")
    yield from without_last_class(op, case, wrt)


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
    from gradcheck.diagnose.measure import cotangent_of

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

    h = 1e-3
    slope = (8 * (f(h / 2) - f(-h / 2)) - (f(h) - f(-h))) / (6 * h)
    if g.shape != x.shape:
        return False
    return bool(abs(slope - float(np.sum(g * v))) <= 1e-5 * max(abs(slope), 1e-6))


def shape_interventions(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """Square shapes, a batch of one or of more, contiguous arrays."""
    case, law, wrt = verdict.case, verdict.law, verdict.wrt
    if case is None or law not in LAWS:
        return
    sizes = dict(case.sizes)
    if sizes["N"] == 1:
        more = case.replace(N=3)
        if fails(op, law, case, wrt) and fails(op, law, more, wrt) is False:
            yield Shown(
                "batch-of-one",
                "wrong for a batch of one sample only; with 3 samples the check passes",
                "the same case with N=3 passes",
            )
    if case.layout != "C" and fails(op, law, case.replace(layout="C"), wrt) is False:
        yield Shown(
            "memory-layout",
            f"wrong for {case.layout} arrays; with contiguous copies the check passes",
            "the same values in C order pass",
        )
    if sizes["H"] != sizes["W"] and any("H" in s.shape for s in op.slots):
        square = case.replace(W=sizes["H"])
        if (
            fails(op, law, square, wrt) is False
            and passes(op, square)
            and fails(op, law, case, wrt)
        ):
            yield Shown(
                "square-only",
                f"right only where height and width are equal: with {sizes['H']} x {sizes['H']} "
                "the check passes",
                f"the same case with W={sizes['H']} passes",
            )
    slot = next((s for s in op.slots if len(s.shape) == 2 and s.shape[0] == "N"), None)
    if slot is not None and law == "contract" and sizes["N"] > 1:
        wide = slot.sized(sizes)[1]
        square = case.replace(N=wide)
        if fails(op, law, case, wrt) and fails(op, law, square, wrt) is False:
            softmax = "softmax" in op.name.lower()
            yield Shown(
                "softmax-broadcast" if softmax else "square-only",
                f"runs only where the batch is as large as a row ({wide} x {wide}): a sum "
                "without keepdims=True has shape (n,) and is "
                "divided into the columns instead of the rows",
                f"with {wide} samples of {wide} entries the call runs",
            )


def without_regulariser(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same object with every regularisation strength at its default, 0."""
    case, wrt = verdict.case, verdict.wrt
    if case is None or verdict.law not in {"contract", "batch"} or op.penalty is None:
        return
    try:
        if op.penalty(op.make()) == 0.0:
            return
        plain = rebuilt(op)
        if plain.penalty is not None and plain.penalty(plain.make()) != 0.0:
            return
    except Exception:  # it cannot be built without its options
        return
    if fails(op, "contract", case, wrt) and fails(plain, "contract", case, wrt) is False:
        yield Shown(
            "wrong-regulariser",
            f"the regularisation term has another shape than {wrt}: it is made from another array",
            f"without regularisation ({plain.built}) the shape is right",
        )


#: Attributes that hold a weight or rate decay.
DECAYS = ("weight_decay", "weightdecay", "wd", "l2", "decay", "lambda_")


def without_decay(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same optimizer with its decay set to 0."""
    case, law = verdict.case, verdict.law
    if case is None or op.step is None or law not in {"optimizer_steps", "bowl_descends"}:
        return
    held = op.make()
    inner = getattr(held, "obj", held)
    names = [n for n in DECAYS if isinstance(getattr(inner, n, None), (int, float))]
    names = [n for n in names if getattr(inner, n)]
    if not names:
        return

    def make() -> Any:
        live = op.make()
        for name in names:
            setattr(getattr(live, "obj", live), name, 0.0)
        return live

    plain = replace(op, make=make, construct=make)
    if fails(op, law, case, verdict.wrt) and fails(plain, law, case, verdict.wrt) is False:
        shown = " and ".join(names)
        yield Shown("decay-wrong", f"with {shown} = 0 the steps are right: the decay is not "
                                   "applied as the method defines it",
                    f"the law passes with {shown} = 0")  # fmt: skip


def passes(op: Op, case: Case) -> bool:
    """Whether contract and gradient hold at a case."""
    return fails(op, "contract", case, "") is False and fails(op, "gradient", case, "") is False


def distinct_indices(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """An index input in which nothing occurs twice."""
    case = verdict.case
    slot = next((s for s in op.slots if s.domain.startswith("index")), None)
    if slot is None or case is None or verdict.law != "gradient":
        return
    small = case.replace(N=1, T=1)
    if agreed(op, small, verdict.wrt) and not agreed(op, case, verdict.wrt):
        size = int(np.prod(slot.sized(dict(small.sizes))))
        if size == 1:
            yield Shown(
                "duplicates-lost",
                f"wrong only where an index occurs more than once in {slot.name}: the gradients "
                "of repeated "
                "indices must add up",
                "with a single index the gradient agrees",
            )


def slot_name(op: Op, wrt: str) -> str:
    """The primal a verdict is about; the first input where it names something else."""
    if any(s.name == wrt for s in op.slots) or wrt in op.gradient_names:
        return wrt
    back = {v: k for k, v in op.gradient_names.items()}
    return back.get(wrt, op.slots[0].name if op.slots else wrt)


def right_at(op: Op, case: Case, wrt: str, truth: np.ndarray) -> bool:
    """Whether the claimed gradient at a case is a given one."""
    got = claim(op, case).claimed.get(wrt)
    return got is not None and agrees(got, truth)
