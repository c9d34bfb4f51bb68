"""Laws of number formats and sizes: single precision, whole numbers, extreme values."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    Evaluated,
    cotangent_for,
    differing,
    differs,
    evaluate,
    gradient_name,
    numbers_differ,
    relabelled,
    source_text,
    verdict,
)
from gradcheck.laws.gradient import gradient
from gradcheck.types import Array, Case, Op, Primals, Verdict

#: float32 arithmetic agrees with float64 to this, unless it is ill-conditioned.
NEAR = 2e-5
#: An output further off than this in float32 is another output, not a rounded one.
ROUGH = 0.1


def dtype(op: Op, case: Case) -> Iterator[Verdict]:
    """float32 in gives float32-accurate gradients; whole-number inputs are not truncated."""
    case = case.replace(dtype="float64")
    single = case.replace(dtype="float32")
    primals, labels = cases.draw(op, single)
    if not any(v.dtype.kind == "f" for v in primals.values()):
        yield verdict("dtype", "skipped", op, case, what="there is no float input")
        return
    found = [
        *single_precision(op, single, primals, labels),
        *whole_numbers(op, case),
        *narrowed(op, case),
        *rounded(op, case),
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
    if not list(differing(op, base, got.output, got.gradients, NEAR)):
        return
    for v in gradient(op, case):
        if v.status != "fail":
            continue
        if differs(got.output, base.output, ROUGH) or not as_in_double(got, base, v.wrt):
            yield relabelled(v, "dtype")
            continue
        # float32 rounds the output to steps, between which the measured derivative is 0
        why = "forward loses digits in float32; the gradient is that of float64"
        yield numbers_differ("dtype", "note", op, case, "output", got.output, base.output, why)
        return


def as_in_double(got: Evaluated, base: Evaluated, wrt: str) -> bool:
    """Whether a gradient computed in float32 is the one computed in float64, to three digits."""
    mine, wanted = got.gradients.get(wrt), base.gradients.get(wrt)
    return mine is not None and wanted is not None and not differs(mine, wanted, 1e-3)


#: Layers between others, whose inputs are hidden states: nobody hands them whole numbers.
HIDDEN = re.compile(r"rnn|lstm|gru|attention|attn|time|transformer")


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
        inner = HIDDEN.search(op.name.lower()) is not None
        status = (
            "note" if wrt in own or asks_for_dtype(op) or inner else "fail"
        )  # nobody propagates further
        yield numbers_differ("dtype", status, op, case, wrt, mine, wanted, why)  # type: ignore[arg-type]
        return


def asks_for_dtype(op: Op) -> bool:
    """Whether the code asks for its input's own dtype: ``np.zeros(shape, dtype=x.dtype)``.

    CS231n gives ``out.astype(x.dtype, copy=False)``; a mask is cast to the dtype of what it masks.
    """
    own = rf"\b(?:{'|'.join(re.escape(s.name) for s in op.slots)})\.dtype\b"
    pattern = rf"dtype\s*=\s*(?:self\.)?{own}|\.astype\(\s*\w+\.dtype,\s*copy\s*=\s*False"
    if op.has_mode or op.terminal or "drop" in op.name.lower():
        pattern += rf"|\.astype\(\s*{own}"
    return re.search(pattern, source_text(op)) is not None


def narrowed(op: Op, case: Case) -> Iterator[Verdict]:
    """float64 in and float32 out: a note where all that flows is float32, wrong where a part is.

    Gradients of parameters have the precision the parameters were given in, which is ours.
    """
    base = evaluate(op, case)
    given = {gradient_name(op, k): g for k, g in base.gradients.items()}
    floats = {"output": base.output, **given}
    narrow = [k for k, v in floats.items() if v.dtype in (np.float32, np.float16)]
    if not narrow:
        return
    text = f"{narrow[0]} is {floats[narrow[0]].dtype} although everything given is float64"
    flows = {"output", *(gradient_name(op, s.name) for s in op.slots)} & set(floats)
    whole = flows <= set(narrow) or "output" not in narrow
    yield verdict(
        "dtype", "note" if whole else "fail", op, case, narrow[0], f"{text}: digits are lost"
    )


#: A change of this size, relative, is sixteen times what float32 can tell apart.
SEEN = 1e-6


def rounded(op: Op, case: Case) -> Iterator[Verdict]:
    """float64 in and out, but a number is rounded to float32 on the way: a note.

    Where that is so, rounding it beforehand changes no bit of the result.
    """
    primals, labels = cases.draw(op, case)
    base = evaluate(op, case, primals, labels)
    if base.output.dtype != np.float64:
        return
    for name, x in primals.items():

        def output(value: Array, name: str = name) -> Array:
            return op.vjp({**primals, name: value}, labels, case.train)[0]

        single = in_single(x)
        if single is None or not np.array_equal(output(single), base.output):
            continue
        if not np.array_equal(output(x * (1.0 + SEEN)), base.output):
            text = f"forward rounds {name} to float32 although all it is given is float64: digits are lost"
            yield verdict("dtype", "note", op, case, name, text)
            return
    cot = np.asarray(cotangent_for(op, base.output, case))
    single = None if op.terminal else in_single(cot)
    if single is None:
        return
    pullback = op.vjp(primals, labels, case.train)[1]
    coarse = pullback(single)
    mine = {k: g for k, g in base.gradients.items() if k in primals and g.dtype == np.float64}
    same = [k for k in mine if k in coarse and np.array_equal(coarse[k], mine[k])]
    moved = pullback(cot * (1.0 + SEEN)) if same else {}
    for name in (k for k in same if not np.array_equal(moved[k], mine[k])):
        text = f"backward rounds its upstream gradient to float32 on the way to {gradient_name(op, name)}: digits are lost"
        yield verdict("dtype", "note", op, case, name, text)
        return


def in_single(x: Array) -> Array | None:
    """A float64 array rounded to float32 and back; None where that changes less than half of it."""
    if x.dtype != np.float64 or not x.size:
        return None
    single = x.astype(np.float32).astype(np.float64)
    return single if np.mean(single != x) >= 0.5 else None
