"""Losses: predictions and labels in, one number (or one per sample) out, a gradient back.

What the predictions are (logits, probabilities), which argument comes first, which labels are
meant and whether the per-sample values are averaged or summed can rarely be read off.  Every
reading the names allow is tried; the one under which forward and backward agree is taken and said.
A name that settles a question (``y_true``) is never overruled.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.layers import named
from gradcheck.conventions.live import (
    Guessed,
    Live,
    Refused,
    changed,
    clone,
    fingerprint,
    kept_outputs,
    stored_output,
)
from gradcheck.conventions.loss_calls import (
    loss_value,
    read_gradient,
    run_backward,
    run_forward,
    stored_prediction,
)
from gradcheck.conventions.loss_names import (
    backward_forms,
    hints,
    label_first,
    makes_signs,
    picks_by_number,
    value_args,
)
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import RATES, plain
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot


@dataclass(frozen=True)
class Reading:
    """One way to read a loss."""

    swapped: bool
    domain: str
    shape: tuple[int | str, ...]
    encodings: tuple[str, ...]
    reduction: str
    backward: str


#: What a report says of a loss of one number for each sample.
ONE_OUTPUT = "one prediction per sample"

REDUCE: dict[str, Callable[[Array], Array]] = {
    "mean": lambda v: np.asarray(np.mean(v)),
    "sum": lambda v: np.asarray(np.sum(v)),
    "rows": lambda v: np.asarray(np.sum(v) / (v.shape[0] if v.ndim else 1)),
    "": lambda v: np.asarray(v).reshape(()),
}


def reductions(value: Array, averaged: bool) -> tuple[str, ...]:
    """How per-sample values may become the loss; only the mean where the class averages itself."""
    if value.size == 1:
        return ("",)
    if averaged:
        return ("mean",)
    return ("mean", "sum") if value.ndim == 1 else ("mean", "sum", "rows")


def prediction_shapes(encodings: tuple[str, ...]) -> tuple[tuple[int | str, ...], ...]:
    """Shapes of the predictions for these labels."""
    if encodings[0].endswith("flat"):
        return (("N",), ("N", 1))
    if encodings[0] == "binary":
        return (("N", "D"), ("N", 1), ("N",), ("D", "N"), (1, "N"))
    if encodings[0] == "sign":
        return (("N", "D"), ("N", 1), ("N",), ("D", "N"))
    return (
        (("N", "D"), ("N", 1), ("D", "N"))
        if encodings[0] not in {"index", "onehot", "index_column", "mask"}
        else (("N", "D"), ("D", "N"), ("N", "T", "D"))
    )


@dataclass(frozen=True)
class Lossy:
    """The two methods of a loss, bound by name so that they can be found on any clone."""

    forward: Callable[[Live], Callable[..., Any]]
    backward: Callable[[Live], Callable[..., Any]]
    forward_function: Any
    backward_function: Any
    averaged: bool
    fused: bool
    object_gradient: bool = False
    columns: int = 0  # of the predictions, and
    classes: int = 0  # of the labels, where the loss has parameters that say so; else 0
    in_columns: bool = False  # class numbers, and one sample a column


def readings(
    name: str, lossy: Lossy, asked: tuple[str, ...] = (), columns: tuple[int, ...] = ()
) -> Iterator[tuple[bool, str, tuple[int | str, ...], str, str]]:
    """(swapped, domain, shape, encoding, backward form), most likely first.

    `asked` are the only label encodings to try; `columns` are numbers of classes that the object
    may insist on (the length of its class weights).
    """
    domains, encodings = hints(name)
    args = value_args(lossy.forward_function)
    if any(plain(a.name) in {"logits", "logit", "scores", "z", "preactivation"} for a in args[:2]):
        domains = ("real", *(d for d in domains if d != "real"))
    if any(plain(a.name) in RATES | {"intensity", "rates"} for a in args[:2]):
        domains = ("positive", *domains)
    if "sign" in encodings and makes_signs(lossy.forward_function):
        encodings = ("binary", *(e for e in encodings if e != "binary"))
    if "index" in encodings and picks_by_number(lossy.forward_function):
        encodings = ("index", *(e for e in encodings if e != "index"))
    encodings = asked or encodings
    order = label_first(value_args(lossy.forward_function))
    orders = (order,) if order is not None else (False, True)
    forms = backward_forms(lossy.backward_function)
    if lossy.object_gradient:
        forms = ("none",)
    if lossy.fused and "stored" in forms:
        forms = ("stored", "pair")
    for encoding, domain, swapped in itertools.product(encodings, domains, orders):
        first, *others = prediction_shapes((encoding,))
        shapes = (first, *(("N", n) for n in columns), *others)
        if lossy.columns:
            shapes = (("N", lossy.columns),)
        if lossy.in_columns:
            shapes = (("D", "N"),) if encoding in {"index", "onehot"} else ()
        for shape, form in itertools.product(shapes, forms):
            yield swapped, domain, shape, encoding, form


def declared_readings(
    name: str, lossy: Lossy, shapes: Sequence[tuple[int, ...]]
) -> Iterator[tuple[bool, str, tuple[int | str, ...], str, str]]:
    """The same for a loss that was made for the shape of one sample: labels have that shape."""
    like = {"binary": "binary", "real": "real", "sign": "sign"}
    for shape in shapes:
        for swapped, domain, _, encoding, form in readings(name, lossy):
            yield swapped, domain, shape, like.get(encoding.partition("_")[0], "simplex"), form


def try_reading(
    make: Callable[[], Live], proto: Live, lossy: Lossy, reading: tuple[Any, ...], case: Case
) -> tuple[Array, Array, Any, Place | None]:
    """Run a reading once: predictions, value, gradient, and where an unreturned value is stored.

    Raises
    ------
    Refused
        It does not run, or gives nothing that can be a loss and a gradient.
    """
    swapped, domain, shape, encoding, _form = reading
    slot = Slot("pred", shape, domain)
    pred = cases.draw_slot(slot, case, cases.generator(case, 1))
    labels = cases.draw_labels(label_spec((encoding,), shape, lossy), (slot,), case)
    live = clone(proto, {}, make)
    before = fingerprint(live)
    try:
        live.out = run_forward(live, lossy.forward(live), np.array(pred), labels, swapped)
    except Guessed:
        raise
    except Exception as error:
        raise Refused(f"forward raises {type(error).__name__}: {error}") from error
    stored = (
        stored_output(live, changed(live, before), [pred, np.asarray(labels)])
        if live.obj is not None
        else None
    )
    value = loss_value(live.out, live, stored)
    if not np.all(np.isfinite(value)) or value.dtype.kind not in "fiu":
        raise Refused("forward gives NaN or infinity on ordinary input")
    if domain == "simplex" and takes_logits(clone(proto, {}, make), lossy, reading, pred, labels):
        raise Refused("a constant added to the predictions changes nothing: they are logits")
    return pred, value, labels, stored


def takes_logits(
    live: Live, lossy: Lossy, reading: tuple[Any, ...], pred: Array, labels: Any
) -> bool:
    """Whether the loss stays as it is when a constant is added to every prediction of a sample."""
    values = []
    for shift in (0.0, 0.375):
        try:
            out = run_forward(live, lossy.forward(live), pred + shift, labels, reading[0])
            values.append(loss_value(out, live, None))
        except Exception:  # it keeps its loss, or refuses what does not sum to 1
            return False
    return bool(np.allclose(values[0], values[1], rtol=1e-9, atol=0.0)) and bool(np.any(values[0]))


def label_spec(encodings: tuple[str, ...], shape: tuple[int | str, ...], lossy: Lossy) -> LabelSpec:
    """The labels for predictions of a shape: as many classes as columns, unless parameters say more."""
    if lossy.classes:
        return LabelSpec(encodings, lossy.classes, wide=True)
    if lossy.in_columns:
        return LabelSpec(encodings, "D")
    return LabelSpec(encodings, classes_of(shape))


def classes_of(shape: tuple[int | str, ...]) -> int | str:
    """The number of classes: the size of the last axis."""
    return shape[-1] if len(shape) > 1 else 2


def to_op(
    name: str,
    convention: str,
    make: Callable[[], Live],
    proto: Live,
    lossy: Lossy,
    reading: Reading,
    stored: Place | None,
    built: str,
) -> Op:
    """The Op of a loss under one reading."""
    slot_name = slot_name_of(lossy.forward_function, reading.swapped)

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        pred = inputs[slot_name]
        live.out = run_forward(live, lossy.forward(live), pred, labels, reading.swapped)
        value = loss_value(live.out, live, stored)
        shares = {"mean": value.size, "rows": value.shape[0] if value.ndim else 1}
        live.memory["each"] = np.full(value.shape, 1.0 / shares.get(reading.reduction, 1))
        return REDUCE[reading.reduction](value)

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        pred = inputs[slot_name]
        live.memory["cot"] = float(cot) if np.ndim(cot) == 0 else 1.0
        before = {p: a.tobytes() for p, a in places.walk(live).items()}
        held = stored_prediction(live, pred)
        ret = run_backward(
            live, lossy.backward(live), reading.backward, pred, labels, reading.swapped, held
        )
        live.ret = named(lossy.backward_function, ret)
        return {slot_name: read_gradient(live, slot_name, pred, before)}

    return Op(
        name=name, kind="loss", convention=convention, make=lambda: clone(proto, {}, make), construct=make,
        parameters=lambda _live: {}, with_parameters=lambda _values: clone(proto, {}, make),
        forward=forward,kept=kept_outputs, backward=backward, slots=(Slot(slot_name, reading.shape, reading.domain),),
        labels=label_spec(reading.encodings, reading.shape, lossy), terminal=True, built=built,
        reading="" if lossy.averaged and not reading.swapped else describe(reading), gradient_names={slot_name: "dinputs" if convention == "nnfs" else f"d{slot_name}"},
    )  # fmt: skip


def slot_name_of(function: Any, swapped: bool) -> str:
    """What the user calls the predictions."""
    args = value_args(function)
    position = 1 if swapped else 0
    return args[position].name if len(args) > position else "pred"


def describe(reading: Reading) -> str:
    """The reading in words, for the report."""
    parts = []
    if reading.reduction in {"mean", "sum"}:
        parts.append(f"{reading.reduction} of the per-sample losses")
    if reading.reduction == "rows":
        parts.append("sum over everything, divided by the batch")
    if reading.swapped:
        parts.append("labels are the first argument")
    if reading.shape in {("N", 1), ("N",), (1, "N")}:
        parts.append(ONE_OUTPUT)
    if reading.shape == ("D", "N"):
        parts.append("samples in columns")
    return ", ".join(parts)


def accepted_encodings(
    make: Callable[[], Live],
    proto: Live,
    lossy: Lossy,
    reading: tuple[Any, ...],
    encodings: tuple[str, ...],
    case: Case,
) -> tuple[str, ...]:
    """The encodings under which the forward gives the same loss as under the first."""
    swapped, domain, shape, first, form = reading
    wanted = values_at(make, proto, lossy, reading, case)
    kept = [first]
    for other in encodings:
        pair = {first, other}
        comparable = (
            pair <= {"index", "onehot", "index_column"}
            or pair <= {"binary", "binary_flat"}
            or pair <= {"real", "real_flat"}
        )
        if other == first or not comparable or (other.endswith("flat") and shape != ("N", 1)):
            continue
        try:
            got = values_at(make, proto, lossy, (swapped, domain, shape, other, form), case)
        except Refused:
            continue
        if got[0].size == wanted[0].size and varies_alike(got, wanted):
            kept.append(other)
    return tuple(kept)


def values_at(
    make: Callable[[], Live], proto: Live, lossy: Lossy, reading: tuple[Any, ...], case: Case
) -> list[Array]:
    """The loss at three drawn points."""
    seeds = (case.seed, case.seed + 1, case.seed + 2)
    return [try_reading(make, proto, lossy, reading, case.replace(seed=s))[1] for s in seeds]


def varies_alike(got: list[Array], wanted: list[Array]) -> bool:
    """Whether two losses change alike from point to point; a constant in both must not hide it."""
    a, b = (np.asarray([np.sum(v) for v in values]) for values in (got, wanted))
    noise = 1e-13 * max(float(np.max(np.abs(a))), float(np.max(np.abs(b))))
    steps = (np.diff(a), np.diff(b), a[:1] - b[:1])
    scale = float(np.max(np.abs(steps[1])))
    apart = max(float(np.max(np.abs(steps[0] - steps[1]))), float(abs(steps[2][0])))
    return apart <= 1e-6 * scale + noise
