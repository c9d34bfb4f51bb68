"""What goes between a child and its parent, and what does not: the prints of the user's code."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from typing import Any

from gradcheck.report import jsonfile


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


def message(line: bytes) -> dict[str, Any]:
    """The parent's side: one line of a child; empty where it is not a message."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class Nowhere(io.TextIOBase):
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
