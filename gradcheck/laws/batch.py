"""The law of the batch: one sample works, samples are independent where the layer says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np

from gradcheck import cases
from gradcheck.laws.batch_losses import of_losses
from gradcheck.laws.common import (
    Evaluated,
    differing,
    differs,
    evaluate,
    name_of,
    numbers_differ,
    relabelled,
    source_text,
    verdict,
)
from gradcheck.laws.contract import contract
from gradcheck.laws.gradient import gradient
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict

LAW = "batch"
#: Layers whose name says that every sample is treated alone.
ROWWISE = re.compile(
    r"softmax|sigmoid|relu|tanh|elu|gelu|swish|silu|softplus|softsign|dense|affine|linear|fullyconnected|"
    r"conv|pool|flatten|reshape|layernorm|rmsnorm|groupnorm|instancenorm|embedding|activation|upsampl"
)
#: Layers whose first axis may be time, or that couple the batch on purpose.
COUPLED = re.compile(
    r"rnn|lstm|gru|attention|time|temporal|sequence|cumul|cumsum|positional|batch|transformer|cosine|matmul"
)
RANDOM = re.compile(r"random|\brand|rng|binomial|uniform|noise|bernoulli", re.IGNORECASE)


def batch(op: Op, case: Case) -> Iterator[Verdict]:
    """One sample works; samples do not mix; their order and repetition do what they should."""
    if not any("N" in s.shape for s in op.slots):
        yield verdict(LAW, "skipped", op, case, what="has no batch axis")
        return
    found = list(one_sample(op, case))
    if not any(v.status == "fail" for v in found):
        found += of_losses(op, case) if op.terminal else samples(op, case)
    if not case.config and not any(v.status == "fail" for v in found):
        found += [*larger(op, case), *one_column(op, case)]
    yield from found
    if not any(v.status in {"fail", "note", "skipped"} for v in found):
        yield verdict(LAW, "pass", op, case)


def larger(op: Op, case: Case) -> Iterator[Verdict]:
    """The gradient of a larger batch of wider samples: blocks, limits and class counts end somewhere.

    Sizes that the code refuses are not tried.
    """
    drawn = case.replace(seed=case.seed + 40, N=LARGE["N"])
    for where in (drawn.replace(D=LARGE["D"], W=LARGE["W"]), drawn.replace(D=LARGE["D"]), drawn):
        if not any(v.status == "fail" for v in contract(op, where)):
            yield from (relabelled(v, LAW) for v in gradient(op, where) if v.status == "fail")
            return


def one_column(op: Op, case: Case) -> Iterator[Verdict]:
    """The gradient for one column, where forward takes it: no ``squeeze()`` that loses the axis.

    Probabilities that sum to 1 and what is normalised are constants then, at the end of their range.
    """
    free = [s for s in op.slots if "D" in s.shape]
    classes = op.labels is not None and not op.labels.encodings[0].startswith(("real", "binary"))
    if not free or classes or any(s.domain == "simplex" for s in op.slots) or "norm" in name_of(op):
        return  # one class is as good as none
    narrow = case.replace(
        N=7, D=1, seed=case.seed + 60
    )  # enough numbers to tell a single precision
    found = list(contract(op, narrow))
    if any(v.status == "fail" and v.wrt == "output" for v in found):
        return
    wrong = [v for v in found if v.status == "fail"] or gradient(op, narrow)
    broken = [v for v in wrong if v.status == "fail"]
    if broken and not nothing_left(op, case, broken):
        yield from (relabelled(v, LAW) for v in broken)


#: Of a gradient, what a small constant beside a norm leaves where the true one is 0.
NOTHING = 1e-6


def nothing_left(op: Op, case: Case, broken: list[Verdict]) -> bool:
    """Whether all values are nothing beside a usual gradient: a cosine of one column is constant."""
    if any(v.claimed is None or v.measured is None for v in broken):
        return False
    usual = [g for g in evaluate(op, case).gradients.values() if g.size]
    least = NOTHING * max((float(np.max(np.abs(g))) for g in usual), default=0.0)
    return all(max(abs(v.claimed or 0.0), abs(v.measured or 0.0)) < least for v in broken)


#: More samples and more columns or classes than small constants in code allow for, and images so wide
#: that no window fits as often into the height.
LARGE = {"N": 17, "D": 19, "W": 10}


def one_sample(op: Op, case: Case) -> Iterator[Verdict]:
    """Contract for a batch of one, and its gradient: from the parts of a batch, or measured."""
    alone = case.replace(N=1)
    broken = [v for v in contract(op, alone) if v.status == "fail"]
    if not broken and not is_sum_of_samples(op, case):
        broken = [v for v in gradient(op, alone) if v.status == "fail"]
    yield from (relabelled(v, LAW) for v in broken)
    if not broken and not op.terminal:
        yield from lost_axis(op, case, alone)


def lost_axis(op: Op, case: Case, alone: Case) -> Iterator[Verdict]:
    """The output for one sample has the axes that the output for several has: no ``squeeze()``."""
    axis = output_axis(op, case)
    if axis is None:
        return
    shapes = []
    for where in (case, alone):
        primals, labels = cases.draw(op, where)
        shapes.append(np.shape(op.vjp(primals, labels, case.train)[0]))
    wanted = (*shapes[0][:axis], 1, *shapes[0][axis + 1 :])
    if len(shapes[1]) < len(wanted):
        text = f"output.shape = {shapes[1]} for one sample, but should be {wanted}: the axis of the samples is lost"
        yield verdict(LAW, "fail", op, alone, "output", text)


def is_sum_of_samples(op: Op, case: Case) -> bool:
    """Whether every sample alone gives its rows of the batch, and all together its gradients.

    The gradient of the batch is measured by another law, so nothing has to be measured here.
    """
    if (
        op.terminal
        or any(s.shape.count("N") != 1 for s in op.slots)
        or RANDOM.search(forward_text(op))
    ):
        return False
    axis = output_axis(op, case)
    if axis is None:
        return False
    primals, labels = cases.draw(op, case)
    cot = cases.cotangent(evaluate(op, case, primals, labels).output, case)
    base = evaluate(op, case, primals, labels, cot)
    parts = [
        evaluate(op, case, reordered(op, primals, np.asarray([i])), labels, np.take(cot, [i], axis))
        for i in range(dict(case.sizes)["N"])
    ]
    slots = {s.name: s.shape.index("N") for s in op.slots}
    whole = {
        k: np.concatenate([p.gradients[k] for p in parts], slots[k])
        if k in slots
        else sum(p.gradients[k] for p in parts)
        for k in base.gradients
        if all(k in p.gradients for p in parts)
    }
    joined = np.concatenate([p.output for p in parts], axis)
    return not list(differing(op, base, joined, whole, 1e-8))


def samples(op: Op, case: Case) -> list[Verdict]:
    """Permuted samples give permuted results, and no sample looks at another one."""
    if any(s.shape.count("N") > 1 for s in op.slots):
        return []
    axis = output_axis(op, case)
    if axis is None:
        return [verdict(LAW, "skipped", op, case, what="the output has no batch axis of its own")]
    if RANDOM.search(forward_text(op)):
        return [verdict(LAW, "skipped", op, case, what="draws random numbers for every sample")]
    primals, labels = cases.draw(op, case)
    base = evaluate(op, case, primals, labels)
    cot = cases.cotangent(base.output, case)
    base = evaluate(op, case, primals, labels, cot)
    order = np.roll(np.arange(dict(case.sizes)["N"]), 1)
    rowwise = bool(ROWWISE.search(name_of(op))) and not COUPLED.search(name_of(op))
    status: Status = "fail" if rowwise or op.kind == "activation" else "note"
    found = permuted(op, case, primals, base, cot, axis, order, status)
    return found or mixed(op, case, primals, base, axis, status)


def forward_text(op: Op) -> str:
    """The source without its constructor, where initial weights are drawn."""
    return re.sub(r"def __init__.*?(?=\n    def |\Z)", "", source_text(op), flags=re.DOTALL)


def output_axis(op: Op, case: Case) -> int | None:
    """The axis of the output that grows with the batch, or None."""
    n = dict(case.sizes)["N"]
    shapes = []
    for size in (n, n + 1):
        primals, labels = cases.draw(op, case.replace(N=size))
        shapes.append(np.shape(op.vjp(primals, labels, case.train)[0]))
    if len(shapes[0]) != len(shapes[1]):
        return None
    grown = [i for i, (a, b) in enumerate(zip(*shapes, strict=True)) if a == n and b == n + 1]
    return grown[0] if len(grown) == 1 else None


def reordered(op: Op, arrays: Primals, order: Array) -> Primals:
    """The inputs with their samples taken in this order."""
    axes = {s.name: s.shape.index("N") for s in op.slots if "N" in s.shape}
    return {k: np.take(v, order, axes[k]) if k in axes else v for k, v in arrays.items()}


def permuted(
    op: Op, case: Case, primals: Primals, base: Evaluated, cot: Array, axis: int, order: Array, status: Status
) -> list[Verdict]:  # fmt: skip
    """Output and input gradients follow the samples; parameter gradients stay."""
    moved = reordered(op, primals, order)
    got = evaluate(op, case, moved, None, np.take(cot, order, axis))
    wanted = Evaluated(np.take(base.output, order, axis), reordered(op, base.gradients, order))
    for wrt, mine, other in differing(op, wanted, got.output, got.gradients, 1e-8):
        return [
            numbers_differ(
                LAW, status, op, case, wrt, mine, other, "the samples were put in another order"
            )
        ]
    return []


def mixed(
    op: Op, case: Case, primals: Primals, base: Evaluated, axis: int, status: Status
) -> list[Verdict]:
    """Changing one sample changes no other sample's output."""
    touched = leaks(op, case, primals, base.output, axis, lambda s: s.shape.index("N"))
    if touched is None:
        return []
    name = name_of(op)
    across = [
        leaks(op, case, primals, base.output, i, lambda s, i=i: i)
        for i in range(base.output.ndim)
        if i != axis and base.output.shape == primals[op.slots[0].name].shape
    ]
    if re.search(r"instancenorm|groupnorm", name) and base.output.ndim > 2:
        why = "only the first sample was changed; this normalisation takes every sample by itself"
        return [numbers_differ(LAW, "fail", op, case, "output", *touched, why)]
    if COUPLED.search(name) or "norm" in name:
        return []
    if any(a is None for a in across):
        what = "samples are coupled but features are not: samples may stand in columns"
        if "softmax" in name:  # `roles` decides about the axis of a softmax
            return [verdict(LAW, "skipped", op, case, what=what)]
        return [verdict(LAW, "note", op, case, "output", what)]
    return [
        numbers_differ(
            LAW, status, op, case, "output", *touched, "only the first sample was changed"
        )
    ]


def leaks(
    op: Op, case: Case, primals: Primals, output: Array, axis: int, axis_of: Callable[..., int]
) -> tuple[Array, Array] | None:
    """The rest of the output after a change of the first slice, and before, if they differ."""
    changed = {}
    for slot in op.slots:
        if "N" not in slot.shape or slot.domain.startswith("index"):
            continue
        value = primals[slot.name].copy()
        where = axis_of(slot)
        first = tuple(slice(0, 1) if i == where else slice(None) for i in range(value.ndim))
        value[first] = cases.draw_slot(
            slot, case.replace(seed=case.seed + 31), cases.generator(case, 11)
        )[first]
        changed[slot.name] = value
    if not changed:
        return None
    now = evaluate(op, case, {**primals, **changed}, None).output
    rest = tuple(slice(1, None) if i == axis else slice(None) for i in range(output.ndim))
    return (now[rest], output[rest]) if differs(now[rest], output[rest]) else None
