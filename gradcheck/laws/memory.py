"""Laws of memory: layout of the arguments, arrays kept by reference, state shared between objects."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    Evaluated,
    cotangent_for,
    differing,
    evaluate,
    gradient_name,
    numbers_differ,
    source_text,
    start,
    verdict,
)
from gradcheck.laws.contract import told, traced
from gradcheck.laws.mutation import stateful
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict

LAYOUTS = ("F", "strided", "negative", "readonly")


def layout(op: Op, case: Case) -> Iterator[Verdict]:
    """Fortran order, strides, negative strides and read-only arguments change no number."""
    law = "layout"
    base = evaluate(op, case)
    failed = False
    for name in LAYOUTS:
        where = replace(case, layout=name)
        live, inputs, _, labels = start(op, where)
        given = None if labels is None else cases.arrange(labels, name)
        try:
            output = op.forward(live, inputs, given, case.train)
            out_before = np.array(output)
            cot = cotangent_for(op, output, where)
            gradients = op.backward(live, cot, inputs, given)
        except Exception as error:
            failed = True
            text = f"{name} arguments: raises {type(error).__name__}: {error}"
            # a library's own words for a layout it does not take, as torch has for negative strides
            refused = "not currently supported" in str(error)
            status: Status = "note" if refused else "fail"
            yield verdict(law, status, op, where, "inputs", text, detail=told(traced(error)))
            break
        for wrt, got, wanted in differing(op, base, out_before, gradients):
            failed = True
            yield numbers_differ(law, "fail", op, where, wrt, got, wanted,
                                 f"arguments in {name} layout hold the same numbers")  # fmt: skip
        if failed:
            break
    if not failed:
        yield verdict(law, "pass", op, case, detail={"layouts": list(LAYOUTS)})


def cached_input(op: Op, case: Case) -> Iterator[Verdict]:
    """Backward still holds if the caller changes x between forward and backward."""
    law = "cached_input"
    base = evaluate(op, case)
    live, inputs, _, labels = start(op, case)
    kept = {k: v.copy() for k, v in inputs.items()}
    output = op.forward(live, inputs, labels, case.train)
    cot = cotangent_for(op, output, case)
    for value in inputs.values():
        overwrite(value)
    try:
        gradients = op.backward(live, cot, kept, labels)
    except Exception as error:
        text = f"x is kept by reference: backward raises {type(error).__name__} if the caller changes x after forward"
        yield verdict(law, "note", op, case, "inputs", text)
        return
    for wrt, got, wanted in differing(op, base, None, gradients):
        yield numbers_differ(law, "note", op, case, wrt, got, wanted,
                             "forward keeps its input by reference; the caller changed it before backward")  # fmt: skip
        return
    noted = list(shared_arrays(op, case, base))
    yield from noted
    if not noted:
        yield verdict(law, "pass", op, case)


def shared_arrays(op: Op, case: Case, base: Evaluated) -> Iterator[Verdict]:
    """An output that is also the cache, and a gradient that is the upstream array itself."""
    if op.terminal:
        return
    live, inputs, _, labels = start(op, case)
    output = np.asarray(op.forward(live, inputs, labels, case.train))
    cot = cotangent_for(op, output, case)
    names = ", ".join(inputs)
    for name, value in inputs.items():
        if np.shares_memory(output, value):
            text = f"the output shares its memory with {name}: editing the one edits the other"
            yield verdict("cached_input", "note", op, case, "output", text)
            return
    returned = getattr(live, "out", None)
    if isinstance(returned, np.ndarray) and returned.flags.writeable:
        returned *= 0.5
        try:
            gradients = op.backward(live, cot.copy(), inputs, labels)
        except Exception as error:
            text = f"backward raises {type(error).__name__} after the caller changes the output"
            yield verdict("cached_input", "note", op, case, "output", text)
            return
        for wrt, got, wanted in differing(op, base, None, gradients):
            why = f"forward of {names} returns the array that it keeps; the caller changed it before backward"
            yield numbers_differ("cached_input", "note", op, case, wrt, got, wanted, why)
            return
    live, inputs, _, labels = start(op, case)
    output = np.asarray(op.forward(live, inputs, labels, case.train))
    cot = cotangent_for(op, output, case)
    for name, value in op.backward(live, cot, inputs, labels).items():
        if (
            isinstance(value, np.ndarray)
            and value.shape == cot.shape
            and np.shares_memory(value, cot)
        ):
            called = gradient_name(op, name)
            text = f"{called} is the same array as {op.upstream or 'dout'}: editing the one edits the other"
            yield verdict("cached_input", "note", op, case, called, text)
            return


def overwrite(array: Array) -> None:
    """Other legal values of the same kind, in place."""
    array[...] = np.roll(array.ravel(), 1).reshape(array.shape)[..., ::-1].copy()


def interleaved(op: Op, case: Case) -> Iterator[Verdict]:
    """Two forwards, then backward of the second; and two objects do not disturb each other."""
    law = "interleaved"
    if op.convention == "updating":
        yield verdict(law, "skipped", op, case, what="backward updates the parameters")
        return
    found = list(after_another(op, case)) or list(two_objects(op, case))
    yield from found
    if not found:
        yield verdict(law, "pass", op, case)


def after_another(op: Op, case: Case) -> Iterator[Verdict]:
    """A forward and backward after the forward of another batch: of another size, then of the same.

    As a last, smaller batch; what is kept until the shape changes shows in the second.
    """
    law, samples = "interleaved", dict(case.sizes)["N"]
    base = evaluate(op, case)
    for size, words in ((samples + 1, "another size"), (samples, "the same size")):
        live, inputs, _, labels = start(op, case)
        before, targets = moved(op, case.replace(seed=case.seed + 7919, N=size))
        op.forward(live, before, targets, case.train)
        try:
            output = op.forward(live, inputs, labels, case.train)
            out_before = np.array(output)
            gradients = op.backward(live, cotangent_for(op, output, case), inputs, labels)
        except Exception as error:
            text = (
                f"after a forward with a batch of {words}: raises {type(error).__name__}: {error}"
            )
            yield verdict(law, stateful(op), op, case, "inputs", text, detail=told(traced(error)))
            return
        for wrt, got, wanted in differing(op, base, out_before, gradients):
            why = "an earlier forward changes the result of the later one"
            yield numbers_differ(law, stateful(op), op, case, wrt, got, wanted, why)
            return


def moved(op: Op, other: Case) -> tuple[Primals, Array | None]:
    """Inputs and labels of another case."""
    _, inputs, _, labels = start(op, other)
    return inputs, labels


def two_objects(op: Op, case: Case) -> Iterator[Verdict]:
    """A second object's forward between the first one's forward and backward changes nothing."""
    law, make = "interleaved", op.construct or op.make
    _, inputs, _, labels = start(op, case)
    strange, targets = moved(op, case.replace(seed=case.seed + 7919))
    if op.kind == "function" and re.search(r"^\s*global\s", source_text(op), re.MULTILINE):
        return  # a script of one network keeps its cache there on purpose
    first, second = make(), make()  # a constructor may draw from a generator without a seed
    try:
        twin = copy.deepcopy(first)
    except Exception:  # an attribute that cannot be copied
        twin = op.with_parameters({k: np.array(v) for k, v in op.parameters(first).items()})
    alone = one_pass(op, case, twin, inputs, labels, None)
    with_other = one_pass(
        op, case, first, inputs, labels, lambda: op.forward(second, strange, targets, case.train)
    )
    for name, wanted in alone.items():
        got = with_other.get(name, np.zeros(()))
        if not np.array_equal(got, wanted, equal_nan=True):
            who = "call" if op.kind == "function" else "object"
            why = f"another {who}'s forward came between this one's forward and backward: they share state"
            yield numbers_differ(law, "fail", op, case, gradient_name(op, name), got, wanted, why)
            return
    if op.kind == "function":
        return  # its parameters are arguments
    mine, theirs = op.parameters(first), op.parameters(second)
    for name in mine:
        if isinstance(mine[name], np.ndarray) and np.shares_memory(mine[name], theirs[name]):
            yield verdict(
                law,
                "fail",
                op,
                case,
                name,
                f"two objects share the array {name}: training one changes the other",
            )
            return
    yield from gradients_kept(op, case, (first, inputs, labels), (second, strange, targets))


def gradients_kept(op: Op, case: Case, one: Any, other: Any) -> Iterator[Verdict]:
    """The gradients one object keeps are still there after another object's backward."""
    live, inputs, labels = one
    output = np.array(
        op.forward(live, {k: v.copy() for k, v in inputs.items()}, labels, case.train)
    )
    found = op.backward(live, cotangent_for(op, output, case), inputs, labels)
    places = {k: place for k, g in found.items() for place, a in held_by(live) if a is g}
    before = {k: np.array(found[k]) for k in places}
    theirs, strange, targets = other
    one_pass(op, case, theirs, strange, targets, None)
    after = dict(held_by(live))
    for name, place in places.items():
        if not np.array_equal(after[place], before[name], equal_nan=True):
            yield numbers_differ("interleaved", "fail", op, case, gradient_name(op, name), after[place], before[name],
                                 f"another object's backward writes into the {place[0]} of this one: they share it")  # fmt: skip
            return


def held_by(live: Any) -> Iterator[tuple[tuple[Any, ...], Array]]:
    """The arrays an object holds in its attributes, and in the dicts and lists there."""
    for name, value in getattr(getattr(live, "obj", live), "__dict__", {}).items():
        if isinstance(value, np.ndarray):
            yield (name,), value
        pairs: list[Any] = list(value.items()) if isinstance(value, dict) else []
        pairs += enumerate(value) if isinstance(value, (list, tuple)) else []
        yield from (((name, k), v) for k, v in pairs if isinstance(v, np.ndarray))


def one_pass(op: Op, case: Case, live: Any, inputs: Primals, labels: Any, between: Any) -> Primals:
    """Gradients of one object, with something done between its forward and its backward."""
    mine = {k: v.copy() for k, v in inputs.items()}
    target = None if labels is None else labels.copy()
    output = op.forward(live, mine, target, case.train)
    cot = cotangent_for(op, np.array(output), case)
    if between is not None:
        between()
    found = op.backward(live, cot, mine, target)
    return {k: np.array(v) for k, v in found.items() if v is not None}
