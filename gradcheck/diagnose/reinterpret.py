"""Conventions that are not bugs: recognised, verified by the engine under that reading, and noted.

1. Parameter gradients averaged over the batch inside the layer (every one has the ratio 1/N).
2. A loss whose backward returns the gradient at the logits (p - y), though forward takes
   probabilities.
3. A softmax whose backward hands its upstream gradient on, because its loss returns p - y.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.regulariser import Penalty
from gradcheck.diagnose.measure import agrees, claim
from gradcheck.diagnose.repairs import quiet
from gradcheck.laws import LAWS
from gradcheck.types import Array, Case, Op, Primals, Verdict

#: Other batches and values at which a reading must hold as well.
OTHERS: tuple[dict[str, Any], ...] = ({}, {"N": 4, "seed": 211}, {"N": 1, "seed": 223})


def reinterpret(op: Op, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts of one Op, a failing gradient turned into a note where it is a convention.

    Parameters
    ----------
    op
        The Op all of `verdicts` are about.

    Returns
    -------
    list of Verdict
        Unchanged where nothing fails or no reading could be verified.  A note says under which
        reading the gradient was verified, and carries the resolution of that.
    """
    failing = [v for v in verdicts if v.law == "gradient" and v.status == "fail" and v.case]
    if not failing:
        return list(verdicts)
    with quiet():
        found = averaged(op, failing, verdicts) or at_logits(op, failing) or hands_on(op, failing)
        if not found:
            return list(verdicts)
        again = [v for v in verdicts if in_evaluation(v) and v.wrt in {f.wrt for f in failing}]
        found |= (averaged(op, again, verdicts) if again else None) or {}
    return [found.get(id(v), v) for v in verdicts]


def in_evaluation(v: Verdict) -> bool:
    """Whether a verdict says of a gradient in evaluation mode what `gradient` says in training."""
    return v.law == "train_eval" and v.status == "fail" and v.case is not None and not v.case.train


def noted(v: Verdict, text: str, resolution: float) -> Verdict:
    """A verdict as a note."""
    where = v.message[v.message.rfind("[gradient") :] if "[gradient" in v.message else ""
    return replace(
        v, status="note", message=f"{text}. Verified as that, to {resolution:.0e} {where}".strip(),
        resolution=resolution, cause=None, wrong=0, entries=(),
    )  # fmt: skip


def verified(op: Op, case: Case, names: Sequence[str]) -> float | None:
    """The coarsest resolution of the gradients of an Op at a case and two others, if all pass."""
    worst = 0.0
    for change in OTHERS:
        passed: dict[str, float] = {}
        try:
            for v in LAWS["gradient"](op, case.replace(**change)):
                if v.status == "pass" and v.resolution is not None:
                    passed[v.wrt] = v.resolution
        except Exception:  # this reading cannot be run at this size
            return None
        if not set(names) <= set(passed):
            return None
        worst = max(worst, *(passed[n] for n in names))
    return worst


def averaged(
    op: Op, failing: Sequence[Verdict], verdicts: Sequence[Verdict]
) -> dict[int, Verdict] | None:
    """Every parameter gradient is the batch's mean, the gradients of the inputs are whole."""
    slots = {s.name for s in op.slots}
    names = {v.wrt for v in failing}
    case = failing[0].case
    assert case is not None
    batch = next((s for s in op.slots if "N" in s.shape), None)
    if batch is None or op.terminal or names & slots:
        return None
    point = claim(op, case)
    if names != {n for n in point.claimed if n in point.primals and n not in slots}:
        return None  # some of them are averaged, and others are not

    def scaled(whole: bool) -> Op:
        """The gradients times the batch; the regularisation term only where it is averaged, too."""

        def backward(
            live: Any, cot: Array, inputs: Primals, labels: Array | None
        ) -> Mapping[str, Any]:
            n = inputs[batch.name].shape[batch.shape.index("N")]  # samples may lie in columns
            extra = {} if whole else op.penalty.gradients(live)  # type: ignore[union-attr]
            grads = op.backward(live, cot, inputs, labels)
            return {
                k: g
                if k in slots or g is None
                else np.asarray(g) * n - (n - 1) * extra.get(k, np.zeros(()))
                for k, g in grads.items()
            }

        return replace(op, backward=backward)

    wanted = [*sorted(names), *sorted(slots & set(point.claimed))]
    resolution = verified(scaled(True), case, wanted)
    if resolution is None and isinstance(op.penalty, Penalty):
        resolution = verified(scaled(False), case, wanted)
    if resolution is None:
        return None
    text = "parameter gradients are divided by the batch size inside the layer, all of them"
    return {id(v): noted(v, text, resolution) for v in failing}


def softmax(z: Array) -> Array:
    """Along the last axis."""
    e = np.exp(z - z.max(-1, keepdims=True))
    return np.asarray(e / e.sum(-1, keepdims=True))


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z))."""
    return np.asarray(1.0 / (1.0 + np.exp(-z)))


def behind(op: Op, function: Any) -> Op:
    """The Op with its first input read as logits: `function` of it is what the code is given."""
    name = op.slots[0].name
    slots = (replace(op.slots[0], domain="real"), *op.slots[1:])

    def inner(inputs: Primals) -> Primals:
        return {**inputs, name: function(inputs[name])}

    return replace(
        op, slots=slots,
        forward=lambda live, inputs, labels, train: op.forward(live, inner(inputs), labels, train),
        backward=lambda live, cot, inputs, labels: op.backward(live, cot, inner(inputs), labels),
    )  # fmt: skip


def at_logits(op: Op, failing: Sequence[Verdict]) -> dict[int, Verdict] | None:
    """A loss's backward is the gradient at what softmax or sigmoid were given."""
    case = failing[0].case
    assert case is not None
    if not op.terminal or op.labels is None or not op.slots:
        return None
    name = op.slots[0].name
    if any(v.wrt != name for v in failing) or op.slots[0].domain not in {"unit", "simplex"}:
        return None
    for function, called in ((softmax, "softmax"), (sigmoid, "sigmoid")):
        resolution = verified(behind(op, function), case, [name])
        if resolution is not None:
            text = (
                f"backward returns the gradient at the logits in front of {called} (p - y), not "
                "that of this "
                "forward, which takes probabilities"
            )
            return {id(v): noted(v, text, resolution) for v in failing}
    return None


def hands_on(op: Op, failing: Sequence[Verdict]) -> dict[int, Verdict] | None:
    """A softmax or sigmoid that returns its upstream gradient, beside a loss that expects it."""
    case = failing[0].case
    assert case is not None
    if op.terminal or len(op.slots) != 1:
        return None
    point = claim(op, case)
    name = op.slots[0].name
    if name not in point.claimed or not agrees(point.claimed[name], point.cotangent):
        return None
    x = point.primals[name]
    kinds = [("softmax", softmax), ("sigmoid", sigmoid)]
    matches = [k for k, f in kinds if x.shape == point.output.shape and agrees(f(x), point.output)]
    for partner in losses_beside(op) if matches else ():
        base = Case(seed=case.seed, labels=partner.labels.encodings[0] if partner.labels else "")
        wrong = [v for v in LAWS["gradient"](partner, base) if v.status == "fail"]
        read = at_logits(partner, wrong) if wrong else None
        if read:
            note = next(iter(read.values()))
            if matches[0] in note.message:
                text = (
                    f"backward hands its upstream gradient on unchanged, because {partner.name} "
                    "in the same file returns "
                    "the gradient at the logits (p - y): the two together are right, neither "
                    "is alone"
                )
                return {id(v): noted(v, text, note.resolution or 0.0) for v in failing}
    return None


def losses_beside(op: Op) -> list[Op]:
    """The losses of the same file, as Ops."""
    from gradcheck.conventions import Source, ops_for
    from gradcheck.conventions.loss_names import is_loss_name
    from gradcheck.conventions.signature import plain
    from gradcheck.diagnose.pieces import functions_by_place

    functions = list(functions_by_place(op).values())
    found: list[Op] = []
    space = functions[0].__globals__ if functions else {}
    for name, value in list(space.items()):
        mine = isinstance(value, type) and value.__module__ == space.get("__name__")
        if not mine or value is op.obj or not is_loss_name(plain(name)):
            continue
        try:
            found += ops_for(Source(name, value, space), "loss")[:1]
        except Exception:  # not a loss that can be read alone
            continue
    return found
