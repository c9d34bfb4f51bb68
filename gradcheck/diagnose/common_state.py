"""What all objects of a class, or all calls of a function, have in common, and whether a call changes it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.diagnose.pieces import functions_by_place, reachable_objects
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.types import Op

MUTABLE = (dict, list, set, np.ndarray)


def in_common(op: Op) -> Iterator[tuple[str, Any]]:
    """The class attributes and default arguments that can change, in words."""
    for cls in reachable_objects(op)[0]:
        for name, value in vars(cls).items():
            if isinstance(value, MUTABLE) and not name.startswith("__"):
                yield (
                    f"`{name}` belongs to the class {cls.__name__}, so all its objects use one",
                    value,
                )
    for function in functions_by_place(op).values():
        code = function.__code__
        names = code.co_varnames[: code.co_argcount][-len(function.__defaults__ or ()) :]
        for name, value in zip(names, function.__defaults__ or (), strict=False):
            if isinstance(value, MUTABLE):
                text = f"the default of `{name}` in {function.__name__} is one object, so all calls use it"
                yield text, value


def changed_in_common(op: Op, call: Callable[[], object]) -> Shown | None:
    """What a call has written into something that belongs to all; it is put back afterwards."""
    before = [(text, value, copy.deepcopy(value)) for text, value in in_common(op)]
    found = None
    for prepare in (rest_at_zero, empty) if before else ():
        for _, value, _ in before:
            prepare(value)
        start = [repr(value) for _, value, _ in before]
        try:
            with quiet():
                call()
            ends = zip(before, start, strict=True)
            found = next((text for (text, value, _), first in ends if repr(value) != first), None)
        except Exception:  # with what stood there, or without it, the call does not run
            continue
        finally:
            for _, value, old in before:
                put_back(value, old)
        break
    if found is None:
        return None
    tried = "it was compared before and after a call of a fresh object"
    return Shown("shared-state", found, tried, second="state-shared-between-parameters")


def rest_at_zero(value: Any) -> None:
    """Arrays that earlier calls have left in a dict begin at 0: those of NaN show no change."""
    for key, array in list(value.items()) if isinstance(value, dict) else ():
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            value[key] = np.zeros_like(array)


def empty(value: Any) -> None:
    """What calls of other kinds have left is taken away."""
    if not isinstance(value, np.ndarray):
        value.clear()


def put_back(value: Any, old: Any) -> None:
    """Give an object the contents that it had."""
    if isinstance(value, np.ndarray):
        if value.flags.writeable:
            value[...] = old
    elif isinstance(value, list):
        value[:] = old
    else:
        value.clear()
        value.update(old)
