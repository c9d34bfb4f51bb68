"""A gradient of another shape than its primal: which mistake predicts its numbers, too.

The shape alone is no proof: a bias gradient of shape (1, 5) for (5,) may hold the right numbers, or
those of another axis.  So the measured gradient is brought to the shape that was given.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from gradcheck.diagnose.measure import agrees, clock, cotangent_of, measure
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.types import Array, Op, Verdict

#: Seconds that the measuring of one gradient may take.
PATIENCE = 1.5


def wrong_shape(
    op: Op, v: Verdict, got: tuple[int, ...], wanted: tuple[int, ...], held: Array | None = None
) -> Shown:
    """A gradient of another shape: the same numbers, more of them, or others."""
    raw, truth, cot = numbers(op, v, held)
    if raw is None or truth is None:
        return by_shape(v, got, wanted)
    shown = "its numbers are those of the measured gradient"
    for cause, text, predicted in explained(v, raw, truth, cot):
        if agrees(predicted, raw):
            cut_off = cause == "gradient-shape" and raw.size != truth.size
            way = "entry by entry" if cut_off else WAYS[cause]
            names = cause, SECOND.get(cause, own_shape(v))
            named = names[1] == "bias-shape" and not v.wrt.startswith("beta")
            if named and cause != "gradient-shape" and raw.size < cot.size:
                names = names[::-1]  # some axes are summed, but too few, or others
            return Shown(names[0], text, f"{shown}, {way}", second=names[1])
    return by_shape(v, got, wanted)


#: How the measured gradient was brought to the given shape.
WAYS = {
    "bias-shape": "reshaped",
    "gradient-shape": "reshaped",
    "transposed": "transposed",
    "missing-broadcast-sum": "before the sum over the axes too many",
    "wrong-axis-sum": "summed over axes that it should keep",
}
SECOND = {
    "bias-shape": "gradient-shape",
    "gradient-shape": "bias-shape",
    "transposed": "gradient-shape",
}


def explained(v: Verdict, raw: Array, truth: Array, cot: Array) -> Iterator[tuple[str, str, Array]]:
    """(cause, words, what it predicts): the measured gradient in the shape that was given."""
    got, wanted = raw.shape, truth.shape
    kind = f"the gradient has shape {got}, but {v.wrt} has {wanted}"
    if raw.size == truth.size:
        words = bias_words(got, wanted) if own_shape(v) == "bias-shape" else kind
        yield own_shape(v), words, truth.reshape(got)
        yield "transposed", f"{kind}: it is transposed", truth.T.reshape(got)
    if fills(truth.shape, got):
        words = f"{kind}: the same numbers again and again; it was added to an array of that shape"
        yield own_shape(v), words, np.broadcast_to(truth, got)
    for words, predicted in cut(kind, raw, truth):
        yield "gradient-shape", words, predicted
    for axes in subsets(raw.ndim):
        if raw.size > truth.size and np.sum(raw, axes).size == truth.size:
            total = np.sum(raw, axes).reshape(wanted)
            text = f"{kind}: it was broadcast, so sum over axis {', '.join(map(str, axes))}"
            yield (
                "missing-broadcast-sum",
                text,
                raw if agrees(total, truth) else np.full(got, np.nan),
            )
    for axes in subsets(truth.ndim):
        total = np.sum(truth, axes)
        if total.size == raw.size < truth.size:
            yield "wrong-axis-sum", f"{kind}: too much is summed", total.reshape(got)
    for axes in subsets(cot.ndim):
        total = np.sum(cot, axes)
        if total.size == raw.size and agrees(truth.ravel(), summed_like(cot, truth)):
            yield "wrong-axis-sum", f"{kind}: the sum runs over another axis", total.reshape(got)
        rows = np.sum(cot, axes, keepdims=True)
        if raw.size > truth.size and fills(rows.shape, got):
            text = f"{kind}: the sum runs over another axis, and stands there again and again"
            yield "wrong-axis-sum", text, np.broadcast_to(rows, got)


def own_shape(v: Verdict) -> str:
    """What a gradient of another shape is called: that of a bias, or of any other array."""
    return "bias-shape" if v.wrt.startswith("b") else "gradient-shape"


def fills(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether an array of a shape broadcasts to a larger one."""
    pairs = zip(shape[::-1], wanted[::-1], strict=False)
    return shape != wanted and len(shape) <= len(wanted) and all(a in (1, b) for a, b in pairs)


def cut(kind: str, raw: Array, truth: Array) -> Iterator[tuple[str, Array]]:
    """(words, what it predicts): entries at the border are left out, or stand there too many."""
    spare = np.subtract(raw.shape, truth.shape) if raw.ndim == truth.ndim else np.zeros(1, int)
    if not np.any(spare) or 0 in raw.shape or np.any(spare > 0) == np.any(spare < 0):
        return
    for where, at in (("last", 0 * spare), ("first", abs(spare)), ("outer", abs(spare) // 2)):
        part = tuple(
            slice(o, o + n) for o, n in zip(at, np.minimum(raw.shape, truth.shape), strict=True)
        )
        if np.any(spare < 0):
            words = (
                f"the {where} entries have none; their gradient is 0 where forward leaves them out"
            )
            yield f"{kind}: {words}", truth[part]
        else:
            agreeing = agrees(raw[part], truth)
            yield (
                f"{kind}: cut the {where} entries off",
                raw if agreeing else np.full(raw.shape, np.nan),
            )


def bias_words(got: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """What a beginner is told of a bias gradient of another shape."""
    return (
        f"the gradient has shape {got}, the bias {wanted}: an in-place update would fail or change "
        "the bias' shape; sum with keepdims=True"
    )


def summed_like(cot: Array, truth: Array) -> Array:
    """The sum of the upstream gradient over the axes that make it as large as a gradient."""
    for axes in subsets(cot.ndim):
        total = np.sum(cot, axes)
        if total.size == truth.size and agrees(total.ravel(), truth.ravel()):
            return np.asarray(total.ravel())
    return np.full(truth.size, np.nan)


def subsets(ndim: int) -> Iterator[tuple[int, ...]]:
    """All sets of axes but the empty one, small ones first."""
    for n in range(1, ndim + 1):
        yield from combinations(range(ndim), n)


def numbers(op: Op, v: Verdict, held: Array | None) -> tuple[Array | None, Array | None, Array]:
    """The gradient as it was given, the measured one, and the upstream gradient."""
    nothing = np.zeros(())
    if v.case is None:
        return None, None, nothing
    try:
        with quiet():
            point = measure(op, v.case, [v.wrt], clock() + PATIENCE)
            output, pullback = op.vjp(point.primals, point.labels, v.case.train)
            raw = held if held is not None else pullback(cotangent_of(op, output, v.case))[v.wrt]
            return np.asarray(raw, dtype=np.float64), point.truth[v.wrt], point.cotangent
    except Exception:  # too slow, or not measurable: the shapes alone are known
        return None, None, nothing


def by_shape(v: Verdict, got: tuple[int, ...], wanted: tuple[int, ...]) -> Shown:
    """What the shapes alone suggest: hypotheses."""
    size, should = int(np.prod(got)), int(np.prod(wanted))
    kind = f"the gradient has shape {got}, but {v.wrt} has {wanted}"
    tried = "only the shapes were compared"
    if 0 in got:
        text = f"{kind}: a slice such as [p:-p] takes nothing where p is 0"
        return Shown("padding-zero", text, "there is no number in it")
    if size == should and len(got) == len(wanted) == 2 and got == wanted[::-1]:
        return Shown("transposed", kind, tried, False, "gradient-shape")
    if v.wrt.startswith("b") and size == should:
        return Shown("bias-shape", bias_words(got, wanted), tried, False, "wrong-axis-sum")
    if size == should:
        return Shown("gradient-shape", kind, tried, False, "transposed")
    if size > should and fills(wanted, got):
        return Shown("missing-broadcast-sum", kind, tried, False, "wrong-axis-sum")
    return Shown("gradient-shape", kind, tried, False, "wrong-axis-sum")
