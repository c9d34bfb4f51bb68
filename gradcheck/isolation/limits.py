"""How much memory a process may have, and how much it has."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable

MEBI = 1 << 20


def out_of_memory(mebibytes: int | None) -> str:
    """The reason in the row of a class that needed more than it may have."""
    limit = "" if mebibytes is None else f" (limit {mebibytes} MiB; --memory changes it)"
    return f"ran out of memory{limit}"


def limit_memory(mebibytes: int | None) -> bool:
    """Allow this process so much address space more than it has now; False where unsupported."""
    if mebibytes is None:
        return True
    try:
        import resource
    except ImportError:  # Windows
        return False
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = address_space("self", "VmSize") + mebibytes * MEBI
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


def death_signal() -> Callable[[], None]:
    """A function that asks Linux to end this process when its parent ends."""
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError, TypeError):
        return lambda: None
    return lambda: prctl(1, signal.SIGKILL)
