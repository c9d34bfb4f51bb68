"""What every argument of a forward or backward is for, and a value for it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.conventions.signature import PENALTIES, UPSTREAM, Arg, arguments, plain
from gradcheck.conventions.stand_ins import RATE, Recorder

OPTIMIZER_NAMES = {"optimizer", "optim", "opt", "optimiser", "updater"}
CONTEXT_NAMES = {"ctx", "context"}
OUTPUTS = {"output", "outputs", "out", "y", "a", "activation", "activations", "z", "yhat", "result"}


def fill(
    args: list[Arg], values: Iterator[Any], labels: Any, train: bool, known: Mapping[str, Any],
    updates: bool = False,
) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
    """Positional and keyword arguments of a call, each by its role.

    One that `updates` is told its step size also where it has a default for it.
    """
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for arg in args:
        if arg.name in known:
            value: Any = known[arg.name]
        elif arg.role in {"flag", "mode"}:
            value = mode_value(arg, train)
        elif arg.role == "rate" and (arg.required or (updates and type(arg.default) is float)):
            value = RATE
        elif not arg.required:
            continue
        elif is_strength(arg):
            value = 0.0
        elif plain(arg.name) in OPTIMIZER_NAMES:
            value = Recorder()
        elif arg.role == "labels" and labels is not None:
            value = labels
        else:
            value = next(values, None)
        if arg.keyword_only or not arg.required or keywords:
            keywords[arg.name] = value
        else:
            positional.append(value)
    return positional, keywords


def mode_value(arg: Arg, train: bool) -> Any:
    """What a flag or a word for the mode is given."""
    if arg.role == "mode":
        return "train" if train else "test"
    return train if arg.flag else not train


def set_mode(obj: Any, train: bool) -> bool:
    """Switch an object between training and evaluation by method or attribute, if it has one."""
    on, off = getattr(obj, "train", None), getattr(obj, "eval", None)
    if callable(on) and callable(off):
        method = on if train else off
        if not [a for a in arguments(method) if a.required]:
            method()
            return True
    for name, value in list(vars(obj).items()) if hasattr(obj, "__dict__") else ():
        if isinstance(value, bool):
            flag = Arg(name, False, True).flag
            if flag is not None:
                setattr(obj, name, train if flag else not train)
                return True
    return False


def is_context(arg: Arg, args: list[Arg]) -> bool:
    """Whether an argument is what PyTorch calls ``ctx``; a later ``context`` is what a decoder attends to."""
    key = plain(arg.name)
    return key in CONTEXT_NAMES and (key == "ctx" or (arg.required and arg == args[0]))


def is_array(arg: Arg, args: list[Arg] | None = None) -> bool:
    """Whether an argument carries an array of the computation; `args` are all of its function."""
    key = plain(arg.name)
    context = key in CONTEXT_NAMES if args is None else is_context(arg, args)
    named = key in OPTIMIZER_NAMES or context or is_strength(arg)
    return arg.role in {"value", "labels"} and not named


def is_strength(arg: Arg) -> bool:
    """Whether an argument is the strength of a penalty."""
    return strength_name(arg.name)


@functools.lru_cache(maxsize=1024)
def strength_name(name: str) -> bool:
    """Whether a name means the strength of a penalty."""
    words = set(re.split(r"[_\d]+", name.lower()))
    return plain(name) in PENALTIES or bool(words & (PENALTIES - {"decay"}))


def strongly_upstream(name: str) -> bool:
    """A name that can only mean an upstream gradient."""
    return (
        bool(UPSTREAM.match(name)) and plain(name) not in {"data", "d", "g", "dim", "da"} | OUTPUTS
    )


def upstream_argument(required: list[Arg], names: tuple[str, ...]) -> str | None:
    """Which argument of a backward is the upstream gradient, as far as names tell."""
    given = [a.name for a in required if a.name not in names]
    if len(given) > 1 and all(UPSTREAM.match(n) for n in given):
        return given[0]  # one for each output: ``backward(da, db)``
    marked = [n for n in given if strongly_upstream(n)]
    return marked[0] if marked else None
