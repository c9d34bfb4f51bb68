"""Errors that end a command with exit code 2, and those that a user's code raises on purpose."""

from __future__ import annotations

import linecache
import re
from pathlib import Path


class UsageError(Exception):
    """What was asked for cannot be done; the message is one line and names the thing."""


def is_refusal(error: BaseException) -> bool:
    """Whether the statement that raised says so: a ``raise`` or ``assert`` of the user's own."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    file = trace.tb_frame.f_code.co_filename
    if {"numpy", "scipy", "site-packages"} & set(Path(file).parts):
        return False  # NumPy refuses what it is handed, not the user
    line = linecache.getline(file, trace.tb_lineno).strip()
    return (
        re.match(r"(raise|assert)\b|(if|else|elif|with|try|except)\b.*:\s*(raise|assert)\b", line)
        is not None
    )
