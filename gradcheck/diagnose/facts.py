"""Causes that the failing law itself has shown by experiment, with the facts of its verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradcheck.diagnose.facts_calls import (
    disturbed,
    edited,
    labelled,
    laid,
    left_behind,
    linear,
    mixed,
    typed,
)
from gradcheck.diagnose.facts_contract import contract
from gradcheck.diagnose.facts_modes import trained
from gradcheck.diagnose.facts_repeat import repeated
from gradcheck.diagnose.facts_roles import accuracy
from gradcheck.diagnose.facts_steps import (
    corrected,
    decayed,
    resting,
    shared_by_parameters,
    unmoved,
)
from gradcheck.diagnose.facts_values import extreme, kinked, numeric
from gradcheck.diagnose.trial import Shown
from gradcheck.diagnose.wrong_steps import stepped
from gradcheck.types import Op, Verdict

Rule = Callable[[Op, Verdict, Sequence[Verdict]], Shown | None]


def simple(cause: str, text: str, evidence: str, sure: bool = True, second: str = "") -> Rule:
    """A rule without cases; not sure where the law's words are all there is."""
    return lambda op, v, others: Shown(cause, text, evidence, sure, second)


def other_function(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """Another function than the reference: the one without an option, or just another one."""
    if "whatever it is given" in v.message:
        text = "an option of the constructor changes nothing: it is not kept, or not used"
        shown = "built with one value of it, the function is that of another value"
        return Shown("option-ignored", text, shown, second="forward-wrong")
    text = "forward differs from the reference of the same name"
    return Shown("forward-wrong", text, "both were run on the same input", sure=False)


RULES: dict[str, Rule] = {
    "contract": contract,
    "inputs_unchanged": edited,
    "repeatable": repeated,
    "linear_in_cotangent": linear,
    "zero_cotangent": linear,
    "label_formats": labelled,
    "layout": laid,
    "cached_input": simple(
        "cached-by-reference",
        "an array is kept by reference: if the caller changes it before backward, the gradient "
        "changes",
        "the array was changed between forward and backward",
    ),
    "interleaved": disturbed,
    "batch": mixed,
    "model_gradient": left_behind,
    "dtype": typed,
    "extremes": extreme,
    "kinks": kinked,
    "train_eval": trained,
    "roles": accuracy,
    "same_as_reference": other_function,
    "gradient_untouched": simple(
        "edits-gradient",
        "the step writes into the gradient array it was given; copy it first",
        "the array was compared before and after the step",
    ),
    "state_per_parameter": shared_by_parameters,
    "bias_correction": corrected,
    "decay": decayed,
    "optimizer_steps": stepped,
    "bowl_descends": simple(
        "update-wrong",
        "the parameters do not approach the minimum of a bowl",
        "300 steps were made",
        sure=False,
        second="sign-flipped",
    ),
    "zero_gradient_rests": resting,
    "numerical_gradient": numeric,
    "model_moves": unmoved,
    "model_roundtrip": simple(
        "restore-missing",
        "a parameter is not what it was after saving and loading",
        "the model was saved and loaded",
    ),
}


def shown(op: Op, verdict: Verdict, verdicts: Sequence[Verdict]) -> Shown | None:
    """The cause a law's own experiment has shown, or None."""
    rule = RULES.get(verdict.law)
    return rule(op, verdict, verdicts) if rule else None
