"""The contract of a backward pass, and what it must leave alone."""

from __future__ import annotations

import dis
import inspect
import linecache
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.laws.common import (
    Run,
    cotangent_for,
    differs,
    evaluate,
    first_difference,
    gradient_name,
    numbers_differ,
    run,
    start,
    subscript,
    verdict,
)
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict


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
            f"forward raises {type(error).__name__}: {error}{code_line(error)}",
            detail=told(traced(error)),
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
            f"backward raises {type(error).__name__}: {error}{code_line(error)}",
            detail=told(traced(error)),
        )
        return
    differentiable = {s.name for s in op.slots if not s.domain.startswith("index")}
    for name, primal in {**inputs, **parameters}.items():
        if name in inputs and (name not in differentiable or op.kind == "model"):
            continue  # nobody differentiates a whole model by its data
        yield gradient_contract(op, case, name, primal, gradients.get(name))
    primals = {**{k: v.copy() for k, v in inputs.items()}, **parameters}
    yield from other_shapes(op, case, primals, labels)
    yield from calculates(op, case, primals, labels)
    for note in op.notes:
        if note.startswith("no gradient found for "):
            name = note.removeprefix("no gradient found for ")
            yield verdict(
                law, "fail", op, case, name, f"{note}: backward neither returns nor stores one"
            )


def other_shapes(op: Op, case: Case, primals: Primals, labels: Array | None) -> Iterator[Verdict]:
    """Shapes the forward takes as well: images where it flattens, a row where it broadcasts."""
    slots = [s for s in op.slots if s.domain == "real"]
    if labels is not None or len(slots) != len(op.slots):
        return
    trials: list[tuple[str, Primals]] = []
    first = primals[slots[0].name] if slots else np.zeros(())
    if len(slots) == 1 and first.ndim == 2 and first.shape[1] % 2 == 0 and op.parameters(op.make()):
        image = first.reshape(len(first), 2, -1)
        trials.append((slots[0].name, {**primals, slots[0].name: image}))
    if len(slots) == 2 and promises_broadcast(op, slots[1].name):
        row = primals[slots[1].name]
        trials.append((slots[1].name, {**primals, slots[1].name: row[:1]}))
    for name, changed in trials:
        try:
            found = evaluate(op, case, changed)
        except Exception:  # this shape is not for it
            continue
        gradient = found.gradients.get(name)
        if gradient is not None and gradient.shape != changed[name].shape:
            called = gradient_name(op, name)
            text = f"{called}.shape = {gradient.shape}, but should be {changed[name].shape}, the shape of {name}, which forward accepts"
            yield verdict("contract", "fail", op, case, name, text)


def promises_broadcast(op: Op, name: str) -> bool:
    """Whether a name says that the second operand may be one row."""
    beside = {"row", "bias"} | ({"b"} if op.slots[0].name.lower() != "a" else set())
    return "broadcast" in op.name.lower() or name.lower() in beside


def begin_pass(obj: Any) -> None:
    """Call the methods without arguments that set what the constructor leaves out: ``new_pass()``."""
    for cls in type(obj).__mro__[:-1]:
        for name, method in vars(cls).items():
            code = getattr(method, "__code__", None)
            if code is None or code.co_argcount != 1 or name.startswith("__"):
                continue
            stored = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR"}
            if stored and not any(hasattr(obj, attribute) for attribute in stored):
                getattr(obj, name)()


def calculates(op: Op, case: Case, primals: Primals, labels: Array | None) -> Iterator[Verdict]:
    """A loss's ``calculate`` runs: names it reads exist."""
    inner = getattr(op.make(), "obj", None)
    method = getattr(inner, "calculate", None)
    if op.kind != "loss" or not callable(method):
        return
    try:
        begin_pass(inner)
        method(primals[op.slots[0].name].copy(), labels)
    except (NameError, AttributeError) as error:
        text = (
            f"calculate raises {type(error).__name__}: {error}{code_line(error)}: there is no loss"
        )
        yield verdict("contract", "fail", op, case, "loss", text, detail=told(traced(error)))
    except Exception:  # it wants other arguments than predictions and labels
        return


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


def code_line(error: BaseException) -> str:
    """`` in line 12: self.dW = ...``, the line of the user's code that raised, or ""."""
    where = traced(error)
    if "line" not in where:
        return ""
    code = linecache.getline(str(where["file"]), int(where["line"])).strip()
    return f", in line {where['line']}: {code}" if code else ""


#: Where the checker's own frames come from.
OURS = str(Path(__file__).parents[1]) + os.sep


def traced(error: BaseException) -> dict[str, Any]:
    """File and line of the user's code in which an exception arose."""
    tb, found = error.__traceback__, {}
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        if not file.startswith(OURS) and "numpy" not in Path(file).parts and "<" not in file:
            found = {"file": file, "line": tb.tb_lineno}
        tb = tb.tb_next
    return {**found, "exception": type(error).__name__}


def told(where: dict[str, Any]) -> dict[str, Any]:
    """What a report keeps of `traced`: the file's name, not its folder."""
    return {**where, "file": Path(where["file"]).name} if "file" in where else where


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
    yield from backward_again(op, case, gradients)
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


def backward_again(op: Op, case: Case, once: dict[str, Array]) -> Iterator[Verdict]:
    """A second backward after one forward; many classes allow only one and raise, which is fair."""
    live, inputs, _, labels = start(op, case)
    output = np.array(op.forward(live, inputs, labels, case.train))
    try:
        op.backward(live, cotangent_for(op, output, case), inputs, labels)
        again = op.backward(live, cotangent_for(op, output, case), inputs, labels)
    except Exception:  # one backward for each forward
        return
    for name, wanted in once.items():
        got = again.get(name)
        if got is None or not differs(got, wanted) or not differs(np.asarray(got), 2 * wanted):
            continue  # accumulation is judged with the second forward
        yield numbers_differ("repeatable", stateful(op), op, case, gradient_name(op, name), got, wanted,
                             "a second backward after the same forward gives another gradient")  # fmt: skip
        return


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
        yield from upstream_of_a_loss(op, case, law, 2.0)
        return
    base = run(op, case)
    cot = np.asarray(base.cotangent)
    other = np.roll(cot.ravel(), 1).reshape(cot.shape) * 1.5 + 0.25
    results = [gradients_at(op, case, c) for c in (cot, other, cot + 2 * other, 0 * cot)]
    large = gradients_at(op, case, 1e3 * cot)
    failed = False
    for name, once in results[0].items():
        rest = np.asarray(results[3][name], dtype=np.float64)
        wanted = 1e3 * (np.asarray(once, dtype=np.float64) - rest) + rest
        if differs(large[name], wanted, 1e-7) and not rounding(large[name] - wanted, large):
            yield numbers_differ(law, "fail", op, case, gradient_name(op, name), large[name], wanted,
                                 "the upstream gradient is 1000 times as large")  # fmt: skip
            return
    for name in results[0]:
        a, b, both, zero = (np.asarray(r[name], dtype=np.float64) for r in results)
        wanted = a + 2 * b - 2 * zero
        if not differs(both, wanted, 1e-7) or rounding(both - wanted, results[2]):
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


def rounding(difference: Array, gradients: dict[str, Array]) -> bool:
    """Whether a difference is lost beside the other gradients: one that is 0 but for rounding."""
    largest = max((float(np.max(np.abs(g), initial=0.0)) for g in gradients.values()), default=0.0)
    return bool(np.max(np.abs(difference), initial=0.0) <= 1e-12 * largest)


def upstream_of_a_loss(op: Op, case: Case, law: str, value: float) -> Iterator[Verdict]:
    """``backward(dout=1)`` of a loss: another dout scales the gradient; ignoring it is worth a note."""
    live, inputs, _, labels = start(op, case)
    inner = getattr(live, "obj", None)
    method: Any = getattr(inner, "backward", None)
    if inner is None or not takes_optional_upstream(method):
        yield verdict(law, "skipped", op, case, what="a loss: its backward starts at 1")
        return
    wanted = {k: np.array(v) for k, v in gradients_at(op, case, np.ones(())).items()}
    op.forward(live, inputs, labels, case.train)
    inner.backward = lambda *_: method(value)  # on this one object only
    found = op.backward(live, np.asarray(value), inputs, labels)
    for name, once in wanted.items():
        got = np.asarray(found.get(name))
        if not differs(got, once * value):
            continue
        called = gradient_name(op, name)
        if not differs(got, once) and value != 0.0:
            yield numbers_differ(law, "note", op, case, called, got, once * value,
                                 f"backward(dout={value:g}) ignores dout")  # fmt: skip
        elif differs(got, once):
            yield numbers_differ(law, "fail", op, case, called, got, once * value,
                                 f"backward(dout={value:g}) does not scale with dout")  # fmt: skip
        elif law == "zero_cotangent" and not ignores_upstream(op, case, method):
            yield numbers_differ(law, "fail", op, case, called, got, once * value,
                                 "backward(dout=0) gives what dout=1 gives")  # fmt: skip
        else:
            continue
        return
    yield verdict(law, "pass", op, case)


def takes_optional_upstream(method: Any) -> bool:
    """Whether a bound backward has one argument, whose default is 1."""
    try:
        parameters = list(inspect.signature(method).parameters.values())
    except (TypeError, ValueError):
        return False
    return len(parameters) == 1 and parameters[0].default in (1, 1.0)


def ignores_upstream(op: Op, case: Case, method: Any) -> bool:
    """Whether another upstream gradient changes nothing at all."""
    live, inputs, _, labels = start(op, case)
    op.forward(live, inputs, labels, case.train)
    own = getattr(live.obj, method.__name__)
    results = []
    for value in (1.0, 2.0):
        op.forward(live, inputs, labels, case.train)
        results.append(np.array(own(value), dtype=object))
    return bool(np.array_equal(results[0], results[1]))


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
        yield from upstream_of_a_loss(op, case, law, 0.0)
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
