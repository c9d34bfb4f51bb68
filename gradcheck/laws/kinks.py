"""The law of kinks: what is claimed where the derivative jumps lies between the two slopes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import evaluate, gradient_name, name_of, relabelled, subscript, verdict
from gradcheck.laws.gradient import checkable, judged, measured
from gradcheck.numdiff.gradient import SMALL_TOTAL
from gradcheck.types import Array, Case, Op, Primals, Verdict

LAW = "kinks"
#: Where the usual piecewise functions bend.
CORNERS = (0.0, 1.0, -1.0, 6.0)


def kinks(op: Op, case: Case) -> Iterator[Verdict]:
    """At a kink or a tie the gradient lies in the subdifferential, by convention 0 for ReLU."""
    slots = [s for s in op.slots if s.domain == "real"]
    if not slots or op.kind == "model":
        yield verdict(LAW, "skipped", op, case, what="takes no real input")
        return
    slot = slots[0]
    if np.prod(slot.sized(dict(case.sizes))) > SMALL_TOTAL:
        case = case.replace(
            N=1
        )  # so that every entry is measured alone: a tie shows at its entries
    primals, labels = cases.draw(op, case)
    simplex = op.labels is not None and (case.labels or op.labels.encodings[0]) == "simplex"
    if labels is not None and labels.dtype.kind == "f" and not simplex:  # rows of sum 1 stay so
        labels = np.round(labels * 16.0) / 16.0  # so that x can lie on a label exactly

    def place(drawn: Primals) -> Primals:
        return on_corners(op, drawn, slot.name, labels)

    point = place(primals)
    names = [n for n in checkable(op, case, point, labels) if n == slot.name]
    if not names:
        yield verdict(LAW, "skipped", op, case, what="has no gradient of its input")
        return
    found = list(not_finite(op, case, point, labels, slot.name))
    if not found:
        found = between_slopes(op, case, primals, labels, slot.name, place)
        if any(v.status == "fail" for v in found):
            # What a sort hands to one entry of three that tie need not lie between the slopes
            # along it: only what is wrong where two tie is wrong.
            pairs = [
                partial(on_corners, op, name=slot.name, labels=labels, first=k, tied=2)
                for k in (0, 1)
            ]
            again = [v for p in pairs for v in between_slopes(op, case, primals, labels, slot.name, p)]  # fmt: skip
            found = [v for v in again if v.status == "fail"][:1]
    yield from found
    if not found:
        yield verdict(LAW, "pass", op, case)


def between_slopes(
    op: Op, case: Case, primals: Primals, labels: Array | None, name: str,
    place: Callable[[Primals], Primals],
) -> list[Verdict]:  # fmt: skip
    """A fail or a word about the gradient at the point that `place` makes, or nothing."""
    # Of one sign: an entry that ties in two windows, whose upstream gradients differ in sign,
    # has a gradient that the two slopes along it need not enclose.
    point = place(primals)
    upstream = np.abs(cases.cotangent(np.asarray(op.vjp(point, labels)[0]), case))
    findings, cleared = measured(op, case, point, labels, place, [name], upstream)
    finding = findings.get(name)
    if finding is None or name in cleared:
        return []
    if finding.status == "fail":
        if finding.kinks and not finding.entries:
            text = f"{gradient_name(op, name)} of {finding.kinks}: equal maxima may share a gradient, not each have all of it"
            return [verdict(LAW, "fail", op, case, name, text)]
        return [relabelled(judged(op, case, name, finding), LAW)]
    if finding.kinks and finding.status == "pass":
        return [unusual(op, case, name, finding.kinks)]
    return []


def on_corners(
    op: Op, primals: Primals, name: str, labels: Array | None, first: int = 0, tied: int = 3
) -> Primals:
    """Every third entry from the `first` at a corner, the next ones after every other one equal to it (a tie of
    `tied`); for a loss, on the target."""
    x = primals[name].copy()
    flat = x.reshape(-1)
    if (
        op.labels is not None
        and labels is not None
        and labels.shape == x.shape
        and labels.dtype.kind == "f"
    ):
        flat[::3] = labels.reshape(-1)[::3]
        return {**primals, name: x}
    spots = np.arange(min(first, flat.size - 1), flat.size, 3)
    flat[spots] = np.resize(np.asarray(CORNERS), spots.size)
    ties = spots[1::2]
    for shift in range(1, tied):  # of three, so that windows of two hold a pair wherever they begin
        inside = ties[ties + shift < flat.size]
        flat[inside + shift] = flat[inside]
    return {**primals, name: x}


def not_finite(
    op: Op, case: Case, primals: Primals, labels: Array | None, name: str
) -> Iterator[Verdict]:
    """NaN or infinity at a kink, where the function itself is finite."""
    got = evaluate(op, case, primals, labels)
    gradient = got.gradients.get(name)
    if gradient is None or not np.all(np.isfinite(got.output)) or np.all(np.isfinite(gradient)):
        return
    index = (
        tuple(int(i) for i in np.argwhere(~np.isfinite(np.atleast_1d(gradient)))[0])
        if gradient.ndim
        else ()
    )
    at = (
        float(np.asarray(primals[name])[index])
        if np.shape(gradient) == np.shape(primals[name])
        else float("nan")
    )
    text = f"{subscript(gradient_name(op, name), index)} = {gradient[index]} where {subscript(name, index)} = {at:g}, but should be finite"
    yield verdict(LAW, "fail", op, case, gradient_name(op, name), text, index=index)


def unusual(op: Op, case: Case, name: str, text: str) -> Verdict:
    """A pass that says what was claimed; a note where a ReLU's value at 0 is not the usual 0."""
    claimed = re.search(r"claimed (-?[\d.e+-]+)", text)
    own = name_of(op)
    relu = "relu" in own and not re.search(r"leaky|prelu|elu6|relu6|crelu|rrelu", own)
    if relu and claimed and abs(float(claimed.group(1))) > 1e-6:
        return verdict(
            LAW,
            "note",
            op,
            case,
            gradient_name(op, name),
            f"{text}; the usual value of ReLU at 0 is 0",
        )
    return verdict(LAW, "pass", op, case, name, text)
