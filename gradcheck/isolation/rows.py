"""The row of a subject whose check broke off."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradcheck import targets
from gradcheck.isolation.limits import lift_memory_limit, out_of_memory
from gradcheck.report import jsonfile
from gradcheck.types import Subject


def failure(target: targets.Target, name: str, reason: str) -> dict[str, Any]:
    """The row of a subject that could not be checked."""
    text = target.of(name) if name else str(target)
    return jsonfile.subject_to_dict(Subject(text, name, "unknown", status="error", reason=reason))


def guarded(
    work: Callable[[str], dict[str, Any]], name: str, target: targets.Target, memory: int | None
) -> dict[str, Any]:
    """Run `work`, turning whatever leaves it into an `error` row that says what happened."""
    try:
        return work(name)
    except MemoryError:
        lift_memory_limit()
        return failure(target, name, out_of_memory(memory))
    except SystemExit as error:
        return failure(target, name, f"called sys.exit({error.code!r})")
    except Exception as error:
        return failure(target, name, say(error, target.path))


def say(error: BaseException, path: Path | None) -> str:
    """``ValueError: text (file.py:12)``: an exception with the user's own line, if there is one."""
    text = f"{type(error).__name__}: {error}".splitlines()[0][:300].rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if path is not None:
        mine = [f for f in frames if Path(f.filename) == path.absolute()]
        if mine:
            return f"raised {text} ({path.name}:{mine[-1].lineno})"
    last = frames[-1] if frames else None
    where = f" ({Path(last.filename).name}:{last.lineno})" if last else ""
    return f"the check itself failed: {text}{where}; please report this"
