"""Import a user's modules definitions-only: no training, no plots, no `nnfs.init()`.

`Project` owns everything that has to be undone: the finder in `sys.meta_path`, the entries of
`sys.path` and `sys.modules`, and the `nnfs.init` that was replaced.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from gradcheck import definitions, stubs

#: Never taken from a user's folder, whatever it contains.
_RESERVED = frozenset(sys.stdlib_module_names) | {
    "gradcheck",
    "gradcheck_reference",
    "hypothesis",
    "numpy",
    "pytest",
    "scipy",
}
_HEAVY = ("torch", "jax", "tensorflow")


class Namespace(dict[str, Any]):
    """A module's globals, in which a pending name is computed when it is first used."""

    def __init__(self) -> None:
        super().__init__()
        self["__builtins__"] = builtins.__dict__
        self.pending: dict[str, Callable[[], Any]] = {}
        self.failed: dict[str, str] = {}
        self.state = "new"  # then "running", then "done"

    def will_have(self, name: str) -> bool:
        """Whether a name is not there yet, but may be: pending, or in a circular import."""
        if name in self:
            return False
        return name in self.pending or (name not in self.failed and self.state == "running")

    def __missing__(self, name: str) -> Any:
        if name not in self.pending:
            raise KeyError(name)
        compute = self.pending.pop(name)
        value = compute()
        return dict.__getitem__(self, name) if name in self else self.setdefault(name, value)


class UserModule(types.ModuleType):
    """A module whose attributes are its `Namespace`, pending names included."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_ns", Namespace())
        super().__init__(name)
        self.__name__ = name

    @property
    def __dict__(self) -> Namespace:  # type: ignore[override]
        return object.__getattribute__(self, "_ns")  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_ns")[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "__spec__" and self._ns.get("__spec__") is not None:
            return  # reached under a second name: it keeps its first
        self._ns[name] = value
        if name.startswith("__"):
            super().__setattr__(name, value)


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
        self._path = [str(root) for root in self.roots]
        self._added: list[str] = []
        sys.path[:0] = self._path

    def close(self) -> None:
        """Undo everything: finder, path, modules, `nnfs.init`."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        for entry in (*self._added, *self._path):
            if entry in sys.path:
                sys.path.remove(entry)
        self._added, self._path = [], []
        mine = {id(module) for module in self._created}
        for name, module in list(sys.modules.items()):
            if id(module) in mine:
                del sys.modules[name]
        for owner, init in self._nnfs_init:
            owner.init = init
        self._nnfs_init.clear()

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
        run = _Runner(self, module, filename, definitions.future_flags(tree))
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


NNFS_NOTE = "nnfs.init() not run while checking"


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
        elif fullname in _RESERVED:
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


class _Runner:
    """Runs single statements of one module."""

    def __init__(self, project: Project, module: UserModule, filename: str, flags: int) -> None:
        self.project = project
        self.module = module
        self.ns: Namespace = module._ns
        self.filename = filename
        self.flags = flags
        self.used: set[str] = set()

    def statement(self, node: ast.stmt) -> None:
        """Run one; what fails is kept with its reason, and the rest of the file goes on."""
        try:
            if isinstance(node, ast.Import):
                self._import(node)
            elif isinstance(node, ast.ImportFrom):
                self._import_from(node)
            else:
                self._execute(node)
                self.project.guard_nnfs()
        except (Exception, SystemExit) as error:
            names = (node.name,) if hasattr(node, "name") else definitions.bound_names(node)
            reason = f"{type(error).__name__}: {error} (line {node.lineno})"
            for name in names:
                self.ns.failed[name] = reason

    def later(self, node: ast.stmt, name: str) -> Callable[[], Any]:
        """A pending statement as a function that runs it and gives the name's value."""

        def compute() -> Any:
            code = compile(
                ast.Module([node], []), self.filename, "exec", self.flags, dont_inherit=True
            )
            for other in definitions.bound_names(node):
                self.ns.pending.pop(other, None)
            exec(code, self.ns)
            self.project.guard_nnfs()
            if name not in self.ns:
                raise KeyError(name)
            return self.ns[name]

        return compute

    def _execute(self, node: ast.stmt) -> None:
        code = compile(ast.Module([node], []), self.filename, "exec", self.flags, dont_inherit=True)
        known = set(sys.path)
        for _ in range(20):
            try:
                exec(code, self.ns)
                break
            except NameError as error:  # a class body does not see pending names: compute, retry
                if error.name not in self.ns.pending:
                    raise
                self.ns[error.name]
        self._absolute(known)

    def _absolute(self, known: set[str]) -> None:
        """A relative folder that the file put on `sys.path` is meant from the file's own."""
        here = Path(self.filename).parent
        for entry in [p for p in sys.path if p not in known]:
            self.project.added(entry)
            folder = Path(os.path.normpath(here / entry))
            if folder.is_dir() and folder not in self.project.roots:
                self.project.roots += (folder,)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            try:
                module = importlib.import_module(alias.name)
            except Exception as error:
                self._unavailable(alias.name, error)
                value = stubs.stub(alias.name if alias.asname else top)
                if not (alias.asname is None and top in sys.modules):
                    self.ns[alias.asname or top] = value
                    continue
            else:
                self.project.guard_nnfs()
                if alias.asname:
                    self.ns[alias.asname] = module
                    continue
            self.ns[top] = sys.modules[top]

    def _import_from(self, node: ast.ImportFrom) -> None:
        if node.module == "__future__":
            return
        name = "." * node.level + (node.module or "")
        try:
            package = self.ns.get("__package__") or ""
            module: Any = importlib.import_module(name, package if node.level else None)
        except Exception as error:
            self._import_missing(node, name, error)
            return
        self.project.guard_nnfs()
        if any(alias.name == "*" for alias in node.names):
            self._import_star(module)
            return
        for alias in node.names:
            self._bind(module, alias.name, alias.asname or alias.name)

    def _bind(self, module: Any, name: str, as_name: str) -> None:
        if isinstance(module, UserModule) and module._ns.will_have(name):
            self.ns.pending[as_name] = lambda: getattr(module, name)
            return
        try:
            self.ns[as_name] = getattr(module, name)
            return
        except AttributeError:
            pass
        try:
            self.ns[as_name] = importlib.import_module(f"{module.__name__}.{name}")
            return
        except ImportError as error:
            missing: Exception = error
        if isinstance(module, UserModule):
            self.ns.failed[as_name] = f"{module.__name__} has no {name}" + (
                f" ({module._ns.failed[name]})" if name in module._ns.failed else ""
            )
            return
        self._unavailable(f"{module.__name__}.{name}", missing)
        self.ns[as_name] = stubs.stub(f"{module.__name__}.{name}")

    def _import_star(self, module: Any) -> None:
        space = vars(module)
        pending = module._ns.pending if isinstance(module, UserModule) else {}
        names: Iterable[str] | None = space.get("__all__")
        if names is None:
            names = [n for n in (*space, *pending) if not n.startswith("_")]
        for name in names:
            self._bind(module, name, name)

    def _import_missing(self, node: ast.ImportFrom, name: str, error: Exception) -> None:
        """Supply what the book's functions can, and stand-ins for the rest."""
        wanted = [(a.name, a.asname or a.name) for a in node.names]
        star = wanted == [("*", "*")]
        if star:
            extra = ("np", "GPU") if name.endswith(".np") else ()
            wanted = [(f, f) for f in (*stubs.FISH_FUNCTIONS, *extra) if f in self.used]
        supplied = []
        local = _provided_locally(self.project.roots, name)
        for attribute, as_name in wanted:
            value = None if local else stubs.from_reference(name.lstrip("."), attribute)
            if value is not None:
                self.ns[as_name] = value
                supplied.append(attribute)
            elif not star and not local:
                self.ns[as_name] = stubs.stub(f"{name}.{attribute}")
            elif not star:
                self.ns.failed[as_name] = f"import from {name}: {_say(error)}"
        if supplied:
            what = "the book's functions" if star else ", ".join(supplied)
            self.project.note(f"{name} was not found: {what} taken from gradcheck_reference.fish")
        if not supplied or (len(supplied) < len(wanted) and not star):
            self._unavailable(name, error)

    def _unavailable(self, name: str, error: Exception) -> None:
        if isinstance(error, ModuleNotFoundError):
            self.project.missing(error.name or name)
        else:
            self.project.note(f"import of {name} failed: {_say(error)}")


def _say(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:160]


def _provided_locally(roots: Iterable[Path], name: str) -> bool:
    """Whether a project has a module of that (top) name, although importing it failed."""
    if name.startswith("."):
        return True
    top = name.partition(".")[0]
    if "." in name:
        parts = Path(*name.split("."))
        return any((r / parts).with_suffix(".py").is_file() or (r / parts).is_dir() for r in roots)
    return any((r / f"{top}.py").is_file() or (r / top / "__init__.py").is_file() for r in roots)


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


def read_source(path: Path) -> str:
    """A Python file's text, in the encoding that it declares."""
    data = path.read_bytes()
    return importlib.util.decode_source(data)


def parse_quietly(source: str, filename: str) -> ast.Module:
    """`ast.parse` without the warnings about invalid escapes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, filename)
