"""The process in which a user's file is loaded and checked: ``python -m gradcheck.child``.

It reads one job (JSON) from stdin and writes one JSON line per message to what was its stdout;
whatever the user's code prints goes nowhere.  The file is loaded once, then every class is
checked in a fork of its own, so that one that hangs, crashes or exhausts memory costs only its
own row.  Messages: ``plan``, ``subject``, ``error``, ``done``.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from gradcheck import guard, targets
from gradcheck.isolation.channel import Channel, Nowhere
from gradcheck.isolation.limits import death_signal, limit_memory
from gradcheck.isolation.rows import guarded, say
from gradcheck.isolation.supervise import Supervisor
from gradcheck.loading import stubs
from gradcheck.report import jsonfile
from gradcheck.types import Kind, Subject

_KINDS = get_args(Kind)


def main() -> int:
    """Run the job on stdin; the exit status is 0 whatever the verdicts are."""
    death_signal()()  # user code that hangs must not outlive a command that was killed
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
        rows = plan_rows(engine, loaded, job["skip"])
    except targets.TargetError as error:
        send({"error": str(error)})
        return 0
    except MemoryError:
        send({"error": f"{target.text}: ran out of memory while it was loaded"})
        return 0
    except BaseException as error:
        send({"error": f"{target.text}: could not be loaded: {say(error, target.path)}"})
        return 0
    _serve(job, engine, loaded, rows, send)
    return 0


def _serve(
    job: Mapping[str, Any],
    engine: Any,
    loaded: targets.Loaded,
    rows: list[dict[str, Any]],
    send: Channel,
) -> None:
    send({"plan": rows, "notes": loaded.notes, "failed": dict(loaded.failed)})
    names = job["names"]
    todo = [
        (index, row["name"])
        for index, row in enumerate(rows)
        if not row["reason"] and (names is None or row["name"] in names)
    ]
    if job["op"] == "plan":
        return send({"done": True})
    options = engine.Options(**{k: _tuples(v) for k, v in job["options"].items()})
    if job["op"] == "describe":
        work = _describer(engine, loaded, options)
    else:
        work = _checker(engine, loaded, options, job["flags"])
    if hasattr(os, "fork") and job["fork"]:
        Supervisor(job, loaded.target, work, send).run(todo)
    else:
        for index, name in todo:
            send({"subject": index, "data": guarded(work, name, loaded.target, job["memory"])})
    send({"done": True})


def plan_rows(engine: Any, loaded: targets.Loaded, skip: Iterable[str]) -> list[dict[str, Any]]:
    """What was recognised in a file, in its order; a reason says why something is skipped.

    Raises
    ------
    TargetError
        One name was asked for, and it is nothing that can be checked.
    """
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
    name = loaded.target.name
    if name is not None and not rows:
        if name not in loaded.namespace:
            raise targets.no_such_name(loaded)
        raise targets.TargetError(
            f"{loaded.target}: nothing to check: neither a class with forward and backward "
            f"methods, nor one of a pair of functions f_forward and f_backward"
        )
    return rows


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _checker(
    engine: Any, loaded: targets.Loaded, options: Any, flags: str
) -> Callable[[str], dict[str, Any]]:
    def work(name: str, early: Early = None) -> dict[str, Any]:
        def tell(subject: Subject) -> None:
            if early is not None:
                early(jsonfile.subject_to_dict(dressed(subject, loaded, name, flags)))

        told = dataclasses.replace(options, early=tell) if hasattr(options, "early") else options
        return jsonfile.subject_to_dict(check_one(engine, loaded, name, told, flags))

    return work


#: Takes a subject's data before its diagnosis.
Early = Callable[[dict[str, Any]], None] | None


def check_one(
    engine: Any, loaded: targets.Loaded, name: str, options: Any, flags: str = ""
) -> Subject:
    """Check one class or function under the guard; `flags` are repeated in replay commands."""
    with guard.pristine_numpy() as found:
        subject: Subject = engine.check(loaded, name, options)
    notes = dict.fromkeys((*found.notes, *subject.notes))
    subject = dataclasses.replace(subject, notes=tuple(n for n in notes if n))
    return dressed(subject, loaded, name, flags)


def dressed(subject: Subject, loaded: targets.Loaded, name: str, flags: str) -> Subject:
    """The subject under its whole target, with the flags of the command in its replays."""
    subject = dataclasses.replace(subject, target=loaded.target.of(name))
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


def _describer(
    engine: Any, loaded: targets.Loaded, options: Any
) -> Callable[[str], dict[str, Any]]:
    def work(name: str, early: Early = None) -> dict[str, Any]:
        with guard.pristine_numpy():
            subject = engine.describe(loaded, name, options)
        return jsonfile.subject_to_dict(dataclasses.replace(subject, target=loaded.target.of(name)))

    return work


# ---- the process --------------------------------------------------------------------------------


def _private_channel() -> Channel:
    """Keep what was stdout for messages, and give user code a stdout that goes nowhere."""
    channel = Channel(os.dup(1))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = Nowhere(1)
    sys.argv = ["gradcheck"]
    return channel


def _make_quiet() -> None:
    import faulthandler
    import warnings

    warnings.simplefilter("ignore")
    faulthandler.enable(all_threads=False)


if __name__ == "__main__":
    sys.exit(main())
