"""Errors that end a command with exit code 2."""

from __future__ import annotations


class UsageError(Exception):
    """What was asked for cannot be done; the message is one line and names the thing."""
