"""Random cases of every reference entry under every law: right code must never fail.

    python suites/deep.py --seconds 3600 --out reports/deep.md
    python suites/deep.py --seconds 3600 --out reports/deep_books.md --books

The second command asks the three laws that matter most ten times as often, of the classes that
stand in the two books.  Cases are drawn by Hypothesis in rounds over all cells (entry x law x dtype) until every cell has
what is asked, or the time is over; the table says how many were run.  All of it takes hours: what a
run found is kept beside the table (as JSON), and the next run goes on with the next round; with
``--law NAME...`` these laws alone are asked, anew, and what is known of the others stays.
`pytest -m slow` runs as many a cell as the profile has examples (200 with
``HYPOTHESIS_PROFILE=deep``), and shrinks what fails.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import pathlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "reference")]

import numpy as np  # noqa: E402
from gradcheck_reference import registry  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from tabulate import tabulate  # noqa: E402

from gradcheck import cases, run, targets  # noqa: E402
from gradcheck.conventions import ops_for  # noqa: E402
from gradcheck.guard import pristine_numpy  # noqa: E402
from gradcheck.laws import LAWS, family, group  # noqa: E402
from gradcheck.types import Case, Op, worst  # noqa: E402
from suites import reference_ops  # noqa: E402

RIGHT = {"pass", "note", "skipped"}
DTYPES = ("float64", "float32")
#: Cases of each cell; and of the laws that matter most, of the classes of the two books.
CASES, BOOKS_CASES = 200, 2000
BOOKS_LAWS = ("gradient", "contract", "label_formats")
BOOKS = {"nnfs": "NNFS", "fish": "fish book"}
ROUND = 20

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Cell:
    """One law on one way of building an entry, in one dtype."""

    entry: str
    skin: str
    law: str
    dtype: str
    op: Op
    wanted: int


@dataclass
class Found:
    """What the cases of a cell gave."""

    statuses: Counter[str] = field(default_factory=Counter)
    cases: int = 0
    bad: list[dict[str, str]] = field(default_factory=list)


Counts = dict[Key, Found]
SHARED: list[Cell] = []
END = 0.0


def ops_of(entry: registry.Entry) -> tuple[Op, ...]:
    """An entry in every configuration that the checker tries."""
    if entry.backward:
        return (reference_ops.op_of(entry),)
    loaded = targets.load(targets.parse(reference_ops.file_of(entry))[0])
    np.random.seed(0)
    options = run.Options(init=(entry.make,) if "(" in entry.make else ())
    planned = next(p for p in run.plan(loaded) if p.name == entry.name)
    return tuple(ops_for(run.source_of(loaded, planned, options), planned.kind))


def cells(wanted: int = CASES, *, books: bool = False) -> list[Cell]:
    """Every cell; the cases of an entry's configurations add up to what is asked of it."""
    if books:
        mine = [e for e in registry.entries() if checkable(e) and of_its_book(e)]
        return [c for e in mine for c in cells_of(e, wanted) if c.law in BOOKS_LAWS]
    return [c for e in registry.entries() if checkable(e) for c in cells_of(e, wanted)]


def of_its_book(entry: registry.Entry) -> bool:
    """Whether a class stands in the book whose style it is written in."""
    return BOOKS.get(entry.skin, "?") in entry.source


def checkable(entry: registry.Entry) -> bool:
    """Whether an entry has a backward or a step."""
    return entry.kind != "function" or bool(entry.backward)


def cells_of(entry: registry.Entry, wanted: int) -> list[Cell]:
    """The cells of one entry."""
    found = []
    ops = ops_of(entry)
    for op in ops:
        for law in (name for name in LAWS if group(op) in family(name)):
            for dtype in DTYPES if op.step is None else DTYPES[:1]:
                each = -(-wanted // len(ops))
                found.append(Cell(entry.make, entry.skin, law, dtype, op, each))
    return found


def try_cell(cell: Cell, examples: int, number: int = 0, *, shrink: bool = False) -> Found:
    """Draw so many cases and run the law on each; with `shrink` the first bad one is raised."""
    found = Found()
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

    @seed(number)
    @settings(max_examples=examples, database=None, deadline=None, phases=phases,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(cases.strategy(cell.op))
    def law_holds(case):
        case = case.replace(dtype=cell.dtype)
        verdicts = run.run_law(cell.law, LAWS[cell.law], cell.op, case)
        found.cases += 1
        found.statuses.update({v.status for v in verdicts} or {"skipped"})
        bad = [v for v in verdicts if v.status not in RIGHT | {"inconclusive"}]
        found.bad += [{"status": v.status, "case": case.token(), "text": v.message} for v in bad]
        assert not (shrink and bad), found.bad[-1]

    with pristine_numpy():
        law_holds()
    return found


def rounds(
    every: list[Cell],
    seconds: float,
    jobs: int = 1,
    after: Callable[[Counts, int], object] = lambda found, number: None,
    first: int = 0,
) -> Counts:
    """Cases for every cell in turn, until all have enough or the time is over.

    A law that skips all cases of a cell's first round does not apply to it and is not asked again.
    `after` is given what was found, and the number of the next round, at the end of every round; a
    round that the time cut off is not counted, so that another run can make it again.
    """
    end = time.monotonic() + seconds
    found: Counts = {}
    number = first
    left = [c for c in every if c.wanted > number * ROUND]
    with multiprocessing.get_context("fork").Pool(jobs, share, (every, end)) as pool:
        numbers = {id(cell): i for i, cell in enumerate(every)}
        while left:
            tasks = [(numbers[id(cell)], number) for cell in left]
            results = list(pool.imap(try_shared, tasks, 8))
            if None in results:
                break
            for cell, one in zip(left, results, strict=True):
                add(found, cell, one)
            number += 1
            left = [c for c in left if c.wanted > number * ROUND and applies(found[key_of(c)])]
            print(f"round {number}: {len(left)} cells left", file=sys.stderr, flush=True)
            after(found, number)
    return found


def share(every: list[Cell], end: float) -> None:
    """What a worker needs: the cells, which cannot be sent, and when to stop."""
    global SHARED, END
    SHARED, END = every, end


def try_shared(task: tuple[int, int]) -> Found | None:
    """One round of one cell in a worker; None when the time is over."""
    if time.monotonic() > END:
        return None
    cell, number = SHARED[task[0]], task[1]
    return try_cell(cell, min(ROUND, cell.wanted - number * ROUND), number)


def key_of(cell: Cell) -> Key:
    """The row that a cell's cases are counted in."""
    return cell.skin, cell.entry, cell.law, cell.dtype


def applies(found: Found) -> bool:
    """Whether a law has judged any case."""
    return set(found.statuses) != {"skipped"}


def add(found: Counts, cell: Cell, one: Found) -> None:
    """Count a round of a cell, and show what was bad in it."""
    total = found.setdefault(key_of(cell), Found())
    total.statuses += one.statuses
    total.cases += one.cases
    total.bad += one.bad
    for bad in one.bad:
        print(cell.entry, cell.law, cell.dtype, *bad.values(), file=sys.stderr, flush=True)


TEXT = """# Random cases of the reference

Written by `python suites/deep.py`. {what} in every configuration that the checker tries, on cases
drawn by Hypothesis (sizes, seeds, label encodings, training or not), in float64 and float32. Right
code: a *fail* is a false alarm. {cases:,} cases. The goal is {wanted:,} a cell (a class or pair of
functions, a law, a dtype); a run ends with its time limit (`--seconds`), the next one goes on, and
*cases each* says how far they came.

{table}

{runs}

{bad}
"""
WHAT_ALL = "Every entry of the reference under every law that applies,"
WHAT_BOOKS = f"The classes that stand in the two books, under {', '.join(BOOKS_LAWS)},"

HEAD = ("law", "dtype", "entries it applies to", "cases each", "cases", "fail", "error", "inconclusive", "note")  # fmt: skip


def without(runs: list[dict[str, Any]], laws: tuple[str, ...]) -> list[dict[str, Any]]:
    """The runs without what they found about some laws; a run of which nothing is left goes."""
    kept = []
    for one in runs:
        rows = [r for r in one["rows"] if r["law"] not in laws]
        bad = [b for b in one["bad"] if b["law"] not in laws]
        kept += [{**one, "rows": rows, "bad": bad}] if rows else []
    return kept


def laws_of(one: dict[str, Any]) -> list[str]:
    """The laws that a run asked."""
    return list(dict.fromkeys(r["law"] for r in one["rows"]))


def summary(found: Counts, first: int, after: int) -> dict[str, Any]:
    """What a run found, for JSON: a law and a dtype a row."""
    rows = []
    for law, dtype in ((law, dtype) for law in LAWS for dtype in DTYPES):
        mine = [f for (_, _, *kind), f in found.items() if kind == [law, dtype] and applies(f)]
        if mine:
            statuses = sum((f.statuses for f in mine), Counter())
            rows.append({"law": law, "dtype": dtype, "entries": len(mine), "statuses": dict(statuses),
                         "each": [min(f.cases for f in mine), max(f.cases for f in mine)],
                         "cases": sum(f.cases for f in mine)})  # fmt: skip
    bad = [{"entry": key[1], "law": key[2], "dtype": key[3], **one} for key, f in found.items() for one in f.bad]  # fmt: skip
    return {"commit": commit(), "rounds": [first, after], "rows": rows, "bad": bad}


def commit() -> str:
    """The commit that is checked out."""
    git = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    )
    return git.stdout.strip() or "unknown"


def report(runs: list[dict[str, Any]], wanted: int, what: str = WHAT_ALL) -> str:
    """The table of all runs together: a law and a dtype a row."""
    rows = []
    for law, dtype in ((law, dtype) for law in LAWS for dtype in DTYPES):
        mine = [
            r
            for run in runs
            for r in run["rows"]
            if (r["law"], r["dtype"]) == (law, dtype) and r["entries"]
        ]
        if not mine:
            continue
        entries = max(r["entries"] for r in mine)
        least = sum(r["each"][0] for r in mine if r["entries"] == entries)  # all of them took part
        most = sum(r["each"][1] for r in mine)
        statuses = sum((Counter(r["statuses"]) for r in mine), Counter())
        total = sum(r["cases"] for r in mine)
        # The least of one run and of the next may be other entries': one that is built in two ways
        # takes twice as many a round, and is done first.  None goes beyond what is wanted.
        full = least < wanted and total == entries * wanted
        each = f"{wanted:,}" if full else f"{least:,} to {most:,}"
        rows.append(
            [law, dtype, entries, each, f"{total:,}",
             *(f"{statuses[s]:,}" for s in ("fail", "error", "inconclusive", "note"))]
        )  # fmt: skip
    return TEXT.format(
        cases=sum(r["cases"] for run in runs for r in run["rows"]), wanted=wanted, what=what,
        table=tabulate(rows, HEAD, tablefmt="github", disable_numparse=True),
        runs="\n".join(told_run(r, {law for one in runs for law in laws_of(one)}) for r in runs),
        bad="\n".join(told(run, bad) for run in runs for bad in run["bad"]) or "No case failed.",
    )  # fmt: skip


def told_run(one: dict[str, Any], every: set[str]) -> str:
    """Which rounds a run made, at which commit, and of which laws where not of all."""
    laws = laws_of(one)
    others = sorted(every - set(laws))
    which = f"all but {', '.join(others)}" if len(others) < len(laws) else ", ".join(laws)
    only = f" ({which})" if others else ""
    return f"- rounds {one['rounds'][0]} to {one['rounds'][1] - 1} at commit {one['commit']}{only}"


def told(drawn: dict[str, Any], bad: dict[str, str]) -> str:
    """A case that was bad when it was drawn, and what it gives now."""
    where = f"{bad['entry']}, {bad['law']}, {bad['dtype']}, `{bad['case']}`"
    return (
        f"- {where}: {bad['status']} at {drawn['commit']} ({bad['text']}); now: {status_now(bad)}."
    )


def status_now(bad: dict[str, str]) -> str:
    """The status that a case drawn in an earlier run has with the code as it is."""
    entry = next(e for e in registry.entries() if e.make == bad["entry"])
    law, case = bad["law"], Case.parse(bad["case"])
    with pristine_numpy():
        found = [v.status for op in ops_of(entry) for v in run.run_law(law, LAWS[law], op, case)]
    return worst(found)


def main() -> int:
    parser = argparse.ArgumentParser(description="Random cases of the reference under every law.")
    parser.add_argument("--seconds", type=float, default=3 * 3600.0, help="time limit")
    parser.add_argument("--books", action="store_true", help="the books' classes, the main laws")
    parser.add_argument("--cases", type=int, help="cases a cell: 200, or 2,000 with --books")
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        required=True,
        help="write Markdown here; runs are kept beside it",
    )
    parser.add_argument("--anew", action="store_true", help="forget the earlier runs")
    parser.add_argument("--law", nargs="*", default=(), help="these laws alone, all rounds anew")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    args = parser.parse_args()
    kept = args.out.with_suffix(".json")
    wanted = args.cases or (BOOKS_CASES if args.books else CASES)
    what = WHAT_BOOKS if args.books else WHAT_ALL
    earlier = json.loads(kept.read_text()) if kept.is_file() and not args.anew else []
    earlier = without(earlier, tuple(args.law)) if args.law else earlier
    first = earlier[-1]["rounds"][1] if earlier and not args.law else 0
    if earlier:
        args.out.write_text(report(earlier, wanted, what))

    def write(found: Counts, after: int) -> None:
        runs = [*earlier, summary(found, first, after)]
        kept.write_text(json.dumps(runs, indent=1) + "\n")
        args.out.write_text(report(runs, wanted, what))

    asked = [c for c in cells(wanted, books=args.books) if not args.law or c.law in args.law]
    found = rounds(asked, args.seconds, args.jobs, write, first)
    return int(any(f.bad for f in found.values()))


if __name__ == "__main__":
    raise SystemExit(main())
