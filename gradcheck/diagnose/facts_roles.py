"""What the law of roles has shown: an accuracy, a softmax, a normalisation that is not one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gradcheck.diagnose.facts_modes import another_share
from gradcheck.diagnose.interventions_options import altered, numbers_of
from gradcheck.diagnose.measure import claim
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.types import Op, Verdict


def is_count(got: float, share: float) -> bool:
    """Whether a value is a whole number of hits: the share times the number of samples."""
    return share > 0 and got == round(got) and abs(got / share - round(got / share)) < 1e-6


def sums_to_one_in_all(op: Op, v: Verdict) -> bool:
    """Whether the probabilities of the whole batch together sum to 1."""
    if v.case is None:
        return False
    try:
        with quiet():
            total = float(np.sum(claim(op, v.case).output))
    except Exception:  # the call raises: nothing is known
        return False
    return abs(total - 1.0) < 1e-6


def mask_without_options(op: Op, v: Verdict) -> bool:
    """Whether the same units are dropped whatever numbers a dropout holds, random numbers as before."""
    if v.case is None:
        return False
    held = [n for n, value in numbers_of(op).items() if type(value) is float and 0 < value < 1]
    others = [altered(op, {name: 0.3 * numbers_of(op)[name]}) for name in held]
    case = v.case.replace(N=12)
    try:
        with quiet():
            masks = [claim(one, case).output == 0 for one in (op, *others)]
    except Exception:  # one of the numbers is no rate
        return False
    return len(masks) > 1 and all(np.array_equal(mask, masks[0]) for mask in masks)


def accuracy(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Roles: what a thing of this name must do."""
    text = v.message.lower()
    if v.detail.get("crossed"):
        return Shown(
            "accuracy-broadcast",
            "predictions and labels of different shapes are compared, each with every other",
            "its value is the share of hits of every prediction among all labels",
        )
    if "past_seen" in v.detail:
        hidden = not v.detail["past_seen"]
        return Shown(
            "wrong-mask-side" if hidden else "option-ignored",
            "the mask hides the past and shows the future"
            if hidden
            else "no mask hides the future",
            "earlier and later positions of the input were changed in turn",
            sure=hidden,
            second="forward-wrong",
        )
    if op.kind == "accuracy":
        if "edits its argument" in text:
            return Shown(
                "edits-argument",
                f"the call writes into {v.wrt}, which belongs to the caller",
                "the array was compared before and after",
            )
        if "argmax over axis 0" in text:
            return Shown(
                "wrong-axis-sum",
                "the largest score is looked for among the samples, not among the classes",
                "scores with one sample a column are taken, with one sample a row they are refused",
                second="batch-mixed",
            )
        if "broadcast" in text:
            return Shown(
                "accuracy-broadcast",
                "predictions and labels of different shapes are compared, each with every other",
                "both shapes were tried",
            )
        if "although it takes" in text:
            return Shown(
                "accuracy-broadcast",
                "predictions and labels of this shape are not brought to one shape before they are compared",
                "the same values in another shape give the right accuracy",
                sure=False,
                second="forward-wrong",
            )
        numbers = re.search(r"(?:gives|=) ([-\d.e+]+), but should (?:give|be) ([-\d.e+]+)", text)
        if numbers and float(numbers.group(1)) > 1:
            return Shown(
                "summed-not-averaged",
                "the hits are summed where their mean is the accuracy",
                f"its value is {numbers.group(1)}",
                sure=is_count(float(numbers.group(1)), float(numbers.group(2))),
                second="missing-mean",
            )
        if "one-hot" in text:
            return Shown(
                "onehot-as-index",
                "one-hot labels are not turned into class numbers",
                "the same labels as class numbers are right",
                sure=False,
                second="forward-wrong",
            )
        return Shown(
            "forward-wrong",
            "the accuracy is not the fraction of right predictions",
            "the hits were counted by hand",
            sure=False,
        )
    if "of the units" in text and mask_without_options(op, v):
        return Shown(
            "option-ignored",
            "which units are dropped does not depend on the rate the object is given",
            "with every number it holds changed in turn the same units were dropped",
            second="dropout-scale",
        )
    if "of the units" in text:
        return another_share()
    if "sum of row" in text and not sums_to_one_in_all(op, v):
        return Shown(
            "forward-wrong",
            "the probabilities of one row do not sum to 1, nor do those of the whole batch",
            "both were added up",
            sure=False,
            second="softmax-whole-batch",
        )
    if "sum of row" in text or "outputs sum to 1 along axis" in text:
        return Shown(
            "softmax-whole-batch",
            "the probabilities of one row do not sum to 1: the sum runs over the batch",
            "the rows were added up",
            sure=sums_to_one_in_all(op, v),
            second="wrong-axis-sum",
        )
    if "standardised over" in text:
        return Shown(
            "wrong-axis-sum",
            "mean and variance are taken over the wrong axis",
            "both axes were tried",
            second="batch-mixed",
        )
    return Shown(
        "forward-wrong",
        "forward does not compute what its name says",
        "its defining property was tried",
        sure=False,
    )
