"""The bug catalogue: right code beside the one line that makes it wrong, as data.

>>> from gradcheck_reference import bugs
>>> print(bugs.get("dense-db-not-summed").diff())  # doctest: +SKIP

The modules named ``tune_*`` may be looked at while a checker's diagnosis is written; those named
``held_*`` were kept back to measure it until 2026-11-23 (`reports/diagnosis.md`), and are open since.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from gradcheck_reference.bugs.types import Bug

__all__ = ["HALVES", "Bug", "get", "half", "load"]

#: The two halves of the catalogue, by the first part of the name of their data modules.
HALVES = ("tune", "held")


@cache
def _by_half() -> dict[str, tuple[Bug, ...]]:
    """The bugs of each half, in the order of their modules' names."""
    found: dict[str, list[Bug]] = {name: [] for name in HALVES}
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        prefix = module.split("_")[0]
        if prefix in found:
            found[prefix].extend(importlib.import_module(f"{__name__}.{module}").BUGS)
    return {name: tuple(bugs) for name, bugs in found.items()}


def load() -> tuple[Bug, ...]:
    """All bugs, sorted by id."""
    everything = [bug for bugs in _by_half().values() for bug in bugs]
    return tuple(sorted(everything, key=lambda bug: bug.id))


def get(id: str) -> Bug:
    """The bug with that id.

    Raises
    ------
    KeyError
        If there is none; the message gives the nearest ids.
    """
    by_id = {bug.id: bug for bug in load()}
    if id in by_id:
        return by_id[id]
    near = difflib.get_close_matches(id, by_id, n=3, cutoff=0.3)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise KeyError(f"no bug is called {id!r} among the {len(by_id)} in the catalogue{hint}")


def half(bug: Bug) -> str:
    """``tune`` or ``held``: which half of the catalogue the bug stands in."""
    for name, bugs in _by_half().items():
        if bug in bugs:
            return name
    raise KeyError(f"{bug.id!r} is not in the catalogue")
