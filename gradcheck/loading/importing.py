"""Import a user's modules definitions-only: no training, no plots, no `nnfs.init()`.

`Project` owns everything that has to be undone: the finder in `sys.meta_path`, the entries of
`sys.path` and `sys.modules`, modules of other folders that were hidden, and the `nnfs.init` that
was replaced.
"""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradcheck.loading import definitions
from gradcheck.loading.compiled import CompiledFinder
from gradcheck.loading.namespace import UserModule
from gradcheck.loading.running import Runner
from gradcheck.loading.source import installed, parse_quietly, read_source

#: Never taken from a user's folder, whatever it contains.
RESERVED = frozenset(sys.stdlib_module_names) | {
    "gradcheck",
    "gradcheck_reference",
    "hypothesis",
    "numpy",
    "pytest",
    "scipy",
}
NNFS_NOTE = "nnfs.init() not run while checking"
_HEAVY = ("torch", "jax", "tensorflow")


class Project:
    """The folders from which a target's imports are taken, and what loading them did.

    Parameters
    ----------
    roots
        Nearest first; the first is the target's own folder.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = tuple(roots)
        self._notes: list[str] = []
        self._missing: list[str] = []
        self.modules: dict[Path | None, UserModule] = {}
        self._created: list[UserModule] = []
        self._nnfs_init: list[tuple[Any, Any]] = []
        self._finder = _Finder(self)
        sys.meta_path.insert(0, self._finder)
        self._compiled = CompiledFinder(self.note)
        # Last, but before that of a project that is still open: the newest one is asked, and notes it.
        older = [i for i, f in enumerate(sys.meta_path) if isinstance(f, CompiledFinder)]
        sys.meta_path.insert(min(older, default=len(sys.meta_path)), self._compiled)
        self._hidden: dict[str, types.ModuleType] = {}
        self._hide()
        self._path = [str(root) for root in self.roots]
        self._added: list[str] = []
        sys.path[:0] = self._path

    def close(self) -> None:
        """Undo everything: finder, path, modules, `nnfs.init`."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        self._compiled.close()
        for entry in (*self._added, *self._path):
            if entry in sys.path:
                sys.path.remove(entry)
        self._added, self._path = [], []
        mine = {id(module) for module in self._created}
        for name, module in list(sys.modules.items()):
            if id(module) in mine:
                del sys.modules[name]
        for module in self._created:
            module._ns.state = "closed"
        for name, hidden in self._hidden.items():
            if not (isinstance(hidden, UserModule) and hidden._ns.state == "closed"):
                sys.modules.setdefault(name, hidden)
        self._hidden = {}
        for owner, init in self._nnfs_init:
            owner.init = init
        self._nnfs_init.clear()

    def add_root(self, folder: Path) -> None:
        """Search one more folder, after the others: the file put it on `sys.path`."""
        self.roots += (folder,)
        self._hide()

    def _hide(self) -> None:
        """Take modules of other folders away that have the name of one in these.

        A grader's own ``layers``, or another student's, must not be what this file imports.
        """
        mine: dict[str, set[Path]] = {}
        for root in reversed(self.roots):
            for found in (*root.glob("*.py"), *root.glob("*/__init__.py")):
                mine.setdefault(
                    found.stem if found.parent == root else found.parent.name, set()
                ).add(found)
        self._hidden |= (hidden := {
            name: module for name, module in list(sys.modules.items())
            if (top := name.partition(".")[0]) in mine and top not in RESERVED
            and _elsewhere(sys.modules.get(top), mine[top])
        })  # fmt: skip
        for name in hidden:
            del sys.modules[name]

    def note(self, text: str) -> None:
        """Add a note once."""
        if text not in self._notes:
            self._notes.append(text)

    def added(self, entry: str) -> None:
        """Remember what the file put on `sys.path`."""
        self._added.append(entry)

    def missing(self, name: str) -> None:
        """Remember a module that was not found."""
        if name not in self._missing:
            self._missing.append(name)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report must say about the loading; modules that were not found in one line."""
        if not self._missing:
            return tuple(self._notes)
        text = f"not installed, replaced by stand-ins: {', '.join(self._missing)}"
        if any(name.partition(".")[0] in _HEAVY for name in self._missing):
            text += " (what computes with them cannot be checked here)"
        return (*self._notes, text)

    def module(self, name: str, path: Path | None) -> UserModule:
        """The module of a file, one object however many names lead to it."""
        key = path and path.resolve()
        if key in self.modules:
            return self.modules[key]
        module = UserModule(name)
        self._created.append(module)
        if key is not None:
            self.modules[key] = module
        return module

    def execute(self, module: UserModule, source: str, tree: ast.Module, filename: str) -> None:
        """Run a file's definitions in its module; failures are kept in ``failed``."""
        if module._ns.state != "new":
            return
        module._ns.state = "running"
        run = Runner(self, module, filename, definitions.future_flags(tree))
        run.used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        keep, pending = definitions.select(tree)
        for item in pending:
            for name in item.names:
                module._ns.pending[name] = run.later(item.statement, name)
        for statement in keep:
            run.statement(statement)
        module._ns.state = "done"

    def guard_nnfs(self) -> None:
        """Replace `nnfs.init` by a function that only notes the call."""
        for name in ("nnfs", "nnfs.core"):
            owner = sys.modules.get(name)
            if owner is None or isinstance(owner, UserModule) or not hasattr(owner, "init"):
                continue
            if getattr(owner.init, "_gradcheck", False):
                continue

            def init(*args: Any, **kwargs: Any) -> None:
                self.note(NNFS_NOTE)

            init._gradcheck = True  # type: ignore[attr-defined]
            self._nnfs_init.append((owner, owner.init))
            owner.init = init  # type: ignore[attr-defined]


#: Put before the name of a user's module where a library has that name.
RENAMED = "user_"


class _Finder(importlib.abc.MetaPathFinder):
    """Finds modules below a project's roots before Python's own finders do."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        parent, _, tail = fullname.rpartition(".")
        if parent:
            if not isinstance(sys.modules.get(parent), UserModule):
                return None
            folders = [Path(p) for p in path or ()]
        elif fullname in RESERVED:
            return None
        else:
            folders = list(self.project.roots)
            tail = tail.removeprefix(RENAMED)
        bare: list[str] = []
        for folder in folders:
            package = folder / tail
            for file in (package / "__init__.py", folder / f"{tail}.py"):
                if file.is_file():
                    places = [str(package)] if file.name == "__init__.py" else None
                    return self._spec(fullname, file, places)
            if package.is_dir() and _holds_python(package):
                bare.append(str(package))
        if bare and (parent or not _installed(fullname)):
            return self._spec(fullname, None, bare)
        return None

    def _spec(
        self, name: str, file: Path | None, places: list[str] | None
    ) -> importlib.machinery.ModuleSpec:
        spec = importlib.machinery.ModuleSpec(
            name, _Loader(self.project, file), origin=None if file is None else str(file)
        )
        spec.submodule_search_locations = places
        spec.has_location = file is not None
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, project: Project, file: Path | None) -> None:
        self.project = project
        self.file = file

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> UserModule:
        return self.project.module(spec.name, self.file)

    def exec_module(self, module: types.ModuleType) -> None:
        if self.file is None or not isinstance(module, UserModule):
            return
        source = read_source(self.file)
        try:
            tree = parse_quietly(source, str(self.file))
        except SyntaxError as error:
            self.project.note(f"{self.file.name}:{error.lineno}: not loaded, {error.msg}")
            raise ImportError(f"{self.file.name}:{error.lineno}: {error.msg}") from error
        self.project.execute(module, source, tree, str(self.file))


def _elsewhere(module: types.ModuleType | None, files: set[Path]) -> bool:
    """Whether a module is some user's, from none of these files."""
    file = getattr(module, "__file__", None)
    if not file or installed(Path(file)):
        return False
    return Path(file).resolve() not in {f.resolve() for f in files}


def _holds_python(folder: Path) -> bool:
    try:
        return any(
            f.suffix == ".py" or (f.is_dir() and any(f.glob("*.py"))) for f in folder.iterdir()
        )
    except OSError:
        return False


def _installed(name: str) -> bool:
    """Whether a regular module of that name is installed (a bare folder does not count)."""
    try:
        spec = importlib.machinery.PathFinder.find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and spec.origin is not None
