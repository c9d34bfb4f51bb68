"""The law of extremes: huge, tiny, saturated and zero values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    Evaluated,
    evaluate,
    gradient_name,
    relabelled,
    subscript,
    verdict,
)
from gradcheck.laws.gradient import at_points
from gradcheck.types import Array, Case, Op, Primals, Slot, Verdict


def extremes(op: Op, case: Case) -> Iterator[Verdict]:
    """Huge, tiny and saturated values give finite results wherever the mathematics does."""
    law, found = "extremes", []
    primals, labels = cases.draw(op, case)
    if not any(s.domain in {"real", "positive", "unit", "simplex"} for s in op.slots):
        yield verdict(law, "skipped", op, case, what="takes class numbers only")
        return
    for what, changed, dtype_name in extreme_inputs(op, case, primals):
        point = {k: cases.cast(v, dtype_name) for k, v in {**primals, **changed}.items()}
        verdicts = list(finite(op, case, point, edge_labels(op, labels, what), what))
        found += verdicts
        if any(v.status == "fail" for v in verdicts):
            break
    if not any(v.status == "fail" for v in found):
        found += [
            *zero_rows(op, case, primals, labels),
            *overflow_warned(op, case, primals, labels),
        ]
    if not any(v.status == "fail" for v in found) and op.kind == "activation":
        found += beyond_six(op, case)
    if not any(v.status == "fail" for v in found) and op.kind == "loss":
        found += small_probabilities(op, case)
    yield from found
    if not any(v.status in {"fail", "note"} for v in found):
        yield verdict(law, "pass", op, case)


def edge_labels(op: Op, labels: Array | None, what: str) -> Array | None:
    """Targets that are probabilities hold exact zeros too."""
    if labels is None or op.labels is None or op.labels.encodings[0] != "simplex":
        return labels
    return (
        np.asarray(np.eye(labels.shape[-1])[np.argmax(labels, -1)]) if "target" in what else labels
    )


def extreme_inputs(op: Op, case: Case, primals: Primals) -> Iterator[tuple[str, Primals, str]]:
    """Named sets of extreme inputs within each slot's domain, and the dtype they come in."""
    slots = {s.name: s for s in op.slots if not s.domain.startswith("index")}
    if op.labels is not None and op.labels.encodings[0] == "simplex":
        yield "target probabilities of exactly 0", {}, "float64"
    if any(s.domain in {"unit", "simplex"} for s in slots.values()):
        edge = {k: zero_one(primals[k], s) for k, s in slots.items()}
        yield "probabilities of exactly 0 and 1", edge, "float64"
        yield "probabilities of exactly 0 and 1 in float32", edge, "float32"
        return
    real = {k: primals[k] for k, s in slots.items() if s.domain == "real"}
    regression = op.labels is not None and op.labels.encodings[0].startswith(("real", "simplex"))
    if real and not regression:
        yield "values of ±1e4", {k: np.sign(v) * 1e4 for k, v in real.items()}, "float64"
        yield "values up to ±1e3", {k: v * 500.0 for k, v in real.items()}, "float64"
        yield "values near 1000", {k: v + 1e3 for k, v in real.items()}, "float64"
        rows = {k: v + apart(v, slots[k]) for k, v in real.items() if "N" in slots[k].shape}
        if rows:
            yield APART, rows, "float64"
    for scale in (1e-6, 1e3) if regression else (1e-6, 1e6):
        yield f"values of about {scale:g}", {k: primals[k] * scale for k in slots}, "float64"


#: What one maximum for the whole batch cannot bear.
APART = "samples near 1000 and near -1000 in one batch"


def finite_alone(op: Op, case: Case, primals: Primals, labels: Array | None) -> bool:
    """Whether every sample alone gives finite numbers."""
    axes = {s.name: s.shape.index("N") for s in op.slots if "N" in s.shape}
    first = next(iter(axes))
    for i in range(primals[first].shape[axes[first]]):
        one = {k: np.take(v, [i], axes[k]) if k in axes else v for k, v in primals.items()}
        label = None if labels is None else labels[i : i + 1]
        try:
            got = evaluate(op, case, one, label)
        except Exception:  # it takes no single sample, or labels of another layout
            return False
        if not all(np.all(np.isfinite(v)) for v in (got.output, *got.gradients.values())):
            return False
    return True


def apart(x: Array, slot: Slot) -> Array:
    """1000 for every other sample, -1000 for the others: one maximum for all of them is too large."""
    axis = slot.shape.index("N")
    shape = [1] * x.ndim
    shape[axis] = x.shape[axis]
    return np.where(np.arange(x.shape[axis]) % 2 == 0, 1e3, -1e3).reshape(shape).astype(x.dtype)


def zero_one(p: Array, slot: Slot) -> Array:
    """Probabilities at the edge: one-hot rows for a simplex, alternating 0 and 1 otherwise."""
    if slot.domain == "simplex":
        return np.asarray(np.eye(p.shape[-1])[np.argmax(p, -1)])
    return (np.arange(p.size).reshape(p.shape) % 2).astype(p.dtype)


def finite(
    op: Op, case: Case, primals: Primals, labels: Array | None, what: str
) -> Iterator[Verdict]:
    """A verdict on what is not finite: wrong where higher precision is finite, else worth a note."""
    try:
        got = evaluate(op, case, primals, labels)
    except Exception as error:
        text = f"{what}: raises {type(error).__name__}: {error}"
        yield verdict("extremes", "fail", op, case, "inputs", text)
        return
    values = {"output": got.output, **{gradient_name(op, k): g for k, g in got.gradients.items()}}
    missing = [k for k in primals if k in op.gradient_names and k not in got.gradients]
    if missing:
        called = gradient_name(op, missing[0])
        yield verdict("extremes", "fail", op, case, called, f"there is no {called} for {what}")
        return
    bad = [k for k, v in values.items() if not np.all(np.isfinite(v))]
    if not bad:
        return
    name = bad[0]
    index = (
        tuple(int(i) for i in np.argwhere(~np.isfinite(np.atleast_1d(values[name])))[0])
        if values[name].ndim
        else ()
    )
    shown = "loss" if name == "output" and op.terminal else name
    text = f"{subscript(shown, index)} = {values[name][index]} for {what}"
    if "probabilities" in what:
        yield at_probability_edge(op, case, name, text, index, got, what)
        return
    if what == APART and finite_alone(op, case, primals, labels):
        text += (
            ", but is finite for each sample alone: subtract the maximum of each sample, not of all"
        )
        yield verdict("extremes", "fail", op, case, name, text, index=index)
        return
    exact = in_extended_precision(op, case, primals, labels, name)
    if exact is None or not abs(exact[index]) < 1e300:
        yield verdict(
            "extremes",
            "note",
            op,
            case,
            name,
            f"{text}: the result may be too large for float64",
            index=index,
        )
    else:
        text += (
            f", but should be {float(exact[index]):.6g}: an intermediate result over- or underflows"
        )
        yield verdict("extremes", "fail", op, case, name, text, index=index)


def at_probability_edge(
    op: Op, case: Case, name: str, text: str, index: tuple[int, ...], got: Evaluated, what: str
) -> Verdict:
    """log(0) in an unguarded cross entropy is worth a note; a backward that must be finite is wrong."""
    if name != "output":
        text += f", but the loss there is finite ({float(np.sum(got.output)):.6g}): backward must clip as forward does"
        return verdict("extremes", "fail", op, case, name, text, index=index)
    if np.any(np.isnan(got.output)) and what.endswith("float32"):
        text += ": 1 - eps is 1 in float32, so the clip that guards float64 does not guard here"
        return verdict("extremes", "note", op, case, name, text, index=index)
    if np.any(np.isnan(got.output)) and "float32" in what:
        text += ": the constant of the clip is lost in float32 (1 - 1e-12 is 1 there)"
        return verdict("extremes", "note", op, case, name, text, index=index)
    if np.any(np.isnan(got.output)):
        text += ", but should be a number: 0 log 0 counts as 0; clip the probabilities"
        return verdict(
            "extremes", "fail", op, case, "loss" if op.terminal else name, text, index=index
        )
    return verdict(
        "extremes", "note", op, case, name, f"{text}: log(0) is not guarded against", index=index
    )


def zero_rows(op: Op, case: Case, primals: Primals, labels: Array | None) -> Iterator[Verdict]:
    """A sample of zeros: NaN there is wrong where the values beside it stay bounded (0 / 0).

    The cosine and the direction of a row have no value at zero, but every guarded version of them
    gives one; 1 / x grows without limit beside zero and is left alone.
    """
    for slot in op.slots:
        if slot.domain != "real" or "N" not in slot.shape:
            continue
        beside = [first_scaled(op, case, primals, labels, slot, t) for t in (1e-3, 1e-6, 1e-9)]
        at = first_scaled(op, case, primals, labels, slot, 0.0)
        if at is None or any(b is None for b in beside):
            continue  # the code refuses such a row, or raises, which is loud
        for name, value in at.items():
            near = [float(np.max(np.abs(b[name]), initial=0.0)) for b in beside if b and name in b]
            bounded = len(near) == 3 and near[2] <= 10.0 * near[0] + 1.0
            if not np.any(np.isnan(value)) or not bounded:
                continue
            text = (
                f"{name} is NaN where a row of {slot.name} is all zeros, but should be finite: "
                f"beside it the values stay below {near[2]:.3g}; 0 / 0 needs an epsilon"
            )
            yield verdict("extremes", "fail", op, case, name, text)
            return


def with_first(primals: Primals, slot: Slot, factor: float) -> Primals:
    """The inputs with the first sample of a slot times a factor."""
    x = np.array(primals[slot.name])
    np.moveaxis(x, slot.shape.index("N"), 0)[0] *= factor
    return {**primals, slot.name: x}


def first_scaled(
    op: Op, case: Case, primals: Primals, labels: Array | None, slot: Slot, factor: float
) -> Primals | None:
    """Output and gradients with the first sample of a slot times a factor; None if it raises."""
    try:
        got = evaluate(op, case, with_first(primals, slot, factor), labels)
    except Exception:  # judged by the caller
        return None
    return {"output": got.output, **{gradient_name(op, k): g for k, g in got.gradients.items()}}


def overflow_warned(
    op: Op, case: Case, primals: Primals, labels: Array | None
) -> Iterator[Verdict]:
    """A note where the result is right but NumPy warns of an overflow on the way."""
    seen: list[str] = []
    for what, changed, dtype in extreme_inputs(op, case, primals):
        if dtype != "float64":
            continue
        with np.errstate(call=lambda kind, _flag: seen.append(kind)):
            output, _ = op.vjp({**primals, **changed}, labels, case.train)
        if seen and np.all(np.isfinite(output)):
            text = (
                f"the output is finite for {what}, but NumPy warns of an overflow on the way to it"
            )
            yield verdict("extremes", "note", op, case, "output", text)
            return
        seen.clear()


def in_extended_precision(
    op: Op, case: Case, primals: Primals, labels: Array | None, name: str
) -> Array | None:
    """The same quantity from the user's own code in long double, whose exponent reaches 1e4932.

    None where it is not finite there either, or the code converts to float64 on the way.
    """
    wide = {k: v.astype(np.longdouble) if v.dtype.kind == "f" else v for k, v in primals.items()}
    try:
        got: Evaluated = evaluate(op, case, wide, labels)
    except Exception:  # long double is our idea, not the user's: no answer
        return None
    values = {"output": got.output, **{gradient_name(op, k): g for k, g in got.gradients.items()}}
    value = values.get(name)
    return value if value is not None and bool(np.all(np.isfinite(value))) else None


def beyond_six(op: Op, case: Case) -> Iterator[Verdict]:
    """The gradient of an activation at values between 6 and 9, where clipped ones bend."""
    slot = op.slots[0]
    if len(op.slots) != 1 or slot.domain != "real":
        return

    def stretched(primals: Primals) -> Primals:
        x = primals[slot.name]
        even = np.arange(x.size).reshape(x.shape) % 2 == 0
        return {**primals, slot.name: np.where(even, np.sign(x) * (6.0 + np.abs(x)), x)}

    for v in at_points(op, case, stretched):
        if v.status == "fail":
            yield relabelled(v, "extremes")


#: A probability far above what a logarithm is usually protected by (1e-7), and below a coarse clip.
SMALL = 1e-4


def small_probabilities(op: Op, case: Case) -> Iterator[Verdict]:
    """The gradient of a loss where probabilities are small: both clip there, or none does."""
    slot = op.slots[0]
    if len(op.slots) != 1 or slot.domain not in {"unit", "simplex"}:
        return

    for v in at_points(op, case, partial(with_small, slot)):
        flat = v.measured is not None and abs(v.measured) <= (v.bound or 0.0)
        # Where forward clips, and is flat, a gradient that does not is usual.
        if v.status == "fail" and not flat:
            yield relabelled(v, "extremes")


def with_small(slot: Slot, primals: Primals, size: float = SMALL) -> Primals:
    """Probabilities near 0 and 1; every class but the likeliest small where they are a distribution."""
    p = primals[slot.name]
    low = size * (1.0 + np.arange(p.size).reshape(p.shape) % 3)
    top = np.arange(p.size).reshape(p.shape) % 2 == 0
    if slot.domain == "simplex":
        top = np.arange(p.shape[-1]) == np.argmax(p, -1)[..., None]
        rest = 1.0 - np.sum(np.where(top, 0.0, low), -1, keepdims=True)
        return {**primals, slot.name: np.where(top, rest, low)}
    return {**primals, slot.name: np.where(top, 1.0 - low, low)}
