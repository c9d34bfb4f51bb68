"""Interventions on the input: change one thing a caller may change, and run the law again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import numpy as np

from gradcheck import cases
from gradcheck.conventions.regulariser import strengths
from gradcheck.diagnose.interventions_labels import label_interventions
from gradcheck.diagnose.interventions_options import (
    altered,
    equal_options,
    numbers_of,
    option_in_backward,
    other_option,
    same_claim,
)
from gradcheck.diagnose.interventions_state import (
    in_double,
    made_apart,
    other_chance,
    output_in_place_of_input,
)
from gradcheck.diagnose.interventions_wiring import unread, unwired
from gradcheck.diagnose.measure import at, claim, clock
from gradcheck.diagnose.modes import looks_at_mode
from gradcheck.diagnose.rebuild import rebuilt
from gradcheck.diagnose.repairs import along, quiet, safely
from gradcheck.diagnose.shrink import still_wrong
from gradcheck.diagnose.trial import Shown, agreed, fails, passes
from gradcheck.laws import LAWS
from gradcheck.types import Case, Op, Verdict


def all_of(op: Op, verdict: Verdict, until: float) -> Iterator[Shown]:
    """Every intervention that applies and confirms a cause; none is begun after `until`."""
    for intervention in (
        in_double,
        label_interventions,
        shape_interventions,
        coupled_samples,
        distinct_indices,
        other_chance,
        output_in_place_of_input,
        without_regulariser,
        strength_of_a_model,
        equal_options,
        other_option,
        option_in_backward,
        unwired,
        unread,
        made_apart,
        without_epsilon,
        training_on,
        without_decay,
    ):
        if clock() < until:
            yield from intervention(op, verdict)


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
            and only_square(op, law, case, wrt)
        ):
            yield Shown(
                "square-only",
                f"right only where height and width are equal: with {sizes['H']} x {sizes['H']} "
                "the check passes",
                f"the same case with W={sizes['H']} passes",
                second="transposed",
            )
    slot = next((s for s in op.slots if len(s.shape) == 2 and s.shape[0] == "N"), None)
    raises = "raises" in verdict.message and "indexing arrays" not in verdict.message
    if slot is not None and law == "contract" and raises and sizes["N"] > 1:
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
                second="wrong-axis-sum",
            )


def coupled_samples(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """A layer that treats every sample alone, and whose forward does not: right for one sample."""
    case, wrt = verdict.case, verdict.wrt
    if case is None or verdict.law != "gradient" or dict(case.sizes)["N"] == 1 or op.terminal:
        return
    alone = agreed(op, case.replace(N=1), wrt)
    if not alone or not still_wrong(op, case, wrt):
        return
    told = [v for v in safely(op, "batch", case) if v.status == "fail" and v.wrt == "output"]
    if any("only the first sample was changed" in v.message for v in told):
        text = "the output of one sample depends on the other samples of the batch"
        shown = f"only the first sample was changed, and the others' output was another; for one sample alone {alone}"
        yield Shown("batch-mixed", text, shown, second="wrong-axis-sum", late=True)


def only_square(op: Op, law: str, case: Case, wrt: str) -> bool:
    """Whether it is equal sizes that cure: larger equal ones as well, and larger unequal ones not."""
    high, wide = (dict(case.sizes)[k] for k in "HW")
    far = case.replace(H=high + 2, W=high + 2), case.replace(H=wide, W=wide)
    if not all(fails(op, law, c, wrt) is False or fails(op, law, c, wrt) is None for c in far):
        return False
    unequal = case.replace(H=high + 2, W=wide + 2), case.replace(H=2 * high, W=2 * wide)
    return any(fails(op, law, c, wrt) for c in unequal)


def without_regulariser(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same object with every regularisation strength at its default, 0."""
    case, wrt, law = verdict.case, verdict.wrt, verdict.law
    if case is None or law not in {"contract", "batch", "gradient"} or op.penalty is None:
        return
    try:
        if op.penalty(op.make()) == 0.0 and not strengths(getattr(op.make(), "obj", None)):
            return
        plain = rebuilt(op)
        if plain.penalty is not None and plain.penalty(plain.make()) != 0.0:
            return
    except Exception:  # it cannot be built without its options
        return
    tried = "gradient" if law == "gradient" else "contract"
    if not fails(op, tried, case, wrt) or fails(plain, tried, case, wrt) is not False:
        return
    if law != "gradient":
        text = (
            f"the regularisation term has another shape than {wrt}: it is made from another array"
        )
        yield Shown("wrong-regulariser", text,
                    f"without regularisation ({plain.built}) the shape is right")  # fmt: skip
    elif name := ignored_strength(op, case, wrt):
        text = f"the gradient of {wrt} lacks the term that {name} adds to the loss"
        yield Shown("missing-regulariser", text,
                    f"with {name} at 0 the gradient is the same, and agrees")  # fmt: skip
    else:
        text = f"the regularisation term in the gradient of {wrt} is wrong"
        yield Shown("wrong-regulariser", text,
                    f"with every strength at 0 ({plain.built}) the gradient agrees")  # fmt: skip


#: Attributes that hold a regularisation strength.
STRENGTH = re.compile(
    r"regulari[sz]er|_l[12]$|^l[12]_?|^reg$|lambd?a?(_|$)|^lam$|weight_?decay", re.IGNORECASE
)


def strength_of_a_model(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """A model whose own loss holds the regularisation term: its strength at 0."""
    case, wrt = verdict.case, verdict.wrt
    if case is None or verdict.law != "model_gradient" or op.penalty is not None:
        return
    for name, value in numbers_of(op).items():
        if not value or not STRENGTH.search(name):
            continue
        without = altered(op, {name: 0.0})
        same = same_claim(op, without, case, wrt)
        if not agreed(without, case, wrt) or not still_wrong(op, case, wrt):
            continue
        if same:
            text = f"the gradient of {wrt} lacks the term that {name} adds to the loss"
            evidence = f"with {name} at 0 the gradient is the same, and agrees"
            yield Shown("missing-regulariser", text, evidence)
        else:
            text = f"the regularisation term in the gradient of {wrt} is wrong"
            yield Shown("wrong-regulariser", text, f"with {name} at 0 the gradient agrees")
        return
    strengths = {n: 0.0 for n, value in numbers_of(op).items() if value and STRENGTH.search(n)}
    if len(strengths) > 1 and still_wrong(op, case, wrt):
        without = altered(op, strengths)
        if agreed(without, case, wrt):
            shown = f"with {' and '.join(strengths)} at 0 the gradient agrees, with one of them it does not"
            text = f"the regularisation terms in the gradient of {wrt} are wrong"
            yield Shown("wrong-regulariser", text, shown)


#: Attributes that hold a number against a division by zero.
EPSILON = re.compile(r"^_?(eps|epsilon|tiny|small)$", re.IGNORECASE)


def without_epsilon(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same call with every epsilon at 0: right then, so it is in its place that the two differ."""
    case, wrt = verdict.case, verdict.wrt
    if case is None or verdict.law != "gradient" or op.step is not None:
        return
    names = [n for n, value in numbers_of(op).items() if value and EPSILON.match(n)]
    plain = altered(op, dict.fromkeys(names, 0.0))
    with op.plainly() if op.plainly is not None else nullcontext():
        same = agreed(plain, case, wrt)
        empty = bool(same) and nothing(plain, case, wrt)
    if empty:
        return  # of two rows of a batch norm, all is 0 without an epsilon, whatever backward does
    if same and (names or op.plainly is not None) and fails(op, "gradient", case, wrt):
        text = "forward and backward have their epsilon in different places (inside and outside a root)"
        yield Shown("epsilon-placement", text, f"with the epsilon at 0 {same}")


def nothing(op: Op, case: Case, wrt: str) -> bool:
    """Whether every entry of a gradient is 0, up to rounding."""
    with quiet():
        found = claim(op, case)
    return float(np.max(np.abs(found.claimed[wrt]))) <= 1e-12 * float(
        np.max(np.abs(found.cotangent))
    )


def ignored_strength(op: Op, case: Case, wrt: str) -> str:
    """The regularisation strength that a gradient does not follow and is right without, or ""."""
    for name, value in numbers_of(op).items():
        if value and STRENGTH.search(name):
            without = altered(op, {name: 0.0})
            if same_claim(op, without, case, wrt) and agreed(without, case, wrt):
                return name
    return ""


def training_on(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same call in training mode, where a gradient is wrong in evaluation mode."""
    case = verdict.case
    if case is None or case.train or not op.has_mode or verdict.law != "gradient":
        return
    same = agreed(op, replace(case, train=True), verdict.wrt)
    if same:
        looks = looks_at_mode(op)
        text = "wrong in evaluation mode only"
        if not looks:
            text += ": backward does not look at the mode"
        second = "wrong-derivative" if looks else ""
        yield Shown("mode-ignored", text, f"in training mode {same}", not looks, second)


#: Attributes that hold a weight or rate decay.
DECAYS = ("weight_decay", "weightdecay", "wd", "l2", "decay", "lambda_")


def without_decay(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same optimizer with its decay set to 0."""
    case, law = verdict.case, verdict.law
    if case is None or op.step is None or law not in {"optimizer_steps", "bowl_descends"}:
        return
    names = [n for n, value in numbers_of(op).items() if n in DECAYS and value]
    if not names:
        return
    plain = altered(op, dict.fromkeys(names, 0.0))
    if fails(op, law, case, verdict.wrt) and fails(plain, law, case, verdict.wrt) is False:
        shown = " and ".join(names)
        yield Shown("decay-wrong", f"with {shown} = 0 the steps are right: the decay is not "
                                   "applied as the method defines it",
                    f"the law passes with {shown} = 0")  # fmt: skip


def distinct_indices(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """An index input in which nothing occurs twice."""
    case = verdict.case
    slot = next((s for s in op.slots if s.domain.startswith("index")), None)
    if slot is None or case is None or verdict.law != "gradient":
        return
    small = case.replace(N=1, T=1)
    if agreed(op, small, verdict.wrt) and not agreed(op, case, verdict.wrt):
        size = int(np.prod(slot.sized(dict(small.sizes))))
        if size == 1 and right_where_distinct(op, case, slot.name, verdict.wrt):
            yield Shown(
                "duplicates-lost",
                f"wrong only where an index occurs more than once in {slot.name}: the gradients "
                "of repeated "
                "indices must add up",
                "with a single index the gradient agrees",
            )


def right_where_distinct(op: Op, case: Case, name: str, wrt: str) -> bool:
    """Whether a gradient is right for two indices that differ, and wrong for two that do not."""
    for sizes in ({"N": 2, "T": 1}, {"N": 1, "T": 2}):
        two = case.replace(**sizes)
        try:
            with quiet():
                primals, labels = cases.draw(op, two)
                if primals[name].size != 2:
                    continue
                pairs = (
                    np.array(p, primals[name].dtype).reshape(primals[name].shape)
                    for p in ((0, 1), (1, 1))
                )
                right = [along(op, at(op, two, {**primals, name: p}, labels), wrt) for p in pairs]
        except Exception:  # these indices are not legal for this object
            continue
        if right == [True, False]:
            return True
    return False
