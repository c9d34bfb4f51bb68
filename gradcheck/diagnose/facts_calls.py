"""What the laws about calls, memory, labels and dtypes have shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradcheck.diagnose.facts_contract import contract, raised_in
from gradcheck.diagnose.facts_repeat import KEEPS
from gradcheck.diagnose.history import accumulated, forward_keeps
from gradcheck.diagnose.interventions_labels import tells_apart
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws import LAWS
from gradcheck.laws.common import start
from gradcheck.types import Case, Op, Verdict


def edited(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """An argument or stored array that a call has changed."""
    if not v.wrt:  # the call raises: nothing was compared
        return None
    fused = op.terminal and v.wrt != "labels" and "backward" in v.message
    if "overwrites the stored output" in v.message or v.wrt == "output" or fused:
        return Shown(
            "overwrites-output",
            "backward writes into the array that forward stored as its output, so a second use "
            "of it is wrong",
            "the stored array was compared before and after",
        )
    if "forward edits" in v.message or v.wrt == "labels" or any(s.name == v.wrt for s in op.slots):
        return Shown(
            "edits-argument",
            f"the call writes into {v.wrt}, which belongs to the caller",
            "the array was compared before and after",
        )
    return Shown(
        "edits-upstream",
        f"backward writes into {v.wrt}, the upstream gradient it was given, which belongs to "
        "the layer above; "
        "copy it first",
        "the array was compared before and after",
    )


def linear(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """A backward that does not depend on its upstream gradient as it must."""
    if "nan" in v.message.lower():
        return Shown("nan-at-extreme", "backward gives NaN", "the value was seen", sure=False)
    if "where the upstream gradient is zero" in v.message and "there is no" in v.message:
        text = "backward computes no gradient where the upstream gradient is all zeros"
        return Shown("gradient-missing", text, "with another upstream gradient there is one")
    if "ignores" in v.message or v.law == "zero_cotangent":
        return Shown(
            "upstream-ignored",
            "the result does not follow the upstream gradient: multiply by it",
            "other upstream gradients were tried",
            sure="ignores" in v.message,
            second="wrong-derivative",
        )
    return Shown(
        "wrong-derivative",
        "the result is not proportional to the upstream gradient, as every derivative is",
        "three upstream gradients were compared",
        sure=False,
        second="upstream-ignored",
    )


def runs_right(op: Op, case: Case) -> bool:
    """Whether contract and gradient hold at a case."""
    try:
        with quiet():
            found = [v for law in ("contract", "gradient") for v in LAWS[law](op, case)]
    except Exception:  # the user's code raises there
        return False
    return not any(v.status in {"fail", "error"} for v in found)


def laid(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown | None:
    """Memory layout; a read-only array that is written to is an edited argument."""
    if "read-only" in v.message:
        edit = next((o for o in others if o.law == "inputs_unchanged" and o.status == "fail"), None)
        return edited(op, edit, others) if edit is not None else refused(op, v)
    return Shown(
        "memory-layout",
        "the result depends on how the array lies in memory",
        "a copy in C order gives another result",
        second="transposed",
    )


def refused(op: Op, v: Verdict) -> Shown:
    """A read-only array that a call writes to, though it writes what stands there already."""
    shown, tried = "", "the call was made with read-only arrays"
    if v.case is not None:
        where = replace(v.case, layout="readonly")
        try:
            with quiet():
                live, inputs, _, labels = start(op, where)
                for given in (*inputs.values(), *([] if labels is None else [labels])):
                    given.flags.writeable = False
                shown = "forward"
                op.forward(live, inputs, labels, where.train)
                shown = "backward"
        except Exception:  # which of the two raises is what is asked
            pass
    if shown == "forward":
        text = "forward writes into an array that belongs to the caller; work on a copy"
        return Shown("edits-argument", text, f"{tried}: forward raises")
    if shown == "backward":
        text = "backward writes into an array it was given, which belongs to the layer above"
        return Shown("edits-upstream", text, f"{tried}: backward raises, forward does not",
                     second="edits-argument")  # fmt: skip
    return Shown("edits-argument", "a call writes into an array it was given", tried, False)


def left_behind(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """A model's gradient that depends on what was computed before."""
    if "left behind" not in v.message:
        return None
    if v.case is not None and accumulated(op, v.case, v.wrt):
        return Shown(
            "accumulates",
            "every backward adds to the gradient that the one before has left",
            "after a second identical call the gradient is twice the first one",
            second="stale-mask",
        )
    return Shown(
        "stale-mask",
        "the gradient uses what an earlier call has stored, not this batch",
        "the same call on a fresh model is right, after another batch it is not",
        second="shared-state",
    )


def disturbed(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown | None:
    """Two calls of one object, or of two: what the later one finds of the earlier one.

    A call that raises shows nothing of state where a call on its own raises as well.
    """
    alone = {o.status for o in others if o.law in {"contract", "batch"} and "raises" in o.message}
    if raised_in(v) and "fail" in alone:
        return None
    if "share" in v.message or "writes into" in v.message:
        return Shown(
            "shared-state",
            "what one object stores is used by another one: it is kept in one place for both",
            "a second object's call was put between the first one's forward and backward",
            second="stale-mask",
        )
    if v.case is not None and forward_keeps(op, v.case):
        return KEEPS
    return Shown(
        "stale-mask",
        "what an earlier call has stored is used again by the later one",
        "the same call on a fresh object is right, after another call it is not",
        second="shared-state",
    )


def mixed(op: Op, v: Verdict, others: Sequence[Verdict]) -> Shown | None:
    """Batches; a wrong shape, or what fails for one sample only, is something else."""
    if v.case and all(runs_right(op, v.case.replace(N=n)) is (n > 1) for n in (1, 3, 4)):
        return Shown(
            "batch-of-one",
            "wrong, or failing, for a batch of one sample only",
            "contract and gradient hold with 3 samples and not with 1",
        )
    if "the axis of the samples is lost" in v.message:
        text = "for one sample the output loses the axis of the samples: a squeeze() takes it away"
        return Shown("batch-of-one", text, "the output has that axis for several samples")
    told = ("shape", "neither returns", "not set or returned", "raises")
    if any(word in v.message for word in told):
        return contract(op, v, others)
    return Shown(
        "batch-mixed",
        "a sample's result depends on the other samples of the batch",
        "the samples were run one by one",
        sure="changes the loss of another" in v.message,
        second="wrong-axis-sum",
    )


def typed(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown:
    """Dtypes."""
    if "int" in v.message and "float32" not in v.message:
        return Shown(
            "int-truncation",
            "whole-number inputs make the result lose its fractions",
            "the same values as floats were compared",
            sure="fractions are lost" in v.message,
            second="gradient-dtype",
        )
    return Shown(
        "float32-inside",
        "something inside is computed or stored in single precision",
        "float64 input gives single-precision results",
        sure="although everything given is float64" in v.message,
    )


def labelled(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Label formats: what the law compared."""
    case, raised = v.case, raised_in(v)
    if "broadcast" in v.message and not raised:
        return Shown(
            "labels-broadcast",
            "labels of shape (n,) against predictions of shape (n, 1) make a table of n x n losses",
            "both shapes were compared",
        )
    if case is None:
        return None
    if "treated unlike" in v.message:
        return Shown(
            "last-class",
            "the last class is left out of a loop or slice over the classes",
            "the classes were exchanged: only the last one changes the loss",
        )
    if case.labels == "onehot" and (raised or "another" in v.message):
        return Shown(
            "onehot-as-index",
            "one-hot labels are used as class numbers",
            "class numbers give another result",
            sure=not tells_apart(op) or "indexing arrays" in v.message,
            second="forward-wrong",
        )
    if case.labels == "index_column" or "flat" in case.labels:
        return Shown(
            "labels-broadcast",
            f"labels of this shape ({case.labels}) are not brought to the shape of the predictions",
            "the plain shape gives another result",
            sure="as those of shape" in v.message,
        )
    if (
        case.label_dtype in {"int64", "int32"}
        and case.labels.startswith(("real", "binary"))
        and not raised
    ):
        return Shown(
            "int-truncation",
            f"something is kept in an array of the labels' dtype ({case.label_dtype}), which drops the fractions",
            "the same labels as floats give another result",
            second="gradient-dtype",
        )
    if case.label_dtype in {"uint8", "int8", "bool"} and not raised:
        return Shown(
            "label-dtype-wrap",
            f"arithmetic on {case.label_dtype} labels wraps around",
            "float labels give another result",
            sure=False,
            second="int-truncation",
        )
    return None
