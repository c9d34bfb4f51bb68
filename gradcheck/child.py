"""The process in which a user's file is loaded and checked: ``python -m gradcheck.child``.

It reads one job (JSON) from stdin and writes one JSON line per message to what was its stdout;
whatever the user's code prints goes nowhere.  The file is loaded once, then every class is
checked in a fork of its own, so that one that hangs, crashes or exhausts memory costs only its
own row.  Messages: ``plan``, ``subject``, ``error``, ``done``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import importlib
import io
import json
import math
import os
import selectors
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, get_args

from gradcheck import guard, stubs, targets
from gradcheck.report import jsonfile
from gradcheck.types import Kind, Subject

_TAIL = 8192
_KINDS = get_args(Kind)
_MEBI = 1 << 20
#: The system refuses memory only beyond this times the limit: by then the supervisor has seen it,
#: and code that swallows MemoryError cannot go on for ever.
_SLACK = 1.25


def main() -> int:
    """Run the job on stdin; the exit status is 0 whatever the verdicts are."""
    job = json.load(sys.stdin)
    send = _private_channel()
    _make_quiet()
    engine = importlib.import_module(job["engine"])
    stubs.install_aliases()
    sys.dont_write_bytecode = True  # from here on it would be the user's folders
    target = targets.Target(**{**job["target"], "path": Path(job["target"]["path"])})
    limit_memory(None if job["memory"] is None else max(job["memory"], 8192))
    try:
        loaded = targets.load(target)
    except targets.TargetError as error:
        send({"error": str(error)})
        return 0
    except MemoryError:
        send({"error": f"{target.text}: ran out of memory while it was loaded"})
        return 0
    except BaseException as error:
        send({"error": f"{target.text}: loading failed: {type(error).__name__}: {error}"})
        return 0
    _serve(job, engine, loaded, send)
    return 0


def _serve(job: Mapping[str, Any], engine: Any, loaded: targets.Loaded, send: Channel) -> None:
    rows = plan_rows(engine, loaded, job["skip"])
    send({"plan": rows, "notes": loaded.notes, "failed": dict(loaded.failed)})
    names = job["names"]
    todo = [
        (index, row["name"])
        for index, row in enumerate(rows)
        if not row["reason"] and (names is None or row["name"] in names)
    ]
    if job["op"] == "plan":
        return send({"done": True})
    if job["op"] == "describe":
        work = _describer(engine, loaded)
    else:
        options = engine.Options(**{k: _tuples(v) for k, v in job["options"].items()})
        work = _checker(engine, loaded, options, job["flags"])
    if hasattr(os, "fork") and job["fork"]:
        _Supervisor(job, loaded.target, work, send).run(todo)
    else:
        for index, name in todo:
            send({"subject": index, "data": guarded(work, name, loaded.target, job["memory"])})
    send({"done": True})


def plan_rows(engine: Any, loaded: targets.Loaded, skip: Iterable[str]) -> list[dict[str, Any]]:
    """What was recognised in a file, in its order; a reason says why something is skipped."""
    rows = []
    for planned in engine.plan(loaded, loaded.target.name):
        reason = planned.reason
        if not reason and any(fnmatch.fnmatchcase(planned.name, pattern) for pattern in skip):
            reason = "skip in [tool.gradcheck]"
        rows.append(
            {
                "name": planned.name,
                "kind": planned.kind if planned.kind in _KINDS else "function",
                "convention": planned.convention,
                "reason": reason,
                "line": getattr(planned, "line", None),
            }
        )
    return rows


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _checker(
    engine: Any, loaded: targets.Loaded, options: Any, flags: str
) -> Callable[[str], dict[str, Any]]:
    def work(name: str) -> dict[str, Any]:
        return jsonfile.subject_to_dict(check_one(engine, loaded, name, options, flags))

    return work


def check_one(
    engine: Any, loaded: targets.Loaded, name: str, options: Any, flags: str = ""
) -> Subject:
    """Check one class or function under the guard; `flags` are repeated in replay commands."""
    with guard.pristine_numpy() as found:
        subject: Subject = engine.check(loaded, name, options)
    notes = dict.fromkeys((*found.notes, *subject.notes))
    subject = dataclasses.replace(
        subject, target=loaded.target.of(name), notes=tuple(n for n in notes if n)
    )
    if not flags:
        return subject
    verdicts = tuple(
        v
        if v.case is None or "replay" in v.detail
        else dataclasses.replace(
            v, detail={**v.detail, "replay": f"{jsonfile.replay_command(subject, v)} {flags}"}
        )
        for v in subject.verdicts
    )
    return dataclasses.replace(subject, verdicts=verdicts)


def _describer(engine: Any, loaded: targets.Loaded) -> Callable[[str], dict[str, Any]]:
    def work(name: str) -> dict[str, Any]:
        describe = getattr(engine, "describe", None)
        with guard.pristine_numpy():
            built = "" if describe is None else str(describe(loaded, name))
        subject = Subject(loaded.target.of(name), name, "unknown", status="skipped", built=built)
        return jsonfile.subject_to_dict(subject)

    return work


def failure(target: targets.Target, name: str, reason: str) -> dict[str, Any]:
    """The row of a subject that could not be checked."""
    text = target.of(name) if name else str(target)
    return jsonfile.subject_to_dict(Subject(text, name, "unknown", status="error", reason=reason))


def guarded(
    work: Callable[[str], dict[str, Any]], name: str, target: targets.Target, memory: int | None
) -> dict[str, Any]:
    """Run `work`, turning whatever leaves it into an `error` row that says what happened."""
    try:
        return work(name)
    except MemoryError:
        lift_memory_limit()
        return failure(target, name, out_of_memory(memory))
    except SystemExit as error:
        return failure(target, name, f"called sys.exit({error.code!r})")
    except Exception as error:
        return failure(target, name, say(error, target.path))


def out_of_memory(mebibytes: int | None) -> str:
    """The reason in the row of a class that needed more than it may have."""
    limit = "" if mebibytes is None else f" (limit {mebibytes} MiB; --memory changes it)"
    return f"ran out of memory{limit}"


def say(error: BaseException, path: Path | None) -> str:
    """``ValueError: text (file.py:12)``: an exception with the user's own line, if there is one."""
    text = f"{type(error).__name__}: {error}".splitlines()[0][:300].rstrip(": ")
    frames = traceback.extract_tb(error.__traceback__)
    if path is not None:
        mine = [f for f in frames if Path(f.filename) == path.absolute()]
        if mine:
            return f"raised {text} ({path.name}:{mine[-1].lineno})"
    last = frames[-1] if frames else None
    where = f" ({Path(last.filename).name}:{last.lineno})" if last else ""
    return f"the check itself failed: {text}{where}; please report this"


# ---- the process --------------------------------------------------------------------------------


class Channel:
    """The pipe to the parent: one JSON line a message."""

    def __init__(self, fd: int) -> None:
        self.pipe = os.fdopen(fd, "wb", buffering=0)

    def __call__(self, message: Mapping[str, Any]) -> None:
        data = json.dumps(jsonfile.safe(message), allow_nan=False).encode() + b"\n"
        rest = memoryview(data)
        while rest:
            rest = rest[self.pipe.write(rest) or 0 :]

    def close(self) -> None:
        self.pipe.close()


class _Nowhere(io.TextIOBase):
    """What user code prints to: it costs nothing, however much it is."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.buffer = io.BufferedWriter(io.FileIO(os.devnull, "w"))

    def write(self, text: str) -> int:
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.fd


def _private_channel() -> Channel:
    """Keep what was stdout for messages, and give user code a stdout that goes nowhere."""
    channel = Channel(os.dup(1))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = _Nowhere(1)
    sys.argv = ["gradcheck"]
    return channel


def _make_quiet() -> None:
    import faulthandler
    import warnings

    warnings.simplefilter("ignore")
    faulthandler.enable(all_threads=False)


def limit_memory(mebibytes: int | None) -> bool:
    """Allow this process so much address space more than it has now; False where unsupported."""
    if mebibytes is None:
        return True
    try:
        import resource
    except ImportError:  # Windows
        return False
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = address_space("self", "VmSize") + mebibytes * _MEBI
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (OSError, ValueError):
        return False
    return True


def address_space(pid: int | str, field: str) -> int:
    """``VmSize`` or ``VmPeak`` of a process in bytes; 0 where the system does not tell."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0


def lift_memory_limit() -> None:
    """Room to report that memory ran out."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


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
    tail: deque[bytes] = field(default_factory=lambda: deque(maxlen=8))


class _Supervisor:
    """Forks one worker per class, so many at a time, and kills those that overrun."""

    def __init__(
        self,
        job: Mapping[str, Any],
        target: targets.Target,
        work: Callable[[str], dict[str, Any]],
        send: Channel,
    ) -> None:
        self.job, self.target, self.work, self.send = job, target, work, send
        self.running: dict[int, _Worker] = {}
        self.selector = selectors.DefaultSelector()
        self.die_with_parent = _death_signal()

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
            most = address_space("self", "VmSize") + self.job["memory"] * _MEBI
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
        sys.stderr = _Nowhere(2)  # what is written to the descriptor (faulthandler) still counts
        self.send.close()  # so that nothing the user's code forks can hold it open
        limit_memory(self.job["memory"] and int(_SLACK * self.job["memory"]))
        try:
            data = guarded(self.work, name, self.target, self.job["memory"])
        except BaseException as error:  # KeyboardInterrupt and the user's own
            data = failure(self.target, name, say(error, self.target.path))
        if os.getpid() == me:  # and not a fork that the user's code made
            Channel(to_result)(data)

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
                worker.tail.append(data[-_TAIL:])

    def _look(self, worker: _Worker) -> None:
        """Finish a worker that has answered, ended or run out of time."""
        if worker.received.endswith(b"\n"):
            return self._finish(worker, json.loads(worker.received))
        pid, status = os.waitpid(worker.pid, os.WNOHANG)
        if pid:
            for _ in range(1000):  # what it wrote before it ended
                before = len(worker.received)
                self._read()
                if len(worker.received) == before:
                    break
            if worker.received.endswith(b"\n"):
                return self._finish(worker, json.loads(worker.received), reaped=True)
            reason = _how_it_ended(status, b"".join(worker.tail))
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


def _death_signal() -> Callable[[], None]:
    """A function that asks Linux to end this process when its parent ends."""
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError, TypeError):
        return lambda: None
    return lambda: prctl(1, signal.SIGKILL)


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


def message(line: bytes) -> dict[str, Any]:
    """The parent's side: one line of a child; empty where it is not a message."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
