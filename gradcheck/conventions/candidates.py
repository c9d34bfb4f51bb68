"""Which of several readings of a loss with its gradients is meant: the one whose gradients agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from gradcheck import cases
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.live import Refused
from gradcheck.conventions.sources import more_telling
from gradcheck.types import Case, Op


def first_fitting(candidates: Iterable[tuple[str, Callable[[], Op]]]) -> Op:
    """The first reading that runs and whose gradients agree, else the first that runs.

    Class numbers that are counted with instead of indexed with come last: beside them the same
    numbers as 0 and 1 run too.

    Parameters
    ----------
    candidates
        What is tried, in words for an error, and how the Op is made.

    Raises
    ------
    Refused
        None runs; the text is the most telling problem.
    """
    why, spare = "", list[Op]()
    running: dict[bool, Op] = {}
    for shown, make in candidates:
        try:
            op = make()
            problem = unfit(op)
        except Exception as error:
            why = more_telling(why, f"{shown}: raises {type(error).__name__}: {error}")
            continue
        if problem:
            why = more_telling(why, problem)
            continue
        counted = counts_with_labels(op)
        agrees = agreeing(op)
        if agrees and not counted:
            return op
        if agrees:
            spare.append(op)
        running.setdefault(counted, op)
    found = [*spare, *(running[k] for k in sorted(running))]
    if not found:
        raise Refused(why)
    return found[0]


def agreeing(op: Op) -> bool:
    """Whether every gradient of an Op agrees with the measured one."""
    return all(miss(op, only=k) < AGREES for k in op.gradient_names)


def unfit(op: Op) -> str:
    """Why an Op cannot be meant: no finite loss, or gradients of other shapes than their primals."""
    primals, labels = cases.draw(op, Case())
    output, pullback = op.vjp(primals, labels)
    if not np.all(np.isfinite(output)):
        return "the loss is not finite"
    wrong = [k for k, g in pullback(np.ones(())).items() if g.shape != primals[k].shape]
    return f"the gradient of {wrong[0]} has another shape than {wrong[0]}" if wrong else ""


def counts_with_labels(op: Op) -> bool:
    """Whether class numbers may be floats as well: nothing is indexed with them."""
    if op.labels is None or not op.labels.encodings[0].startswith("index"):
        return False
    primals, labels = cases.draw(op, Case())
    assert labels is not None
    try:
        floats = op.vjp(primals, labels.astype(np.float64))[0]
    except Exception:  # an index must be whole
        return False
    return bool(np.array_equal(floats, op.vjp(primals, labels)[0]))
