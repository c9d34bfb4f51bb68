"""The causes as data: what happens, why, the fix in each book's own convention, where it is taught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class About:
    """One cause.

    Attributes
    ----------
    what, why
        One or two sentences each, for a student.
    fix
        Two lines of code for each convention: ``nnfs``, ``fish``, ``cs231n``, or ``any``.
    taught
        Where it is explained.
    """

    what: str
    why: str = ""
    fix: Mapping[str, str] = field(default_factory=dict)
    taught: str = ""


CAUSES: dict[str, About] = {}


def fix_for(cause: str, convention: str, repair: Any = None) -> str:
    """The fix of a cause in a convention; the change that was tried and worked, where there is one."""
    if repair is not None:
        return f"change `{repair.edit.before}` to `{repair.edit.after}` (tried: it works)"
    about = CAUSES[cause]
    key = {"functions": "cs231n"}.get(convention, convention)
    return about.fix.get(key) or about.fix.get("any") or next(iter(about.fix.values()), "")


CAUSES.update(
    {
        k: About(k)
        for k in [
            "sign-flipped",
            "constant-factor",
            "missing-mean",
            "extra-mean",
            "transposed",
            "kernel-flipped",
            "wrong-axis-sum",
            "summed-not-averaged",
            "missing-broadcast-sum",
            "bias-shape",
            "missing-regulariser",
            "wrong-regulariser",
            "missing-norm-term",
            "softmax-diagonal-only",
            "missing-carry",
            "derivative-at-wrong-point",
            "missing-chain-factor",
            "wrong-derivative",
            "identity-backward",
            "zero-gradient",
            "upstream-ignored",
            "wrong-mask-side",
            "stale-mask",
            "resampled-mask",
            "duplicates-lost",
            "overlap-lost",
            "label-dtype-wrap",
            "int-truncation",
            "labels-broadcast",
            "onehot-as-index",
            "last-class",
            "batch-of-one",
            "batch-mixed",
            "memory-layout",
            "square-only",
            "stride-ignored",
            "padding-zero",
            "option-ignored",
            "softmax-broadcast",
            "softmax-whole-batch",
            "edits-argument",
            "edits-upstream",
            "overwrites-output",
            "edits-gradient",
            "accumulates",
            "not-repeatable",
            "cached-by-reference",
            "shared-state",
            "float32-inside",
            "overflow",
            "nan-at-extreme",
            "kink-value",
            "tie-gradient",
            "mode-ignored",
            "dropout-scale",
            "running-statistics",
            "bias-correction",
            "step-counter",
            "epsilon-placement",
            "moment-not-squared",
            "decay-wrong",
            "update-wrong",
            "state-shared-between-parameters",
            "restore-missing",
            "numerical-gradient-wrong",
            "gradient-missing",
            "gradient-shape",
            "gradient-dtype",
            "name-error",
            "forward-wrong",
            "clip-mismatch",
            "accuracy-broadcast",
            "updated-weights-used",
            "never-wired",
            "unknown",
        ]
    }
)
