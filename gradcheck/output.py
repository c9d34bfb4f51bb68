"""Results to the screen and into files; what cannot be written is a `UsageError`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from gradcheck import __version__, guard
from gradcheck.errors import UsageError
from gradcheck.isolate import FileResult
from gradcheck.report import jsonfile, terminal
from gradcheck.types import Subject


def subjects(results: Sequence[FileResult]) -> list[Subject]:
    """Every row, a target that could not be loaded included."""
    rows: list[Subject] = []
    for result in results:
        if result.error:
            text = str(result.target)
            rows.append(Subject(text, "", "unknown", status="error", reason=result.error))
        rows += result.subjects
    return rows


def show(form: str, results: Sequence[FileResult], seconds: float) -> None:
    """Print one of the formats."""
    if form == "terminal":
        print(as_text(results, seconds, colour()), end="")
        return
    print(importlib.import_module(f"gradcheck.report.{form}").render(subjects(results)), end="")


def as_text(results: Sequence[FileResult], seconds: float, coloured: bool) -> str:
    """What the terminal shows."""
    files = [
        terminal.FileReport(r.target.text, r.subjects, (*r.notes, *_shared_notes(r)), r.error)
        for r in results
    ]
    return terminal.render(files, seconds=seconds, colour=coloured)


def _shared_notes(result: FileResult) -> list[str]:
    """Notes that every checked subject has: said once, at the head of the file."""
    notes = [s.notes for s in result.subjects if s.status not in ("skipped", "error")]
    if not notes:
        return []
    shared = [note for note in notes[0] if all(note in other for other in notes)]
    return shared if len(notes) > 1 else [note for note in shared if note == guard.NOTE]


def colour() -> bool:
    """Whether to use colours: on a terminal, unless NO_COLOR or TERM says not to."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def as_json(results: Sequence[FileResult], seconds: float) -> str:
    """The whole run, with what was done to load each file."""
    files = [{"target": str(r.target), "notes": list(r.notes), "error": r.error} for r in results]
    return jsonfile.dumps(
        subjects(results), version=__version__, seconds=round(seconds, 2), files=files
    )


def write_json(where: str | None, results: Sequence[FileResult], seconds: float) -> None:
    """To a file, to stdout for ``-``, or nowhere."""
    if where == "-":
        print(as_json(results, seconds), end="")
    elif where:
        write(where, as_json(results, seconds))


def write_reports(folder: str, results: Sequence[FileResult], seconds: float) -> None:
    """Every format, and the text of the terminal as report.txt."""
    from gradcheck.report.missing import MissingLibrary
    from gradcheck.report.write import write_report

    try:
        write_report(subjects(results), folder)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from error
    except MissingLibrary as error:
        print(f"gradcheck: {error}", file=sys.stderr)
    write(os.path.join(folder, "report.txt"), as_text(results, seconds, False))


def write(path: str, text: str) -> None:
    """Write a file, or say why not."""
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
