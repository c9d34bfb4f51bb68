"""Measure the diagnosis over the bug catalogue: is the right cause first, and is a wrong one given?

    python suites/benchmarks/diagnosis.py --half tune opened seen --rows rows.jsonl
    python suites/benchmarks/diagnosis.py --half held --rows held.jsonl --quiet
    python suites/benchmarks/diagnosis.py --read rows.jsonl held.jsonl --write

``tune`` and ``opened`` are the two halves of the catalogue: the second was held back until its results
had been reported, and then opened. ``fresh`` (`suites/diagnosis_fresh`) are bugs in other code. The
bugs of `suites/diagnosis_blind` were written, and their causes named, by people who had not read the
checker, and committed before the hypotheses were next changed: ``seen`` are those that may be looked
at, ``earlier`` those that were held once and are opened now, ``held`` those that may not be looked
at.  All laws run on the last four.

Each bug is checked as a user's file would be, by the law the catalogue names, those it says may
catch it as well, and the two laws every diagnosis reads (contract, gradient). The ranking judged is
that of the failure of the named law if it has a cause, else of the first failure that has one.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib.util
import json
import multiprocessing
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from gradcheck_reference import bugs
from gradcheck_reference.bugs import Bug
from tabulate import tabulate

from gradcheck import diagnose, run, targets
from gradcheck.catalogue import checked
from gradcheck.conventions import ops_for
from gradcheck.guard import pristine_numpy
from gradcheck.types import Subject, Verdict

REPORT = Path(__file__).resolve().parents[2] / "reports" / "diagnosis.md"
SUITES = Path(__file__).resolve().parents[1]
#: Sets of bugs outside the catalogue, by the folder they lie in.
BLIND = (
    "nnfs", "fish", "sequences", "modern", "notebooks", "courses", "frameworks", "engineers",
    "training", "students", "lookalikes", "library", "learners", "blocks", "course", "vision",
    "lessons", "caches", "research", "optimizing", "carrying", "bookshelf", "homework", "repositories",
    "exercises", "assignments", "hobby", "language", "products",
)  # fmt: skip
OUTSIDE = {"fresh": ("diagnosis_fresh",), "seen": tuple(f"diagnosis_blind/{s}" for s in BLIND)}
#: How many of them, from the first on, were opened on 2026-11-24 after their last result as `held`.
OPENED = BLIND.index("bookshelf")
OUTSIDE["earlier"], OUTSIDE["held"] = OUTSIDE["seen"][:OPENED], OUTSIDE["seen"][OPENED:]
#: What the halves of the catalogue are called here.
CATALOGUE = {"tune": "tune", "held": "opened"}
#: What the part of a set is called that belongs to a half.
PARTS = {"seen": "tune", "earlier": "aside", "held": "aside"}
HALVES = ("tune", "opened", "fresh", "seen", "earlier", "held")
#: What was given for the bugs of fourteen sets when the diagnosis met them for the first time.
CONTACT = Path(__file__).parent / "first_contact.jsonl"
LIMIT = 240
#: What the issue asks for.
GOALS = {
    "right cause first": 0.90,
    "right cause among the first two": 0.97,
    "wrong confirmed cause": 0.02,
}


@dataclass(frozen=True)
class Row:
    """One bug: the cause it has, the causes that were given, and what the experiment was.

    ``wanted`` holds every true name of the cause, separated by spaces.  ``ranking`` are the causes
    confirmed, or where none was, the hypotheses printed as such, best first.  ``changed``: a change
    of the code that makes every law pass was printed.  ``added`` are the seconds that the diagnosis
    took of ``seconds``.
    """

    id: str
    half: str
    law: str
    wanted: str
    caught: bool
    ranking: tuple[str, ...] = ()
    evidence: str = ""
    line: int | None = None
    nearest: str = ""
    seconds: float = 0.0
    problem: str = ""
    added: float = 0.0
    confirmed: bool = True
    changed: bool = False

    @property
    def outcome(self) -> str:
        """first, second, wrong (a confirmed cause that is another), unknown, or not caught.

        Hypotheses that were not confirmed give ``first?``, ``second?`` or ``unknown``.
        """
        if not self.caught:
            return "not caught"
        place = self.place
        if not self.confirmed:
            return {1: "first?", 2: "second?"}.get(place, "unknown")
        return {1: "first", 2: "second"}.get(place, "wrong")

    @property
    def place(self) -> int:
        """Where the right cause stands in the ranking: 1, 2, or 0 for neither."""
        names = self.wanted.split()
        return next((i for i, c in enumerate(self.ranking[:2], 1) if c in names), 0)


def diagnosed(bug: Bug, options: run.Options) -> Subject:
    """The subject of a bug, its failures and notes diagnosed.

    `run` leaves the notes unnamed where nothing fails; the bugs that must only be noted need them.
    """
    if bug.status == "fail":
        return checked(bug.source(), bug.right, bug.target, options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{bug.right}.py"
        path.write_text(bug.source(), encoding="utf-8")
        loaded = targets.load(targets.parse(str(path))[0])
        subject = run.check(loaded, bug.target, dataclasses.replace(options, diagnose=False))
        planned = run.plan(loaded, bug.target)[0]
        with pristine_numpy():
            ops = ops_for(run.source_of(loaded, planned, options), planned.kind)
            found = diagnose.diagnose_all(
                ops, subject.verdicts, source=loaded.source, tree=loaded.tree, path=str(path)
            )
    return dataclasses.replace(subject, verdicts=tuple(found))


def ranked(bug: Bug | None, subject: Subject) -> Verdict | None:
    """The verdict whose ranking is judged: for a bug of no catalogue, the first with a cause."""
    status = bug.status if bug else "fail"
    order = {bug.law: 0, **{name: 1 for name in bug.also if name != bug.law}} if bug else {}
    hits = [v for v in subject.verdicts if v.status in {status, "fail", "error"}]
    hits.sort(key=lambda v: (v.status != status, order.get(v.law, 2)))
    told = [v for v in hits if v.cause]
    sure = [v for v in told if v.cause and v.cause.id != "unknown"]
    return next(iter([*sure, *told, *hits]), None)


@functools.cache
def outside(half: str) -> dict[str, Any]:
    """The bugs of a half that is none of the catalogue, by set and id."""
    found: dict[str, Any] = {}
    for folder in OUTSIDE.get(half, ()):
        name = folder.replace("/", "_")
        spec = importlib.util.spec_from_file_location(name, SUITES / folder / "bugs.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        for bug in module.BUGS:
            if half not in PARTS or bug.half == PARTS[half]:
                found[bug.id if half == "fresh" else f"{Path(folder).name}/{bug.id}"] = bug
    return found


def measured(task: tuple[str, str]) -> Row:
    """Check one bug, given as (half, id); a crash or a time-out is a problem of its row."""
    half, id = task
    known: Bug | None = None
    if half in OUTSIDE:
        new = outside(half)[id]
        row = Row(id, half, "", " ".join(new.causes), False)
        options = run.Options()
    else:
        known = bugs.get(id)
        row = Row(id, half, known.law, " ".join((known.cause, *known.also_causes)), False)
        laws = (known.law, *known.also, "contract", "gradient")
        options = run.Options(laws=tuple(dict.fromkeys(laws)))
    with Clock() as clock:
        began = time.process_time()
        signal.signal(signal.SIGALRM, timed_out)
        signal.alarm(LIMIT)
        try:
            if known is None:
                subject = checked(new.source(), new.module, new.target, options)
            else:
                subject = diagnosed(known, options)
        except Exception as error:
            return dataclasses.replace(row, problem=f"{type(error).__name__}: {error}"[:200])
        finally:
            signal.alarm(0)
        seconds = time.process_time() - began
    verdict = ranked(known, subject)
    row = dataclasses.replace(row, seconds=seconds, added=clock.seconds)
    if verdict is None:
        return dataclasses.replace(row, problem=subject.reason[:200])
    known_cause = verdict.cause is not None and verdict.cause.id != "unknown"
    ranking = tuple(verdict.detail.get("hypotheses", ()))
    if verdict.cause is not None and known_cause:
        ranking = (verdict.cause.id, *verdict.detail.get("also", ()))
    return dataclasses.replace(
        row, caught=True, ranking=ranking, law=row.law or verdict.law,
        evidence=verdict.cause.evidence if verdict.cause else verdict.message,
        line=verdict.cause.line if verdict.cause else None, nearest=str(verdict.detail.get("nearest", "")),
        problem=str(verdict.detail.get("diagnosis", "")), confirmed=known_cause,
        changed=verdict.cause is not None and verdict.cause.fix.startswith("change "),
    )  # fmt: skip


class Clock:
    """Inside the context, the seconds spent in `diagnose_all` are added up."""

    def __enter__(self) -> Clock:
        self.seconds = 0.0
        self.original = diagnose.diagnose_all

        def timed(*args: Any, **kwargs: Any) -> list[Verdict]:
            began = time.process_time()
            try:
                return self.original(*args, **kwargs)
            finally:
                self.seconds += time.process_time() - began

        diagnose.diagnose_all = timed
        return self

    def __exit__(self, *_: object) -> None:
        diagnose.diagnose_all = self.original


def timed_out(signum: int, frame: FrameType | None) -> None:
    """Stop a check that runs too long."""
    raise TimeoutError(f"more than {LIMIT} s")


def share(rows: list[Row], *outcomes: str) -> str:
    """How many of the caught rows had one of these outcomes."""
    caught = [r for r in rows if r.caught]
    count = sum(r.outcome in outcomes for r in caught)
    return f"{count} of {len(caught)} ({count / max(len(caught), 1):.1%})"


def report(rows: list[Row], note: str = "") -> str:
    """The Markdown report."""
    halves = [h for h in (*HALVES, "contact") if any(r.half == h for r in rows)]
    groups = {h: [r for r in rows if r.half == h] for h in halves}
    table = [
        ["bugs run", *(len(g) for g in groups.values())],
        ["caught by the laws run here", *(sum(r.caught for r in g) for g in groups.values())],
        ["right cause first (goal 90 %)", *(share(g, "first", "first?") for g in groups.values())],
        ["... of these confirmed by an experiment", *(share(g, "first") for g in groups.values())],
        ["among the first two (goal 97 %)", *(share(g, "first", "second", "first?", "second?") for g in groups.values())],
        ["a wrong cause confirmed (goal at most 2 %)", *(share(g, "wrong", "second") for g in groups.values())],
        ["said to be unknown, hypotheses named", *(share(g, "unknown", "first?", "second?") for g in groups.values())],
        ["a change that makes every law pass shown", *(f"{sum(r.changed for r in g)}" for g in groups.values())],
        ["line of the bug named", *(f"{sum(r.line is not None for r in g)}" for g in groups.values())],
        ["seconds the diagnosis takes: median, longest", *(taken(g) for g in groups.values())],
    ]  # fmt: skip
    parts = [
        "# Diagnosis over the bug catalogue\n",
        "Written by `python suites/benchmarks/diagnosis.py --write`. **The columns to read are `held` and",
        "`contact`.** Both are of bugs by authors who had not read the checker, named by other readers who",
        "had not either (`suites/diagnosis_blind`, 24 sets of 48 to 66). `held` is the half that",
        "was committed before the hypotheses were next changed and has not been looked at since; only its",
        "totals are read, after a change. `contact` are all bugs of the newest fourteen sets, each in the state",
        "of the code that met it for the first time, before anything was learned from it: 224 by 00149cc,",
        "192 by 3703478, 185 by 1dcabb2, 144 by ac831d9 (`first_contact.jsonl`; some of them are in `held`).",
        "`seen` is what is not held, and learned from; two of its sets (`optimizing`, `carrying`) are only of",
        "the ten kinds in which the diagnosis was weakest, and count under `seen` alone.",
        "A third reader, who saw neither names nor results, gave 254 of 256 held bugs a name that was",
        "among theirs first, and 255 among two: so far do people agree. `tune` and `opened` are the",
        "catalogue: `opened` was its held half until 2026-11-23, when its last result (129 of 160 first, 134",
        "among two, 4 wrong) had been reported; then it was opened to learn from. `fresh` are bugs in other",
        "code by one of us. Shares are of the bugs that the laws run here catch. Where no experiment",
        "confirmed a cause, the report says that it is unknown and names the two nearest hypotheses as such:",
        "the first and the third row count these too. A wrong confirmed cause counts also where the right",
        "one came second. One mistake may have up to three true names, by the definitions of the causes.",
        "Seconds are those of the processor.\n",
        tabulate(table, ["", *halves], tablefmt="github"),
    ]
    if note:
        parts += ["", f"\n{note}"]
    for half, group in groups.items():
        if half in {"held", "contact"}:
            continue  # nothing but totals is read of these
        missed = [r for r in group if r.outcome != "first"]
        lines = [[r.id, r.law, r.wanted, ", ".join(r.ranking[:2]) or "-", r.outcome, r.problem[:60] or r.nearest[:80]]
                 for r in sorted(missed, key=lambda r: (r.outcome, r.id))]  # fmt: skip
        parts += ["", f"\n## {half}: what was not first\n",
                  tabulate(lines, ["bug", "law", "cause", "given", "outcome", "note"], tablefmt="github")]  # fmt: skip
        parts += ["", f"\n## {half}: by cause\n", by_cause(group)]
    return "\n".join(parts) + "\n"


def taken(rows: list[Row]) -> str:
    """Median and longest time of the diagnosis of a bug that was caught."""
    times = sorted(r.added for r in rows if r.caught)
    return f"{times[len(times) // 2]:.1f}, {times[-1]:.1f}" if times else "-"


def by_cause(rows: list[Row]) -> str:
    """Outcomes counted for each cause."""
    causes = sorted({r.wanted for r in rows})
    names = ("first", "first?", "second", "second?", "wrong", "unknown", "not caught")
    table = []
    for cause in causes:
        count = Counter(r.outcome for r in rows if r.wanted == cause)
        table.append([cause, *(count[n] or "" for n in names)])
    return tabulate(table, ["cause", *names], tablefmt="github")


def read(files: Iterable[str]) -> list[Row]:
    """Rows of earlier runs; of two for one bug, the later counts."""
    found: dict[tuple[str, str], Row] = {}
    for file in files:
        for line in Path(file).read_text(encoding="utf-8").splitlines():
            data = json.loads(line)
            found[data["half"], data["id"]] = Row(**{**data, "ranking": tuple(data["ranking"])})
    return list(found.values())


def main() -> int:
    """Run what is asked for, and print or write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--half", nargs="*", choices=HALVES, default=HALVES)
    parser.add_argument(
        "--shuffle", action="store_true", help="in random order: a run cut short is a fair sample"
    )
    parser.add_argument("--only", default="", help="a pattern of ids, laws or causes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rows", help="append the rows to this file")
    parser.add_argument("--read", nargs="*", help="rows of earlier runs, in place of a run")
    parser.add_argument("--note", default="", help="a sentence for the report: what was measured")
    parser.add_argument("--quiet", action="store_true", help="print the table of shares alone")
    parser.add_argument("--write", action="store_true", help=f"write {REPORT.name}")
    args = parser.parse_args()
    if args.read:
        rows = read([*args.read, str(CONTACT)])
    else:
        known = [(CATALOGUE[bugs.half(b)], b.id, b.law, b.cause) for b in bugs.load()]
        known += [(h, id, "", " ".join(b.causes)) for h in OUTSIDE for id, b in outside(h).items()]
        chosen = [
            (half, id)
            for half, id, law, cause in known
            if half in args.half and re.search(args.only, f"{id} {law} {cause}")
        ]
        if args.shuffle:
            random.Random(5).shuffle(chosen)
        rows = []
        with multiprocessing.get_context("spawn").Pool(args.jobs, maxtasksperchild=25) as pool:
            for row in pool.imap_unordered(measured, chosen):
                rows.append(row)
                if not args.quiet:
                    print(f"{row.outcome:10} {row.wanted:24} {','.join(row.ranking[:2]):40} {row.law:18} {row.id} {row.added:.1f}s {row.problem[:80]}",
                          file=sys.stderr, flush=True)  # fmt: skip
                if args.rows:
                    with open(args.rows, "a", encoding="utf-8") as out:
                        out.write(json.dumps(dataclasses.asdict(row)) + "\n")
    text = report(rows, args.note)
    if args.write:
        REPORT.write_text(text, encoding="utf-8")
    print(text.split("\n## ")[0] if args.quiet else text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
