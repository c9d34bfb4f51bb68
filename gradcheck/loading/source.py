"""Python files as text and as trees."""

from __future__ import annotations

import ast
import importlib.util
import warnings
from pathlib import Path

#: Folders that hold installed packages.
_PACKAGES = frozenset({"site-packages", "dist-packages"})


def installed(path: Path) -> bool:
    """Whether a file belongs to an installed package: no user's."""
    return not _PACKAGES.isdisjoint(path.parts)


def read_source(path: Path) -> str:
    """A Python file's text, in the encoding that it declares."""
    data = path.read_bytes()
    return importlib.util.decode_source(data)


def parse_quietly(source: str, filename: str) -> ast.Module:
    """`ast.parse` without the warnings about invalid escapes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, filename)
