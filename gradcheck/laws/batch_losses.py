"""What a loss does with a batch: the mean or the sum of what it is for each sample."""

from __future__ import annotations

import re

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import SAME, SAME_SINGLE, differs, evaluate, name_of, verdict
from gradcheck.types import Case, Op, Verdict

#: Losses that are defined for one sample, and words for those that are not.
OF_SAMPLES = re.compile(
    r"softmax|crossentropy|xent|svm|hinge|nll|likelihood|mse|mae|squarederror|absoluteerror|huber|bce|logcosh"
)
OF_BATCHES = re.compile(
    r"weight|balanc|rmse|root|contrast|nce|triplet|pair|dice|margin|rank|center|hardest|hardloss|ohem|mining"
)


def of_losses(op: Op, case: Case) -> list[Verdict]:
    """Each sample twice, and each alone."""
    return mean_of_twice(op, case) or each_alone(op, case)


def each_alone(op: Op, case: Case) -> list[Verdict]:
    """The loss of a batch is the mean or the sum of its samples' losses: none changes another's."""
    name = name_of(op)
    known = OF_SAMPLES.search(name) and not OF_BATCHES.search(name)
    if not known or case.config or op.labels is None or op.labels.ignored is not None:
        return []
    if getattr(op.obj, "by_place", False):
        return []
    if len(op.slots) != 1 or op.slots[0].shape[0] != "N" or op.parameters(op.make()):
        return []
    slot = op.slots[0].name
    primals, labels = cases.draw(op, case.replace(N=6))
    if labels is None or len(labels) != 6:
        return []
    together = float(evaluate(op, case, primals, labels).output)
    alone = [
        float(evaluate(op, case, {slot: primals[slot][[i]]}, labels[[i]]).output) for i in range(6)
    ]
    mean, total = (
        np.mean(alone),
        np.sum(alone),
    )  # a sample that is mixed in shows far above the digits
    if not differs(together, mean, SAME_SINGLE) or not differs(together, total, SAME_SINGLE):
        return []
    text = (
        f"the loss of 6 samples is {together:.6g}, but the mean of their losses is {mean:.6g} and the sum "
        f"{total:.6g}: one sample changes the loss of another"
    )
    return [verdict("batch", "fail", op, case, "loss", text)]


def mean_of_twice(op: Op, case: Case) -> list[Verdict]:
    """Each sample twice: a mean stays as it is, a sum doubles; anything else is worth a word."""
    primals, labels = cases.draw(op, case)
    if labels is None or any(s.shape.count("N") != 1 for s in op.slots):
        return []
    axis = op.slots[0].shape.index("N")
    twice = {s.name: np.concatenate([primals[s.name]] * 2, s.shape.index("N")) for s in op.slots}
    column = axis if labels.ndim == len(op.slots[0].shape) else 0
    repeated = np.concatenate([labels] * 2, column)
    once = float(evaluate(op, case, primals, labels).output)
    again = float(evaluate(op, case, {**primals, **twice}, repeated).output)
    same = SAME_SINGLE if case.dtype == "float32" else SAME
    if not differs(again, once, same) or not differs(again, 2 * once, same):
        return []
    kept = {k: v for k, v in primals.items() if k not in twice}
    mean = re.search(r"mean|\bmse|\bmae", name_of(op)) and not kept
    text = f"the loss of every sample twice is {again:.6g}, but should be {once:.6g} (a mean) or {2 * once:.6g} (a sum)"
    return [verdict("batch", "fail" if mean else "note", op, case, "loss", text)]
