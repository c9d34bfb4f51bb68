"""Laws of side effects: what the calls edit, and what a second identical call gives."""

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
    start,
    subscript,
    verdict,
)
from gradcheck.resets import resets
from gradcheck.types import Array, Case, Op, Status, Verdict


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
            if is_returned(live, again) and name in {s.name for s in op.slots}:
                status, why = "fail", (
                    "the gradient of the input is added to that of the call before: what backward "
                    "returns is a sum over calls")  # fmt: skip
        else:
            status, why = "fail", "the second identical backward gives another gradient"
        yield numbers_differ(law, status, op, case, gradient_name(op, name), again, old, why)  # type: ignore[arg-type]
    if not failed:
        yield verdict(law, "pass", op, case)


def is_returned(live: Any, gradient: Any) -> bool:
    """Whether a gradient is (the memory of) what the backward itself returned."""
    returned = getattr(live, "ret", None)
    values = returned.values() if isinstance(returned, dict) else ()
    return any(
        v is gradient or (isinstance(v, np.ndarray) and np.shares_memory(v, gradient))
        for v in values
    )


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


#: Flags that ask for a state to be carried from call to call.
CARRYING = {"stateful", "keepstate", "carrystate", "keephidden", "rememberstate"}


def stateful(op: Op) -> Status:
    """A state carried on purpose is worth a note, not a fail.

    A flag asks for it or forbids it; where there is none, a method that resets it tells of it.
    """
    inner = getattr(op.make(), "obj", None)
    held = getattr(inner, "__dict__", {})
    flags = [v for n, v in held.items() if n.strip("_").replace("_", "").lower() in CARRYING]
    if flags:
        return "note" if any(flags) else "fail"
    return "note" if inner is not None and resets(inner) else "fail"


def step(op: Op, case: Case, live: Any, inputs: Any, labels: Any) -> Run:
    """One forward and backward on an object that lives on; the arguments are copies."""
    mine = {k: v.copy() for k, v in inputs.items()}
    target = None if labels is None else labels.copy()
    output = op.forward(live, mine, target, case.train)
    gradients = op.backward(live, cotangent_for(op, output, case), mine, target)
    return Run(live, mine, {}, target, output, np.zeros(()), gradients)
