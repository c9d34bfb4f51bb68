"""Laws of number formats and sizes: single precision, whole numbers, extreme values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    Evaluated,
    differing,
    evaluate,
    gradient_name,
    numbers_differ,
    relabelled,
    source_text,
    subscript,
    verdict,
)
from gradcheck.laws.gradient import at_points, gradient
from gradcheck.types import Array, Case, Op, Primals, Slot, Verdict

#: float32 arithmetic agrees with float64 to this, unless it is ill-conditioned.
NEAR = 2e-5


def dtype(op: Op, case: Case) -> Iterator[Verdict]:
    """float32 in gives float32-accurate gradients; whole-number inputs are not truncated."""
    single = replace(case, dtype="float32")
    primals, labels = cases.draw(op, single)
    if not any(v.dtype.kind == "f" for v in primals.values()):
        yield verdict("dtype", "skipped", op, case, what="there is no float input")
        return
    found = [
        *single_precision(op, single, primals, labels),
        *whole_numbers(op, case),
        *narrowed(op, case),
    ]
    yield from found
    if not any(v.status in {"fail", "note"} for v in found):
        yield verdict("dtype", "pass", op, case)


def single_precision(
    op: Op, case: Case, primals: Primals, labels: Array | None
) -> Iterator[Verdict]:
    """Where float32 and float64 evaluations disagree, the engine decides, with its measured noise."""
    wide = {k: v.astype(np.float64) if v.dtype.kind == "f" else v for k, v in primals.items()}
    base = evaluate(op, case, wide, labels)
    got = evaluate(op, case, primals, labels)
    apart = list(differing(op, base, got.output, got.gradients, NEAR))
    if apart:
        yield from (relabelled(v, "dtype") for v in gradient(op, case) if v.status == "fail")


def whole_numbers(op: Op, case: Case) -> Iterator[Verdict]:
    """The same whole numbers as int64 and as float64."""
    if any(s.domain not in {"real", "positive"} for s in op.slots):
        return
    primals, labels = cases.draw(op, case)
    slots = [s.name for s in op.slots]
    whole = {k: np.where(np.rint(3 * primals[k]) == 0, 1.0, np.rint(3 * primals[k])) for k in slots}
    base = evaluate(op, case, {**primals, **whole}, labels)
    try:
        got = evaluate(
            op, case, {**primals, **{k: v.astype(np.int64) for k, v in whole.items()}}, labels
        )
    except Exception as error:
        text = f"whole-number input (int64): raises {type(error).__name__}: {error}"
        yield verdict("dtype", "note", op, case, slots[0], text)
        return
    own = {gradient_name(op, k) for k in slots}
    for wrt, mine, wanted in differing(op, base, got.output, got.gradients):
        why = "the input holds the same numbers as int64: fractions are lost"
        on_purpose = re.search(r"\.astype\(\s*\w+\.dtype", source_text(op)) is not None
        status = "note" if wrt in own or on_purpose else "fail"  # nobody propagates further
        yield numbers_differ("dtype", status, op, case, wrt, mine, wanted, why)  # type: ignore[arg-type]
        return


def narrowed(op: Op, case: Case) -> Iterator[Verdict]:
    """float64 in and float32 out: a note where all of it is float32, wrong where only a part is."""
    base = evaluate(op, case)
    given = {gradient_name(op, k): g for k, g in base.gradients.items()}
    floats = {"output": base.output, **given}
    narrow = [k for k, v in floats.items() if v.dtype in (np.float32, np.float16)]
    if not narrow:
        return
    text = f"{narrow[0]} is {floats[narrow[0]].dtype} although everything given is float64"
    whole = len(narrow) == len(floats) or "output" not in narrow
    yield verdict(
        "dtype", "note" if whole else "fail", op, case, narrow[0], f"{text}: digits are lost"
    )


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
    if not any(v.status == "fail" for v in found) and op.kind == "activation":
        found += beyond_six(op, case)
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
    for scale in (1e-6, 1e3) if regression else (1e-6, 1e6):
        yield f"values of about {scale:g}", {k: primals[k] * scale for k in slots}, "float64"


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
    text = f"{subscript(name, index)} = {values[name][index]} for {what}"
    if "probabilities" in what:
        yield at_probability_edge(op, case, name, text, index, got, what)
        return
    exact = in_extended_precision(op, case, primals, labels, name)
    value = values[name][index]
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
    elif saturates(op, what) and name == "output" and np.isinf(value):
        text += f", but should be {float(exact[index]):.6g}: the logarithm of a probability that has underflowed"
        yield verdict("extremes", "note", op, case, name, text, index=index)
    else:
        text += f", but should be {float(exact[index]):.6g}: an intermediate result overflows"
        yield verdict("extremes", "fail", op, case, name, text, index=index)


def at_probability_edge(
    op: Op, case: Case, name: str, text: str, index: tuple[int, ...], got: Evaluated, what: str
) -> Verdict:
    """log(0) in an unguarded cross entropy is worth a note; a backward that must be finite is wrong."""
    if name != "output":
        text += f", but the loss there is finite ({float(np.sum(got.output)):.6g}): backward must clip as forward does"
        return verdict("extremes", "fail", op, case, name, text, index=index)
    if "target" in what:
        text += ", but should be finite: 0 log 0 counts as 0"
        return verdict("extremes", "fail", op, case, "loss", text, index=index)
    return verdict(
        "extremes", "note", op, case, name, f"{text}: log(0) is not guarded against", index=index
    )


def saturates(op: Op, what: str) -> bool:
    """Whether a probability may have underflowed: not where all logits of a row are alike."""
    if op.labels is None or op.labels.encodings[0].startswith(("real", "simplex")):
        return False
    return not (
        what == "values near 1000" and op.labels.encodings[0] in {"index", "onehot", "index_column"}
    )


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
