"""The reading of a loss under which its forward and backward agree."""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import loss_names, losses, places
from gradcheck.conventions.candidates import counts_with_labels
from gradcheck.conventions.consistency import AGREES, miss, proportional
from gradcheck.conventions.hypotheses import declared_shapes
from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.loss_parameters import matrix_sizes, with_own_parameters
from gradcheck.conventions.signature import arguments, plain, tree_of
from gradcheck.conventions.sources import Source
from gradcheck.types import Case, Op


def loss_readings(
    source: Source, lossy: losses.Lossy, make: Callable[[], Live], built: str
) -> Op | str:
    """The Op of the most consistent reading, or why there is none.

    The first predictions and labels that run are kept: only what they mean (order, reduction,
    what backward is given) is chosen by consistency.  Other labels are looked at only where the
    name says nothing about them, or where the code can only mean others.
    """
    proto = make()
    found = learning(source, lossy, make, proto, built)
    if isinstance(found, str):
        found = any_reading(source, lossy, make, built)
    refused = found if isinstance(found, str) else of_rows(found, source, lossy, make, built)
    if "could not be broadcast" in refused:
        samples = dict(Case().sizes)["N"]  # as many classes as samples: a sum without keepdims runs
        square = any_reading(source, replace(lossy, columns=samples), make, built)
        found = found if isinstance(square, str) else square
    if isinstance(found, str):
        return found
    found = widened(with_class_numbers(found, source, lossy, make, built), lossy)
    return leaving_out(with_own_parameters(found, make, proto), lossy, proto)


def of_rows(
    op: Op, source: Source, lossy: losses.Lossy, make: Callable[[], Live], built: str
) -> str:
    """Why rows of several classes do not run, where one number a sample runs and is wrong."""
    if op.slots[0].shape not in {("N", 1), ("N",)} or miss(op) < AGREES:
        return ""
    found = best_reading(source, lossy, make, built, ("index",))
    return found if isinstance(found, str) else ""


#: What makes probabilities of logits.
FROM_LOGITS = re.compile(r"\b(exp|tanh|sigmoid|softmax|logaddexp|expit)\(")


def widened(op: Op, lossy: losses.Lossy) -> Op:
    """The Op for logits where its name speaks of probabilities, but its code makes them itself."""
    if {s.domain for s in op.slots} - {"unit", "simplex"} or not FROM_LOGITS.search(
        source_of(lossy.forward_function)
    ):
        return op
    wide = replace(op, slots=tuple(replace(s, domain="real") for s in op.slots))
    return wide if miss(op) < AGREES and miss(wide) < AGREES else op


def with_class_numbers(
    op: Op, source: Source, lossy: losses.Lossy, make: Callable[[], Live], built: str
) -> Op:
    """The Op with one sample a column, where the loss takes class numbers, and agrees, only so.

    One-hot labels fit in rows as well: ``labels.argmax(axis=0)`` then takes the samples for classes.
    """
    if op.labels is None or source.labels or op.labels.encodings[0] not in {"index", "onehot"}:
        return op
    in_rows = op.slots[0].shape == ("N", "D") and op.labels.encodings != ("onehot",)
    if in_rows or re.search(r"axis=0|shape\[1\]", source_of(lossy.forward_function)) is None:
        return op
    other = best_reading(source, replace(lossy, in_columns=True), make, built, ("index",))
    if isinstance(other, str) or counts_with_labels(other):
        return op
    return other if miss(other) < AGREES else op


def learning(
    source: Source, lossy: losses.Lossy, make: Callable[[], Live], proto: Live, built: str
) -> Op | str:
    """The Op of a loss whose matrices say how wide its input is and how many classes there are."""
    running: Op | str = ""
    for columns, classes in matrix_sizes(proto) if proto.obj is not None else ():
        fixed = replace(lossy, columns=columns, classes=classes)
        found = any_reading(source, fixed, make, built)
        if isinstance(found, str):
            continue
        if miss(found) < AGREES:
            return found
        running = running or found
    return running


def leaving_out(op: Op, lossy: losses.Lossy, proto: Live) -> Op:
    """The Op with labels among which the one occurs that the code leaves out: ``ignore_index=-100``.

    Such a label cannot be one-hot, so only class numbers are tried.
    """
    ignored = ignored_label(lossy.forward_function, proto.obj)
    kept = tuple(e for e in op.labels.encodings if e.startswith("index")) if op.labels else ()
    if ignored is None or op.labels is None or kept[:1] != op.labels.encodings[:1]:
        return op
    return replace(op, labels=replace(op.labels, encodings=kept, ignored=ignored))


def ignored_label(forward: Any, obj: Any) -> int | None:
    """The class number whose samples do not count, from an attribute or a default; None without one."""
    own = dict(vars(obj)) if hasattr(obj, "__dict__") else {}
    given = {a.name: a.default for a in arguments(forward) if not a.required}
    for name, value in {**given, **own}.items():
        if (
            plain(name) in loss_names.IGNORED
            and isinstance(value, (int, np.integer))
            and value is not False
        ):
            return int(value)
    return None


def any_reading(
    source: Source, lossy: losses.Lossy, make: Callable[[], Live], built: str
) -> Op | str:
    """The Op of the most consistent reading, boolean labels included, or why there is none."""
    asked = (source.labels,) if source.labels else ()
    found = best_reading(source, lossy, make, built, asked)
    if asked or (not isinstance(found, str) and miss(found) < AGREES) or not masks(lossy):
        return found
    for encoding in ("onehot", "mask"):
        again = best_reading(source, lossy, make, built, (encoding,))
        if not isinstance(again, str) and miss(again) < AGREES:
            return again
    return found


#: ``np.eye(classes)[t]``: there the labels are class numbers.
ROWS_OF_AN_IDENTITY = re.compile(r"\b(?:eye|identity)\((?:[^()]|\([^()]*\))*\)\[")


def masks(lossy: losses.Lossy) -> bool:
    """Whether the labels stand in brackets as a boolean mask may: ``p[t]``, ``p[t.astype(bool)]``."""
    named = [a.name for a in loss_names.value_args(lossy.forward_function)]
    text = "\n".join(map(source_of, (lossy.forward_function, lossy.backward_function)))
    text = ROWS_OF_AN_IDENTITY.sub("onehot(", text)
    marks = r"\s*(\]|\.astype\((np\.)?bool_?\)|==\s*1|>\s*0|!=\s*0)"
    return any(re.search(rf"\[\s*(self\.)?{re.escape(n)}{marks}", text) for n in named)


def source_of(function: Any) -> str:
    """The text of a function, or "" where it cannot be had."""
    tree = tree_of(function)
    return "" if tree is None else ast.unparse(tree)


def several_outputs(lossy: losses.Lossy) -> bool:
    """Whether the code names the second size of the predictions: ``samples, outputs = p.shape``."""
    text = source_of(lossy.forward_function) + source_of(lossy.backward_function)
    return re.search(r"\w+\s*,\s*[A-Za-z]\w*\)?\s*=\s*[\w.]+\.shape", text) is not None


def best_reading(
    source: Source,
    lossy: losses.Lossy,
    make: Callable[[], Live],
    built: str,
    asked: tuple[str, ...],
) -> Op | str:
    """The Op of the most consistent reading with these label encodings, or why there is none."""
    proto, case = make(), Case()
    open_name = loss_names.hints(source.name) == loss_names.ANY
    why, kept, one_output = "", None, False
    ranked: list[tuple[float, int, Op]] = []
    single = [] if asked or proto.obj is None else single_shapes(proto.obj)
    tried = itertools.chain(
        dict.fromkeys(losses.declared_readings(source.name, lossy, single)),
        losses.readings(source.name, lossy, asked, class_counts(proto)),
    )
    for reading in tried:
        swapped, domain, shape, encoding, form = reading
        other_labels = kept is not None and kept[2] != encoding
        same = kept in (None, (domain, shape, encoding)) or (one_output and not other_labels)
        # In one row every division by the number of rows is lost: never where several rows run.
        if not same and not (open_name and len(shape) == 2 and shape[0] != 1):
            continue
        try:
            _, value, _, stored = losses.try_reading(make, proto, lossy, reading, case)
        except Refused as refusal:
            why = why or str(refusal)
            continue
        if kept is None:
            kept = (domain, shape, encoding)
            product = value.ndim == 2 and value.shape[0] == value.shape[1]  # y @ log(p).T
            one_output = encoding.startswith(("binary", "sign")) and (value.size == 1 or product)
            one_output = one_output and not lossy.averaged and not several_outputs(lossy)
        for reduction in losses.reductions(value, lossy.averaged):
            encodings = losses.accepted_encodings(
                make, proto, lossy, reading, loss_names.hints(source.name)[1], case
            )
            full = losses.Reading(swapped, domain, shape, encodings, reduction, form)
            op = losses.to_op(
                source.name, convention_of_loss(lossy), make, proto, lossy, full, stored, built
            )
            distance = miss(op)
            op = consistent_labels(op, distance)
            ranked.append((distance, len(ranked), op))
            if distance < AGREES:
                return with_doubts(op, [other for _, _, other in ranked])
        if not any(math.isfinite(d) for d, _, _ in ranked):
            kept = None  # backward takes no such labels: others may be meant
        if len(ranked) > 24:
            break
    if not ranked:
        return why
    running = [op for d, _, op in ranked if math.isfinite(d)] or [ranked[0][2]]
    best = next((op for op in running if proportional(op)), running[0])
    return one_sample(source, lossy, make, built, best) or best


def with_doubts(op: Op, tried: list[Op]) -> Op:
    """The Op, its reading told in full where the gradient was wrong for several outputs a sample."""
    if len(op.slots[0].shape) == 2 and op.slots[0].shape != ("N", 1):
        return op
    if not any(other.slots[0].shape == ("N", "D") for other in tried):
        return op
    told = f"{losses.ONE_OUTPUT}: the gradient is right for (n, 1) and wrong for (n, k)"
    return replace(op, reading=op.reading.replace(losses.ONE_OUTPUT, told))


def single_shapes(obj: Any) -> list[tuple[int, ...]]:
    """The shape of one sample that an object was made for, where it keeps arrays of that shape."""
    shapes = declared_shapes(obj)
    fixed = [tuple(n for n in s if isinstance(n, int)) for s in shapes[:1] if "N" not in s]
    return [s for s in fixed if math.prod(s) > 1]


def one_sample(
    source: Source, lossy: losses.Lossy, make: Callable[[], Live], built: str, batch: Op
) -> Op | None:
    """The Op of a loss of one sample, where the labels of the others do not enter its value.

    ``p[:, t.argmax()]`` runs on a batch, but it reads the label of the first row only.
    """
    if not first_label_only(batch):
        return None
    proto, case, slot = make(), Case(), batch.slots[0]
    asked = (source.labels,) if source.labels else ()
    for reading in losses.readings(source.name, lossy, asked):
        swapped, domain, shape, encoding, form = reading
        if shape != ("N", "D") or encoding not in {"onehot", "simplex", "binary", "real"}:
            continue
        single = (swapped, domain, (1, "D"), encoding, form)
        try:
            _, value, _, stored = losses.try_reading(make, proto, lossy, single, case)
        except Refused:
            continue
        for reduction in losses.reductions(value, lossy.averaged):
            full = losses.Reading(swapped, domain, (1, "D"), (encoding,), reduction, form)
            op = losses.to_op(
                source.name, convention_of_loss(lossy), make, proto, lossy, full, stored, built
            )
            if slot.name == op.slots[0].name and miss(op) < AGREES:
                return replace(op, reading="one sample at a time: of a batch it reads one label")
    return None


def first_label_only(op: Op) -> bool:
    """Whether other labels for all samples but the first leave the loss as it is, to the last bit."""
    if op.labels is None or op.slots[0].shape[:1] != ("N",):
        return False
    case = Case(labels=op.labels.encodings[0])
    primals, labels = cases.draw(op, case)
    assert labels is not None
    others = [np.roll(labels, shift, axis=0) for shift in (1, 2)]
    for changed in others:
        changed[:1] = labels[:1]
    if np.ndim(labels) == 0 or any(np.array_equal(o, labels) for o in others):
        return False
    try:
        values = [op.vjp(primals, t)[0] for t in (labels, *others, np.roll(labels, 1, axis=0))]
    except Exception:  # the laws tell it
        return False
    same = [np.array_equal(values[0], v) for v in values[1:]]
    return same[0] and same[1] and not same[2]


def class_counts(proto: Live) -> tuple[int, ...]:
    """Numbers of classes an object may insist on: the lengths of the vectors and lists it holds."""
    if proto.obj is None:
        return ()
    lists = (
        [v for v in vars(proto.obj).values() if isinstance(v, (list, tuple))]
        if hasattr(proto.obj, "__dict__")
        else []
    )
    numeric = [len(v) for v in lists if len(v) > 1 and all(type(x) in (int, float) for x in v)]
    held = places.walk(proto.obj).values()
    vectors = [a.size for a in held if a.ndim <= 2 and 1 < a.size == max(a.shape)]
    return tuple(dict.fromkeys([*vectors, *numeric]))


def consistent_labels(op: Op, distance: float) -> Op:
    """The Op without further label shapes under which forward runs but backward does not follow.

    (n, 1) class indices broadcast in ``p[arange(n), y]``; nobody promised that they are legal.
    """
    if op.labels is None or distance >= AGREES:
        return op
    first, *rest = op.labels.encodings
    kept = [e for e in rest if e in {"index", "onehot"} or miss(op, Case(labels=e)) < AGREES]
    return replace(op, labels=replace(op.labels, encodings=(first, *kept)))


def convention_of_loss(lossy: losses.Lossy) -> str:
    """nnfs where backward takes two arguments, fish where it takes none."""
    forms = loss_names.backward_forms(lossy.backward_function)
    return "nnfs" if forms[0] in {"pair", "stored"} else "fish"
