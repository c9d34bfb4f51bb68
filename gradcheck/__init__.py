"""gradcheck: is each hand-written gradient right, how sure are we, and what is the bug."""

from __future__ import annotations

__version__ = "0.1.0"
