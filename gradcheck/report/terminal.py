"""Verdicts as text for a terminal: the table first, then failures, worst first.

The same text goes to a terminal and to a pipe; colour is added on a terminal only and is never
the only signal.  No line is longer than 100 columns, except a replay command, which must be
copied whole.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from gradcheck.report.jsonfile import replay_command
from gradcheck.types import Entry, Status, Subject, Verdict, worst

WIDTH = 100
#: More files than this are summarised by file, and only their failures are shown.
MANY = 3
_ROWS = 5
_BLOCKS = 3
_GRADIENT_LAWS = ("gradient", "model_gradient")
_WORDS: Mapping[Status, str] = {
    "pass": "pass",
    "fail": "FAIL",
    "inconclusive": "?",
    "note": "note",
    "error": "error",
    "skipped": "skipped",
}
_COLOURS: Mapping[Status, str] = {
    "pass": "32",
    "fail": "1;31",
    "inconclusive": "33",
    "note": "36",
    "error": "1;35",
    "skipped": "2",
}
_LAW_SAYS = {
    "gradient": "wrong gradient",
    "contract": "contract broken",
    "inputs_unchanged": "edits its argument",
    "repeatable": "second call differs",
    "linear_in_cotangent": "not linear in dout",
    "zero_cotangent": "not 0 where dout is",
    "label_formats": "wrong for some labels",
    "layout": "memory layout",
    "batch": "batch size",
    "cached_input": "keeps a reference",
    "interleaved": "mixes up two calls",
    "dtype": "wrong for a dtype",
    "extremes": "at extreme values",
    "kinks": "wrong at a kink",
    "train_eval": "train/eval modes",
    "roles": "wrong value",
    "gradient_untouched": "edits the gradient",
    "model_gradient": "wrong gradient",
}


@dataclass(frozen=True)
class FileReport:
    """One file's rows, in the order of the file, and what was done to load it."""

    title: str
    subjects: tuple[Subject, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


class Style:
    """Words with their colour, or without."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def status(self, status: Status, text: str | None = None) -> str:
        """A status word, or a text in its colour."""
        text = _WORDS[status] if text is None else text
        return f"\x1b[{_COLOURS[status]}m{text}\x1b[0m" if self.colour else text

    def bold(self, text: str) -> str:
        """A heading."""
        return f"\x1b[1m{text}\x1b[0m" if self.colour else text


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
    for subject in sorted((s for s in subjects if s.status == "fail" or _fails(s)), key=_badness):
        parts.append(_failure(subject, style))
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
    lines = _wrap(head, indent="    ")
    lines[0] = lines[0].replace(file.title, style.bold(file.title), 1)
    lines += [line for note in file.notes for line in _wrap(f"  {note}", "    ")]
    if not file.subjects:
        lines += _wrap(f"  {NOTHING}", "  ")
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
    parts = [f"{_names(names, 3)}: {reason}" for reason, names in groups.items()]
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
        rows.append([_middle(file.title, 44), *cells])
    heads = ["file", "pass", "note", "FAIL", "?", "error", "skipped", "verdict"]
    table = str(tabulate(rows, heads, tablefmt="simple", disable_numparse=True)) if rows else ""
    more = f"{empty} {'more ' if rows else ''}files with nothing to check" if empty else ""
    return "\n".join(filter(None, (table, more)))


_HEADS = ("subject", "kind", "gradients", "other laws", "verdict")
_LEAST = (22, 10, 28, 14, 18)


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
        shown = _ended(verdict, widths[4])
        word = _WORDS[subject.status]
        row = [_middle(name, widths[0]), kind, _middle(gradients, widths[2])]
        row += [_ended(laws, widths[3]), style.status(subject.status, word) + shown[len(word) :]]
        cells.append(row)
    return str(tabulate(cells, _HEADS, tablefmt="simple", disable_numparse=True))


def _row(subject: Subject) -> list[str]:
    word, saying = _WORDS[subject.status], _verdict_in_words(subject)
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
        if verdict.law in _GRADIENT_LAWS and verdict.status != "skipped":
            status.setdefault(verdict.wrt or verdict.law, []).append(verdict)
    if not status:
        return _other_resolution(subject)
    overall = {name: worst([v.status for v in found]) for name, found in status.items()}
    wrong = [name for name, s in overall.items() if s in ("fail", "error")]
    unsure = [name for name, s in overall.items() if s == "inconclusive"]
    if wrong or unsure:
        bad, word = (wrong, "wrong") if wrong else (unsure, "?")
        count = "" if len(bad) == len(overall) else f"{len(bad)} of {len(overall)} "
        return f"{count}{word}: {_names(bad, 3)}"
    found = [v.resolution for vs in status.values() for v in vs if v.resolution is not None]
    names = _names(list(overall), 4)
    return f"{names}  {_small(max(found))}" if found else names


def _other_resolution(subject: Subject) -> str:
    for verdict in subject.verdicts:
        if verdict.resolution is not None and verdict.status == "pass":
            return f"{verdict.law.replace('_', ' ')}  {_small(verdict.resolution)}"
    return ""


def _laws(subject: Subject) -> str:
    """The laws beside the gradient: how many hold, or which do not."""
    laws: dict[str, list[Status]] = {}
    for verdict in subject.verdicts:
        if verdict.law not in _GRADIENT_LAWS and verdict.status != "skipped":
            laws.setdefault(verdict.law, []).append(verdict.status)
    overall = {law: worst(found) for law, found in laws.items()}
    for bad in (("fail", "error"), ("inconclusive",)):
        names = [law for law, status in overall.items() if status in bad]
        if names:
            return ", ".join(names)
    return f"ok ({len(overall)})" if overall else ""


def _verdict_in_words(subject: Subject) -> str:
    if subject.status == "fail":
        cause = _main_failures(subject)[0].cause
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
    shown = [
        v.resolution
        for s in subjects
        for v in s.verdicts
        if v.status in ("pass", "note") and v.resolution is not None
    ]
    if shown and len(files) <= MANY:
        line += (
            f"\n(beside a gradient: the smallest relative error that would have been caught;"
            f" at most {_small(max(shown))})"
        )
    return line


def _counts(subjects: Iterable[Subject]) -> dict[Status, int]:
    count: dict[Status, int] = dict.fromkeys(_WORDS, 0)
    for subject in subjects:
        count[subject.status] += 1
    return count


# ---- failures -----------------------------------------------------------------------------------


def _fails(subject: Subject) -> list[Verdict]:
    return [v for v in subject.verdicts if v.status == "fail"]


def _badness(subject: Subject) -> float:
    """Sort key: gradient failures before the others, large errors before small ones."""
    sizes = [_relative(v) for v in _fails(subject) if v.law in _GRADIENT_LAWS]
    return -max(sizes, default=-1.0)


def _relative(verdict: Verdict) -> float:
    if verdict.claimed is None or verdict.measured is None:
        return 0.0
    scale = max(abs(verdict.measured), abs(verdict.claimed))
    ratio = abs(verdict.claimed - verdict.measured) / scale if scale else 0.0
    return ratio if math.isfinite(ratio) else math.inf


def _main_failures(subject: Subject) -> list[Verdict]:
    """One failing verdict a cause (or law), the most telling first; the rest follows."""
    found = _fails(subject)
    ranked = sorted(
        found, key=lambda v: (v.cause is None, v.law not in _GRADIENT_LAWS, -_relative(v))
    )
    seen: set[str] = set()
    main = []
    for verdict in ranked:
        key = verdict.cause.id if verdict.cause else verdict.law
        if key not in seen:
            seen.add(key)
            main.append(verdict)
    return main


def _failure(subject: Subject, style: Style) -> str:
    main = _main_failures(subject)
    blocks = [_block(subject, v, style) for v in main[:_BLOCKS]]
    rest = [v for v in _fails(subject) if v not in main[:_BLOCKS]]
    if rest:
        lines = ["  also failing"]
        for verdict in rest[:8]:
            text = _told(verdict, subject)
            lines += _wrap(f"    {verdict.law} {verdict.wrt}: {text}".replace(" :", ":"), "      ")
        if len(rest) > 8:
            lines.append(f"    and {len(rest) - 8} more (all of them: --json FILE)")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _block(subject: Subject, verdict: Verdict, style: Style) -> str:
    name = subject.name + (f".{verdict.wrt}" if verdict.wrt else "")
    line = (verdict.cause.line if verdict.cause else None) or subject.line
    where = _where(subject, line)
    head = _middle(f"FAIL  {name}   [{verdict.law}]", WIDTH)
    gap = WIDTH - len(head) - len(where)
    lines = [style.status("fail", "FAIL") + style.bold(head[4:])]
    lines[0] += f"{' ' * gap}{where}" if gap >= 2 else f"\n  {where}"
    lines += _wrap(f"  {_told(verdict, subject)}", "    ")
    if verdict.wrong is not None and verdict.size:
        lines += _wrap(f"  {verdict.wrong:,} of {verdict.size:,} entries wrong", "    ")
    lines += _case(verdict, subject)
    table = _entries(verdict)
    if table:
        lines += ["", textwrap.indent(table, "    "), ""]
    lines += _cause(verdict, subject)
    command = replay_command(subject, verdict)
    if command:
        lines.append(f"  replay: {command}")
    return "\n".join(lines)


def _told(verdict: Verdict, subject: Subject) -> str:
    """The verdict in one sentence, in the one grammar of all messages."""
    if verdict.message:
        return verdict.message
    if verdict.claimed is None or verdict.measured is None:
        return _LAW_SAYS.get(verdict.law, verdict.law.replace("_", " "))
    at = f"[{', '.join(map(str, verdict.index))}]" if verdict.index else ""
    bound = "" if verdict.bound is None else f" (± {_small(verdict.bound)})"
    yours, real = _apart(verdict.claimed, verdict.measured, verdict.bound)
    what = f"{verdict.wrt}{at} = {yours}, but should be {real}{bound}"
    return f"{what} [{verdict.law}, {subject.name}]"


def _case(verdict: Verdict, subject: Subject) -> list[str]:
    case = verdict.case
    parts = []
    shapes = verdict.detail.get("shapes")
    if isinstance(shapes, Mapping):
        parts.append(", ".join(f"{k} {_shape(v)}" for k, v in shapes.items()))
    if case is not None:
        if not parts and not verdict.message:  # the message ends with the shapes
            parts.append(", ".join(f"{k}={n}" for k, n in case.sizes))
        if case.labels:
            parts.append(f"labels {case.labels} {case.label_dtype}")
        if case.dtype != "float64":
            parts.append(case.dtype)
        if case.layout != "C":
            parts.append(f"layout {case.layout}")
        if not case.train:
            parts.append("evaluation mode")
        parts.append(f"seed {case.seed}")
    if subject.built:
        parts.insert(0, subject.built)
    return _wrap(f"  case: {'; '.join(parts)}", "        ") if parts else []


def _shape(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(str, value))}{',' if len(value) == 1 else ''})"
    return str(value)


def _entries(verdict: Verdict) -> str:
    entries = verdict.entries[:_ROWS]
    if len(entries) < 2 and (verdict.message or not entries):  # the message says as much
        return ""
    rows = []
    for entry in entries:
        yours, real = _apart(entry.claimed, entry.measured, entry.bound)
        bound = "" if math.isnan(entry.bound) else f" ± {_small(entry.bound)}"
        rows.append([_shape_index(entry.index), yours, real + bound, _ratio(entry)])
    heads = ["entry", "yours", "measured", "ratio"]
    text = str(tabulate(rows, heads, "plain", disable_numparse=True))
    more = (verdict.wrong or 0) - len(entries)
    return text + (f"\n... and {more:,} more" if more > 0 else "")


def _shape_index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]"


def _ratio(entry: Entry) -> str:
    if not entry.measured or abs(entry.measured) <= (entry.bound if entry.bound > 0 else 0.0):
        return "-"
    return f"{entry.claimed / entry.measured:.4g}"


def _apart(claimed: float, measured: float, bound: float | None) -> tuple[str, str]:
    """Both numbers with as many digits as are known, and enough to tell them apart."""
    digits = 6
    if bound and math.isfinite(bound) and measured and math.isfinite(measured):
        digits = min(9, max(4, math.ceil(math.log10(abs(measured) / bound)) + 1))
    while digits < 17 and f"{claimed:.{digits}g}" == f"{measured:.{digits}g}":
        digits += 1
    return f"{claimed:.{digits}g}", f"{measured:.{digits}g}"


def _cause(verdict: Verdict, subject: Subject) -> list[str]:
    cause = verdict.cause
    if cause is None:
        return []
    if cause.id == "unknown":
        return _wrap(f"  cause: not found. {cause.text}", "    ")
    lines = _wrap(f"  cause (confirmed): {cause.text}", "    ")
    if cause.evidence:
        lines += _wrap(f"    {cause.evidence}", "    ")
    if cause.source:
        numbers = f"{cause.line} | " if cause.line else ""
        lines += [f"      {numbers}{_ended(line, 84)}" for line in cause.source.splitlines()[:4]]
    if cause.fix:
        fix = cause.fix.splitlines()
        lines += _wrap(f"  fix: {fix[0]}", "    ") + [f"    {line}" for line in fix[1:]]
    return lines


def _where(subject: Subject, line: int | None) -> str:
    file = subject.target.partition("::")[0]
    return f"{file}:{line}" if line else file


# ---- everything else ----------------------------------------------------------------------------


def _other(files: Sequence[FileReport], status: Status, style: Style) -> str:
    """Errors, undecided verdicts and notes: one line a text, however many subjects have it."""
    told: dict[str, list[str]] = {}
    for file in files:
        if status == "error" and file.error:
            told.setdefault(file.error, [])
        for subject in file.subjects:
            for text in _texts(subject, status):
                if text not in file.notes:
                    told.setdefault(text, [])
                    name = subject.target if len(files) > MANY else subject.name
                    if name not in told[text]:
                        told[text].append(name)
    lines: list[str] = []
    width = max((len(n[0]) for n in told.values() if len(n) == 1), default=0)
    for text, names in told.items():
        word = _WORDS[status].ljust(6)
        if len(names) > 1:
            text, names = f"{text}  ({_names(names, 4)})", []
        head = f"{word}{names[0]:<{width}}  " if names else word
        body = _wrap(head + text, "      ")
        end = len(_WORDS[status])
        body[0] = style.status(status, body[0][:end]) + body[0][end:]
        lines += body
    return "\n".join(lines)


def _texts(subject: Subject, status: Status) -> list[str]:
    """What a subject has to say with this status; one text a law, however many gradients."""
    groups: dict[str, list[Verdict]] = {}
    for verdict in subject.verdicts:
        if verdict.status == status:
            groups.setdefault(verdict.law, []).append(verdict)
    found = []
    for first, *rest in groups.values():
        also = [v.wrt for v in rest if v.wrt]
        text = _told(first, subject)
        found.append(f"{text} (also {_names(also, 4)})" if also else text)
    if status == subject.status and subject.reason and subject.reason not in found:
        found.insert(0, subject.reason)
    if status == "note":
        found += [note for note in subject.notes if note not in found]
    return found


def _built(subjects: Sequence[Subject]) -> str:
    """How the objects were constructed, in a form that can be pasted after ``--init``."""
    built = [s.built for s in subjects if s.built and s.status != "skipped"]
    return "\n".join(_wrap(f"built as: {'; '.join(dict.fromkeys(built))}", "  ")) if built else ""


def _names(names: Sequence[str], most: int) -> str:
    shown = ", ".join(names[:most])
    return f"{shown}, +{len(names) - most}" if len(names) > most else shown


def _small(value: float) -> str:
    """A resolution or a bound: one digit is enough."""
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+") if value else "0"


def _ended(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _middle(text: str, width: int) -> str:
    """Shortened in the middle: long names differ at their ends, and numbers stand there."""
    if len(text) <= width:
        return text
    tail = (width - 1) // 2
    return f"{text[: width - 1 - tail]}…{text[len(text) - tail :]}"


def _wrap(text: str, indent: str = "") -> list[str]:
    """Lines of at most `WIDTH` columns; what follows the first is indented."""
    lead = text[: len(text) - len(text.lstrip())]
    lines: list[str] = []
    for part in text.strip().splitlines() or [""]:
        lines += textwrap.wrap(
            part,
            WIDTH,
            initial_indent=lead if not lines else indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ) or [""]
    return lines
