"""What an optimizer's name and its numbers say: the method it stands for, its hyper-parameters."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.laws.common import name_of, source_of
from gradcheck.types import Op

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
    "wd": ("weight_decay", "wd", "weightdecay", "lambda_", "l2", "decoupled_weight_decay", "lam", "lambd", "lmbda"),
    "decay": ("decay", "lr_decay", "learning_rate_decay", "decay_rate"),
}  # fmt: skip


#: Short names of relatives, which must not be found in ``OptimizerAdam``.
RELATIVES = re.compile(
    r"RAdam|PAdam|QHAdam|QHM|AdamP\b|Adan\b|(^|_)(radam|padam|qhadam|qhm|adamp|adan)(_|$)"
)


def role_of(op: Op) -> str | None:
    """The method a name stands for."""
    name = name_of(op)
    if re.search(r"clip|lookahead|lars|lamb|warm|schedul|swa", name):
        return None  # a method of its own around a known one
    if RELATIVES.search(op.name) or re.search(
        "rectified|belief|adabound|yogi|adamod|quasihyper|adafactor", name
    ):
        return None  # a relative with formulas of its own
    if re.search(
        r"^sign|signum|normali[sz]ed|centrali[sz]ed|langevin|sgld|adagradnorm|adammini", name
    ):
        return None  # another direction, or one length for all parameters
    found = next((n for n in NAMES if n in name), None)
    if found is None:
        return None
    held = getattr(getattr(op.make(), "obj", None), "__dict__", {})
    if any("init" in n.lower() and "acc" in n.lower() for n in (*held, *taken_by(op.obj))):
        return None  # its sums do not begin at 0
    if held.get("centered") is True:
        return None  # RMSprop about its mean gradient
    return SAME_ROLE.get(found, found)


def taken_by(cls: Any) -> tuple[str, ...]:
    """The names of what a constructor takes."""
    try:
        return tuple(inspect.signature(cls).parameters)
    except (TypeError, ValueError):
        return ()


def values_of(live: Any) -> dict[str, float]:
    """Numbers the optimizer holds, by lower-case name: attributes, a config dict, a pair of betas.

    A function's numbers are those of the config it returned, else the defaults in its signature.
    """
    inner = getattr(live, "obj", live)
    bench = getattr(live, "memory", {}).get("bench")
    configs = [c for c in getattr(bench, "configs", []) if isinstance(c, dict)]
    config = configs[0] if configs else getattr(bench, "config", None)
    if inspect.isroutine(inner) or isinstance(inner, functools.partial):
        held: dict[Any, Any] = defaults_of(inner)
    else:
        held = dict(vars(inner)) if hasattr(inner, "__dict__") else {}
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
        if isinstance(k, str) and isinstance(v, (int, float, np.floating)) and not isinstance(v, bool)
    }  # fmt: skip


def defaults_of(function: Any) -> dict[str, Any]:
    """The numbers that stand as defaults in a function's signature."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default for p in parameters if isinstance(p.default, float)}


def candidates(values: dict[str, float], key: str) -> list[float]:
    """The values an attribute name offers for one hyper-parameter, best first."""
    found = [values[n] for n in SPELLINGS[key] if n in values]
    return list(dict.fromkeys(found))


def unnamed(values: dict[str, float]) -> list[float]:
    """Numbers between 0 and 1 under names that mean nothing here, such as ``decay1``."""
    known = {n for names in SPELLINGS.values() for n in names}
    return list(dict.fromkeys(v for k, v in values.items() if k not in known and 0 < v < 1))


def switched_off(live: Any, names: tuple[str, ...]) -> bool:
    """Set decays to 0 on a live optimizer, its groups and options; whether there was one above 0."""
    found = [put_out(holder, names) for holder in holders(getattr(live, "obj", live), 3)]
    return off_in_config(live, names) or any(found)


def holders(held: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The attributes of an object, and the dicts and objects in them that hold numbers by name."""
    own = held if isinstance(held, dict) else getattr(held, "__dict__", None)
    if isinstance(own, dict):
        yield own
    inside = list(own.values()) if isinstance(own, dict) else held if isinstance(held, list) else []
    for value in inside if depth else ():
        plain_object = hasattr(value, "__dict__") and not callable(value)
        if isinstance(value, (dict, list)) or plain_object:
            yield from holders(value, depth - 1)


def put_out(own: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Set the numbers above 0 under these names to 0; whether there was one."""
    found = [
        n for n in own if isinstance(n, str) and {n, n.strip("_")} & set(names) and is_above(own[n])
    ]
    for name in found:
        own[name] = 0.0
    return bool(found)


def is_above(value: Any) -> bool:
    """A number above 0."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def off_in_config(live: Any, names: tuple[str, ...]) -> bool:
    """The same for the decays that a function reads from its config or puts there by default."""
    inner, bench = getattr(live, "obj", live), getattr(live, "memory", {}).get("bench")
    if bench is None or not inspect.isroutine(inner) or not (bench.config or takes_config(inner)):
        return False
    given, text = bench.config or {}, source_of(inner)
    named = [n for n in names if re.search(rf"[\"']{n}[\"']", text)]
    off = {n: 0.0 for n in named if given.get(n, 1.0) > 0}
    if off:
        bench.config = {**given, **off}
    return bool(off)


def takes_config(function: Any) -> bool:
    """Whether a function's third argument is a config that it makes itself: ``f(w, dw, config=None)``."""
    third = list(inspect.signature(function).parameters.values())[2:3]
    return bool(third) and (third[0].default is None or isinstance(third[0].default, dict))


def decay_names(role: str, values: dict[str, float]) -> tuple[str, ...]:
    """Attributes that shrink the learning rate; RMSprop's only ``decay`` is that of its mean."""
    names = ("lr_decay", "learning_rate_decay", "decay")
    own = [n for n in SPELLINGS["rho"] if n in values and n != "decay"]
    if role not in {"rmsprop", "adadelta"}:  # where it is no share of a mean of squares
        return (*names, "decay_rate")
    return names[:2] if not own else names
