"""The contract of a backward pass, and what it must leave alone."""

from __future__ import annotations

import inspect
import linecache
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.laws.common import (
    cotangent_for,
    evaluate,
    gradient_name,
    start,
    subscript,
    verdict,
)
from gradcheck.laws.windows import output_sizes
from gradcheck.resets import begin_pass
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict


def contract(op: Op, case: Case) -> Iterator[Verdict]:
    """Forward and backward run; every gradient is there, float, finite and of its primal's shape."""
    live, inputs, parameters, labels = start(op, case)
    try:
        output = op.forward(live, inputs, labels, case.train)
    except Exception as error:
        yield raises(op, case, "output", "forward", error)
        return
    problem = array_problem("the output", output)
    if problem:
        yield verdict("contract", "fail", op, case, "output", problem)
        return
    try:
        gradients = op.backward(live, cotangent_for(op, output, case), inputs, labels)
    except Exception as error:
        yield raises(op, case, next(iter(inputs), ""), "backward", error)
        return
    differentiable = {s.name for s in op.slots if not s.domain.startswith("index")}
    for name, primal in {**inputs, **parameters}.items():
        if name in inputs and (name not in differentiable or op.kind == "model"):
            continue  # nobody differentiates a whole model by its data
        yield gradient_contract(op, case, name, primal, gradients.get(name))
    primals = {**{k: v.copy() for k, v in inputs.items()}, **parameters}
    yield from other_shapes(op, case, primals, labels)
    yield from calculates(op, case, primals, labels)
    yield from output_sizes(op, case, primals)
    yield from read_off(op, case)


def raises(op: Op, case: Case, name: str, method: str, error: Exception) -> Verdict:
    """The fail of a call that raises."""
    text = f"{method} raises {type(error).__name__}: {error}{code_line(error)}"
    return verdict("contract", "fail", op, case, name, text, detail=told(traced(error)))


def read_off(op: Op, case: Case) -> Iterator[Verdict]:
    """What the reading of the code has found out about its contract."""
    for note in op.notes:
        of_step = note.removeprefix("the step of ").split(" is not")[0]
        without = note.removeprefix("no gradient found for ")
        rows: tuple[tuple[str, Status, str, str], ...] = (
            ("not checked: ", "note", note,
             f"{note}, the gradient of no input or parameter that was found"),
            ("out of order: ", "fail", op.slots[0].name, note.removeprefix("out of order: ")),
            ("a model of one layer ", "note", "layers",
             f"{note}, although one of several layers runs"),
            ("no gradient found for ", "fail", without,
             f"{note}: backward neither returns nor stores one of its shape"),
            ("read for one sample", "note", "", note),
            ("the step of ", "note", of_step,
             f"{note}: backward takes an adaptive step of its own, so the gradient of {of_step} "
             "cannot be recovered and was not checked"),
        )  # fmt: skip
        for begin, status, name, text in rows:
            if note.startswith(begin):
                yield verdict("contract", status, op, case, name, text)


def other_shapes(op: Op, case: Case, primals: Primals, labels: Array | None) -> Iterator[Verdict]:
    """Shapes the forward takes as well: images where it flattens, a row where it broadcasts."""
    slots = [s for s in op.slots if s.domain == "real"]
    if labels is not None or len(slots) != len(op.slots):
        return
    trials: list[tuple[str, Primals]] = []
    first = primals[slots[0].name] if slots else np.zeros(())
    even = first.ndim == 2 and first.shape[1] > 2 and first.shape[1] % 2 == 0
    if len(slots) == 1 and even and op.parameters(op.make()):  # an axis of one would broadcast
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


def calculates(op: Op, case: Case, primals: Primals, labels: Array | None) -> Iterator[Verdict]:
    """A loss's ``calculate`` runs: names it reads exist."""
    inner = getattr(op.make(), "obj", None)
    method = getattr(inner, "calculate", None)
    if op.kind != "loss" or not callable(method):
        return
    parameters = required(method)
    if len(parameters) != 2:
        return  # it wants other arguments than predictions and labels
    begin_pass(inner)
    given = (primals[op.slots[0].name], labels)
    raised: list[Exception] = []
    for arguments in (given, given[::-1]):  # either may come first
        try:
            method(*(np.array(a) for a in arguments))
        except Exception as error:
            raised.append(error)
            if "line" in traced(error):
                continue
        return
    first = raised[0]
    text = f"calculate raises {type(first).__name__}: {first}{code_line(first)}: there is no loss"
    yield verdict("contract", "fail", op, case, "loss", text, detail=told(traced(first)))


def required(method: Any) -> list[str]:
    """The arguments a method must be given; a signature that cannot be read has none."""
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.default is p.empty and p.kind in kinds]


def gradient_contract(op: Op, case: Case, name: str, primal: Array, gradient: Any) -> Verdict:
    """The contract of one gradient."""
    law, called = "contract", gradient_name(op, name)
    if gradient is None:
        if name in {s.name for s in op.slots} and op.first_layer:
            text = (
                f"backward ends with return None: no gradient for {name}; so only a first layer may"
            )
            return verdict(law, "note", op, case, name, text)
        text = f"there is no gradient for {name}: {called} was not set or returned"
        return verdict(law, "fail", op, case, name, text)
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
        if (
            not file.startswith(OURS)
            and not {"numpy", "torch"} & set(Path(file).parts)
            and "<" not in file
        ):
            found = {"file": file, "line": tb.tb_lineno}
        tb = tb.tb_next
    return {**found, "exception": type(error).__name__}


def told(where: dict[str, Any]) -> dict[str, Any]:
    """What a report keeps of `traced`: the file's name, not its folder."""
    return {**where, "file": Path(where["file"]).name} if "file" in where else where
