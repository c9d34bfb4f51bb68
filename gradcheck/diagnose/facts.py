"""Causes that the failing law itself has shown by experiment, with the facts of its verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from gradcheck import cases
from gradcheck.diagnose.floats import callable_errors
from gradcheck.diagnose.interventions import Shown
from gradcheck.diagnose.repairs import quiet
from gradcheck.laws import LAWS
from gradcheck.laws.common import evaluate
from gradcheck.laws.numerics import extreme_inputs
from gradcheck.types import Op, Verdict

#: Exceptions that mean a name was mistyped or never set.
NAMES = {"NameError", "AttributeError", "KeyError", "UnboundLocalError"}


def shown(op: Op, verdict: Verdict, verdicts: Sequence[Verdict]) -> Shown | None:
    """The cause a law's own experiment has shown, or None."""
    rule = RULES.get(verdict.law)
    return rule(op, verdict, verdicts) if rule else None


def contract(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """What is missing, of the wrong shape, dtype, or not finite."""
    raised = raised_in(v)
    if raised in NAMES:
        return Shown(
            "name-error",
            f"the code uses a name that does not exist: {told(v)}",
            f"it raises {raised}",
        )
    if "neither returns nor stores" in v.message or "was not set or returned" in v.message:
        return Shown("gradient-missing", f"backward runs, but the gradient of {v.wrt} is neither stored nor returned",
                     "after backward there is no array for it")  # fmt: skip
    shapes = re.search(r"\.shape = \(([\d, ]*)\), but should be \(([\d, ]*)\)", v.message)
    if shapes:
        return wrong_shape(
            op, v, *(tuple(int(n) for n in re.findall(r"\d+", s)) for s in shapes.groups())
        )
    if "dtype" in v.message:
        return Shown("gradient-dtype", "the gradient is written into an array of whole numbers, which drops the fractions",
                     "its dtype is not a float")  # fmt: skip
    if "but should be finite" in v.message:
        return Shown("nan-at-extreme", "the call gives infinity or NaN", "the value was seen")
    return None


def wrong_shape(op: Op, v: Verdict, got: tuple[int, ...], wanted: tuple[int, ...]) -> Shown:
    """A gradient of another shape: the same numbers, more of them, or others."""
    same_size = int(np.prod(got)) == int(np.prod(wanted))
    if v.wrt.startswith("b") and same_size:
        return Shown("bias-shape", f"the gradient has shape {got}, the bias {wanted}: an in-place update would fail or change the "
                     "bias' shape; sum with keepdims=True", f"reshaped to {wanted} it would fit")  # fmt: skip
    if same_size and len(got) == len(wanted) == 2 and got == wanted[::-1]:
        return Shown(
            "transposed",
            f"the gradient has the transposed shape {got}; it should be {wanted}",
            "the shapes are each other's transpose",
        )
    if len(got) > len(wanted) or int(np.prod(got)) > int(np.prod(wanted)):
        return Shown("missing-broadcast-sum", f"the gradient has shape {got}, but {v.wrt} was broadcast from {wanted}: sum over the "
                     "axes it was broadcast along", "the extra axes are those of the batch")  # fmt: skip
    if same_size:
        return Shown(
            "gradient-shape",
            f"the numbers are there, but in shape {got} instead of {wanted}",
            "the sizes are equal",
        )
    return Shown(
        "wrong-axis-sum",
        f"the gradient has shape {got}, but should be {wanted}: the sum runs over another axis",
        "the shapes were compared",
    )


def raised_in(v: Verdict) -> str:
    """The exception a verdict tells of, or ""."""
    match = re.search(r"raises (\w+)", v.message)
    return match.group(1) if match else ""


def told(v: Verdict) -> str:
    """The text of the exception."""
    match = re.search(r"raises \w+: (.*?)(?: \[|$)", v.message)
    return match.group(1) if match else v.message


def edited(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """An argument or stored array that a call has changed."""
    fused = op.terminal and v.wrt != "labels" and "backward" in v.message
    if "overwrites the stored output" in v.message or v.wrt == "output" or fused:
        return Shown("overwrites-output", "backward writes into the array that forward stored as its output, so a second use of it is wrong",
                     "the stored array was compared before and after")  # fmt: skip
    if "forward edits" in v.message or v.wrt == "labels" or any(s.name == v.wrt for s in op.slots):
        return Shown(
            "edits-argument",
            f"the call writes into {v.wrt}, which belongs to the caller",
            "the array was compared before and after",
        )
    return Shown("edits-upstream", f"backward writes into {v.wrt}, the upstream gradient it was given, which belongs to the layer above; "
                 "copy it first", "the array was compared before and after")  # fmt: skip


def repeated(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown:
    """A second identical call that gives something else."""
    if any(
        o.law == "inputs_unchanged" and o.status == "fail" for o in others
    ) or keeps_output_changed(op, v):
        return Shown("overwrites-output", "backward writes into what forward stored, so the second backward starts from other numbers",
                     "the stored output was compared before and after backward")  # fmt: skip
    if (
        v.claimed is not None and v.measured and np.isclose(v.claimed, 2 * v.measured, rtol=1e-6)
    ) or "accumul" in v.message:
        return Shown("accumulates", "the second backward adds to the first one's gradient: set it to zero, or assign instead of adding",
                     "the second result is twice the first")  # fmt: skip
    return Shown(
        "not-repeatable", "the same call gives different results", "two calls were compared"
    )


def keeps_output_changed(op: Op, v: Verdict) -> bool:
    """Whether backward changes an array that the object holds since forward."""
    if v.case is None or op.backward is None:
        return False
    from gradcheck.conventions import places
    from gradcheck.laws.common import cotangent_for, start

    with quiet():
        live, inputs, _, labels = start(op, v.case)
        output = op.forward(live, inputs, labels, v.case.train)
        held = places.walk(live.obj, 2) if getattr(live, "obj", None) is not None else {}
        before = {p: np.array(a) for p, a in held.items()}
        op.backward(live, cotangent_for(op, output, v.case), inputs, labels)
        return any(not np.array_equal(held[p], old, equal_nan=True) and held[p].dtype.kind == "f"
                   and not places.is_gradient_place(p) for p, old in before.items())  # fmt: skip


def linear(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """A backward that does not depend on its upstream gradient as it must."""
    if "ignores" in v.message or v.law == "zero_cotangent":
        return Shown(
            "upstream-ignored",
            "the result does not follow the upstream gradient: multiply by it",
            "other upstream gradients were tried",
        )
    return Shown(
        "wrong-derivative",
        "the result is not proportional to the upstream gradient, as every derivative is",
        "three upstream gradients were compared",
    )


def extreme(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Large inputs: which floating-point error came first."""
    text = v.message.lower()
    if "clip" in text:
        return Shown("clip-mismatch", "forward and backward clip at different values, so at the edge the loss is finite and its gradient is not",
                     "predictions of exactly 0 and 1 were given")  # fmt: skip
    first = first_error(op, v)
    nan = " = nan" in text
    if first == "overflow" and (not nan or "softmax" in op.name.lower()):
        return Shown("overflow", "exp() of a large number overflows: subtract the maximum first, or use a form that never takes exp of a "
                     "positive number", "NumPy's overflow check stopped at that operation")  # fmt: skip
    if nan or first in {"invalid", "divide"}:
        return Shown(
            "nan-at-extreme",
            "the formula becomes 0/0, 0*inf or inf-inf",
            f"NumPy's check reports '{first or 'invalid'}' there",
        )
    return (
        Shown("overflow", "a large intermediate value overflows", "the result is not finite")
        if "inf" in text
        else None
    )


def first_error(op: Op, v: Verdict) -> str:
    """The first floating-point error of forward and backward at the extreme input of the verdict."""
    if v.case is None:
        return ""
    primals, labels = cases.draw(op, v.case)
    wanted = [p for what, p in extreme_inputs(op, v.case, primals) if what in v.message]
    for given in wanted or [primals]:
        try:
            with callable_errors():
                evaluate(op, v.case, {**primals, **given}, labels)
        except FloatingPointError as error:
            return str(error).split()[0]
        except Exception:  # the case needs more than a plain run
            return ""
    return ""


def trained(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Training against evaluation."""
    text = v.message
    if "must use the mask of the forward" in text:
        return Shown(
            "resampled-mask",
            "backward does not use forward's mask",
            "both were compared entry by entry",
        )
    if "share that is kept" in text:
        return Shown(
            "dropout-scale",
            "the kept values are not scaled to keep the mean",
            "the share of kept units was counted over many samples",
        )
    if "evaluation scales" in text:
        return Shown("mode-ignored", "evaluation still drops units", "it was run on many samples")
    if "batch's own mean" in text:
        return Shown(
            "mode-ignored",
            "training does not use the statistics of its own batch",
            "2x + 5 gave another result than x",
        )
    if "evaluation of it must give" in text or "must not update the running" in text:
        return Shown(
            "running-statistics",
            "the running statistics are not those of the training batches",
            "one batch was trained on until nothing changed",
        )
    if "evaluation" in text and v.case is not None and not v.case.train:
        return evaluated(op, v)
    return None


def evaluated(op: Op, v: Verdict) -> Shown | None:
    """A gradient that is wrong in evaluation only: its backward does not look at the mode."""
    assert v.case is not None
    with quiet():
        bad = {
            g.wrt for g in LAWS["gradient"](op, v.case.replace(train=True)) if g.status == "fail"
        }
    if bad:
        return None
    return Shown(
        "mode-ignored",
        "backward computes the training gradient in evaluation as well",
        "the gradient is right with training on, and wrong with it off",
    )


def numeric(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """A user's own numerical gradient."""
    if "not restored" in v.message:
        return Shown("restore-missing", "x is not put back after it was moved, so later entries are measured at a shifted point",
                     "x was compared before and after")  # fmt: skip
    return Shown(
        "numerical-gradient-wrong",
        "the difference quotient is wrong on a function whose gradient is known",
        "it was called on known functions",
    )


def accuracy(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Roles: what a thing of this name must do."""
    text = v.message.lower()
    if op.kind == "accuracy":
        if "broadcast" in text:
            return Shown(
                "accuracy-broadcast",
                "predictions and labels of different shapes are compared, each with every other",
                "both shapes were tried",
            )
        numbers = re.search(r"gives ([-\d.e+]+), but should give ([-\d.e+]+)", text)
        if numbers and float(numbers.group(1)) > 1:
            return Shown(
                "summed-not-averaged",
                "the hits are summed where their mean is the accuracy",
                f"its value is {numbers.group(1)}",
            )
        if "one-hot" in text:
            return Shown(
                "onehot-as-index",
                "one-hot labels are not turned into class numbers",
                "the same labels as class numbers are right",
            )
        return Shown(
            "forward-wrong",
            "the accuracy is not the fraction of right predictions",
            "the hits were counted by hand",
        )
    if "sum of row" in text or "outputs sum to 1 along axis" in text:
        return Shown(
            "softmax-whole-batch",
            "the probabilities of one row do not sum to 1: the sum runs over the batch",
            "the rows were added up",
        )
    if "standardised over" in text:
        return Shown(
            "wrong-axis-sum",
            "mean and variance are taken over the wrong axis",
            "both axes were tried",
        )
    return Shown(
        "forward-wrong",
        "forward does not compute what its name says",
        "its defining property was tried",
    )


def resting(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """A step with a zero gradient."""
    if "nan" in v.message.lower():
        return Shown(
            "nan-at-extreme",
            "a zero gradient gives 0/0: add an epsilon to the divisor",
            "one step was made with a zero gradient",
        )
    return Shown("update-wrong", "a zero gradient moves the parameters", "one step was made")


def laid(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown:
    """Memory layout; a read-only array that is written to is an edited argument."""
    if "read-only" in v.message:
        edit = next((o for o in others if o.law == "inputs_unchanged" and o.status == "fail"), None)
        return edited(op, edit or v, others)
    return Shown(
        "memory-layout",
        "the result depends on how the array lies in memory",
        "a copy in C order gives another result",
    )


def mixed(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown:
    """Batches; a wrong shape, or what fails for one sample only, is something else."""
    if ".shape = " in v.message or "neither returns" in v.message:
        shape = contract(op, v, others)
        if shape is not None:
            return shape
    return Shown(
        "batch-mixed",
        "a sample's result depends on the other samples of the batch",
        "the samples were run one by one",
    )


def simple(cause: str, text: str, evidence: str) -> Rule:
    """A rule without cases."""
    return lambda op, v, others: Shown(cause, text, evidence)


from collections.abc import Callable  # noqa: E402

Rule = Callable[[Op, Verdict, Sequence[Verdict]], Shown | None]


def kinked(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """What is claimed at a kink or tie."""
    text = v.message.lower()
    if "nan" in text or "inf" in text.split("[")[0]:
        return Shown("nan-at-extreme", "at the kink the formula becomes 0/0", "the value was seen")
    if "jump" in text or "continuous" in text:
        return Shown(
            "forward-wrong",
            "the function jumps where its two pieces should meet",
            "both sides were evaluated",
        )
    return Shown(
        "tie-gradient" if "tie" in text else "kink-value",
        "another valid choice at the kink than the usual one",
        "the one-sided slopes were measured",
    )


def typed(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """Dtypes."""
    if "int" in v.message and "float32" not in v.message:
        return Shown(
            "int-truncation",
            "whole-number inputs make the result lose its fractions",
            "the same values as floats were compared",
        )
    return Shown(
        "float32-inside",
        "something inside is computed or stored in single precision",
        "float64 input gives single-precision results",
    )


def labelled(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Label formats: what the law compared."""
    if "broadcast" in v.message:
        return Shown(
            "labels-broadcast",
            "labels of shape (n,) against predictions of shape (n, 1) make a table of n x n losses",
            "both shapes were compared",
        )
    case = v.case
    raised = raised_in(v)
    if case is None:
        return None
    if case.labels == "onehot" and (raised or "another" in v.message):
        return Shown(
            "onehot-as-index",
            "one-hot labels are used as class numbers",
            "class numbers give another result",
        )
    if case.labels == "index_column" or "flat" in case.labels:
        return Shown(
            "labels-broadcast",
            f"labels of this shape ({case.labels}) are not brought to the shape of the predictions",
            "the plain shape gives another result",
        )
    if case.label_dtype in {"uint8", "int8", "bool"} and not raised:
        return Shown(
            "label-dtype-wrap",
            f"arithmetic on {case.label_dtype} labels wraps around",
            "float labels give another result",
        )
    return None


RULES: dict[str, Rule] = {
    "contract": contract,
    "inputs_unchanged": edited,
    "repeatable": repeated,
    "linear_in_cotangent": linear,
    "zero_cotangent": linear,
    "label_formats": labelled,
    "layout": laid,
    "cached_input": simple("cached-by-reference", "an array is kept by reference: if the caller changes it before backward, the gradient changes", "the array was changed between forward and backward"),
    "interleaved": simple("shared-state", "what one call stores is used by another one", "two calls were interleaved"),
    "batch": mixed,
    "dtype": typed,
    "extremes": extreme,
    "kinks": kinked,
    "train_eval": trained,
    "roles": accuracy,
    "same_as_reference": simple("forward-wrong", "forward differs from the reference of the same name", "both were run on the same input"),
    "gradient_untouched": simple("edits-gradient", "the step writes into the gradient array it was given; copy it first", "the array was compared before and after the step"),
    "state_per_parameter": simple("state-shared-between-parameters", "one state serves several parameters", "the path of one parameter changed with the gradient of another"),
    "bias_correction": simple("bias-correction", "the first steps are not corrected for the zero start of the averages", "the first steps were compared with the formula"),
    "decay": simple("decay-wrong", "weight or rate decay is not applied as defined", "the steps were compared with the formula"),
    "optimizer_steps": simple("update-wrong", "the step is not that of the method of this name", "the steps were compared with the formula"),
    "bowl_descends": simple("update-wrong", "the parameters do not approach the minimum of a bowl", "300 steps were made"),
    "zero_gradient_rests": resting,
    "numerical_gradient": numeric,
    "model_moves": simple("never-wired", "a parameter never changes in training", "a few steps were made"),
    "model_roundtrip": simple("restore-missing", "a parameter is not what it was after saving and loading", "the model was saved and loaded"),
}  # fmt: skip
