"""One fork per class, so many at a time; whatever overruns, crashes or answers is ended."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
import selectors
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from gradcheck import targets
from gradcheck.isolation.channel import Channel, Nowhere
from gradcheck.isolation.limits import (
    MEBI,
    address_space,
    death_signal,
    limit_memory,
    out_of_memory,
)
from gradcheck.isolation.rows import failure, guarded, say

_TAIL = 32768
#: The system refuses memory only beyond this times the limit: by then the supervisor has seen it,
#: and code that swallows MemoryError cannot go on for ever.
_SLACK = 1.25


@dataclass
class _Worker:
    """A fork that checks one class."""

    pid: int
    index: int
    name: str
    deadline: float
    most: float
    result: int
    errors: int
    received: bytearray = field(default_factory=bytearray)
    tail: bytes = b""
    early: dict[str, Any] | None = None


class Supervisor:
    """Forks one worker per class, so many at a time, and kills those that overrun."""

    def __init__(
        self,
        job: Mapping[str, Any],
        target: targets.Target,
        work: Callable[..., dict[str, Any]],
        send: Channel,
    ) -> None:
        self.job, self.target, self.work, self.send = job, target, work, send
        self.running: dict[int, _Worker] = {}
        self.selector = selectors.DefaultSelector()
        self.die_with_parent = death_signal()

    def run(self, todo: list[tuple[int, str]]) -> None:
        """Check all of them, `workers` at a time."""
        signal.signal(signal.SIGTERM, self._terminated)
        waiting = deque(todo)
        while waiting or self.running:
            while waiting and len(self.running) < max(1, self.job["workers"]):
                self._start(*waiting.popleft())
            self._read()
            for worker in list(self.running.values()):
                self._look(worker)

    def _start(self, index: int, name: str) -> None:
        result, to_result = os.pipe()
        errors, to_errors = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._work(name, to_result, to_errors)
            finally:
                os._exit(0)
        os.close(to_result)
        os.close(to_errors)
        deadline = time.monotonic() + self.job["timeout"]
        most = math.inf
        if self.job["memory"] is not None:
            most = address_space("self", "VmSize") + self.job["memory"] * MEBI
        worker = _Worker(pid, index, name, deadline, most, result, errors)
        self.running[pid] = worker
        for fd in (result, errors):
            os.set_blocking(fd, False)
            self.selector.register(fd, selectors.EVENT_READ, worker)

    def _work(self, name: str, to_result: int, to_errors: int) -> None:
        """In the fork: check, write the result, end."""
        me = os.getpid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        self.die_with_parent()
        os.dup2(to_errors, 2)
        sys.stderr = Nowhere(2)  # what is written to the descriptor (faulthandler) still counts
        self.send.close()  # so that nothing the user's code forks can hold it open
        limit_memory(self.job["memory"] and int(_SLACK * self.job["memory"]))
        channel = Channel(to_result)

        def early(data: dict[str, Any]) -> None:
            if os.getpid() == me:
                channel({"early": data})

        try:
            work = functools.partial(self.work, early=early)
            data = guarded(work, name, self.target, self.job["memory"])
        except BaseException as error:  # KeyboardInterrupt and the user's own
            data = failure(self.target, name, say(error, self.target.path))
        if os.getpid() == me:  # and not a fork that the user's code made
            channel(data)

    def _read(self) -> None:
        for key, _ in self.selector.select(timeout=0.05):
            worker: _Worker = key.data
            fd = key.fd
            try:
                data = os.read(fd, 65536)
            except BlockingIOError:
                continue
            if not data:
                self.selector.unregister(fd)
            elif fd == worker.result:
                worker.received += data
            else:
                worker.tail = (worker.tail + data)[-_TAIL:]

    def _look(self, worker: _Worker) -> None:
        """Finish a worker that has answered, ended or run out of time."""
        answer = _answer(worker)
        if answer is not None:
            return self._finish(worker, answer)
        pid, status = os.waitpid(worker.pid, os.WNOHANG)
        if pid:
            for _ in range(1000):  # what it wrote before it ended
                before = len(worker.received)
                self._read()
                if len(worker.received) == before:
                    break
            answer = _answer(worker)
            if answer is not None:
                return self._finish(worker, answer, reaped=True)
            reason = _how_it_ended(status, worker.tail)
        elif address_space(worker.pid, "VmPeak") > worker.most:
            reason = out_of_memory(self.job["memory"])
        elif time.monotonic() < worker.deadline:
            return None
        else:
            reason = f"did not finish within {self.job['timeout']:g} s (--timeout changes it)"
        return self._finish(worker, failure(self.target, worker.name, reason), reaped=bool(pid))

    def _finish(self, worker: _Worker, data: dict[str, Any], reaped: bool = False) -> None:
        self._kill(worker, reaped)
        for fd in (worker.result, worker.errors):
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(fd)
            os.close(fd)
        del self.running[worker.pid]
        if worker.early is not None and data["status"] == "error" and not data["verdicts"]:
            # The verdicts stand, only their causes are missing.
            note = f"no causes are given: the diagnosis {data['reason']}"
            data = {**worker.early, "notes": [*worker.early["notes"], note]}
        self.send({"subject": worker.index, "data": data})

    def _kill(self, worker: _Worker, reaped: bool) -> None:
        """End the worker and whatever it started: its whole process group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
        if not reaped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        for worker in list(self.running.values()):
            self._kill(worker, reaped=False)
        os._exit(1)


def _answer(worker: _Worker) -> dict[str, Any] | None:
    """The worker's result, if it is there; the verdicts it sent ahead are put aside."""
    *lines, rest = bytes(worker.received).split(b"\n")
    worker.received = bytearray(rest)
    for line in lines:
        data: dict[str, Any] = json.loads(line)
        if "early" not in data:
            return data
        worker.early = data["early"]
    return None


def _how_it_ended(status: int, tail: bytes) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name
        words = {
            "SIGSEGV": "crashed: segmentation fault",
            "SIGKILL": "was killed, perhaps because memory ran out",
            "SIGABRT": "crashed: abort",
            "SIGFPE": "crashed: arithmetic error in compiled code",
        }.get(name, "was ended by a signal")
        return f"{words} ({name}){_crash_line(tail)}"
    return f"ended the process (exit status {os.waitstatus_to_exitcode(status)}) before a verdict"


def _crash_line(tail: bytes) -> str:
    """Where `faulthandler` saw the crash: the user's innermost frame."""
    for line in tail.decode(errors="replace").splitlines():
        head, _, rest = line.strip().partition('", line ')
        if head.startswith('File "') and "/gradcheck/" not in head and rest:
            file = Path(head.removeprefix('File "'))
            if "python3" not in str(file.parent):
                number, _, function = rest.partition(" in ")
                return f" in {function}, {file.name}:{number}"
    return ""
