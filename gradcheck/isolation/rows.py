"""The rows of subjects that are skipped, could not be defined, or whose check broke off."""

from __future__ import annotations

import contextlib
import dataclasses
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck import targets
from gradcheck.isolation.limits import lift_memory_limit, out_of_memory
from gradcheck.report import jsonfile
from gradcheck.types import Subject

if TYPE_CHECKING:
    from gradcheck.isolate import Job


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


def skipped(job: Job, row: Mapping[str, Any]) -> Subject | None:
    """The row of something that is not checked, or None."""
    if not row["reason"]:
        return None
    name, line = row["name"], row["line"]
    blank = Subject(job.target.of(name), name, row["kind"], row["convention"], line=line)
    return dataclasses.replace(blank, status="skipped", reason=row["reason"])


def with_kind(subject: Subject, row: Mapping[str, Any]) -> Subject:
    """Kind and convention from the plan, where a check that broke off could not say."""
    if subject.kind != "unknown":
        return subject
    line = subject.line or row["line"]
    return dataclasses.replace(subject, kind=row["kind"], convention=row["convention"], line=line)


def with_failed(
    job: Job, subjects: Sequence[Subject], failed: Mapping[str, str]
) -> tuple[Subject, ...]:
    """Add an `error` row for every class that could not even be defined."""
    have = {subject.name for subject in subjects}
    defined = set()
    if failed and job.target.path is not None:
        with contextlib.suppress(targets.TargetError):
            defined = set(targets.class_names(targets.parse_file(job.target.path)[1]))
    return (
        *subjects,
        *(
            jsonfile.subject_from_dict(failure(job.target, name, f"could not be defined: {reason}"))
            for name, reason in failed.items()
            if name in defined and name not in have and job.target.name in (None, name)
        ),
    )
