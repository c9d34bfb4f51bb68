"""What every report says of a subject, as plain strings: one place for the words."""

from __future__ import annotations

import hashlib
import math
import re
import shlex
from collections.abc import Iterable, Sequence

from gradcheck.report.jsonfile import replay_command
from gradcheck.types import SEVERITY, Case, Entry, Status, Subject, Verdict

#: The statuses that need an action, worst first.
OPEN: tuple[Status, ...] = ("error", "fail", "inconclusive")

#: The laws whose verdicts are gradients compared with measurements.
GRADIENT_LAWS = ("gradient", "model_gradient", "numerical_gradient")

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


def ratio(entry: Entry) -> str:
    """Claimed over measured: the first thing to look at, since -1, 2 or N are bugs with names."""
    if not (math.isfinite(entry.claimed) and math.isfinite(entry.measured)) or not entry.measured:
        return ""
    return f"{entry.claimed / entry.measured:.4g}"


def index_text(index: Sequence[int] | None) -> str:
    """An index as NumPy writes it; of a scalar, ``[]``."""
    return "" if index is None else f"[{', '.join(map(str, index))}]"


def entry_rows(verdict: Verdict, limit: int = 12) -> list[list[str]]:
    """Rows of index, claimed, measured ± bound, ratio: the worst entries of one gradient."""
    return [
        [
            index_text(e.index),
            number(e.claimed),
            f"{number(e.measured)} ± {number(e.bound, 2)}",
            ratio(e),
        ]
        for e in evidence(verdict)[:limit]
    ]


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


def gradients_cell(subject: Subject) -> str:
    """Every gradient with its resolution, or what is the matter with it."""
    cells: dict[str, tuple[int, str]] = {}
    for v in subject.verdicts:
        if v.law not in GRADIENT_LAWS:
            continue
        if v.status in ("pass", "note"):
            text = v.wrt if v.resolution is None else f"{v.wrt} {v.resolution:.0e}"
        else:
            text = f"{v.wrt} {'WRONG' if v.status == 'fail' else v.status}"
        rank = SEVERITY.index(v.status)
        if v.wrt not in cells or rank < cells[v.wrt][0]:
            cells[v.wrt] = (rank, text.strip())
    return ", ".join(text for _, text in cells.values())


def contract_cell(subject: Subject) -> str:
    """The other laws: ``ok``, or the names of those that do not hold."""
    others = [v for v in subject.verdicts if v.law not in GRADIENT_LAWS]
    bad = dict.fromkeys(v.law for v in others if v.status in OPEN)
    if bad:
        return ", ".join(bad)
    return "ok" if any(v.status in ("pass", "note") for v in others) else ""


def verdict_cell(subject: Subject) -> str:
    """The status, and in a few words why."""
    if subject.status == "skipped" or not subject.verdicts:
        return f"{label(subject.status)}: {subject.reason}" if subject.reason else subject.status
    grads = [v for v in subject.verdicts if v.law in GRADIENT_LAWS]
    wrong = len({v.wrt for v in grads if v.status == "fail"})
    if subject.status == "fail" and wrong:
        return f"FAIL {wrong} of {len({v.wrt for v in grads})} gradients"
    if subject.status == "fail":
        laws = dict.fromkeys(v.law for v in subject.verdicts if v.status == "fail")
        return "FAIL " + ", ".join(laws)
    return label(subject.status)


TABLE_HEADER = ("subject", "kind", "gradients", "contract", "verdict")


def table_row(subject: Subject) -> list[str]:
    """The row of a subject in the overview table."""
    return [
        name_of(subject),
        subject.kind,
        gradients_cell(subject),
        contract_cell(subject),
        verdict_cell(subject),
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


def name_of(subject: Subject) -> str:
    """The name; of a file that could not be read, its target."""
    return subject.name or subject.target


def note_texts(subject: Subject) -> list[str]:
    """What is right but worth knowing about a subject; no text twice."""
    texts = [*subject.notes, *(v.message for v in subject.verdicts if v.status == "note")]
    return [text for text in dict.fromkeys(texts) if text]


def title(subject: Subject, verdict: Verdict) -> str:
    """``Layer_Dense, gradient of weights`` or ``Layer_Dense, repeatable``."""
    if verdict.law in GRADIENT_LAWS and verdict.wrt:
        return f"{name_of(subject)}, {verdict.law.replace('_', ' ')} of {verdict.wrt}"
    return ", ".join(filter(None, (name_of(subject), verdict.law, verdict.wrt)))


def path_of(subject: Subject) -> str:
    """The file of a target ``file.py::Name``, or ``""`` for a module."""
    path = subject.target.partition("::")[0]
    return path if path.endswith((".py", ".ipynb")) else ""


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


def case_text(case: Case) -> str:
    """The case as a reader wants it: what differs from the default."""
    return case.token().replace(",", ", ")


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
