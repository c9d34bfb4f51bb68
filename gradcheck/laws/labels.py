"""The law of label formats: every legal encoding and dtype gives one loss and one gradient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    SAME_SINGLE,
    Evaluated,
    differs,
    evaluate,
    gradient_name,
    numbers_differ,
    source_text,
    subscript,
    verdict,
)
from gradcheck.types import Array, Case, Op, Primals, Verdict

LAW = "label_formats"
DTYPES = ("int64", "int32", "int8", "uint8", "bool", "float64", "float32")
#: Labels in single precision may make the arithmetic single precision.
SINGLE = 1e-5
#: The encodings each kind of label may be rewritten to.
FLAT = {"real": "real_flat", "binary": "binary_flat"}


def label_formats(op: Op, case: Case) -> Iterator[Verdict]:
    """Index, one-hot, flat and column labels of every dtype give one loss and one gradient."""
    if op.labels is None:
        yield verdict(LAW, "skipped", op, case, what="takes no labels")
        return
    first = case.labels or op.labels.encodings[0]
    if first == "simplex":
        yield verdict(LAW, "skipped", op, case, what="the targets are probabilities")
        return
    primals, _ = cases.draw(op, case)
    base_dtype = "bool" if first == "mask" else "int64" if first.startswith("index") else "float64"
    labels = whole_labels(op, case, first)
    try:
        base = evaluate(op, case, primals, labels.astype(base_dtype))
    except IndexError:  # binary labels that are used as class numbers
        base_dtype = "int64"
        base = evaluate(op, case, primals, labels.astype(base_dtype))
    failed = False
    for encoding in (first, *(e for e in op.labels.encodings if e != first)):
        for dtype in DTYPES:
            if (encoding, dtype) == (first, base_dtype) or not legal(encoding, dtype):
                continue
            if not cases.holds(dtype, op.labels.ignored):
                continue
            given = whole_labels(op, case, encoding).astype(dtype)
            found = list(
                compare(
                    op,
                    case,
                    primals,
                    given,
                    base,
                    f"{encoding} labels of {dtype}",
                    base_dtype == "int64",
                )
            )
            failed = failed or any(v.status == "fail" for v in found)
            yield from found
            if failed:
                return
    found = [
        *flat_against_column(op, case, first),
        *column_of_classes(op, case, primals, base),
        *classes_apart(op, case, primals, labels.astype(base_dtype)),
        *last_class(op, case),
    ]
    yield from found
    if not any(v.status == "fail" for v in found):
        yield verdict(LAW, "pass", op, case)


def whole_labels(op: Op, case: Case, encoding: str) -> Array:
    """The labels of a case as whole numbers, so that every dtype can hold them."""
    assert op.labels is not None
    case = case.replace(labels=encoding, label_dtype="float64")
    drawn = cases.draw_labels(op.labels, op.slots, case)
    return np.abs(np.rint(drawn)) if encoding.startswith("real") else drawn


def legal(encoding: str, dtype: str) -> bool:
    """Whether a dtype can hold these labels."""
    if encoding == "mask":
        return dtype == "bool"
    if encoding == "sign":
        return dtype not in {"uint8", "bool"}
    return dtype != "bool" or encoding in {"onehot", "binary", "binary_flat"}


def must_work(encoding: str, dtype: str) -> bool:
    """Whether an exception for this dtype is wrong: class numbers are integers, bool is a courtesy."""
    if dtype == "bool":
        return False
    return not (encoding.startswith("index") and dtype.startswith("float"))


def compare(
    op: Op, case: Case, primals: Primals, labels: Array, base: Evaluated, what: str, whole: bool
) -> Iterator[Verdict]:
    """Loss and gradient with these labels against those of the plain ones."""
    encoding, dtype = what.split()[0], str(labels.dtype)
    tolerance = SINGLE if dtype == "float32" else 1e-9
    try:
        got = evaluate(op, case, primals, labels)
    except Exception as error:
        legal_call = must_work(encoding, dtype) and not (whole and dtype.startswith("float"))
        status: Any = "fail" if legal_call else "note"
        text = f"{what}, shape {labels.shape}: raises {type(error).__name__}: {error}"
        yield verdict(
            LAW, status, op, case.replace(labels=encoding, label_dtype=dtype), "labels", text
        )
        return
    where = case.replace(labels=encoding, label_dtype=dtype)
    status = "note" if dtype == "uint8" and of_an_objective(op) else "fail"
    if differs(got.output, base.output, tolerance):
        yield numbers_differ(LAW, status, op, where, "loss", got.output, base.output,
                             f"{what}, shape {labels.shape}, give another loss")  # fmt: skip
    for name, wanted in base.gradients.items():
        mine = got.gradients.get(name)
        if mine is None or differs(mine, wanted, tolerance):
            yield numbers_differ(LAW, status, op, where, gradient_name(op, name), np.zeros(()) if mine is None else mine,
                                 wanted, f"{what}, shape {labels.shape}, give another gradient")  # fmt: skip


def of_an_objective(op: Op) -> bool:
    """Whether the labels are zeros and ones of a cost function over parameters and data.

    Its ``-y * np.log(h)`` wraps around for unsigned labels, but nobody hands it any: its y comes out
    of a text file or a comparison.
    """
    bits = op.labels is not None and op.labels.encodings[0].startswith(("binary", "onehot"))
    return bits and op.kind == "model" and op.convention == "functions"


def column_of_classes(op: Op, case: Case, primals: Primals, base: Evaluated) -> Iterator[Verdict]:
    """Class numbers as a column (n, 1), where it is not refused but taken for something else."""
    assert op.labels is not None
    if "index" not in op.labels.encodings or "index_column" in op.labels.encodings:
        return
    labels = whole_labels(op, case, "index_column").astype("int64")
    try:
        output = np.array(op.vjp(primals, labels, case.train)[0])
    except Exception:  # refusing it is a legal answer, and a loud one
        return
    if not differs(output, base.output):
        return
    promised = re.search(r"\(\s*[nN]\s*,\s*1\s*\)", said_of_the_loss(op))
    text = (
        f"class numbers of shape {labels.shape} give a loss of {float(np.mean(output)):.6g}, but should give "
        f"{float(np.mean(base.output)):.6g} as those of shape {labels.shape[:1]} do; reshape the labels or refuse them"
    )
    where = case.replace(labels="index_column")
    yield verdict(LAW, "fail" if promised else "note", op, where, "labels", text)


#: A method that has labels of its own: what is said of them is not said of the loss.
SCORES = re.compile(
    r"^([ \t]+)def \w*(accuracy|score|predict|evaluate)\w*\(.*?(?=^\1\S|\Z)",
    re.MULTILINE | re.DOTALL,
)


def said_of_the_loss(op: Op) -> str:
    """The source of an object without its methods that only score or predict."""
    return SCORES.sub("", source_text(op))


def classes_apart(op: Op, case: Case, primals: Primals, labels: Array) -> Iterator[Verdict]:
    """Every class has a loss of its own; where just two of many share one, one is never reached."""
    assert op.labels is not None
    classes = op.labels.classes
    classes = dict(case.sizes)[classes] if isinstance(classes, str) else classes
    encoding = case.labels or op.labels.encodings[0]
    if encoding != "index" or classes < 4 or op.labels.ignored is not None:
        return
    losses = []
    for c in range(classes):
        losses.append(np.sum(op.vjp(primals, np.full_like(labels, c), case.train)[0]))
    alike = [(a, b) for b in range(classes) for a in range(b) if losses[a] == losses[b]]
    if len(alike) == 1:
        a, b = alike[0]
        text = f"labels that are all {b} give the very loss of labels that are all {a}, {float(losses[a]):.6g}: "
        text += f"of {classes} classes one is never reached"
        yield verdict(LAW, "fail", op, case, "labels", text)


def scores_of(op: Op) -> str:
    """What holds a column for each class: a loss's predictions, or the one matrix of a linear classifier."""
    slot = op.slots[0]
    if op.kind in {"loss", "function"} and slot.shape == ("N", "D") and len(op.slots) == 1:
        return slot.name
    held = op.parameters(op.make()) if op.kind == "model" and op.convention == "functions" else {}
    return next(iter(held)) if [a.ndim for a in held.values()] == [2] else ""


def last_class(op: Op, case: Case) -> Iterator[Verdict]:
    """Classes may change places: where all but the last may, a loop or slice ends too early."""
    assert op.labels is not None
    encoding = case.labels or op.labels.encodings[0]
    name = scores_of(op)
    if not name or encoding != "index" or op.labels.ignored is not None or case.config:
        return
    many = case.replace(N=7, D=5, labels=encoding)
    primals, _ = cases.draw(op, many)
    if primals[name].shape[-1] != 5:
        return
    labels = np.arange(7) % 5

    def exchanged(a: int, b: int) -> float:
        order = np.arange(5)
        order[[a, b]] = b, a
        point = {**primals, name: primals[name][:, order]}
        return float(np.sum(op.vjp(point, order[labels], case.train)[0]))

    as_is, others, last = exchanged(0, 0), (exchanged(0, 1), exchanged(1, 2)), exchanged(0, 4)
    if any(differs(value, as_is, SAME_SINGLE) for value in others):
        return
    if not differs(last, as_is, SAME_SINGLE):  # a class left out shows far above the digits
        return
    text = (
        f"the loss is {as_is:.6g}, and {last:.6g} with the last class and the first in each other's place, which "
        "the other classes may change: the last one is treated unlike them"
    )
    yield verdict(LAW, "fail", op, many, "labels", text)


def flat_against_column(op: Op, case: Case, first: str) -> Iterator[Verdict]:
    """Labels (n,) beside predictions (n, 1): NumPy makes (n, n) of them without a word."""
    assert op.labels is not None
    shape = op.slots[0].shape
    if first not in FLAT or FLAT[first] in op.labels.encodings or len(shape) != 2:
        return
    if op.slots[0].domain == "simplex":  # one column of them is all ones
        return
    of_one_output = op.kind == "model" and op.labels.wide and op.labels.classes == 1
    if shape[0] != "N" or (isinstance(shape[1], int) and shape[1] != 1 and not of_one_output):
        return
    case = case if of_one_output else case.replace(D=1)
    primals, _ = cases.draw(op, case)
    column, flat = whole_labels(op, case, first), whole_labels(op, case, FLAT[first])
    if flat.shape != (column.shape[0],) or column.shape[1:] != (1,):
        return
    try:
        wanted = evaluate(op, case, primals, column)
        got = evaluate(op, case, primals, flat)
    except Exception:  # refusing flat labels is a legal answer, and a loud one
        return
    where = case.replace(labels=FLAT[first])
    same_loss = not differs(got.output, wanted.output)
    same_loss = same_loss and (of_one_output or still_the_same(op, case, primals))
    wrong = next(
        (k for k, g in wanted.gradients.items() if differs(got.gradients.get(k, np.zeros(())), g)),
        "",
    )
    if same_loss and not wrong:
        return
    if not wrong and not differs_by_labels(op, case, primals, column, wanted):
        return  # backward does not look at them at all, which the gradient law tells
    if same_loss or not wrong:
        yield one_half_follows(op, where, flat, column, wanted, got, wrong)
        return
    text = said_of_the_loss(op)
    promised = re.search(r"\(\s*[nN]\s*,\s*\)", text) and re.search(r"\(\s*[nN]\s*,\s*1\s*\)", text)
    text = (
        f"labels of shape {flat.shape} against predictions of shape {column.shape} broadcast to "
        f"({len(flat)}, {len(flat)}): {subscript('loss', ())} = {float(np.mean(got.output)):.6g}, but should be "
        f"{float(np.mean(wanted.output)):.6g}; reshape the labels or refuse them"
    )
    yield verdict(LAW, "fail" if promised else "note", op, where, "labels", text)


def differs_by_labels(op: Op, case: Case, primals: Primals, labels: Array, here: Evaluated) -> bool:
    """Whether any gradient is another one for other labels."""
    other = evaluate(op, case, primals, np.flip(labels, axis=0)).gradients
    return any(differs(other.get(k, np.zeros(())), g) for k, g in here.gradients.items())


def still_the_same(op: Op, case: Case, primals: Primals) -> bool:
    """Whether flat labels give a column's loss also where labels lie among the predictions.

    Where all lie on one side, the mean absolute error of every pair is that of the pairs that
    belong together: a loss that broadcasts would pass for one that does not.
    """
    predictions = primals[op.slots[0].name]
    if op.labels is None or not op.labels.encodings[0].startswith("real"):
        return True
    among = np.flip(predictions, axis=0) + 0.3
    whole, flat = evaluate(op, case, primals, among), evaluate(op, case, primals, among[:, 0])
    return not differs(flat.output, whole.output)


def one_half_follows(
    op: Op, where: Case, flat: Array, column: Array, wanted: Evaluated, got: Evaluated, wrong: str
) -> Verdict:
    """The fail where forward and backward do not read flat labels alike: one of them takes them."""
    if not wrong:
        why = (
            f"labels of shape {flat.shape} against predictions of shape {column.shape}: backward takes them for a "
            f"column, but forward broadcasts them to ({len(flat)}, {len(flat)})"
        )
        return numbers_differ(LAW, "fail", op, where, "loss", got.output, wanted.output, why)
    called = gradient_name(op, wrong)
    why = f"labels of shape {flat.shape} for predictions of shape {column.shape}: forward takes them for a column, backward does not"
    mine = got.gradients.get(wrong, np.zeros(()))
    return numbers_differ(LAW, "fail", op, where, called, mine, wanted.gradients[wrong], why)
