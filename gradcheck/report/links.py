"""Where a subject is and how to get back to it: files, lines, replay commands, permalinks."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterable

from gradcheck.report.jsonfile import replay_command
from gradcheck.types import Subject, Verdict


def name_of(subject: Subject) -> str:
    """The name; of a file that could not be read, its target."""
    return subject.name or subject.target


def path_of(subject: Subject) -> str:
    """The file of a target ``file.py::Name``, or ``""`` for a module."""
    path = subject.target.partition("::")[0]
    return path if path.endswith((".py", ".ipynb")) else ""


def file_of(subject: Subject) -> str:
    """The file of a target, or its module."""
    return path_of(subject) or subject.target.partition("::")[0].partition(":")[0]


def by_file(subjects: Iterable[Subject]) -> dict[str, list[Subject]]:
    """The subjects of each file or module; files in the order in which they first occur."""
    found: dict[str, list[Subject]] = {}
    for s in subjects:
        found.setdefault(file_of(s), []).append(s)
    return found


def line_of(subject: Subject, verdict: Verdict) -> int | None:
    """The line at fault if the diagnosis found it, else where the subject is defined."""
    if verdict.cause is not None and verdict.cause.line is not None:
        return verdict.cause.line
    return subject.line


def place(subject: Subject, verdict: Verdict) -> str:
    """``file.py:212``, as editors and terminals make clickable."""
    line = line_of(subject, verdict)
    path = path_of(subject) or subject.target
    return path if line is None else f"{path}:{line}"


def full_target(subject: Subject) -> str:
    """The target with the name in it: ``file.py::Name`` or ``package.module:Name``."""
    separator = "::" if path_of(subject) else ":"
    if separator in subject.target or not subject.name:
        return subject.target
    return f"{subject.target}{separator}{subject.name}"


def replay(subject: Subject, verdict: Verdict) -> str:
    """The shell command that repeats this check; without a case, the check of the whole law."""
    exact = replay_command(subject, verdict)
    if exact is not None:
        return exact
    law = [] if verdict.law == "load" else ["--law", verdict.law]
    return shlex.join(["gradcheck", "check", full_target(subject), *law])


def slug(text: str) -> str:
    """Lower-case ASCII words joined by ``-``; anything else is dropped."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]


def anchor(subject: Subject, verdict: Verdict | None = None) -> str:
    """An id that stays the same from run to run, for links into a report."""
    parts = [subject.target, subject.name]
    shown = [subject.name]
    if verdict is not None:
        parts += [verdict.law, verdict.wrt]
        shown += [verdict.law, verdict.wrt]
    digest = hashlib.blake2s("\0".join(parts).encode("utf-8", "replace"), digest_size=4)
    return "-".join(filter(None, ("s", slug(" ".join(shown)), digest.hexdigest())))


class Anchors:
    """Hands out anchors; a second use of the same one gets ``-2``."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}

    def __call__(self, subject: Subject, verdict: Verdict | None = None) -> str:
        base = anchor(subject, verdict)
        self.used[base] = n = self.used.get(base, 0) + 1
        return base if n == 1 else f"{base}-{n}"
