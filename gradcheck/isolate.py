"""Check targets in child processes with limits, so that no user code can take the report down.

One child per file (`gradcheck.child`), which forks once per class.  The parent never runs user
code: it sends the job, reads messages, and ends a child that does not answer.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import queue
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from gradcheck import child, targets
from gradcheck.isolation import rows
from gradcheck.isolation.channel import message
from gradcheck.isolation.process import ending, reader, started
from gradcheck.report import jsonfile
from gradcheck.types import Subject

TIMEOUT = 30.0
MEMORY = 2048
_GRACE = 20.0  # seconds for starting a child and for its answer on top of the time-out


@dataclass(frozen=True)
class Job:
    """One target with its options and limits.

    Attributes
    ----------
    options
        The fields of `gradcheck.run.Options`.
    timeout
        Seconds of wall time for loading the file, and for each class.
    memory
        MiB of address space beyond what Python and NumPy take, or None.
    skip
        Names (with ``*``) that are listed as skipped.
    flags
        Arguments repeated in every replay command (``--init ...``).
    engine
        The module that plans and checks.
    fork
        One fork per class; without it (Windows) one child process per class.
    """

    target: targets.Target
    options: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = TIMEOUT
    memory: int | None = MEMORY
    skip: tuple[str, ...] = ()
    flags: str = ""
    op: str = "check"
    engine: str = "gradcheck.run"
    fork: bool = hasattr(os, "fork")


@dataclass(frozen=True)
class FileResult:
    """What came of one target.

    Attributes
    ----------
    error
        Why the target could not be loaded at all, or "".
    notes
        What was done to load it.
    """

    target: targets.Target
    subjects: tuple[Subject, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


#: Called with (subjects finished, subjects known so far, the one just finished or None).
Progress = Callable[[int, int, Subject | None], None]


def cores() -> int:
    """How many children run at a time unless told otherwise."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_all(
    jobs: Sequence[Job], parallel: int | None = None, progress: Progress | None = None
) -> list[FileResult]:
    """Run every job in child processes; results in the order of the jobs.

    Raises
    ------
    KeyboardInterrupt
        Passed on after every child has been ended.
    """
    if not jobs:
        return []
    parallel = max(1, parallel or cores())
    at_once = min(parallel, len(jobs))
    stop, counter = threading.Event(), _Counter(progress)
    with ThreadPoolExecutor(at_once) as pool:
        run = [pool.submit(_check, job, parallel // at_once, stop, counter) for job in jobs]
        try:
            return [future.result() for future in run]
        except BaseException:
            stop.set()
            for future in run:
                future.cancel()
            raise


def check_here(job: Job) -> FileResult:
    """Run a job in this very process: no limits, for debuggers and for pytest."""
    engine = importlib.import_module(job.engine)
    try:
        loaded = targets.load(job.target)
    except targets.TargetError as error:
        return FileResult(job.target, error=str(error))
    options = engine.Options(**job.options)

    def work(name: str) -> dict[str, Any]:
        return jsonfile.subject_to_dict(child.check_one(engine, loaded, name, options, job.flags))

    def check(row: Mapping[str, Any]) -> Subject:
        data = rows.guarded(work, row["name"], job.target, None)
        return rows.with_kind(jsonfile.subject_from_dict(data), row)

    try:
        planned = child.plan_rows(engine, loaded, job.skip)
        subjects = [rows.skipped(job, row) or check(row) for row in planned]
        notes = loaded.project.notes if loaded.project else loaded.notes
        return FileResult(job.target, rows.with_failed(job, subjects, loaded.failed), notes)
    except targets.TargetError as error:
        return FileResult(job.target, error=str(error))
    finally:
        loaded.close()


class _Counter:
    """Counts finished subjects over all files, one thread at a time."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress, self.lock, self.done, self.known = progress, threading.Lock(), 0, 0

    def add(self, known: int = 0, subject: Subject | None = None) -> None:
        with self.lock:
            self.known += known
            self.done += subject is not None
            if self.progress is not None:
                self.progress(self.done, self.known, subject)


# ---- one file -----------------------------------------------------------------------------------


def _check(job: Job, workers: int, stop: threading.Event, counter: _Counter) -> FileResult:
    if defines_nothing(job.target):
        return FileResult(job.target)
    state = _State(job, counter)
    if job.fork or job.op == "plan":
        _converse(job, state, stop, workers=workers)
    else:
        _converse(dataclasses.replace(job, op="plan"), state, stop)
        for name in [p["name"] for p in state.todo()]:
            _converse(job, state, stop, names=[name])
    return state.result()


def defines_nothing(target: targets.Target) -> bool:
    """Whether a file that parses has no class and no function: a child would find nothing either.

    A folder may hold thousands of them, and a child takes a third of a second to start.
    """
    path = target.path
    if target.name is not None or target.module or path is None or path.suffix != ".py":
        return False
    try:
        if re.search(rb"\b(class|def|lambda)\b|\0", path.read_bytes()):
            return False
        targets.parse_file(path)
    except (OSError, targets.TargetError):
        return False  # the child says what is wrong with it
    return True


class _State:
    """What is known about one file while its child works."""

    def __init__(self, job: Job, counter: _Counter) -> None:
        self.job, self.counter = job, counter
        self.plan: list[dict[str, Any]] | None = None
        self.subjects: dict[int, Subject] = {}
        self.notes: tuple[str, ...] = ()
        self.failed: dict[str, str] = {}
        self.error = ""
        self.done = False

    def take(self, news: Mapping[str, Any]) -> None:
        """Take one message of the child in."""
        if "error" in news:
            self.error = news["error"]
        elif "plan" in news and self.plan is None:
            self.plan = news["plan"]
            self.notes = tuple(news["notes"])
            self.failed = news["failed"]
            for index, planned in enumerate(news["plan"]):
                row = rows.skipped(self.job, planned)
                if row is not None:
                    self.subjects[index] = row
            self.counter.add(known=len(news["plan"]) - len(self.subjects))
        elif "subject" in news:
            subject = jsonfile.subject_from_dict(news["data"])
            row = (self.plan or [])[news["subject"]]
            self.subjects[news["subject"]] = rows.with_kind(subject, row)
            self.counter.add(subject=subject)
        self.done = self.done or "done" in news or bool(self.error)

    def todo(self) -> list[dict[str, Any]]:
        """What was planned and has no row yet."""
        return [p for i, p in enumerate(self.plan or []) if i not in self.subjects]

    def give_up(self, reason: str, names: Sequence[str] | None = None) -> None:
        """The child ended without an answer: say so in every row that is still open."""
        if self.plan is None:
            self.error = self.error or f"{self.job.target}: {reason} while it was loaded"
            return
        for index, planned in enumerate(self.plan):
            if index not in self.subjects and (names is None or planned["name"] in names):
                data = rows.failure(self.job.target, planned["name"], reason)
                self.take({"subject": index, "data": data})

    def result(self) -> FileResult:
        """The rows in the order of the file."""
        found = [self.subjects[index] for index in sorted(self.subjects)]
        if self.job.op != "check":
            return FileResult(self.job.target, tuple(found), self.notes, self.error)
        subjects = rows.with_failed(self.job, found, self.failed)
        return FileResult(self.job.target, subjects, self.notes, self.error)


def _converse(
    job: Job,
    state: _State,
    stop: threading.Event,
    workers: int = 1,
    names: Sequence[str] | None = None,
) -> None:
    """Start a child, take its messages in, and end it."""
    request = {
        "target": {
            "text": job.target.text,
            "path": str(job.target.path),
            "module": job.target.module,
            "name": job.target.name,
        },
        "options": dict(job.options),
        "timeout": job.timeout,
        "memory": job.memory,
        "flags": job.flags,
        "op": job.op,
        "engine": job.engine,
        "fork": job.fork,
        "names": names,
        "skip": list(job.skip),
        "workers": workers,
    }
    state.done = False
    with started(request) as process:
        inbox: queue.Queue[bytes | None] = queue.Queue()
        tail: deque[bytes] = deque(maxlen=8)
        reader(process.stdout, inbox.put, lines=True)
        reader(process.stderr, lambda data: tail.append((data or b"")[-2000:]), lines=False)
        waited = 0.0
        limit = job.timeout + (_GRACE if job.fork or job.op == "plan" else 5.0)
        while not state.done:
            try:
                line = inbox.get(timeout=0.2)
            except queue.Empty:
                waited += 0.2
                if stop.is_set():
                    return
                if waited > limit:
                    state.give_up(f"did not finish within {job.timeout:g} s", names)
                    return
                continue
            waited = 0.0
            if line is None:
                state.give_up(ending(process, b"".join(tail)), names)
                return
            state.take(message(line))
