"""What a user types, as targets: files, names in files, modules, notebooks, folders."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SKIPPED_FOLDERS = """
    .git .hg .svn .venv venv env .env __pycache__ site-packages node_modules build dist .eggs .tox
    .nox .ipynb_checkpoints .mypy_cache .ruff_cache .pytest_cache .hypothesis .idea .vscode
"""
_SUFFIXES = (".py", ".ipynb")


class TargetError(Exception):
    """A target that cannot be checked; the message is one line and says the next step."""


@dataclass(frozen=True)
class Target:
    """One file or module, and perhaps one name in it.

    Attributes
    ----------
    text
        How the user wrote the file or module, without the name.
    path
        The file, or None for a module that is imported in the ordinary way.
    module
        The dotted module name, where the user gave one.
    name
        The class or function, or None for everything in the file.
    """

    text: str
    path: Path | None = None
    module: str | None = None
    name: str | None = None

    def __str__(self) -> str:
        if self.name is None:
            return self.text
        return f"{self.text}{':' if self.module else '::'}{self.name}"

    def of(self, name: str) -> str:
        """The text that names one class or function in this target."""
        return f"{self.text}{':' if self.module else '::'}{name}"


def parse(text: str) -> list[Target]:
    """The targets that one argument stands for: several for a folder or a package.

    Parameters
    ----------
    text
        ``file.py``, ``file.py::Name``, ``notebook.ipynb``, ``package.module:Name`` or a folder.

    Raises
    ------
    TargetError
        There is no such file, folder or module.
    """
    place, sep, name = text.partition("::")
    if not sep and not os.path.exists(text):
        head, colon, tail = text.rpartition(":")
        if colon and tail.isidentifier() and not head.endswith(_SUFFIXES):
            return [_module_target(head, tail)]
        if colon and tail.isidentifier():
            place, name = head, tail
    path = Path(place)
    if path.is_dir():
        if name:
            raise TargetError(f"{text}: {place} is a folder; give the file that holds {name}")
        return list(_walk(path)) or _nothing(place)
    if path.is_file():
        if path.suffix not in _SUFFIXES:
            raise TargetError(f"{place}: not a Python file or notebook (.py or .ipynb)")
        return [Target(place, path, None, name or None)]
    if all(part.isidentifier() for part in place.split(".")) and path.suffix not in _SUFFIXES:
        found = locate_module(place)
        if found is not None and found.name == "__init__.py" and not name:
            folder, here = found.parent, Path.cwd()
            return list(_walk(folder.relative_to(here) if here in folder.parents else folder))
        if found is not None:
            return [Target(place, found, place, name or None)]
    raise TargetError(f"{place}: no such file, folder or module{_near_files(path)}")


def _nothing(place: str) -> list[Target]:
    raise TargetError(f"{place}: no .py or .ipynb file in this folder")


def _module_target(module: str, name: str) -> Target:
    found = locate_module(module)
    if found is None:
        raise TargetError(
            f"{module}: no such module; run from the folder that holds it, or give its file "
            f"({module.replace('.', '/')}.py::{name})"
        )
    return Target(module, found, module, name)


def _walk(folder: Path) -> Iterator[Target]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(
            f
            for f in folders
            if f not in _SKIPPED_FOLDERS.split()
            and not f.endswith(".egg-info")
            and not (Path(here) / f / "pyvenv.cfg").exists()
        )
        for file in sorted(files):
            path = Path(here) / file
            if path.suffix in _SUFFIXES and not file.startswith("."):
                yield Target(str(path), path)


def locate_module(name: str) -> Path | None:
    """The file of a dotted module name, found without importing anything."""
    here = Path.cwd()
    for base in (here, here / "src", *(Path(p) for p in sys.path if p)):
        path = base.joinpath(*name.split("."))
        for file in (path / "__init__.py", path.with_name(path.name + ".py")):
            if file.is_file():
                return file
    return None


def _near_files(path: Path) -> str:
    try:
        names = [f.name for f in path.parent.iterdir() if f.suffix in _SUFFIXES]
    except OSError:
        return f" (there is no folder {path.parent} either)"
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
