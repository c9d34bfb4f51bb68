"""What was right before a change of the code must come out as before under it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.diagnose.measure import claim, usual
from gradcheck.diagnose.repairs import quiet
from gradcheck.laws.accuracy import is_right, measured, trials
from gradcheck.laws.common import start
from gradcheck.laws.dropout import asked_share
from gradcheck.laws.inner_masks import masks
from gradcheck.laws.model_training import answering
from gradcheck.types import Array, Case, Op

#: Laws of what else a call does: at plain arguments a first call is right.
BESIDE = {
    "label_formats", "layout", "inputs_unchanged", "repeatable", "interleaved", "cached_input",
    "dtype", "kinks", "extremes",
}  # fmt: skip


def keeper(op: Op, law: str, case: Case, wrong: frozenset[str]) -> Callable[[], bool]:
    """Whether what a law does not fault is the same; asked with a change in place.

    Parameters
    ----------
    law
        The law that failed; called before the change is made.
    wrong
        The gradients that are wrong anyway, which a change may mend.
    """
    if op.kind == "accuracy":
        right = hits(op)
        return lambda: right <= hits(op)
    if op.step is not None or op.backward is None:
        return lambda: True
    plain = usual(op, case)
    if law in BESIDE:
        first = {k: v for k, v in (numbers(op, plain) or {}).items() if k not in wrong}
        return lambda: not first or same(first, numbers(op, plain))
    if law == "train_eval" and op.kind == "model":
        shape, held, drawn = answer(op, plain), numbers(op, plain) or {}, scaled(op, plain)
        return lambda: (
            answer(op, plain) == shape
            and same(held, numbers(op, plain))
            and drawn == scaled(op, plain)
        )
    if law == "train_eval":
        training, evaluation = (numbers(op, plain.replace(train=t)) for t in (True, False))
        drawn = scaled(op, plain)

        def one_mode() -> bool:
            """Training is as before, or evaluation is and training drops the same units."""
            if drawn and drawn != scaled(op, plain):
                return False
            now = numbers(op, plain.replace(train=True))
            if training is None or evaluation is None or now is None:
                return now is not None
            if close(training["output"], now["output"]):
                return True
            after = numbers(op, plain.replace(train=False))
            kept = after is not None and close(evaluation["output"], after["output"])
            return kept and np.array_equal(training["output"] == 0, now["output"] == 0)

        return one_mode
    return lambda: True


def scaled(op: Op, case: Case) -> set[str]:
    """The arrays inside an object that are masks with a scale."""
    if asked_share(op) is None or op.construct is None:
        return set()
    try:
        with quiet():
            return {m.name for m in masks(op, case) if m.scale != 1}
    except Exception:  # the user's code raised
        return set()


def hits(op: Op) -> set[str]:
    """The forms of predictions and labels for which an accuracy is right."""
    with quiet():
        return {what for what, p, y in trials(op.reading) if is_right(measured(op, p, y))}


def answer(op: Op, case: Case) -> tuple[int, ...]:
    """The shape of what a model answers for data alone; empty where it gives no array."""
    live, inputs, _, _ = start(op, case)
    found = answering(getattr(live, "obj", live))
    if found is None:
        return ()
    try:
        with quiet():
            return np.asarray(found[1](next(iter(inputs.values())).copy())).shape
    except Exception:  # the user's code raised, or gave a loss with its gradients
        return ()


def numbers(op: Op, case: Case) -> dict[str, Array] | None:
    """Output and gradients of a first call; None where it does not run."""
    try:
        with quiet():
            point = claim(op, case)
    except Exception:  # the user's code raised
        return None
    return {**point.claimed, "output": point.output}


def same(before: dict[str, Array], now: dict[str, Array] | None) -> bool:
    """Whether every number is as before."""
    return now is not None and all(k in now and close(a, now[k]) for k, a in before.items())


def close(a: Array, b: Array) -> bool:
    """Equal, but for what a clip, an epsilon or another order of summation changes."""
    return np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True)
