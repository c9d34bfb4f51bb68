"""What every report says of a subject, as plain strings: one place for the words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from gradcheck.report.links import name_of
from gradcheck.types import SEVERITY, Case, Cause, Entry, Status, Subject, Verdict, worst

#: The statuses that need an action, worst first.
OPEN: tuple[Status, ...] = ("error", "fail", "inconclusive")

#: The laws whose verdicts are gradients compared with measurements.
GRADIENT_LAWS = ("gradient", "model_gradient", "numerical_gradient")

#: Sections of a report by the status of a subject.
SECTIONS: dict[str, tuple[Status, ...]] = {
    "What is wrong": ("error", "fail"),
    "Not decidable": ("inconclusive",),
}

#: Most failures of one subject that are told at length.
MAIN = 3

#: Said once in every report, so that nobody has to guess what the small numbers are.
RESOLUTION = (
    "The number beside a gradient is its resolution: "
    "the smallest relative error that would have been caught."
)


def label(status: Status) -> str:
    """The status as tables show it: what needs an action stands out in capitals."""
    return status.upper() if status in ("fail", "error") else status


#: What XML and HTML cannot hold: control characters, lone surrogates, non-characters.
_ILLEGAL = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd]"
)


def printable(text: str) -> str:
    """The text with every character that a file format cannot hold shown as ``\\x00``."""
    return _ILLEGAL.sub(lambda m: f"\\x{ord(m[0]):02x}", text)


def number(value: float | None, digits: int = 6) -> str:
    """A number for a table cell; an absent one is empty."""
    return "" if value is None else f"{value:.{digits}g}"


def small(value: float) -> str:
    """A resolution or a bound: one digit is enough."""
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+") if value else "0"


def ratio(entry: Entry) -> str:
    """Claimed over measured: the first thing to look at, since -1, 2 or N are bugs with names.

    Empty where the measured value may as well be zero.
    """
    if not (math.isfinite(entry.claimed) and math.isfinite(entry.measured)):
        return ""
    if abs(entry.measured) <= max(0.0, entry.bound):
        return ""
    quotient = entry.claimed / entry.measured
    text = f"{quotient + 0.0:.4g}"  # a negative zero is a zero
    if text == "1" and quotient != 1:
        return f"1 {'+' if quotient > 1 else '-'} {small(abs(quotient - 1))}"
    return text


def apart(claimed: float, measured: float) -> tuple[str, str]:
    """Both numbers with enough digits to tell them apart, at least six."""
    for digits in range(6, 18):
        texts = (number(claimed, digits), number(measured, digits))
        if texts[0] != texts[1]:
            break
    return texts


def index_text(index: Sequence[int] | None) -> str:
    """An index as NumPy writes it; of a scalar, ``[]``."""
    return "" if index is None else f"[{', '.join(map(str, index))}]"


def entry_rows(verdict: Verdict, limit: int = 12) -> list[list[str]]:
    """Rows of index, claimed, measured ± bound, ratio: the worst entries of one gradient."""
    rows = []
    for e in evidence(verdict)[:limit]:
        yours, real = apart(e.claimed, e.measured)
        bound = f" ± {small(e.bound)}" if e.bound > 0 else ""
        rows.append([index_text(e.index), yours, real + bound, ratio(e)])
    return rows


def more_entries(verdict: Verdict, limit: int = 12) -> str:
    """``and 88 more``, or ``""`` where `entry_rows` shows all that are wrong."""
    shown = len(evidence(verdict)[:limit])
    more = (verdict.wrong or 0) - shown
    return f"and {more:,} more" if shown and more > 0 else ""


ENTRY_HEADER = ("entry", "yours", "measured", "ratio")


def evidence(verdict: Verdict) -> tuple[Entry, ...]:
    """The entries of a verdict; of one that carries a single number, that one."""
    if verdict.entries:
        return verdict.entries
    if verdict.index is None or verdict.claimed is None or verdict.measured is None:
        return ()
    bound = math.nan if verdict.bound is None else verdict.bound
    return (Entry(verdict.index, verdict.claimed, verdict.measured, bound),)


def wrong_text(verdict: Verdict) -> str:
    """How many of how many entries are wrong, or ``""``."""
    if not verdict.wrong:
        return ""
    if verdict.size is None:
        return f"{verdict.wrong:,} entries wrong"
    return f"{verdict.wrong:,} of {verdict.size:,} entries wrong"


def _by_name(subject: Subject, *, gradients: bool) -> dict[str, list[Verdict]]:
    """The verdicts about gradients by gradient, or the others by law; skipped ones left out."""
    found: dict[str, list[Verdict]] = {}
    for v in subject.verdicts:
        if v.status != "skipped" and (v.law in GRADIENT_LAWS) == gradients:
            found.setdefault((v.wrt or v.law) if gradients else v.law, []).append(v)
    return found


def gradients_cell(subject: Subject) -> str:
    """Every gradient with its resolution, or what is the matter with it."""
    cells = []
    for name, found in _by_name(subject, gradients=True).items():
        status = worst([v.status for v in found])
        known = [v.resolution for v in found if v.resolution is not None]
        if status in OPEN:
            cells.append(f"{name} {'WRONG' if status == 'fail' else status}")
        else:
            cells.append(f"{name} {small(max(known))}" if known else name)
    return ", ".join(cells)


def laws_cell(subject: Subject) -> str:
    """The other laws: ``ok`` and how many hold, or the names of those that do not."""
    laws = _by_name(subject, gradients=False)
    bad = [law for law, found in laws.items() if worst([v.status for v in found]) in OPEN]
    if bad:
        return f"{len(bad)} of {len(laws)}: {', '.join(bad)}"
    return f"ok ({len(laws)})" if laws else ""


def reason(subject: Subject) -> str:
    """In a few words why the status is what it is; of a pass, nothing."""
    if subject.status == "fail":
        main = main_failures(subject)[0][0]
        if main.cause is not None and main.cause.id != "unknown":
            return main.cause.id.replace("-", " ")
        grads = _by_name(subject, gradients=True)
        wrong = [name for name, vs in grads.items() if any(v.status == "fail" for v in vs)]
        if wrong:
            return f"{len(wrong)} of {len(grads)} gradient{'s' if len(grads) > 1 else ''}"
        return main.law.replace("_", " ")
    if subject.reason or subject.status != "error":
        return subject.reason
    return next((v.message for v in subject.verdicts if v.status == "error"), "")


TABLE_HEADER = ("subject", "kind", "gradients", "other laws", "verdict")


def table_row(subject: Subject) -> list[str]:
    """The row of a subject in the overview table."""
    return [
        name_of(subject),
        subject.kind if subject.kind != "unknown" else "",
        gradients_cell(subject),
        laws_cell(subject),
        f"{label(subject.status)} {reason(subject)}".strip(),
    ]


def counts(subjects: Iterable[Subject]) -> dict[Status, int]:
    """How many subjects have each status, worst first; statuses that do not occur are absent."""
    statuses = [s.status for s in subjects]
    return {s: statuses.count(s) for s in SEVERITY if s in statuses}


def summary(subjects: Sequence[Subject]) -> str:
    """``3 fail · 6 pass · 1 skipped``."""
    found = [f"{n:,} {status}" for status, n in counts(subjects).items()]
    return " · ".join(found) or "nothing checked"


def worst_first(subjects: Iterable[Subject]) -> list[Subject]:
    """Subjects ordered by severity; equals keep their order."""
    return sorted(subjects, key=lambda s: SEVERITY.index(s.status))


def open_verdicts(subject: Subject) -> list[Verdict]:
    """The verdicts that need an action, worst first.

    A subject that is in error before any law ran (it did not load, say) gets one that says so.
    """
    found = [v for status in OPEN for v in subject.verdicts if v.status == status]
    if not found and subject.status in OPEN:
        return [Verdict("load", subject.status, message=subject.reason)]
    return found


def main_failures(subject: Subject) -> tuple[list[Verdict], list[Verdict]]:
    """The verdicts that need an action, apart: one a cause, the most telling first; the rest.

    One bug fails many laws. What has a confirmed cause comes first, then gradients; a verdict
    with the cause of an earlier one goes to the rest.
    """
    ranked = sorted(
        open_verdicts(subject),
        key=lambda v: (OPEN.index(v.status), v.cause is None, v.law not in GRADIENT_LAWS),
    )
    main: dict[tuple[str, ...], Verdict] = {}
    rest = []
    for v in ranked:
        key = (v.law, v.wrt) if v.cause is None or v.cause.id == "unknown" else (v.cause.id,)
        if key in main or len(main) == MAIN:
            rest.append(v)
        else:
            main[key] = v
    return list(main.values()), rest


def told(subject: Subject, verdict: Verdict) -> str:
    """The message, or where the law gave none, the numbers in the one grammar of all messages."""
    if verdict.message or verdict.claimed is None or verdict.measured is None:
        return verdict.message
    yours, real = apart(verdict.claimed, verdict.measured)
    bound = "" if verdict.bound is None else f" (± {small(verdict.bound)})"
    what = f"{verdict.wrt}{index_text(verdict.index)} = {yours}, but should be {real}{bound}"
    return f"{what} [{verdict.law}, {name_of(subject)}]"


def cause_lead(cause: Cause) -> str:
    """``cause (confirmed)``; where every experiment failed, that no cause was found."""
    return "cause not found" if cause.id == "unknown" else f"cause (confirmed, {cause.id})"


def spans(text: str) -> list[tuple[bool, str]]:
    """A text of ours cut at its code quotes: ``[(is_code, part), ...]``.

    Messages, causes and fixes quote the user's code between backticks.
    """
    parts = re.split(r"`([^`]+)`", text)
    return [(i % 2 == 1, part) for i, part in enumerate(parts) if part]


def note_texts(subject: Subject) -> list[str]:
    """What is right but worth knowing about a subject; no text twice."""
    texts = [*subject.notes, *(v.message for v in subject.verdicts if v.status == "note")]
    return [text for text in dict.fromkeys(texts) if text]


def title(subject: Subject, verdict: Verdict) -> str:
    """``Layer_Dense, gradient of weights`` or ``Layer_Dense, repeatable``."""
    if verdict.law in GRADIENT_LAWS and verdict.wrt:
        return f"{name_of(subject)}, {verdict.law.replace('_', ' ')} of {verdict.wrt}"
    return ", ".join(filter(None, (name_of(subject), verdict.law, verdict.wrt)))


def case_text(case: Case) -> str:
    """The case as a reader wants it: what differs from the default."""
    return case.token().replace(",", ", ")
