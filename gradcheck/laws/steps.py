"""Laws of an optimizer's arithmetic: its steps, its bias correction, its decay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradcheck.laws.common import differs, name_of, numbers_differ, source_text, subscript, verdict
from gradcheck.laws.formulas import LEGAL, Formula, Hyper, State
from gradcheck.laws.optimizer import problem
from gradcheck.types import Array, Case, Op, Primals, Verdict

#: Roles by words in the name, the most special first.
NAMES = ("nadam", "amsgrad", "adamax", "adadelta", "adagrad", "adam", "rmsprop", "lion", "nesterov", "nag", "momentum",
         "rms", "sgd", "gradientdescent", "gd")  # fmt: skip
SAME_ROLE = {"nag": "nesterov", "rms": "rmsprop", "gradientdescent": "sgd", "gd": "sgd"}
SPELLINGS: dict[str, tuple[str, ...]] = {
    "lr": ("lr", "learning_rate", "learningrate", "eta", "step_size", "current_learning_rate", "learn_rate", "alpha", "l_rate"),
    "mu": ("momentum", "mu", "beta", "gamma", "rho", "alpha", "beta1", "moment"),
    "rho": ("rho", "decay_rate", "beta", "alpha", "gamma", "decay", "beta2", "beta_2", "moving_average"),
    "b1": ("beta1", "beta_1", "b1", "beta", "rho1"),
    "b2": ("beta2", "beta_2", "b2", "rho2"),
    "eps": ("eps", "epsilon"),
    "wd": ("weight_decay", "wd", "weightdecay", "lambda_", "l2", "decoupled_weight_decay"),
    "decay": ("decay", "lr_decay", "learning_rate_decay", "decay_rate"),
}  # fmt: skip
NEEDS = {
    "sgd": "",
    "momentum": "mu",
    "nesterov": "mu",
    "adagrad": "eps",
    "rmsprop": "rho eps mu",
    "adadelta": "rho eps",
}
EPSILONS = (1e-8, 1e-7, 1e-6, 1e-10, 1e-12, 1e-5, 0.0)
STEPS = 5
EXACT = 1e-7
#: A difference of an epsilon's size: its place differs, or a constant that could not be read.
SMALL = 1e-3


@dataclass(frozen=True)
class Trace:
    """Parameters before and after every step, and the gradients given."""

    params: list[Primals]
    grads: list[Primals]
    live: Any


def role_of(op: Op) -> str | None:
    """The method a name stands for."""
    name = name_of(op)
    if re.search(r"clip|lookahead|lars|lamb|warm|schedul|swa", name):
        return None  # a method of its own around a known one
    found = next((n for n in NAMES if n in name), None)
    return None if found is None else SAME_ROLE.get(found, found)


def values_of(live: Any) -> dict[str, float]:
    """Numbers the optimizer holds, by lower-case name: attributes, a config dict, a pair of betas."""
    inner = getattr(live, "obj", live)
    config = (
        getattr(getattr(live, "memory", {}).get("bench"), "config", None)
        if hasattr(live, "memory")
        else None
    )
    held = dict(vars(inner)) if hasattr(inner, "__dict__") and not callable_only(inner) else {}
    for source in (held, config if isinstance(config, dict) else {}):
        nested = [v for v in source.values() if isinstance(v, dict)]
        for extra in nested:
            held |= {k: v for k, v in extra.items() if isinstance(k, str) and k not in held}
    if isinstance(config, dict):
        held |= config
    for key in ("betas", "beta"):
        pair = held.get(key)
        if isinstance(pair, (tuple, list)) and len(pair) == 2:
            held["beta1"], held["beta2"] = pair
    return {
        k.lower().strip("_"): float(v) for k, v in held.items()
        if isinstance(v, (int, float, np.floating)) and not isinstance(v, bool)
    }  # fmt: skip


def callable_only(inner: Any) -> bool:
    """A plain function has attributes, but no hyper-parameters among them."""
    return type(inner).__name__ in {"function", "method"}


def candidates(values: dict[str, float], key: str) -> list[float]:
    """The values an attribute name offers for one hyper-parameter, best first."""
    found = [values[n] for n in SPELLINGS[key] if n in values]
    return list(dict.fromkeys(found))


def switched_off(live: Any, names: tuple[str, ...]) -> bool:
    """Set decays to 0 on a live optimizer; whether there was one above 0."""
    inner = getattr(live, "obj", live)
    found = False
    for name in names:
        value = getattr(inner, name, None)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            setattr(inner, name, 0.0)
            found = True
    return found


def decay_names(role: str, values: dict[str, float]) -> tuple[str, ...]:
    """Attributes that shrink the learning rate; RMSprop's only ``decay`` is that of its mean."""
    names = ("lr_decay", "learning_rate_decay", "decay")
    own = [n for n in SPELLINGS["rho"] if n in values and n != "decay"]
    return names[:2] if role in {"rmsprop", "adadelta"} and not own else names


def trace(op: Op, case: Case, live: Any, steps: int = STEPS, constant: bool = False) -> Trace:
    """Run an optimizer on copies of a small problem."""
    assert op.step is not None
    params, drawn = problem(op, case)
    rng = np.random.default_rng([case.seed, 17])
    now, before, given = params, [], []
    for t in range(steps):
        grads = (
            drawn[t] if t < len(drawn) else {k: rng.normal(size=v.shape) for k, v in params.items()}
        )
        grads = drawn[0] if constant else grads
        before.append({k: v.copy() for k, v in now.items()})
        given.append({k: v.copy() for k, v in grads.items()})
        now = {
            k: np.array(v)
            for k, v in op.step(
                live, {k: v.copy() for k, v in now.items()}, {k: g.copy() for k, g in grads.items()}
            ).items()
        }
    return Trace([*before, now], given, live)


def optimizer_steps(op: Op, case: Case) -> Iterator[Verdict]:
    """Five steps follow one of the legal formulas of the method the name stands for."""
    law = "optimizer_steps"
    role = role_of(op)
    if op.step is None or role is None:
        what = "not an optimizer" if op.step is None else "its name stands for no method known here"
        yield verdict(law, "skipped", op, case, what=what)
        return
    live = op.make()
    switched_off(live, (*decay_names(role, values_of(live)), *SPELLINGS["wd"]))
    taken = trace(op, case, live)
    best: tuple[float, str, str, Array, Array] | None = None
    for formula, hyper in hypotheses(op, role, values_of(taken.live)):
        distance, name, mine, wanted = compare(taken, formula, hyper)
        if distance < EXACT:
            text = (formula.__doc__ or "").strip()
            if hyper.get("b1", 1.0) == 0.0:
                what = f"beta1 = 0: {text} without its first moment"
                yield verdict(law, "note", op, case, "beta1", what)
                return
            detail = {"formula": text, "hyper": hyper, "steps": STEPS}
            yield verdict(law, "pass", op, case, resolution=EXACT, detail=detail)
            return
        if best is None or distance < best[0]:
            best = (
                distance,
                name,
                f"{(formula.__doc__ or '').strip()} with {shown(hyper)}",
                mine,
                wanted,
            )
    if best is None:
        yield verdict(
            law, "skipped", op, case, what="its learning rate could not be read from an attribute"
        )
        return
    distance, name, text, mine, wanted = best
    status: Any = "note" if distance < SMALL else "fail"
    why = f"nearest legal formula of {role}: {text}" if status == "fail" else \
          f"agrees with {text} up to {distance:.0e} of a step, an epsilon's size"  # fmt: skip
    yield numbers_differ(law, status, op, case, name, mine, wanted, why)


def hypotheses(op: Op, role: str, values: dict[str, float]) -> Iterator[tuple[Formula, Hyper]]:
    """Legal formulas with hyper-parameters read from the object, the likely ones first."""
    rates = candidates(values, "lr")[:2] or ([1e-2] if "function" in op.reading else [])
    roles = [role]
    if role == "sgd":
        wanted = ["momentum", "nesterov"] if candidates(values, "mu") else []
        roles = [*wanted, "sgd"] if wanted else ["sgd"]
        if any(values.get(n) == 0 for n in ("momentum", "mu")):
            roles = ["sgd"]
    if role == "momentum":
        roles.append("nesterov")
    if role == "adam":
        roles += ["amsgrad"] if "amsgrad" in values or "amsgrad" in source_text(op).lower() else []
    constants = [float(c) for c in re.findall(r"\b\d(?:\.\d*)?[eE]-\d+\b", source_text(op))]
    for one in roles:
        needs = NEEDS.get(one, "b1 b2 eps")
        for formula in LEGAL[one]:
            choices: dict[str, list[float]] = {"lr": rates}
            for key in needs.split():
                choices[key] = candidates(values, key)[:3]
                if key == "eps":
                    choices[key] = list(dict.fromkeys([*choices[key], *constants, *EPSILONS]))[:6]
                if not choices[key]:
                    choices[key] = [0.9 if key in {"mu", "rho", "b1"} else 0.999]
            for combination in product(*choices.values()):
                yield formula, dict(zip(choices, combination, strict=True))


def compare(taken: Trace, formula: Formula, hyper: Hyper) -> tuple[float, str, Array, Array]:
    """The worst difference between a trace and a formula, in units of the steps taken."""
    worst = (0.0, "", np.zeros(()), np.zeros(()))
    for name in taken.params[0]:
        w, state = taken.params[0][name].copy(), State()
        for t, grads in enumerate(taken.grads):
            w = formula(w, grads[name], state, t + 1, hyper)
            mine = taken.params[t + 1][name]
            scale = float(np.max(np.abs(w - taken.params[0][name]))) or 1.0
            distance = float(np.max(np.abs(mine - w))) / scale if mine.shape == w.shape else np.inf
            if not np.isfinite(distance) or distance > worst[0]:
                worst = (
                    distance if np.isfinite(distance) else 1e9,
                    f"{name} after step {t + 1}",
                    mine,
                    w.copy(),
                )
            if distance > 0.5:
                break
    return worst


def shown(hyper: Hyper) -> str:
    """Hyper-parameters in a message."""
    return ", ".join(f"{k}={v:g}" for k, v in hyper.items())


def bias_correction(op: Op, case: Case) -> Iterator[Verdict]:
    """Adam's steps on a constant gradient are all of length lr, for every parameter, from the first."""
    law = "bias_correction"
    role = role_of(op)
    if op.step is None or role != "adam":
        yield verdict(law, "skipped", op, case, what="not Adam")
        return
    live = op.make()
    switched_off(live, ("decay", "lr_decay", "learning_rate_decay", *SPELLINGS["wd"]))
    taken = trace(op, case, live, steps=6, constant=True)
    rate = next(iter(candidates(values_of(taken.live), "lr")), None)
    for name in taken.params[0]:
        moves = [
            np.abs(b[name] - a[name]) for a, b in zip(taken.params, taken.params[1:], strict=False)
        ]
        length = rate if rate is not None else float(np.median(moves[-1]))
        for t, move in enumerate(moves):
            index = tuple(
                int(i) for i in np.unravel_index(int(np.argmax(np.abs(move - length))), move.shape)
            )
            if abs(float(move[index]) - length) > 0.01 * length:
                text = (
                    f"step {t + 1} moves {subscript(name, index)} by {float(move[index]):.6g}, but should move it by {length:.6g} "
                    "(the learning rate): on a constant gradient the corrected moments are g and g²"
                )
                yield verdict(
                    law,
                    "fail",
                    op,
                    case,
                    name,
                    text,
                    index=index,
                    claimed=float(move[index]),
                    measured=length,
                )
                return
    yield verdict(law, "pass", op, case, resolution=0.01)


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
    if not getattr(inner, name) > 0:
        setattr(inner, name, 0.1)
    params, _ = problem(op, case)
    zeros = {k: np.zeros_like(v) for k, v in params.items()}
    after = op.step(live, {k: v.copy() for k, v in params.items()}, zeros)
    for key, value in after.items():
        grown = np.abs(value) > np.abs(params[key])
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
        yield verdict("decay", "fail", op, case, "W", text)
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
