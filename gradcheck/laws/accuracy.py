"""What an accuracy must do: between 0 and 1, the share of hits, for labels of every legal shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from gradcheck.laws.common import name_of, relabelled, source_text, verdict
from gradcheck.laws.mutation import check_edits
from gradcheck.types import Array, Case, Op, Status, Verdict

LAW = "roles"
N, CLASSES = 5, 4
HITS = 3
WANTED = HITS / N
FAIL: Status = "fail"
NOTE: Status = "note"
#: A text that speaks of flat labels (n,).
FLAT = re.compile(r"\(\s*[nNmM]\w*\s*,\s*\)|flat")
#: A text that speaks of labels (n, 1), or code that tells them from one-hot labels.
COLUMN = re.compile(r"\(\s*[nNmM]\w*\s*,\s*1\s*\)|shape\[-?1\]\s*(>|!=|==|>=|<=)\s*[12]")


def accuracy(op: Op, case: Case) -> Iterator[Verdict]:
    """Three of five right predictions give 0.6, in every shape of predictions and labels."""
    if re.search("top[k0-9]", name_of(op)):
        yield verdict(LAW, "skipped", op, case, what="of several guesses: not tried")
        return
    right: list[str] = []
    wrong: list[tuple[str, float]] = []
    refused = ""
    for what, predictions, labels in trials(op.reading):
        got = measured(op, predictions, labels)
        if isinstance(got, str):
            refused = refused or f"{what}: {got}"
        elif is_right(got):
            right.append(what)
        else:
            wrong.append((what, got))
    if any(w.startswith("scores") for w in right):  # class numbers are not what it wants, then
        wrong = [w for w in wrong if not w[0].startswith("classes")]
    elif op.convention == "functions" and any(w.startswith("classes") for w in right):
        wrong = []  # a function of class numbers is given no scores
    if op.reading == "categorical" and in_columns(op):
        yield verdict(LAW, "pass", op, case, detail={"right": ["one sample a column"]})
        return
    if not right and not wrong:
        text = f"could not be called: {refused}"
        yield verdict(LAW, "inconclusive", op, case, "predictions", text)
        return
    found = list(judged(op, case, right, wrong)) or list(edits(op, case, right))
    if op.reading == "categorical" and not found:
        found = [*columns_of_scores(op, case, right), *column_of_classes(op, case, right)]
    yield from found
    if not found:
        yield verdict(LAW, "pass", op, case, detail={"right": right})


def edits(op: Op, case: Case, right: list[str]) -> Iterator[Verdict]:
    """A fail where the call writes into the predictions or labels, which belong to the caller."""
    for what, predictions, labels in trials(op.reading):
        if what not in right:
            continue
        if op.reading == "binary":  # probabilities, which a threshold turns into 0 and 1
            predictions = 0.8 * predictions + 0.1
        given, asked = predictions.copy(), labels.copy()
        try:
            op.forward(op.make(), {"predictions": given}, asked, False)
        except Exception:  # it wants classes, which are the same after a threshold
            continue
        now, before = (
            {"predictions": p, "labels": y} for p, y in ((given, asked), (predictions, labels))
        )
        found = check_edits(op, case, now, before, "the call")
        if found:
            yield relabelled(found[0], LAW)
            return


def measured(op: Op, predictions: Array, labels: Array) -> float | str:
    """The accuracy, or what the call raises."""
    try:
        given = {"predictions": predictions.copy()}
        return float(op.forward(op.make(), given, labels.copy(), False))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def is_right(got: float | str) -> bool:
    """Whether a call gave the share of hits."""
    return not isinstance(got, str) and abs(got - WANTED) < 1e-9


def told(got: float, what: str) -> str:
    """A wrong value in words."""
    return f"accuracy = {got:.6g}, but should be {WANTED:.6g} for {what}"


def judged(
    op: Op, case: Case, right: list[str], wrong: list[tuple[str, float]]
) -> Iterator[Verdict]:
    """Wrong for every shape: wrong. Wrong for some: a note where only flat and column mix, unasked."""
    if not wrong:
        return
    outside = [w for w in wrong if not 0 <= w[1] <= 1]
    mixed = [w for w in wrong if "(5,)" in w[0] and "(5, 1)" in w[0]]
    what, got = next(iter(outside or [w for w in wrong if w not in mixed or not right] or mixed))
    text, status = told(got, what), FAIL
    if right and not outside:
        text += f", although it takes {right[0]}"
    if right and mixed == wrong and not outside:
        text += ": the two shapes broadcast to (5, 5); reshape the labels first"
        status = FAIL if FLAT.search(source_text(op)) else NOTE
    yield verdict(LAW, status, op, case, "predictions", text)


def in_columns(op: Op) -> bool:
    """Whether scores and one-hot labels both have one sample a column."""
    _, scores, onehot = classes()
    return is_right(measured(op, scores.T, onehot.T)) and not is_right(measured(op, scores, onehot))


def columns_of_scores(op: Op, case: Case, right: list[str]) -> Iterator[Verdict]:
    """Scores with one sample a column, where labels have one sample a row: argmax over axis 0."""
    truth, scores, _ = classes()
    if any(w.startswith("scores") for w in right) or not is_right(measured(op, scores.T, truth)):
        return
    rows = [w for w in right if "one-hot labels (5, 4)" in w]
    text = "scores of shape (5, 4), one sample a row, are refused, and (4, 5) are taken: argmax over axis 0"
    if rows:
        text = f"{text}, but one-hot labels are taken with one sample a row: the accuracy depends on who else is in the batch"
    yield verdict(LAW, "fail" if rows else "note", op, case, "predictions", text)


def column_of_classes(op: Op, case: Case, right: list[str]) -> Iterator[Verdict]:
    """Class numbers as a column (n, 1), where they are not refused but taken for something else."""
    truth, scores, _ = classes()
    guess = scores.argmax(axis=1)
    forms = [("scores (5, 4)", scores), ("classes (5,)", guess)]
    if op.convention == "functions" and not any(w.startswith("scores") for w in right):
        forms = [*forms[1:], ("classes (5, 1)", guess[:, None])]
    for what, predictions in forms:
        got = measured(op, predictions, truth[:, None])
        if isinstance(got, str) or is_right(got):
            continue
        crossed = abs(got - float(np.mean(guess == truth[:, None]))) < 1e-9
        why = ": the two broadcast to (5, 5)" if crossed else ""
        text = f"{told(got, f'{what} and classes (5, 1)')}{why}; reshape the labels or refuse them"
        promised = crossed and COLUMN.search(source_text(op))
        yield verdict(LAW, "fail" if promised else "note", op, case, "labels", text)
        return


def trials(flavour: str) -> Iterator[tuple[str, Array, Array]]:
    """Predictions and labels with three hits; the shapes that belong together first."""
    if flavour == "regression":
        truth = np.array([0.5, 1.5, -2.0, 4.0, 3.25])
        away = np.array([0.0, 0.0, 0.0, 50.0, -50.0])
        yield from shaped(truth + away, truth, "values")
        return
    if flavour == "binary":
        truth = np.array([1, 0, 0, 0, 0])  # neither class is as frequent as hits are
        guess = np.where(np.arange(N) < HITS, truth, 1 - truth)
        yield from shaped(guess, truth, "0/1")
        return
    truth, scores, onehot = classes()
    guess = scores.argmax(axis=1)
    yield "scores (5, 4) and classes (5,)", scores, truth
    yield "scores (5, 4) and one-hot labels (5, 4)", scores, onehot
    yield "classes (5,) and classes (5,)", guess, truth
    yield "classes (5,) and one-hot labels (5, 4)", guess, onehot


def classes() -> tuple[Array, Array, Array]:
    """Class numbers, scores of which three point to them, and the classes as one-hot rows.

    Every way to get it wrong (each against each, all taken for class 0) gives another share.
    """
    truth, guess = np.array([3, 0, 2, 1, 3]), np.array([3, 0, 2, 2, 0])
    return truth, np.eye(CLASSES)[guess] * 0.7 + 0.1, np.eye(CLASSES)[truth]


def shaped(guess: Array, truth: Array, what: str) -> Iterator[tuple[str, Array, Array]]:
    """Column against column, flat against flat, and the two mixtures."""
    column = guess[:, None]
    yield f"{what} (5, 1) and labels (5, 1)", column, truth[:, None]
    yield f"{what} (5,) and labels (5,)", guess, truth
    yield f"{what} (5, 1) and labels (5,)", column, truth
