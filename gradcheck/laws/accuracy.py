"""What an accuracy must do: between 0 and 1, the share of hits, for labels of every legal shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from gradcheck.laws.common import source_text, verdict
from gradcheck.types import Array, Case, Op, Verdict

LAW = "roles"
N, CLASSES = 5, 4
HITS = 3


def accuracy(op: Op, case: Case) -> Iterator[Verdict]:
    """Three of five right predictions give 0.6, in every shape of predictions and labels."""
    right: list[str] = []
    wrong: list[tuple[str, float]] = []
    refused = ""
    for what, predictions, labels, wanted in trials(op.reading):
        try:
            got = float(op.forward(op.make(), {"predictions": predictions}, labels, False))
        except Exception as error:
            refused = refused or f"{what}: {type(error).__name__}: {error}"
            continue
        if abs(got - wanted) < 1e-9:
            right.append(what)
        else:
            wrong.append((f"{what} gives {got:.6g}, but should give {wanted:.6g}", got))
    if not right and not wrong:
        yield verdict(
            LAW, "inconclusive", op, case, "predictions", f"could not be called: {refused}"
        )
        return
    yield from judged(op, case, right, wrong)


def judged(
    op: Op, case: Case, right: list[str], wrong: list[tuple[str, float]]
) -> Iterator[Verdict]:
    """Wrong for every shape: wrong. Wrong for some: wrong where flat and column labels mix unasked."""
    outside = [w for w, value in wrong if not 0 <= value <= 1]
    if outside or not right:
        yield verdict(LAW, "fail", op, case, "predictions", (outside or [wrong[0][0]])[0])
        return
    mixed = [w for w, _ in wrong if "(5,)" in w and "(5, 1)" in w]
    if mixed:
        text = f"{mixed[0]}: the two shapes broadcast to (5, 5); reshape the labels first"
        yield verdict(LAW, "fail", op, case, "predictions", text)
        return
    if wrong:
        yield verdict(
            LAW, "fail", op, case, "predictions", f"{wrong[0][0]}, although it takes {right[0]}"
        )
        return
    yield verdict(LAW, "pass", op, case, detail={"right": right})


def trials(flavour: str) -> Iterator[tuple[str, Array, Array, float]]:
    """Predictions and labels with a known share of hits; the shapes that belong together first."""
    if flavour == "regression":
        truth = np.array([0.5, 1.5, -2.0, 4.0, 3.25])
        away = np.array([0.0, 0.0, 0.0, 50.0, -50.0])
        yield from shaped(truth + away, truth, "values")
        return
    if flavour == "binary":
        truth = np.array([1, 0, 1, 0, 0])
        guess = np.where(np.arange(N) < HITS, truth, 1 - truth)
        yield from shaped(guess, truth, "0/1")
        return
    truth = np.array([3, 0, 2, 1, 3])
    guess = np.where(np.arange(N) < HITS, truth, (truth + 1) % CLASSES)
    scores = np.eye(CLASSES)[guess] * 0.7 + 0.1
    onehot = np.eye(CLASSES)[truth]
    yield "scores (5, 4) and classes (5,)", scores, truth, HITS / N
    yield "scores (5, 4) and one-hot labels (5, 4)", scores, onehot, HITS / N
    yield "classes (5,) and classes (5,)", guess, truth, HITS / N
    yield "classes (5,) and one-hot labels (5, 4)", guess, onehot, HITS / N


def shaped(guess: Array, truth: Array, what: str) -> Iterator[tuple[str, Array, Array, float]]:
    """Column against column, flat against flat, and the two mixtures."""
    column, flat = guess[:, None], truth
    yield f"{what} (5, 1) and labels (5, 1)", column, truth[:, None], HITS / N
    yield f"{what} (5,) and labels (5,)", guess, flat, HITS / N
    yield f"{what} (5, 1) and labels (5,)", column, flat, HITS / N


def promises_flat(op: Op) -> bool:
    """Whether the text speaks of flat labels."""
    return bool(re.search(r"\(\s*[nN]\s*,\s*\)|flat", source_text(op)))
