"""The contract of a backward pass, and what it must leave alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.laws.common import (
    Run,
    cotangent_for,
    differs,
    first_difference,
    gradient_name,
    numbers_differ,
    run,
    start,
    subscript,
    verdict,
)
from gradcheck.types import Array, Case, Op, Status, Verdict


def contract(op: Op, case: Case) -> Iterator[Verdict]:
    """Forward and backward run; every gradient is there, float, finite and of its primal's shape."""
    law = "contract"
    live, inputs, parameters, labels = start(op, case)
    try:
        output = op.forward(live, inputs, labels, case.train)
    except Exception as error:
        yield verdict(
            law,
            "fail",
            op,
            case,
            "output",
            f"forward raises {type(error).__name__}: {error}",
            detail=traced(error),
        )
        return
    problem = array_problem("the output", output)
    if problem:
        yield verdict(law, "fail", op, case, "output", problem)
        return
    try:
        gradients = op.backward(live, cotangent_for(op, output, case), inputs, labels)
    except Exception as error:
        yield verdict(
            law,
            "fail",
            op,
            case,
            next(iter(inputs), ""),
            f"backward raises {type(error).__name__}: {error}",
            detail=traced(error),
        )
        return
    differentiable = {s.name for s in op.slots if not s.domain.startswith("index")}
    for name, primal in {**inputs, **parameters}.items():
        if name in inputs and (name not in differentiable or op.kind == "model"):
            continue  # nobody differentiates a whole model by its data
        yield gradient_contract(op, case, name, primal, gradients.get(name))
    for note in op.notes:
        if note.startswith("no gradient found for "):
            name = note.removeprefix("no gradient found for ")
            yield verdict(
                law, "fail", op, case, name, f"{note}: backward neither returns nor stores one"
            )


def gradient_contract(op: Op, case: Case, name: str, primal: Array, gradient: Any) -> Verdict:
    """The contract of one gradient."""
    law, called = "contract", gradient_name(op, name)
    if gradient is None:
        return verdict(
            law,
            "fail",
            op,
            case,
            name,
            f"there is no gradient for {name}: {called} was not set or returned",
        )
    array = np.asarray(gradient)
    problem = array_problem(called, array)
    if problem:
        return verdict(law, "fail", op, case, name, problem)
    if array.shape != primal.shape:
        return verdict(law, "fail", op, case, name,
                       f"{called}.shape = {array.shape}, but should be {primal.shape}, the shape of {name}")  # fmt: skip
    return verdict(law, "pass", op, case, name, size=int(array.size))


def array_problem(name: str, value: Any) -> str:
    """Why a value is no proper gradient or output, or an empty text."""
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return f"{name} is an array of Python objects, but should hold floats"
    if array.dtype.kind != "f":
        return f"{name}.dtype = {array.dtype}, but should be a float dtype (fractions are lost)"
    if not np.all(np.isfinite(array)):
        bad = np.argwhere(~np.isfinite(np.atleast_1d(array)))[0]
        index = tuple(int(i) for i in bad) if array.ndim else ()
        return f"{subscript(name, index)} = {array[index]}, but should be finite"
    return ""


def traced(error: BaseException) -> dict[str, Any]:
    """File and line of the user's code in which an exception arose."""
    tb, found = error.__traceback__, {}
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        if (
            "gradcheck/" not in file.replace("\\", "/").rsplit("site-packages", 1)[-1]
            and "<" not in file
        ):
            found = {"file": file, "line": tb.tb_lineno}
        tb = tb.tb_next
    return {**found, "exception": type(error).__name__}


def inputs_unchanged(op: Op, case: Case) -> Iterator[Verdict]:
    """Forward leaves its inputs alone; backward leaves upstream gradient, labels and output alone."""
    law = "inputs_unchanged"
    live, inputs, _, labels = start(op, case)
    before = {k: v.copy() for k, v in inputs.items()}
    labels_before = None if labels is None else labels.copy()
    output = op.forward(live, inputs, labels, case.train)
    aliases = any(np.shares_memory(np.asarray(output), v) for v in inputs.values())
    edited = check_edits(op, case, inputs, before, "forward")
    kept = {} if op.kept is None else {k: np.array(v) for k, v in op.kept(live).items()}
    out_before = np.array(output)
    cot = cotangent_for(op, output, case)
    cot_before = cot.copy()
    op.backward(live, cot, inputs, labels)
    edited += check_edits(
        op,
        case,
        inputs,
        before if not edited else {k: v.copy() for k, v in inputs.items()},
        "backward",
    )
    upstream = upstream_name(op)
    edited += check_edits(op, case, {upstream: cot}, {upstream: cot_before}, "backward")
    if labels is not None and labels_before is not None:
        edited += check_edits(op, case, {"labels": labels}, {"labels": labels_before}, "the call")
    if not edited and not aliases:
        now = {} if op.kept is None else op.kept(live)
        for name, old in kept.items():
            if name in now and now[name].shape == old.shape and differs(now[name], old):
                edited.append(
                    numbers_differ(
                        law,
                        "fail",
                        op,
                        case,
                        name,
                        now[name],
                        old,
                        "backward overwrites the stored output",
                    )
                )
                break
        else:
            if np.shape(output) == out_before.shape and not op.terminal:
                edited += check_edits(
                    op, case, {"output": np.asarray(output)}, {"output": out_before}, "backward"
                )
    yield from edited
    if not edited:
        yield verdict(law, "pass", op, case)


def upstream_name(op: Op) -> str:
    """What the user calls the upstream gradient."""
    return op.upstream or "dout"


def check_edits(
    op: Op, case: Case, now: dict[str, Array], before: dict[str, Array], who: str
) -> list[Verdict]:
    """A fail for every array that no longer holds what it held."""
    found = []
    for name, old in before.items():
        if not np.array_equal(now[name], old, equal_nan=True):
            index, got, wanted = first_difference(now[name], old)
            text = f"{who} edits its argument: {subscript(name, index)} = {got:.6g}, but was {wanted:.6g} before the call"
            found.append(
                verdict(
                    "inputs_unchanged",
                    "fail",
                    op,
                    case,
                    name,
                    text,
                    index=index,
                    claimed=got,
                    measured=wanted,
                    bound=0.0,
                )
            )
    return found


def repeatable(op: Op, case: Case) -> Iterator[Verdict]:
    """A second identical forward and backward gives the same output and gradients."""
    law = "repeatable"
    if op.convention == "updating":
        yield verdict(
            law,
            "skipped",
            op,
            case,
            what="backward updates the parameters, so a second call must differ",
        )
        return
    live, inputs, _, labels = start(op, case)
    first = step(op, case, live, inputs, labels)
    gradients = {k: np.array(v) for k, v in first.gradients.items() if v is not None}
    output = np.array(first.output)
    second = step(op, case, live, inputs, labels)
    failed = False
    if differs(second.output, output):
        failed = True
        yield numbers_differ(law, stateful(op), op, case, "output", second.output, output,
                             "the second identical forward gives another result")  # fmt: skip
    for name, old in gradients.items():
        again = second.gradients.get(name)
        if again is None or failed or not differs(again, old):
            continue
        failed = True
        if not differs(np.asarray(again), 2 * old):
            status, why = ("note", "gradients accumulate until they are reset") if op.reset else (
                "fail", "gradients accumulate over calls and nothing resets them")  # fmt: skip
        else:
            status, why = "fail", "the second identical backward gives another gradient"
        yield numbers_differ(law, status, op, case, gradient_name(op, name), again, old, why)  # type: ignore[arg-type]
    if not failed:
        yield verdict(law, "pass", op, case)


def stateful(op: Op) -> Status:
    """A state carried on purpose (there is a method that resets it) is worth a note, not a fail."""
    inner = getattr(op.make(), "obj", None)
    names = (
        "reset_state",
        "reset_states",
        "reset",
        "reset_hidden",
        "clear_state",
        "init_hidden",
        "set_state",
    )
    return "note" if any(callable(getattr(inner, n, None)) for n in names) else "fail"


def step(op: Op, case: Case, live: Any, inputs: Any, labels: Any) -> Run:
    """One forward and backward on an object that lives on; the arguments are copies."""
    mine = {k: v.copy() for k, v in inputs.items()}
    target = None if labels is None else labels.copy()
    output = op.forward(live, mine, target, case.train)
    gradients = op.backward(live, cotangent_for(op, output, case), mine, target)
    return Run(live, mine, {}, target, output, np.zeros(()), gradients)


def linear_in_cotangent(op: Op, case: Case) -> Iterator[Verdict]:
    """Backward is linear in the upstream gradient: it neither ignores nor saturates it."""
    law = "linear_in_cotangent"
    if op.terminal:
        yield verdict(law, "skipped", op, case, what="a loss: its backward starts at 1")
        return
    base = run(op, case)
    cot = np.asarray(base.cotangent)
    other = np.roll(cot.ravel(), 1).reshape(cot.shape) * 1.5 + 0.25
    results = [gradients_at(op, case, c) for c in (cot, other, cot + 2 * other, 0 * cot)]
    failed = False
    for name in results[0]:
        a, b, both, zero = (np.asarray(r[name], dtype=np.float64) for r in results)
        wanted = a + 2 * b - 2 * zero
        if not differs(both, wanted, 1e-7):
            continue
        failed = True
        ignored = not differs(a, b) and bool(np.any(a))
        why = (
            "backward ignores its upstream gradient"
            if ignored
            else "backward is not linear in its upstream gradient"
        )
        yield numbers_differ(law, "fail", op, case, gradient_name(op, name), both, wanted, why)
    if not failed:
        yield verdict(law, "pass", op, case)


def gradients_at(op: Op, case: Case, cot: Array) -> dict[str, Array]:
    """Gradients of a fresh object for one cotangent."""
    live, inputs, _, labels = start(op, case)
    op.forward(live, inputs, labels, case.train)
    return {
        k: np.array(v)
        for k, v in op.backward(live, cot.copy(), inputs, labels).items()
        if v is not None
    }


def zero_cotangent(op: Op, case: Case) -> Iterator[Verdict]:
    """A zero upstream gradient gives zero gradients (and the regularisation terms alone)."""
    law = "zero_cotangent"
    if op.terminal:
        yield verdict(law, "skipped", op, case, what="a loss: its backward starts at 1")
        return
    output = run(op, case).output
    if op.penalty is not None and op.penalty(op.make()) != 0.0:
        yield verdict(law, "skipped", op, case, what="a regularisation term remains")
        return
    zeros = np.zeros(np.shape(output))
    failed = False
    for name, gradient in gradients_at(op, case, zeros).items():
        if gradient.dtype.kind == "f" and not np.array_equal(gradient, np.zeros_like(gradient)):
            failed = True
            yield numbers_differ(law, "fail", op, case, gradient_name(op, name), gradient, np.zeros_like(gradient),
                                 "the upstream gradient is zero")  # fmt: skip
    if not failed:
        yield verdict(law, "pass", op, case)
