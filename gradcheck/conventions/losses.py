"""Losses: predictions and labels in, one number (or one per sample) out, a gradient back.

What the predictions are (logits, probabilities), which argument comes first, which labels are
meant and whether the per-sample values are averaged or summed can rarely be read off.  Every
reading the names allow is tried; the one under which forward and backward agree is taken and said.
A name that settles a question (``y_true``) is never overruled.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import places
from gradcheck.conventions.layers import input_gradient, named
from gradcheck.conventions.live import (
    Live,
    Refused,
    arrays_of,
    call_quietly,
    changed,
    clone,
    fingerprint,
    kept_outputs,
    stored_output,
)
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import (
    LABELS,
    PREDICTIONS,
    UPSTREAM,
    Arg,
    arguments,
    plain,
)
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot

WORDS = (
    "loss", "entropy", "criterion", "mse", "mae", "bce", "cce", "huber", "hinge", "squarederror",
    "absoluteerror", "meansquare", "kldiv", "kullback", "nll", "likelihood", "cost", "logcosh", "focal",
    "crossent", "rmse", "objective", "quadratic", "xent", "softmaxce",
)  # fmt: skip

#: Words in a name -> domains of the predictions and label encodings, best first.
HINTS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (("softmax", "logsoftmax"), ("real", "simplex"), ("index", "onehot", "index_column", "binary_flat")),
    (("logits",), ("real",), ("index", "onehot", "binary", "binary_flat")),
    (("sigmoid",), ("real", "unit"), ("binary", "binary_flat", "onehot")),
    (("binary", "bce", "logistic", "logloss"), ("unit", "real"), ("binary", "binary_flat", "sign")),
    (("focal",), ("unit", "simplex", "real"), ("binary", "index", "onehot", "binary_flat")),
    (("categorical", "cce", "nll", "likelihood", "sparse"), ("simplex", "unit", "real"), ("index", "onehot", "index_column")),
    (("crossent", "entropy", "xent"), ("simplex", "unit", "real"), ("index", "onehot", "binary", "index_column", "binary_flat")),
    (("kl", "kullback"), ("simplex", "real"), ("simplex",)),
    (("hinge", "svm"), ("real",), ("sign", "index", "onehot", "binary")),
    (("cosine",), ("real",), ("real", "sign")),
    (("mse", "mae", "square", "absolute", "huber", "l1", "l2", "cosh", "quadratic", "rmse", "regress", "msle"),
     ("real", "positive"), ("real", "real_flat")),
)  # fmt: skip
ANY = (("real", "simplex", "unit"), ("index", "onehot", "real", "binary", "sign", "index_column"))
ABBREVIATED = re.compile(r"(^|[a-z_])(CE|MSE|MAE|BCE|NLL|SSE|RMSE|KL)([A-Z_]|$)")
FUSED = {"real": "its input are logits", "simplex": "its input are probabilities",
         "unit": "its input are probabilities"}  # fmt: skip


def hints(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Domains and label encodings for a loss of this name."""
    key = plain(name)
    if re.search(r"(^|[a-z_])CE(Loss)?$", name) and "BCE" not in name:
        key = "crossentropy" + key
    for words, domains, encodings in HINTS:
        if any(w in key for w in words):
            return domains, encodings
    return ANY


def is_loss_name(name: str) -> bool:
    """Whether a class or function calls itself a loss."""
    return any(w in plain(name) for w in WORDS) or bool(ABBREVIATED.search(name))


@dataclass(frozen=True)
class Reading:
    """One way to read a loss."""

    swapped: bool
    domain: str
    shape: tuple[int | str, ...]
    encodings: tuple[str, ...]
    reduction: str
    backward: str


def label_first(args: list[Arg]) -> bool | None:
    """Whether the labels are the first of two arguments; None where the names do not say."""
    if len(args) < 2:
        return None
    a, b = plain(args[0].name), plain(args[1].name)
    labels = [strong_label(a), strong_label(b)]
    if labels == [True, False]:
        return True
    if labels == [False, True]:
        return False
    if b in LABELS and a in PREDICTIONS:
        return False
    if a in LABELS and b in PREDICTIONS - {"y"}:
        return True
    return None


def strong_label(name: str) -> bool:
    """A name that can only mean the targets."""
    words = ("true", "target", "label", "truth", "expected", "actual", "desired", "onehot")
    return any(w in name for w in words) or name in {"t", "gt"}


def value_args(function: Any) -> list[Arg]:
    """The arguments of a loss method that carry arrays."""
    return [
        a for a in arguments(function)
        if a.role in {"value", "labels"} and (a.required or a.default is None)
    ]  # fmt: skip


def backward_forms(function: Any) -> tuple[str, ...]:
    """What a loss's backward may be given, best first.

    ``none``; ``upstream`` (1); ``pred`` (the predictions); ``pair`` (predictions, labels);
    ``stored`` (the stored output and the labels, as NNFS's fused pairs); ``labels``.
    """
    required = [a for a in arguments(function) if a.required and a.role in {"value", "labels"}]
    names = [plain(a.name) for a in required]
    if not required:
        return ("none",)
    if len(required) == 1:
        if strong_label(names[0]) or names[0] in {"y", "t"}:
            return ("labels", "upstream")
        if UPSTREAM.match(required[0].name):
            return ("upstream", "pred")
        return ("pred", "upstream", "labels")
    return ("pair", "stored", "upstream_pair") if len(required) >= 2 else ("pair",)


def run_forward(
    live: Live, method: Callable[..., Any], pred: Array, labels: Any, swapped: bool
) -> Any:
    """Call the forward of a loss in one of the two argument orders; flags are left alone."""
    values = [labels, pred] if swapped else [pred, labels]
    needed = len([a for a in arguments(method) if a.required])
    live.memory["given"] = values[0] if not swapped else values[1]
    return call_quietly(method, *values, *([None] * max(0, needed - 2)))


def run_backward(
    live: Live,
    method: Callable[..., Any],
    form: str,
    pred: Array,
    labels: Any,
    swapped: bool,
    output: Array | None,
) -> Any:
    """Call the backward of a loss in one of its forms."""
    first = {"stored": output, "pair": pred, "upstream_pair": np.ones(()), "pred": pred}.get(
        form, pred
    )
    if form == "none":
        return call_quietly(method)
    if form == "upstream":
        return call_quietly(method, live.memory.get("cot", 1.0))
    if form == "labels":
        return call_quietly(method, labels)
    if form == "pred":
        return call_quietly(method, first)
    own = label_first([a for a in arguments(method) if a.required])
    turned = swapped if own is None else own
    rest = [pred, labels][: max(0, len([a for a in arguments(method) if a.required]) - 2)]
    if form == "upstream_pair":
        return call_quietly(method, 1.0, *([labels, pred] if turned else [pred, labels]))
    return call_quietly(method, *([labels, first] if turned else [first, labels]), *rest)


def loss_value(out: Any, live: Live, stored: Place | None) -> Array:
    """The number(s) a loss computed: returned, first of a tuple, an object's data, or stored.

    Raises
    ------
    Refused
        There is none.
    """
    found = arrays_of(out)
    if not found:
        named_values = [getattr(out, n, None) for n in ("loss", "value", "val", "data", "item")]
        found = [a for v in named_values for a in arrays_of(v() if callable(v) else v)]
    if not found and stored is not None:
        found = arrays_of(places.read(live.obj, stored))
    if not found:
        raise Refused(f"forward returns {type(out).__name__}, not a number")
    return np.asarray(found[0])


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
        return (("N", "D"), ("N", 1), ("N",), ("D", "N"))
    return (
        (("N", "D"), ("N", 1), ("D", "N"))
        if encodings[0] not in {"index", "onehot", "index_column"}
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


def readings(
    name: str, lossy: Lossy, labels: str | None = None
) -> Iterator[tuple[bool, str, tuple[int | str, ...], str, str]]:
    """(swapped, domain, shape, encoding, backward form), most likely first."""
    domains, encodings = hints(name)
    args = value_args(lossy.forward_function)
    if any(plain(a.name) in {"logits", "logit", "scores", "z", "preactivation"} for a in args[:2]):
        domains = ("real", *(d for d in domains if d != "real"))
    if labels:
        encodings = (labels,)
    order = label_first(value_args(lossy.forward_function))
    orders = (order,) if order is not None else (False, True)
    forms = backward_forms(lossy.backward_function)
    if lossy.object_gradient:
        forms = ("none",)
    if lossy.fused and "stored" in forms:
        forms = ("stored", "pair")
    for encoding, domain, swapped in itertools.product(encodings, domains, orders):
        for shape, form in itertools.product(prediction_shapes((encoding,)), forms):
            yield swapped, domain, shape, encoding, form


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
    labels = cases.draw_labels(LabelSpec((encoding,), classes_of(shape)), (slot,), case)
    live = clone(proto, {}, make)
    before = fingerprint(live)
    try:
        live.out = run_forward(live, lossy.forward(live), np.array(pred), labels, swapped)
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
    return pred, value, labels, stored


def classes_of(shape: tuple[int | str, ...]) -> int | str:
    """The number of classes: the size of the last axis."""
    return shape[-1] if len(shape) > 1 else 2


def stored_prediction(live: Live, pred: Array) -> Array | None:
    """The output that a fused pair keeps (softmax of its input): an array of the input's shape."""
    if "activated" in live.memory:
        return np.asarray(live.memory["activated"])
    for name in ("output", "outputs", "y", "y_pred", "y_hat", "probs", "p", "softmax", "out", "a"):
        held = getattr(live.obj, name, None)
        if isinstance(held, np.ndarray) and held.shape == pred.shape:
            return held
    inner = getattr(live.obj, "activation", None)
    held = getattr(inner, "output", None)
    return held if isinstance(held, np.ndarray) and held.shape == pred.shape else None


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
        return REDUCE[reading.reduction](loss_value(live.out, live, stored))

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
        labels=LabelSpec(reading.encodings, classes_of(reading.shape)), terminal=True, built=built,
        reading="" if lossy.averaged and not reading.swapped else describe(reading), gradient_names={slot_name: "dinputs" if convention == "nnfs" else f"d{slot_name}"},
    )  # fmt: skip


def slot_name_of(function: Any, swapped: bool) -> str:
    """What the user calls the predictions."""
    args = value_args(function)
    position = 1 if swapped else 0
    return args[position].name if len(args) > position else "pred"


def read_gradient(live: Live, name: str, pred: Array, before: Mapping[Place, bytes]) -> Any:
    """The gradient a loss's backward returned or stored."""
    returned = [
        a
        for a in arrays_of(list(live.ret.values()) if live.ret else None)
        if a.size > 1 or pred.size == 1
    ]
    if returned:
        same = [a for a in returned if a.shape == pred.shape]
        return (same or returned)[0]
    after = {
        p: a
        for p, a in places.walk(live).items()
        if before.get(p) != a.tobytes() or places.is_gradient_place(p)
    }
    place = input_gradient(name, pred, after, set(after), 1, set())
    return None if place is None else places.read(live, place)


def describe(reading: Reading) -> str:
    """The reading in words, for the report."""
    parts = []
    if reading.reduction in {"mean", "sum"}:
        parts.append(f"{reading.reduction} of the per-sample losses")
    if reading.reduction == "rows":
        parts.append("sum over everything, divided by the batch")
    if reading.swapped:
        parts.append("labels are the first argument")
    if reading.shape in {("N", 1), ("N",)}:
        parts.append("one prediction per sample")
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
    _, value, _, _ = try_reading(make, proto, lossy, reading, case)
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
            _, again, _, _ = try_reading(
                make, proto, lossy, (swapped, domain, shape, other, form), case
            )
        except Refused:
            continue
        if np.size(again) == np.size(value) and np.allclose(
            np.sum(again), np.sum(value), rtol=1e-6
        ):
            kept.append(other)
    return tuple(kept)
