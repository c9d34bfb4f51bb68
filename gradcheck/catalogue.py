"""Run the bug catalogue: every buggy module must be caught, and its right twin must pass.

The catalogue belongs to the reference package and is loaded when asked for. Each bug runs in a
worker process with a time limit, from a temporary file, exactly as a user's file would.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib
import itertools
import multiprocessing
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck import oldrule, run, targets
from gradcheck.types import Status, Subject

LIMIT = 300
#: Two files of one name in one process would share Python's memory of their source.
SERIAL = itertools.count(1)


@dataclass(frozen=True)
class Row:
    """What happened to one bug.

    Attributes
    ----------
    caught
        Laws that gave the status the bug asks for, in the order of the laws.
    named
        Whether one of their messages names the gradient, argument or output the bug is in.
    right
        Status of the right twin, at the same inputs.
    cause
        The diagnosis of the first of those verdicts, or "".
    old
        Whether the rule of older checkers rejects it.
    lost_without
        The law without which nothing else would catch it, or "".
    """

    id: str
    half: str
    law: str
    also: tuple[str, ...]
    wanted: Status
    wrt: str
    caught: tuple[str, ...] = ()
    named: bool = False
    message: str = ""
    cause: str = ""
    cause_wanted: str = ""
    seconds: float = 0.0
    right: Status = "skipped"
    old: bool = False
    problem: str = ""
    lost_without: str = ""
    lineage: str = ""
    title: str = ""

    @property
    def ok(self) -> bool:
        """Caught by the law it names, or by one that the catalogue says may as well."""
        return bool({self.law, *self.also} & set(self.caught))

    @property
    def exact(self) -> bool:
        """Caught by the law it names."""
        return self.law in self.caught


@dataclass(frozen=True)
class Task:
    """One bug to run, with the law to leave out ("" for none)."""

    id: str
    without: str = ""
    options: run.Options = field(default_factory=run.Options)


def library() -> Any:
    """The catalogue.

    Raises
    ------
    ModuleNotFoundError
        The reference package is not installed.
    """
    return importlib.import_module("gradcheck_reference.bugs")


def checked(source: str, stem: str, target: str, options: run.Options) -> Subject:
    """Check one subject of a source text, as from a user's file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{stem}_{next(SERIAL)}.py"
        path.write_text(source, encoding="utf-8")
        loaded = targets.load(targets.parse(str(path))[0])
        return run.check(loaded, target, options)


def one(task: Task) -> Row:
    """Run one bug and its right twin; a crash is a problem of the row, never a pass."""
    bugs = library()
    bug = bugs.get(task.id)
    row = Row(bug.id, bugs.half(bug), bug.law, bug.also, bug.status, bug.wrt, cause_wanted=bug.cause,
              lineage=bug.lineage, title=bug.title)  # fmt: skip
    options = task.options
    if task.without:
        laws = tuple(name for name in run.laws() if name != task.without)
        options = dataclasses.replace(options, laws=laws)
    began = time.perf_counter()
    try:
        with time_limit(LIMIT):
            subject = checked(bug.source(), bug.right, bug.target, options)
            seconds = time.perf_counter() - began
            twin: Status = "skipped"
            old = False
            if not task.without:
                twin = twin_status(bug.right, bug.target, options)
                old = oldrule.rejects(bug.source(), bug.right, bug.target)
    except Exception as error:  # reported as a problem of this row, which then counts as not caught
        return dataclasses.replace(row, problem=f"{type(error).__name__}: {error}")
    return filled(row, subject, seconds, twin, old)


@functools.cache
def twin_status(right: str, target: str, options: run.Options) -> Status:
    """The status of the right code, which several bugs share."""
    return checked(library().types.source_of(right), right, target, options).status


def filled(row: Row, subject: Subject, seconds: float, twin: Status, old: bool) -> Row:
    """The row with what the check found."""
    hits = [v for v in subject.verdicts if v.status == row.wanted]
    mine = sorted(hits, key=lambda v: v.law != row.law)
    spoken = [v for v in mine if row.wrt in v.message or row.wrt in v.wrt]
    shown = (spoken or mine)[:1]
    return dataclasses.replace(
        row, caught=tuple(dict.fromkeys(v.law for v in hits)), named=bool(spoken), seconds=seconds, right=twin, old=old,
        message=shown[0].message if shown else "", problem=subject.reason,
        cause=next((v.cause.id for v in mine if v.cause), ""),
    )  # fmt: skip


class time_limit:
    """Context: raise TimeoutError after some seconds (where the platform has SIGALRM)."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self._raise)
            signal.alarm(self.seconds)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)

    def _raise(self, *_: object) -> None:
        raise TimeoutError(f"took longer than {self.seconds} s")


def rows(tasks: Sequence[Task], jobs: int = 1) -> Iterator[Row]:
    """Run tasks, in their order, in `jobs` worker processes (in this process where it is 0)."""
    if jobs < 1:
        yield from map(one, tasks)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap(one, tasks, chunksize=4)


def tasks_for(
    half: str = "", ids: Iterable[str] = (), options: run.Options | None = None
) -> list[Task]:
    """The bugs asked for; all of them by default.

    Raises
    ------
    KeyError
        An id that the catalogue does not have.
    """
    bugs = library()
    wanted = [bugs.get(i) for i in ids] or sorted(bugs.load(), key=lambda b: (b.right, b.target))
    return [
        Task(bug.id, options=options or run.Options())
        for bug in wanted
        if not half or bugs.half(bug) == half
    ]


def without_their_only_law(found: Sequence[Row], jobs: int) -> list[Row]:
    """Rows with `lost_without` filled: bugs one law alone catches are run again without that law."""
    alone = [
        Task(r.id, r.caught[0], run.Options(diagnose=False)) for r in found if len(r.caught) == 1
    ]
    again = {r.id: r for r in rows(alone, jobs)}
    return [
        dataclasses.replace(r, lost_without=r.caught[0])
        if r.id in again and not again[r.id].caught
        else r
        for r in found
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``gradcheck bugs``."""
    parser.add_argument(
        "id", nargs="*", help="show these bugs with their diff; all are run by default"
    )
    parser.add_argument(
        "--half", choices=("tune", "held"), default="", help="one half of the catalogue"
    )
    parser.add_argument(
        "--jobs", type=int, default=0, metavar="N", help="worker processes (default: in this one)"
    )
    parser.add_argument(
        "--diagnose", action="store_true", help="find the cause of every failure too (slower)"
    )
    parser.add_argument(
        "--write",
        metavar="FILE",
        help="write the table, the kill matrix and what each law adds as Markdown",
    )


def main(args: argparse.Namespace) -> int:
    """Run ``gradcheck bugs``; exit code 0 where every bug is caught and every right twin passes."""
    from gradcheck.report import bugs as report

    try:
        options = run.Options(diagnose=args.diagnose or bool(args.id))
        tasks = tasks_for(args.half, args.id, options)
    except ModuleNotFoundError:
        print(
            "gradcheck bugs needs the package gradcheck_reference, which every wheel of gradcheck holds; "
            "in a checkout set PYTHONPATH=reference"
        )
        return 2
    except KeyError as error:
        print(error.args[0])
        return 2
    found = []
    for row in rows(tasks, args.jobs):
        found.append(row)
        if args.id:
            print(report.single(row, library().get(row.id).diff()))
    if args.write:
        found = without_their_only_law(found, args.jobs)
        Path(args.write).write_text(report.markdown(found), encoding="utf-8")
    if not args.id:
        print(report.table(found))
    bad = [r for r in found if not r.ok or r.right not in {"pass", "note"}]
    return 1 if bad else 0
