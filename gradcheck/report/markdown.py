"""Verdicts as GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from gradcheck.report import links, words
from gradcheck.types import Subject, Verdict


def cell(text: str) -> str:
    """Plain text as Markdown that shows exactly this text, on one line, inside a table cell.

    Only what would be read as markup is escaped, so that the source reads well too.
    """
    return _plainly(" ".join(words.printable(text).split()))


def _plainly(text: str) -> str:
    text = re.sub(r"[\\`*|~]", r"\\\g<0>", text)
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)
    text = re.sub(r"<(?=[A-Za-z/!?])|&(?=#?\w+;)", r"\\\g<0>", text)
    return re.sub(r"\](?=[(:\[])", r"\\]", text)


def escape(text: str) -> str:
    """As `cell`, for a paragraph: what makes a list or a heading at its start is escaped too."""
    return re.sub(r"^(\d*)(?=[#+\-=>.)])", r"\1\\", cell(text))


def quoting(text: str) -> str:
    """As `escape`, with what the text itself quotes as code spans."""
    parts = words.spans(" ".join(words.printable(text).split()))
    shown = [code(part) if is_code else _plainly(part) for is_code, part in parts]
    return re.sub(r"^(\d*)(?=[#+\-=>.)])", r"\1\\", "".join(shown))


def code(text: str, *, in_cell: bool = False) -> str:
    """A code span that holds any text; in a table cell, ``|`` is escaped as GitHub wants it."""
    text = " ".join(words.printable(text).split())
    if not text:
        return ""
    if in_cell:
        text = text.replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(text: str, language: str = "") -> str:
    """A fenced code block that holds any text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{words.printable(text).strip(chr(10))}\n{fence}"


def table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> str:
    """A Markdown table of cells that are Markdown already."""
    text: str = tabulate(
        [list(row) for row in rows], list(header), tablefmt="github", disable_numparse=True
    )
    return text


def overview(subjects: Sequence[Subject]) -> str:
    """The table with one row per subject; of several files, one table each."""
    files = links.by_file(subjects)
    if len(files) < 2:
        return _overview(subjects)
    return "\n\n".join(f"{code(name)}\n\n{_overview(found)}" for name, found in files.items())


def _overview(subjects: Sequence[Subject]) -> str:
    rows = []
    for s in subjects:
        name, kind, *rest = words.table_row(s)
        rows.append([code(name, in_cell=True), kind, *map(cell, rest)])
    return table(rows, words.TABLE_HEADER)


def finding(subject: Subject, verdict: Verdict, level: int = 3) -> str:
    """One verdict that needs an action: heading, evidence, cause, fix, command to repeat it."""
    head = words.label(verdict.status)
    place = [code(links.place(subject, verdict)), words.wrong_text(verdict)]
    parts = [
        f"{'#' * level} {head} {escape(words.title(subject, verdict))}",
        " · ".join(filter(None, place)),
        lines(words.told(subject, verdict)),
    ]
    rows = words.entry_rows(verdict)
    if rows:
        parts.append(table(([cell(c) for c in row] for row in rows), words.ENTRY_HEADER))
        parts.append(words.more_entries(verdict))
    if verdict.cause is not None:
        cause = verdict.cause
        parts.append(f"**{escape(words.cause_lead(cause).capitalize())}:** {quoting(cause.text)}")
        parts.append(quoting(cause.evidence))
        parts.append(block(cause.source, "python") if cause.source.strip() else "")
        parts.append(f"**Fix:** {lines(cause.fix)}" if cause.fix else "")
    if verdict.case is not None:
        parts.append(f"Case: {escape(words.case_text(verdict.case))}")
    parts.append(f"Replay: {code(links.replay(subject, verdict))}")
    return "\n\n".join(filter(None, parts))


def lines(text: str) -> str:
    """Plain text of several lines as one paragraph that keeps them."""
    return "\\\n".join(quoting(line) for line in text.splitlines() if line.strip())


def also(subject: Subject, verdicts: Sequence[Verdict]) -> str:
    """A list of the failures that most likely follow from the ones told at length."""
    items = []
    for v in verdicts:
        message = (words.told(subject, v).splitlines() or [""])[0]
        items.append(
            f"- {words.label(v.status)} {escape(words.title(subject, v))}: {cell(message)}"
        )
    return "\n".join(["Also not passed:", "", *items]) if items else ""


def notes(subjects: Sequence[Subject]) -> list[str]:
    """List items: what is right but worth knowing."""
    return [
        f"- {code(links.name_of(s))}: {escape(text)}"
        for s in subjects
        for text in words.note_texts(s)
    ]


def render(subjects: Sequence[Subject], *, heading: str = "gradcheck report") -> str:
    """The whole report as Markdown, ending in a newline.

    Parameters
    ----------
    subjects
        In the order the table is to have.
    heading
        The text of the first heading.
    """
    parts = [f"# {escape(heading)}", f"**{words.summary(subjects)}**", overview(subjects)]
    parts.append(words.RESOLUTION)
    for section, statuses in words.SECTIONS.items():
        chosen = []
        for s in words.worst_first(subjects):
            if s.status in statuses:
                main, rest = words.main_failures(s)
                chosen += [*(finding(s, v) for v in main), also(s, rest)]
        parts += [f"## {section}", *filter(None, chosen)] if chosen else []
    items = notes(subjects)
    if items:
        parts += ["## Notes", "\n".join(items)]
    return "\n\n".join(parts) + "\n"
