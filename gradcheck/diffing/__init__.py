"""``gradcheck diff MINE [REFERENCE]``: two implementations of one thing, side by side."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.isolate import FileResult
    from gradcheck.types import Subject, Verdict

ENTRIES = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``gradcheck diff``."""
    add = parser.add_argument
    add("mine", metavar="MINE", help="file.py::Name, or file.py for all it holds")
    add(
        "reference", metavar="REFERENCE", nargs="?", default="",
        help="another target; without it, the class of gradcheck_reference with the same role",
    )  # fmt: skip
    add("--init", metavar="EXPR", help='how to construct MINE: --init "Dense(4, 3)"')
    add("--reference-init", metavar="EXPR", default="", help="how to construct REFERENCE")
    add("--replay", metavar="TOKEN", default="", help="the case, as a failed check prints it")
    add("--steps", type=int, default=10, metavar="N", help="steps of an optimizer (%(default)d)")
    add(
        "--entries", type=int, default=ENTRIES, metavar="N",
        help="entries shown of each array that differs (%(default)d)",
    )  # fmt: skip
    add("--timeout", type=float, default=30.0, metavar="S", help="seconds for each class (30)")
    add("--format", choices=("terminal", "markdown"), default="terminal", help="what is printed")


def main(args: argparse.Namespace) -> int:
    """Run ``gradcheck diff``.

    Returns
    -------
    int
        0 the same to rounding, 1 something differs, 2 usage, 3 nothing could be compared.
    """
    from gradcheck import isolate, targets
    from gradcheck.types import Case

    try:
        Case.parse(args.replay)
        mine = targets.parse(args.mine)
    except (targets.TargetError, ValueError) as error:
        print(f"gradcheck diff: {error}", file=sys.stderr)
        return 2
    options = {
        "reference": args.reference,
        "init": (args.init,) if args.init else (),
        "reference_init": args.reference_init,
        "case": args.replay,
        "steps": args.steps,
    }
    jobs = [
        isolate.Job(t, options, timeout=args.timeout, engine="gradcheck.diffing.engine")
        for t in mine
    ]
    results = isolate.check_all(jobs)
    errors = [r.error for r in results if r.error]
    for text in errors:
        print(f"gradcheck diff: {text}", file=sys.stderr)
    if errors and not any(r.subjects for r in results):
        return 2
    print(render(results, entries=args.entries, markdown=args.format == "markdown"), end="")
    found = {s.status for r in results for s in r.subjects}
    if found & {"fail", "error"} or errors:
        return 1
    return 0 if "pass" in found else 3


# ---- the report ---------------------------------------------------------------------------------


def render(results: Sequence[FileResult], *, entries: int = ENTRIES, markdown: bool = False) -> str:
    """The comparison as text or Markdown, ending in a newline.

    Parameters
    ----------
    entries
        Most entries shown of one array.
    """
    subjects = [s for r in results for s in r.subjects]
    parts = [_subject(s, entries, markdown) for s in subjects if s.status != "skipped"]
    skipped = [s for s in subjects if s.status == "skipped"]
    if skipped:
        lines = [f"{s.name}: {s.reason}" for s in skipped]
        parts.append("\n".join(["not compared", *(_item(x, markdown) for x in lines)]))
    if not parts:
        parts = ["nothing to compare"]
    return "\n\n".join(parts) + "\n"


def _item(text: str, markdown: bool) -> str:
    if not markdown:
        return f"  {text}"
    from gradcheck.report.markdown import escape

    return f"- {escape(text)}"


def _subject(subject: Subject, entries: int, markdown: bool) -> str:
    """One class: what was compared with what, a row an array, the entries that differ."""
    parts = [_title(subject, markdown)]
    if subject.status == "error":
        return "\n\n".join([*parts, _item(subject.reason, markdown).strip(" -")])
    configurations: dict[str, list[Verdict]] = {}
    for v in subject.verdicts:
        configurations.setdefault(v.detail["built"], []).append(v)
    for built, verdicts in configurations.items():
        other = verdicts[0].detail["reference_built"]
        parts.append(_lines([f"mine       {built}", f"reference  {other}"], markdown))
        header = ("array", "shape", "largest difference", "ULPs", "differ", "pattern")
        parts.append(_table([_row(v) for v in verdicts], header, markdown))
        parts += [_entries(v, entries, markdown) for v in verdicts if v.detail["diff"]["rows"]]
    return "\n\n".join(parts)


def _title(subject: Subject, markdown: bool) -> str:
    reference = subject.verdicts[0].detail["reference"] if subject.verdicts else ""
    beside = f" beside {reference}" if reference else ""
    word = {"pass": "same", "fail": "DIFFERENT", "error": "ERROR"}[subject.status]
    if subject.verdicts:
        different = sum(v.status == "fail" for v in subject.verdicts)
        beside += f" ({different} of {len(subject.verdicts)} arrays differ)"
    if not markdown:
        return f"{word}  {subject.target}{beside}"
    from gradcheck.report.markdown import code

    return f"## {word} {code(subject.target)}{beside.replace(reference, code(reference), 1)}"


def _lines(lines: Sequence[str], markdown: bool) -> str:
    if not markdown:
        return "\n".join(f"  {line}" for line in lines)
    from gradcheck.report.markdown import block

    return block("\n".join(lines))


def _table(rows: Sequence[Sequence[str]], header: Sequence[str], markdown: bool) -> str:
    if markdown:
        from gradcheck.report.markdown import cell, table

        return table(([cell(c) for c in row] for row in rows), header)
    import textwrap

    from tabulate import tabulate

    text = tabulate(rows, header, tablefmt="simple", disable_numparse=True)
    return textwrap.indent(text, "  ")


def _row(verdict: Verdict) -> list[str]:
    from gradcheck.diffing.tables import count_text

    diff: Mapping[str, Any] = verdict.detail["diff"]
    parted = "after" if verdict.status == "pass" else "parts at"
    where = "" if diff["step"] is None else f", {parted} step {diff['step']}"
    return [
        f"{verdict.wrt}{where}",
        str(tuple(diff["shape"])),
        f"{float(diff['largest']):.3g}",
        count_text(float(diff["ulps"])),
        f"{diff['count']:,} of {diff['size']:,}",
        diff["pattern"],
    ]


def _entries(verdict: Verdict, limit: int, markdown: bool) -> str:
    """The entries of one array that differ most."""
    from gradcheck.diffing.tables import count_text
    from gradcheck.report.words import apart, index_text

    diff = verdict.detail["diff"]
    rows = []
    for row in diff["rows"][:limit]:
        mine, reference = (float(row[k]) for k in ("mine", "reference"))
        difference = f"{float(row['difference']):.3g}"
        numbers = [*apart(mine, reference), difference, count_text(float(row["ulps"]))]
        rows.append([index_text(row["index"]), *numbers])
    header = ("index", "mine", "reference", "difference", "ULPs")
    more = diff["count"] - len(rows)
    tail = f"\n\n  and {more:,} more" if more > 0 else ""
    head = f"**{verdict.wrt}**" if markdown else f"  {verdict.wrt}"
    return f"{head}\n\n{_table(rows, header, markdown)}{tail}"
