"""What changed between two runs: newly failing, fixed, no longer decided, resolution lost.

Two runs are compared through their ``report.json``, verdict by verdict. A verdict is known by
target, name, law and gradient; where a run has several of them, the worst counts.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gradcheck.report import markdown
from gradcheck.types import SEVERITY, Status

#: The law of a subject that has no verdicts: whether it could be loaded and checked at all.
LOAD = "load"
GOOD, BAD = ("pass", "note"), ("fail", "error")

Key = tuple[str, str, str, str]
Change = Literal[
    "newly failing", "no longer decided", "gone", "resolution lost", "still failing", "fixed",
    "new",
]  # fmt: skip

#: In the order of the report.
ORDER: tuple[Change, ...] = (
    "newly failing", "no longer decided", "gone", "resolution lost", "still failing", "fixed",
    "new",
)  # fmt: skip

#: A resolution moves a little with the drawn values; a factor of 10 is worth a line.
FACTOR = 10.0


@dataclass(frozen=True)
class Result:
    """The verdict of one law in one run; ``resolution`` is NaN where none was given."""

    status: Status
    resolution: float = math.nan
    message: str = ""


@dataclass(frozen=True)
class Difference:
    """One verdict that is not the same in both runs (or fails in both)."""

    change: Change
    target: str
    name: str
    law: str
    wrt: str
    old: Result | None
    new: Result | None


def _resolution(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _worse(a: Result | None, b: Result) -> Result:
    if a is None or SEVERITY.index(b.status) < SEVERITY.index(a.status):
        return b
    if SEVERITY.index(b.status) > SEVERITY.index(a.status):
        return a
    return b if b.resolution > a.resolution else a


def results(document: Mapping[str, Any]) -> dict[Key, Result]:
    """The verdicts of a report by target, name, law and gradient.

    A subject without verdicts (skipped, or in error before any law ran) counts as one verdict of
    the law `LOAD`.

    Raises
    ------
    ValueError
        The document is not a report of gradcheck, or of a version that is not known.
    """
    if not isinstance(document, Mapping) or document.get("schema") != "gradcheck/1":
        found = document.get("schema") if isinstance(document, Mapping) else type(document).__name__
        raise ValueError(f"not a gradcheck report: schema = {found!r}, expected 'gradcheck/1'")
    out: dict[Key, Result] = {}
    try:
        for s in document["subjects"]:
            bare = [{"law": LOAD, "wrt": "", "status": s["status"], "message": s.get("reason")}]
            for v in s["verdicts"] or bare:
                if v["status"] not in SEVERITY:
                    raise ValueError(f"not a gradcheck report: status = {v['status']!r}")
                key = (s["target"], s["name"], v["law"], v.get("wrt") or "")
                result = Result(
                    v["status"], _resolution(v.get("resolution")), v.get("message") or ""
                )
                out[key] = _worse(out.get(key), result)
    except (KeyError, TypeError, AttributeError) as e:
        raise ValueError(f"not a gradcheck report: {type(e).__name__}: {e}") from e
    return out


def _change(old: Result | None, new: Result | None, factor: float) -> Change | None:
    was, now = (r.status if r is not None else "absent" for r in (old, new))
    if now in BAD:
        return "still failing" if was in BAD else "newly failing"
    if now == "absent" or (now == "skipped" and was != "skipped"):
        return "gone" if was != "skipped" and was != "absent" else None
    if was in BAD and now in GOOD:
        return "fixed"
    if now == "inconclusive":
        return None if was == now else "no longer decided"
    if was == "absent" or (was == "skipped" and now in GOOD):
        return "new"
    if old is not None and new is not None and new.resolution > factor * old.resolution:
        return "resolution lost"
    return None


def compare(
    old: Mapping[str, Any], new: Mapping[str, Any], *, factor: float = FACTOR
) -> list[Difference]:
    """Everything that differs between two reports, the most urgent first.

    Parameters
    ----------
    old, new
        Reports as read from JSON.
    factor
        A resolution that is coarser by more than this factor counts as lost.

    Raises
    ------
    ValueError
        One of them is not a report.
    """
    before, after = results(old), results(new)
    present = {key[:2] for key in after}
    unloaded = {key[:2] for key, r in after.items() if key[2] == LOAD and r.status in BAD}
    found: dict[Key, Difference] = {}
    for key in dict.fromkeys([*after, *before]):
        a, b = before.get(key), after.get(key)
        change = _change(a, b, factor)
        if key[2] == LOAD and b is None and a is not None:
            change = "fixed" if a.status in BAD else None
        if change is None or (change == "gone" and key[:2] in unloaded):
            continue
        if change == "gone" and key[:2] not in present:
            # One line for a class that is no longer there, not one for each of its laws.
            key = (*key[:2], "every law", "")
            a = _worse(found[key].old, a) if key in found and a is not None else a
        found[key] = Difference(change, *key, a, b)
    return sorted(found.values(), key=lambda d: ORDER.index(d.change))


def _describe(result: Result | None) -> str:
    if result is None:
        return "absent"
    if math.isnan(result.resolution):
        return result.status
    return f"{result.status} {result.resolution:.0e}"


def summary(differences: Sequence[Difference]) -> str:
    """``2 newly failing · 1 fixed``, or that nothing changed."""
    changes = [d.change for d in differences]
    return " · ".join(f"{changes.count(c):,} {c}" for c in ORDER if c in changes) or "no change"


def render(differences: Sequence[Difference]) -> str:
    """The comparison as Markdown, one table per kind of change; readable on a terminal too.

    What is new is counted only, since a first run of a new file lists every law.
    """
    parts = [f"**{summary(differences)}**"]
    for change in ORDER[:-1]:
        rows = [
            [
                markdown.code(d.target, in_cell=True),
                markdown.cell(f"{d.name} {d.law} {d.wrt}".strip()),
                _describe(d.old),
                _describe(d.new),
                markdown.cell((d.new.message if d.new else "").partition("\n")[0]),
            ]
            for d in differences
            if d.change == change
        ]
        if rows:
            header = ("target", "law", "old", "new", "message")
            parts += [f"## {change.capitalize()}", markdown.table(rows, header)]
    return "\n\n".join(parts) + "\n"


def exit_code(differences: Sequence[Difference]) -> int:
    """1: something newly fails; 3: nothing does, but something is known less well; else 0."""
    changes = {d.change for d in differences}
    if "newly failing" in changes:
        return 1
    return 3 if changes & {"no longer decided", "gone", "resolution lost"} else 0


def load(path: Path) -> Any:
    """Read a report.

    Raises
    ------
    ValueError
        The file cannot be read or is not JSON; the message names it.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as e:
        raise ValueError(f"{path}: {e.strerror}") from e
    except ValueError as e:
        raise ValueError(f"{path}: {e}") from e


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``gradcheck report OLD NEW``."""
    parser.add_argument("old", type=Path, help="report.json of the earlier run")
    parser.add_argument("new", type=Path, help="report.json of the later run")
    parser.add_argument(
        "--factor", type=float, default=FACTOR, metavar="F",
        help="a resolution coarser by more than this counts as lost (default %(default)g)",
    )  # fmt: skip


def main(args: argparse.Namespace) -> int:
    """Run ``gradcheck report OLD NEW``.

    Returns
    -------
    int
        0 nothing got worse, 1 something newly fails, 2 not a report, 3 nothing newly fails but
        something is no longer decided, gone, or known less well.
    """
    try:
        differences = compare(load(args.old), load(args.new), factor=args.factor)
    except ValueError as e:
        print(f"gradcheck report: {e}", file=sys.stderr)
        return 2
    print(render(differences), end="")
    return exit_code(differences)
