"""Verdicts as workflow annotations: GitHub shows each beside the line at fault.

Format: the workflow commands page of the GitHub Actions documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradcheck.report import links, words
from gradcheck.types import Status, Subject, Verdict

_LEVEL: dict[Status, str] = {
    "error": "error",
    "fail": "error",
    "inconclusive": "warning",
    "note": "notice",
}


def _data(text: str) -> str:
    return words.printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _relative(path: str) -> str:
    """GitHub finds a file only by its path from the top of the checkout."""
    absolute = Path(path)
    if absolute.is_absolute() and absolute.is_relative_to(Path.cwd()):
        return absolute.relative_to(Path.cwd()).as_posix()
    return absolute.as_posix()


def annotation(subject: Subject, verdict: Verdict) -> str:
    """One ``::error file=...,line=...,title=...::message`` line."""
    properties = []
    path, line = links.path_of(subject), links.line_of(subject, verdict)
    if path:
        properties.append(f"file={_property(_relative(path))}")
    if path and line is not None:
        properties.append(f"line={line}")
    properties.append(f"title={_property(f'gradcheck: {words.title(subject, verdict)}')}")
    text = [words.told(subject, verdict), words.wrong_text(verdict)]
    if verdict.cause is not None:
        text.append(f"{words.cause_lead(verdict.cause)}: {verdict.cause.text}")
        text.append(f"fix: {verdict.cause.fix}" if verdict.cause.fix else "")
    text.append(f"replay: {links.replay(subject, verdict)}")
    message = _data("\n".join(filter(None, text)))
    return f"::{_LEVEL[verdict.status]} {','.join(properties)}::{message}"


def render(subjects: Sequence[Subject]) -> str:
    """One annotation a cause, worst first (GitHub shows ten a level), then a summary line."""
    lines = [
        annotation(s, v)
        for s in words.worst_first(subjects)
        for v in [*words.main_failures(s)[0], *(v for v in s.verdicts if v.status == "note")]
    ]
    return "\n".join([*lines, f"gradcheck: {words.summary(subjects)}"]) + "\n"
