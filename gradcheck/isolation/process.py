"""Start a child with its job, drain what it writes, and end it with everything it started."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from gradcheck.report import jsonfile


@contextlib.contextmanager
def started(request: Mapping[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """A child with its job, in a session of its own; ended, whatever happens."""
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))
    one = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    environment = (
        os.environ
        | one
        | {
            "PYTHONPATH": path,
            "PYTHONIOENCODING": "utf-8",
            "MPLBACKEND": "Agg",
        }
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "gradcheck.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(jsonfile.safe(request)).encode())
            process.stdin.close()
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask, then insist; the whole process group goes."""
    if process.poll() is None:
        process.terminate()  # the child ends its workers first
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def reader(stream: IO[bytes] | None, give: Callable[[bytes | None], Any], lines: bool) -> None:
    """Drain a pipe in a thread: by lines, or in pieces of bounded size; None at its end."""

    def read() -> None:
        assert isinstance(stream, io.BufferedReader)
        with contextlib.suppress(ValueError, OSError):  # closed under us: the child was ended
            while data := stream.readline() if lines else stream.read1(65536):
                give(data)
            stream.close()
        give(None)

    threading.Thread(target=read, daemon=True).start()


def ending(process: subprocess.Popen[bytes], tail: bytes) -> str:
    """How a child that said nothing ended."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)
    code = process.returncode
    if code is not None and code < 0:
        return f"crashed ({signal.Signals(-code).name})"
    last = tail.decode(errors="replace").strip().splitlines()
    return f"ended the process (exit status {code}){': ' + last[-1][:200] if last else ''}"
