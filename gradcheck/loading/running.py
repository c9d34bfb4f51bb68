"""Run the statements of a user's module one by one, imports first of all.

A statement that fails costs the names it would have bound, and the rest of the file goes on.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck.loading import definitions, older_numpy, stubs
from gradcheck.loading.namespace import Namespace, UserModule

if TYPE_CHECKING:
    from gradcheck.loading.importing import Project


class Runner:
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
                ast.Module([older_numpy.as_before(node)], []),
                self.filename,
                "exec",
                self.flags,
                dont_inherit=True,
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
        self.ns.update(older_numpy.HELPERS)
        module = ast.Module([older_numpy.as_before(node)], [])
        code = compile(module, self.filename, "exec", self.flags, dont_inherit=True)
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
                self.project.add_root(folder)

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
            self.ns.pending[as_name] = lambda: _attribute(module, name)
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
            wanted = [(f, f) for f in stubs.of_the_book(name.lstrip("."), self.used)]
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


def _attribute(module: Any, name: str) -> Any:
    """What ``from package import name`` gives: an attribute, else a module of the package."""
    try:
        return getattr(module, name)
    except AttributeError:
        try:
            return importlib.import_module(f"{module.__name__}.{name}")
        except ModuleNotFoundError:
            pass
        raise


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
