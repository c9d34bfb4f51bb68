"""Whether a mistake is hidden where sizes are equal: what `square-only` predicts, tried."""

from __future__ import annotations

from collections.abc import Iterator

from gradcheck.diagnose.meaning import Meaning
from gradcheck.diagnose.session import Session
from gradcheck.diagnose.trial import fails, output_shape
from gradcheck.types import Case, Op, Verdict


def told_by_sizes(s: Session, verdict: Verdict, what: Meaning) -> Meaning:
    """A change of axes is one of sizes only where the law passes with these sizes equal."""
    if what.cause != "square-only" or verdict.case is None or what.second:
        return what  # one size in the place of another, which is nothing where they are equal
    law, wrt = verdict.law, verdict.wrt
    if law == "contract":  # it may try other sizes itself
        law, wrt = "gradient", ""
        if fails(s.op, law, verdict.case, wrt) is not True:
            return what
    for case in squares(s.op, verdict.case):
        if fails(s.op, law, case, wrt) is False:
            return Meaning("square-only", True, "transposed")
    return Meaning("transposed", what.confirmed, "square-only")


def squares(op: Op, case: Case) -> Iterator[Case]:
    """The case with two sizes equal: height and width, before or after, batch and row, all."""
    sizes = dict(case.sizes)
    yield case.replace(W=sizes["H"])
    yield case.replace(N=sizes["D"])
    yield case.replace(T=sizes["D"])
    yield case.replace(**dict.fromkeys(sizes, sizes["H"]))
    if not any("W" in s.shape for s in op.slots):
        return
    for width in range(max(sizes["H"] - 4, 1), sizes["H"] + 5):
        wide = case.replace(W=width)
        shape = output_shape(op, wide)
        if shape is not None and len(shape) > 3 and shape[2] == shape[3]:
            yield wide
