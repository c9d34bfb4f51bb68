"""Training against evaluation: masks, scales, statistics, and the mode that is not looked at."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

import numpy as np

from gradcheck.conventions.signature import tree_of
from gradcheck.diagnose.interventions_options import numbers_of
from gradcheck.diagnose.modes import backward_functions, by_samples, looks_at_mode
from gradcheck.diagnose.pieces import functions_by_place
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws import LAWS
from gradcheck.laws.common import cotangent_for, start
from gradcheck.types import Op, Verdict


def trained(op: Op, v: Verdict, _: Sequence[Verdict]) -> Shown | None:
    """Training against evaluation."""
    text = v.message
    if "must use the mask of the forward" in text:
        return redrawn(op)
    if "runs in training mode" in text:
        what = "prediction runs in training mode: it still draws random numbers"
        return Shown("mode-ignored", what, "the same input was predicted twice")
    if "mask of the last training pass" in text:
        what = "backward in evaluation uses the mask that the last training pass has left"
        shown = "a training pass, then an evaluation: its gradient has the zeros of that mask"
        return Shown("stale-mask", what, shown, second="mode-ignored")
    if "drawn once and kept" in text:
        shown = (
            "two passes with different random numbers dropped the same units, two objects did not"
        )
        text = "the mask of the first training pass is used ever after"
        return Shown("stale-mask", text, shown, line=drawn_at(op))
    if "share that is kept" in text:
        return unscaled(op, v)
    if "the rate is the share that is dropped" in text:
        return another_share()
    if "in the wrong mode" in text:
        what = "evaluation leaves a training flag switched, and training goes on in the wrong mode"
        return Shown(
            "mode-ignored", what, "the flag was compared before and after", second="restore-missing"
        )
    if "evaluation scales" in text:
        return Shown("mode-ignored", "evaluation still drops units", "it was run on many samples")
    if "in evaluation" not in text and "drop" in op.name.lower() and "evaluation]" in text:
        return by_one_number(op, v)
    if "batch's own mean" in text:
        own = by_samples(op, v)
        return Shown(
            "forward-wrong" if own else "mode-ignored",
            "training uses its batch, but not its mean and standard deviation"
            if own
            else "training does not use the statistics of its own batch",
            "2x + 5 gave another result than x"
            + ("" if own else "; one sample's output does not depend on the others"),
            sure=not own,
            second="mode-ignored" if own else "running-statistics",
        )
    if "the batch's own statistics are used" in text:
        return Shown(
            "mode-ignored",
            "evaluation uses the mean and variance of its batch, as training does",
            "the same samples were evaluated with and without the others",
        )
    if "shares are exchanged" in text:
        return Shown(
            "running-statistics",
            "the momentum and one minus it are exchanged in one of the running statistics",
            "both shares were measured in one training pass",
        )
    if "evaluation of it must give" in text or "must not update the running" in text:
        return Shown(
            "running-statistics",
            "the running statistics are not those of the training batches",
            "one batch was trained on again and again",
        )
    if "evaluation" in text and v.case is not None and not v.case.train:
        return evaluated(op, v)
    return None


def unscaled(op: Op, v: Verdict) -> Shown:
    """A scale that does not fit the share kept: it is the mask's side, where that is the share to drop."""
    tried = "the share of kept units was counted over many samples"
    match = re.search(r"keeps ([\d.]+) of the units.*, times ([\d.e+-]+):", v.message)
    kept, scale = map(float, match.groups()) if match else (0.0, 0.0)
    other_side = abs(scale * (1 - kept) - (v.measured or 1.0)) < 0.1  # the scale is right for it
    name = dropped_share(op, kept) if other_side else ""
    if not name:
        return Shown("dropout-scale", "the kept values are not scaled to keep the mean", tried)
    text = f"the units are kept that should be dropped: {name} is the share to drop"
    return Shown("wrong-mask-side", text, tried, second="dropout-scale")


def dropped_share(op: Op, kept: float) -> str:
    """The option that is said to be the share of units to drop, and is the share kept; or ""."""
    written = {n: float(x) for n, x in re.findall(r"(\w+)=(0?\.\d+)", op.built)}
    said = " ".join(filter(None, (getattr(o, "__doc__", "") for o in (op.obj, getattr(op.obj, "__init__", None)))))  # fmt: skip
    if re.search(r"keep|kept|retain", said):
        return ""
    shares: dict[str, float] = {**written, **numbers_of(op)}
    for name, share in shares.items():
        drops = re.search(rf"\b{name}\b[^.;]*\b(drop|zeroed)", said) or re.search(r"drop", name)
        if drops and "keep" not in name and abs(kept - share) < 0.1 < abs(kept - (1 - share)):
            return name
    return ""


def another_share() -> Shown:
    """A dropout that keeps what it should drop, or another share altogether."""
    text = "another share of the units is kept than the rate says"
    tried = "the kept units were counted over many samples"
    return Shown("dropout-scale", text, tried, second="wrong-mask-side")


#: What draws random numbers.
DRAWS = {"binomial", "rand", "randn", "random", "random_sample", "choice", "uniform", "normal",
         "integers", "randint", "standard_normal", "bernoulli", "permutation"}  # fmt: skip


def drawn_at(op: Op) -> int | None:
    """The first line of the user's functions that draws random numbers."""
    for function in functions_by_place(op).values():
        tree = tree_of(function)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in DRAWS:
                return function.__code__.co_firstlineno + node.lineno - 1
    return None


def redrawn(op: Op) -> Shown | None:
    """Whether a function of the backward draws random numbers: then the mask is another one."""
    backward = backward_functions(op)
    called = {n for f in backward for n in f.__code__.co_names}
    helpers = [f for (name, _), f in functions_by_place(op).items() if name in called]
    drawing = [f.__name__ for f in (*backward, *helpers) if DRAWS & set(f.__code__.co_names)]
    if not drawing:
        return None
    return Shown(
        "resampled-mask",
        f"{drawing[0]} draws a mask of its own instead of using forward's",
        "the entries it lets through are not those that forward kept",
        second="not-repeatable",
    )


def left_over(op: Op, v: Verdict) -> bool:
    """Whether the gradient in evaluation is another one after a training pass than without."""
    if v.case is None:
        return False
    found = []
    try:
        with quiet():
            for trained_before in (False, True):
                live, inputs, _, labels = start(op, v.case)
                if trained_before:
                    op.forward(live, {k: x.copy() for k, x in inputs.items()}, labels, True)
                output = op.forward(live, inputs, labels, False)
                cot = cotangent_for(op, output, v.case)
                found.append(np.array(op.backward(live, cot, inputs, labels)[v.wrt]))
    except Exception:  # there is no such gradient
        return False
    return not np.array_equal(found[0], found[1])


def by_one_number(op: Op, v: Verdict) -> Shown:
    """Dropout in evaluation: forward and backward scale by two different numbers."""
    if left_over(op, v):
        return Shown(
            "stale-mask",
            "backward in evaluation uses what the last training pass left",
            "after a training pass the same evaluation has another gradient than on a fresh object",
            second="mode-ignored",
        )
    ratio = (v.claimed or 0.0) / v.measured if v.measured else 0.0
    return Shown(
        "dropout-scale",
        "in evaluation forward and backward scale by different numbers",
        f"the gradient is {ratio:.4g} times the measured one",
        sure=False,
        second="mode-ignored",
    )


def evaluated(op: Op, v: Verdict) -> Shown | None:
    """A gradient that is wrong in evaluation only: its backward does not look at the mode."""
    assert v.case is not None
    with quiet():
        bad = {
            g.wrt for g in LAWS["gradient"](op, v.case.replace(train=True)) if g.status == "fail"
        }
    if bad:
        return None
    looks = looks_at_mode(op)
    return Shown(
        "mode-ignored",
        "the gradient is wrong in evaluation"
        if looks
        else "backward computes the training gradient in evaluation as well",
        "the gradient is right with training on, and wrong with it off",
        sure=not looks,
        second="wrong-derivative" if looks else "",
    )
