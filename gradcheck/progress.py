"""Progress on a terminal while children work."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.isolate import Progress
    from gradcheck.types import Subject


class shown:
    """Progress on a terminal: a `rich` bar, or a plain line; nothing on a pipe."""

    def __enter__(self) -> Progress | None:
        self.bar: Any = None
        if not (sys.stderr.isatty() and sys.stdout.isatty()):
            return None
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        except ImportError:
            return self._plain
        from rich.console import Console

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.bar.start()
        self.task = self.bar.add_task("checking", total=None)
        return self._rich

    def __exit__(self, *exc: object) -> None:
        if self.bar is not None:
            self.bar.stop()
        elif sys.stderr.isatty() and sys.stdout.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)

    def _rich(self, done: int, known: int, subject: Subject | None) -> None:
        name = subject.name if subject else ""
        self.bar.update(
            self.task, completed=done, total=known, description=f"checked {name:<24.24}"
        )

    def _plain(self, done: int, known: int, subject: Subject | None) -> None:
        name = subject.name if subject else ""
        print(f"\r\x1b[K{done} of {known} checked  {name:.60}", end="", file=sys.stderr, flush=True)
