"""The law of decays: of the learning rate over the steps, and of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.laws.common import differs, name_of, numbers_differ, subscript, verdict
from gradcheck.laws.hyper import (
    SPELLINGS,
    candidates,
    decay_names,
    role_of,
    switched_off,
    values_of,
)
from gradcheck.laws.optimizer import away_from_zero, problem
from gradcheck.laws.steps import STEPS, Trace, trace
from gradcheck.types import Case, Op, Primals, Verdict


def decay(op: Op, case: Case) -> Iterator[Verdict]:
    """A learning-rate decay gives lr / (1 + decay t); weight decay shrinks the weights."""
    law = "decay"
    role = role_of(op)
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    found = [*rate_decay(op, case, role or ""), *weight_decay(op, case)]
    if not found:
        yield verdict(law, "skipped", op, case, what="has no decay above 0")
        return
    yield from found


def rate_decay(op: Op, case: Case, role: str) -> Iterator[Verdict]:
    """Steps with decay beside the steps of the same optimizer without it: their ratio is the schedule."""
    plain, decaying = op.make(), op.make()
    names = decay_names(role, values_of(plain))
    value = next((v for n, v in values_of(decaying).items() if n in names and v > 0), None)
    if value is None or not switched_off(plain, names):
        return
    if role in {"momentum", "nesterov"} or values_of(plain).get("momentum"):
        return  # a velocity mixes the rates of several steps: the configuration without it shows them
    slow, full = trace(op, case, decaying, STEPS), trace(op, case, plain, STEPS)
    ratios = [ratio_of_moves(slow, full, t) for t in range(STEPS)]
    schedules = {
        "1 / (1 + decay t)": [1 / (1 + value * t) for t in range(STEPS)],
        "1 / (1 + decay (t + 1))": [1 / (1 + value * (t + 1)) for t in range(STEPS)],
        "decay^t": [value**t for t in range(STEPS)],
        "decay^(t + 1)": [value ** (t + 1) for t in range(STEPS)],
        "(1 - decay)^t": [(1 - value) ** t for t in range(STEPS)],
        "(1 - decay)^(t + 1)": [(1 - value) ** (t + 1) for t in range(STEPS)],
        "exp(-decay t)": [float(np.exp(-value * t)) for t in range(STEPS)],
        "exp(-decay (t + 1))": [float(np.exp(-value * (t + 1))) for t in range(STEPS)],
        "(t + 1)^-decay": [(t + 1) ** -value for t in range(STEPS)],
        "1 / sqrt(1 + decay t)": [(1 + value * t) ** -0.5 for t in range(STEPS)],
    }
    for text, wanted in schedules.items():
        if np.allclose(ratios, wanted, rtol=1e-5):
            usual = text.startswith("1 / (1 + decay t)")
            what = (
                ""
                if usual
                else f"the learning rate is multiplied by {text}, where the books have 1 / (1 + decay t)"
            )
            yield verdict(
                "decay",
                "pass" if usual else "note",
                op,
                case,
                "" if usual else "learning_rate",
                what,
            )
            return
    elsewhere = used_elsewhere(op, names)
    if elsewhere and np.allclose(ratios, 1.0, rtol=1e-9):
        text = f"a step does not decay the learning rate: {elsewhere} does, which is not checked"
        yield verdict("decay", "note", op, case, "learning_rate", text)
        return
    t = int(np.argmax(np.abs(np.subtract(ratios, schedules["1 / (1 + decay t)"]))))
    wanted_t = schedules["1 / (1 + decay t)"][t]
    text = f"at step {t + 1} the learning rate is multiplied by {ratios[t]:.6g}, but should be by {wanted_t:.6g} = 1 / (1 + {value:g} * {t})"
    yield verdict(
        "decay", "fail", op, case, "learning_rate", text, claimed=ratios[t], measured=wanted_t
    )


def used_elsewhere(op: Op, names: tuple[str, ...]) -> str:
    """A method beside the constructor, the step and properties that uses the decay: one for epochs."""
    step = op.reading.split("(")[0]
    for cls in getattr(op.obj, "__mro__", ())[:-1]:
        for name, method in vars(cls).items():
            code = getattr(method, "__code__", None)
            if code is None or name in {"__init__", "__repr__", "__str__", step}:
                continue
            if set(names) & set(code.co_names):
                return str(name)
    return ""


def ratio_of_moves(slow: Trace, full: Trace, t: int) -> float:
    """How much shorter step t is; the gradients are the same, so only the rate differs."""
    name = next(iter(slow.params[0]))
    with np.errstate(all="ignore"):  # steps that are not finite give no ratio
        a = slow.params[t + 1][name] - slow.params[t][name]
        b = full.params[t + 1][name] - full.params[t][name]
        return float(np.sum(a * b) / np.sum(b * b)) if np.any(b) else float("nan")


def weight_decay(op: Op, case: Case) -> Iterator[Verdict]:
    """With a zero gradient a weight decay makes every weight smaller, never larger."""
    live = op.make()
    inner = getattr(live, "obj", live)
    name = next(
        (n for n in SPELLINGS["wd"] if isinstance(getattr(inner, n, None), (int, float))), None
    )
    if name is None or op.step is None:
        return
    params, _ = problem(op, case)
    zeros = {k: np.zeros_like(v) for k, v in params.items()}
    if not getattr(inner, name) > 0:
        without = op.step(op.make(), {k: v.copy() for k, v in params.items()}, zeros)
        if any(not np.array_equal(v, params[k]) for k, v in without.items()):
            return  # something else moves them, a decay by another name, and would be taken for it
        setattr(inner, name, 0.1)
    after = op.step(live, {k: v.copy() for k, v in params.items()}, zeros)
    for key, value in after.items():
        grown = away_from_zero(params[key], value)
        if np.any(grown):
            index = tuple(int(i) for i in np.argwhere(grown)[0])
            text = (
                f"{name} = {getattr(inner, name):g} makes {subscript(key, index)} grow from {params[key][index]:.6g} to "
                f"{float(value[index]):.6g} at a zero gradient, but should shrink it"
            )
            yield verdict("decay", "fail", op, case, key, text, index=index)
            return
    if all(np.array_equal(v, params[k]) for k, v in after.items()):
        text = f"{name} = {getattr(inner, name):g} changes nothing at a zero gradient"
        yield verdict("decay", "fail", op, case, next(iter(params)), text)
        return
    yield decoupled(op, case, live, name, params, after)


def decoupled(op: Op, case: Case, live: Any, name: str, before: Primals, after: Primals) -> Verdict:
    """AdamW's decay multiplies every weight by 1 - lr * decay, apart from the moments."""
    rate = next(iter(candidates(values_of(live), "lr")), None)
    if "adamw" not in name_of(op) or rate is None:
        return verdict("decay", "pass", op, case)
    wanted = 1.0 - rate * float(getattr(getattr(live, "obj", live), name))
    for key, value in after.items():
        if differs(value, before[key] * wanted, 1e-7):
            why = f"at a zero gradient AdamW multiplies {key} by 1 - lr * {name} = {wanted:.8g}"
            return numbers_differ("decay", "fail", op, case, key, value, before[key] * wanted, why)
    return verdict("decay", "pass", op, case)
