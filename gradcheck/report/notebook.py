"""Verdicts as a piece of HTML for a notebook cell: no script, no picture, no jinja2.

A notebook takes the first of several representations that it knows, so this one has to work
with what gradcheck always has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape as _escape

from gradcheck.report import links, words
from gradcheck.types import Subject, Verdict


def escape(text: str) -> str:
    """Text as HTML that shows exactly it."""
    return _escape(words.printable(text))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in header)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{escape(c)}</td>' for c in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _finding(subject: Subject, verdict: Verdict) -> str:
    head = f"{words.label(verdict.status)} {words.title(subject, verdict)}"
    said = [links.place(subject, verdict), words.wrong_text(verdict)]
    parts = [
        f"<summary><strong>{escape(head)}</strong></summary>",
        f"<p><code>{escape(' · '.join(filter(None, said)))}</code></p>",
        f'<p style="white-space:pre-line">{escape(words.told(subject, verdict))}</p>',
    ]
    rows = words.entry_rows(verdict)
    if rows:
        parts.append(_table(words.ENTRY_HEADER, rows))
    if verdict.cause is not None:
        cause = verdict.cause
        parts.append(
            f"<p>{escape(f'{words.cause_lead(cause)}: {cause.text} {cause.evidence}')}</p>"
        )
        parts.append(f"<pre>{escape(cause.source)}</pre>" if cause.source.strip() else "")
        parts.append(f"<p>fix: {escape(cause.fix)}</p>" if cause.fix else "")
    parts.append(f"<p><code>{escape(links.replay(subject, verdict))}</code></p>")
    return f"<details open>{''.join(parts)}</details>"


def render(subjects: Sequence[Subject]) -> str:
    """The table and the failures, as one ``div``."""
    findings = [
        _finding(s, v) for s in words.worst_first(subjects) for v in words.main_failures(s)[0]
    ]
    summary = f"<p><strong>{escape(words.summary(subjects))}</strong></p>"
    table = _table(words.TABLE_HEADER, map(words.table_row, subjects))
    resolution = f"<p>{escape(words.RESOLUTION)}</p>"
    return f"<div>{summary}{table}{resolution}{''.join(findings)}</div>"
