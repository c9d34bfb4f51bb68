"""Verdicts as text for a terminal: the table first, then failures, worst first.

The same text goes to a terminal and to a pipe; colour is added on a terminal only and is never
the only signal.  No line is longer than 100 columns, except a replay command, which must be
copied whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from gradcheck.report.blocks import badness, failed, failure, main_failures, told
from gradcheck.report.layout import WIDTH, WORDS, Style, ended, middle, names_of, small, wrap
from gradcheck.report.words import GRADIENT_LAWS
from gradcheck.types import Status, Subject, Verdict, worst

#: More files than this are summarised by file, and only their failures are shown.
MANY = 3


@dataclass(frozen=True)
class FileReport:
    """One file's rows, in the order of the file, and what was done to load it."""

    title: str
    subjects: tuple[Subject, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


def render(
    files: Sequence[FileReport], *, seconds: float | None = None, colour: bool = False
) -> str:
    """The whole report.

    Parameters
    ----------
    files
        What was checked, in the order of the command line.
    seconds
        Wall time, printed in the summary line.
    colour
        Whether to use ANSI colours.
    """
    style = Style(colour)
    if len(files) > MANY:
        parts = [_summary_by_file(files, style)]
    else:
        parts = [_file(f, style) for f in files]
    parts.append(_totals(files, seconds, style))
    subjects = [s for f in files for s in f.subjects]
    for subject in sorted((s for s in subjects if s.status == "fail" or failed(s)), key=badness):
        parts.append(failure(subject, style))
    parts += [_other(files, status, style) for status in ("error", "inconclusive", "note")]
    parts.append(_built(subjects) if len(files) <= MANY else "")
    return "\n\n".join(part for part in parts if part) + "\n"


# ---- tables -------------------------------------------------------------------------------------


def _file(file: FileReport, style: Style) -> str:
    skipped = [s for s in file.subjects if s.status == "skipped"]
    checked = [s for s in file.subjects if s.status != "skipped"]
    if file.error:
        return f"{style.bold(file.title)}   {style.status('error')}"
    head = f"{file.title}   {len(checked)} found"
    if skipped:
        head += f", {len(skipped)} skipped ({_reasons(skipped)})"
    lines = wrap(head, indent="    ")
    lines[0] = lines[0].replace(file.title, style.bold(file.title), 1)
    lines += [line for note in file.notes for line in wrap(f"  {note}", "    ")]
    if not file.subjects:
        lines += wrap(f"  {NOTHING}", "  ")
    table = _table(checked, style)
    return "\n".join(lines) + (f"\n\n{table}" if table else "")


NOTHING = (
    "nothing recognised: looked for classes with a forward and a backward method (under any of "
    "the usual names), pairs of functions f_forward and f_backward, losses, optimizers and models"
)


def _reasons(skipped: Sequence[Subject]) -> str:
    groups: dict[str, list[str]] = {}
    for subject in skipped:
        groups.setdefault(subject.reason or "not checked", []).append(subject.name)
    parts = [f"{names_of(names, 3)}: {reason}" for reason, names in groups.items()]
    return "; ".join(parts[:4]) + ("; ..." if len(parts) > 4 else "")


def _summary_by_file(files: Sequence[FileReport], style: Style) -> str:
    """One row a file that holds something to check."""
    rows = []
    empty = 0
    for file in files:
        if not file.error and all(s.status == "skipped" for s in file.subjects):
            empty += 1
            continue
        count = _counts(file.subjects)
        cells = [str(count[s] or "") for s in ("pass", "note", "fail", "inconclusive")]
        errors = count["error"] + bool(file.error)
        overall: Status = "error" if file.error else worst([s.status for s in file.subjects])
        cells += [str(errors or ""), str(count["skipped"] or ""), style.status(overall)]
        rows.append([middle(file.title, 44), *cells])
    heads = ["file", "pass", "note", "FAIL", "?", "error", "skipped", "verdict"]
    table = str(tabulate(rows, heads, tablefmt="simple", disable_numparse=True)) if rows else ""
    more = f"{empty} {'more ' if rows else ''}files with nothing to check" if empty else ""
    return "\n".join(filter(None, (table, more)))


_HEADS = ("subject", "kind", "gradients", "other laws", "verdict")
_LEAST = (20, 6, 20, 10, 26)


def _table(subjects: Sequence[Subject], style: Style) -> str:
    """One row a subject; the widest columns give way until the table fits."""
    if not subjects:
        return ""
    rows = [_row(subject) for subject in subjects]
    widths = [  # tabulate makes a column at least two wider than its heading
        max(len(head) + 2, *map(len, column))
        for head, column in zip(_HEADS, zip(*rows, strict=True), strict=True)
    ]
    while sum(widths) > WIDTH - 2 * (len(widths) - 1):
        spare = [width - least for width, least in zip(widths, _LEAST, strict=True)]
        if max(spare) <= 0:
            break
        widths[spare.index(max(spare))] -= 1
    cells = []
    for subject, (name, kind, gradients, laws, verdict) in zip(subjects, rows, strict=True):
        shown = ended(verdict, widths[4])
        word = WORDS[subject.status]
        row = [middle(name, widths[0]), kind, middle(gradients, widths[2])]
        row += [ended(laws, widths[3]), style.status(subject.status, word) + shown[len(word) :]]
        cells.append(row)
    return str(tabulate(cells, _HEADS, tablefmt="simple", disable_numparse=True))


def _row(subject: Subject) -> list[str]:
    word, saying = WORDS[subject.status], _verdict_in_words(subject)
    return [
        " ".join((subject.name or subject.target).split()),
        subject.kind if subject.kind != "unknown" else "",
        _gradients(subject),
        _laws(subject),
        f"{word}  {' '.join(saying.split())}" if saying else word,
    ]


def _gradients(subject: Subject) -> str:
    """Which gradients were verified, and to what relative error."""
    status: dict[str, list[Verdict]] = {}
    for verdict in subject.verdicts:
        if verdict.law in GRADIENT_LAWS and verdict.status != "skipped":
            status.setdefault(verdict.wrt or verdict.law, []).append(verdict)
    if not status:
        return _other_resolution(subject)
    overall = {name: worst([v.status for v in found]) for name, found in status.items()}
    wrong = [name for name, s in overall.items() if s in ("fail", "error")]
    unsure = [name for name, s in overall.items() if s == "inconclusive"]
    if wrong or unsure:
        bad, word = (wrong, "wrong") if wrong else (unsure, "?")
        count = "" if len(bad) == len(overall) else f"{len(bad)} of {len(overall)} "
        return f"{count}{word}: {names_of(bad, 3)}"
    found = [v.resolution for vs in status.values() for v in vs if v.resolution is not None]
    names = names_of(list(overall), 4)
    return f"{names}  {small(max(found))}" if found else names


def _other_resolution(subject: Subject) -> str:
    for verdict in subject.verdicts:
        if verdict.resolution is not None and verdict.status == "pass":
            return f"{verdict.law.replace('_', ' ')}  {small(verdict.resolution)}"
    return ""


def _laws(subject: Subject) -> str:
    """The laws beside the gradient: how many hold, or which do not."""
    laws: dict[str, list[Status]] = {}
    for verdict in subject.verdicts:
        if verdict.law not in GRADIENT_LAWS and verdict.status != "skipped":
            laws.setdefault(verdict.law, []).append(verdict.status)
    overall = {law: worst(found) for law, found in laws.items()}
    for bad in (("fail", "error"), ("inconclusive",)):
        names = [law for law, status in overall.items() if status in bad]
        if names:
            return ", ".join(names)
    return f"ok ({len(overall)})" if overall else ""


def _verdict_in_words(subject: Subject) -> str:
    if subject.status == "fail":
        cause = main_failures(subject)[0].cause
        return "" if cause is None or cause.id == "unknown" else cause.id.replace("-", " ")
    if subject.status == "error":
        return subject.reason or _first(subject, "error")
    return ""


def _first(subject: Subject, status: Status) -> str:
    return next((v.message for v in subject.verdicts if v.status == status and v.message), "")


def _totals(files: Sequence[FileReport], seconds: float | None, style: Style) -> str:
    subjects = [s for f in files for s in f.subjects]
    count = _counts(subjects)
    count["error"] += sum(bool(f.error) for f in files)
    order: tuple[Status, ...] = ("fail", "error", "inconclusive", "note", "pass", "skipped")
    words = {"fail": "fail", "inconclusive": "inconclusive"}
    parts = [
        style.status(status, f"{count[status]} {words.get(status, status)}")
        for status in order
        if count[status]
    ]
    if not any(count[s] for s in order if s != "skipped"):
        parts.append("nothing verified")
    if seconds is not None:
        parts.append(f"{seconds:.1f} s")
    line = " · ".join(parts)
    shown = any(
        v.resolution is not None and v.law in GRADIENT_LAWS and v.status in ("pass", "note")
        for subject in subjects
        for v in subject.verdicts
    )
    if shown and len(files) <= MANY:
        line += "\n(beside a gradient: the smallest relative error that would have been caught)"
    return line


def _counts(subjects: Iterable[Subject]) -> dict[Status, int]:
    count: dict[Status, int] = dict.fromkeys(WORDS, 0)
    for subject in subjects:
        count[subject.status] += 1
    return count


# ---- everything else ----------------------------------------------------------------------------


def _other(files: Sequence[FileReport], status: Status, style: Style) -> str:
    """Errors, undecided verdicts and notes: one line a text, however many subjects have it."""
    texts: dict[str, list[str]] = {}
    for file in files:
        if status == "error" and file.error:
            texts.setdefault(file.error, [])
        for subject in file.subjects:
            for text in _texts(subject, status):
                if text not in file.notes:
                    texts.setdefault(text, [])
                    name = subject.target if len(files) > MANY else subject.name
                    if name not in texts[text]:
                        texts[text].append(name)
    lines: list[str] = []
    width = max((len(n[0]) for n in texts.values() if len(n) == 1), default=0)
    for text, names in texts.items():
        word = WORDS[status].ljust(6)
        if len(names) > 1:
            text, names = f"{text}  ({names_of(names, 4)})", []
        head = f"{word}{names[0]:<{width}}  " if names else word
        body = wrap(head + text, "      ")
        end = len(WORDS[status])
        body[0] = style.status(status, body[0][:end]) + body[0][end:]
        lines += body
    return "\n".join(lines)


def in_general(text: str) -> str:
    """What a note says without its numbers and its case, so that equal notes fold into one line."""
    text = re.sub(r"\s*\[[a-z_]+, [^\]]*\]$", "", text)
    match = re.match(r"^\S.{0,60}? = \S+, but should be \S+: (?P<why>.+)$", text, re.DOTALL)
    return match["why"] if match else text


def _texts(subject: Subject, status: Status) -> list[str]:
    """What a subject has to say with this status; one text a law, however many gradients."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in subject.verdicts:
        if verdict.status == status:
            groups.setdefault(verdict.law, []).append(verdict)
    found = []
    for first, *rest in groups.values():
        also = [v.wrt for v in rest if v.wrt]
        text = in_general(told(first, subject)) if status == "note" else told(first, subject)
        found.append(f"{text} (also {names_of(also, 4)})" if also else text)
    if status == subject.status and subject.reason and subject.reason not in found:
        found.insert(0, subject.reason)
    if status == "note":
        found += [note for note in subject.notes if note not in found]
    return found


def _built(subjects: Sequence[Subject]) -> str:
    """How the objects were constructed, in a form that can be pasted after ``--init``."""
    built = [s.built for s in subjects if s.built and s.status != "skipped"]
    return "\n".join(wrap(f"built as: {'; '.join(dict.fromkeys(built))}", "  ")) if built else ""
