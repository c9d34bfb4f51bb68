"""From the text a user types to loaded code: files, folders, notebooks and modules.

Only definitions run (`loading.definitions`); what the file imports from its own project is loaded
the same way (`loading.importing`); modules that are not installed get stand-ins (`loading.stubs`).
"""

from __future__ import annotations

import ast
import difflib
import importlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck.loading import notebooks, stubs
from gradcheck.loading.importing import NNFS_NOTE, Project
from gradcheck.loading.namespace import UserModule
from gradcheck.loading.roots import dotted, module_name, package_top, roots_of
from gradcheck.loading.source import installed, parse_quietly, read_source
from gradcheck.loading.typed import Target, TargetError, locate_module, parse

__all__ = [
    "Loaded",
    "Target",
    "TargetError",
    "class_names",
    "defined_names",
    "load",
    "locate_module",
    "parse",
    "parse_file",
]


@dataclass(frozen=True, eq=False)
class Loaded:
    """A loaded file: its namespace, its text, and what was done to load it.

    Attributes
    ----------
    namespace
        The module's globals.  Names whose value would have needed work at import are computed
        when they are first looked up.
    failed
        Classes, functions and imported names that could not be defined, with the reason.
    notes
        What the reader of a report must know: stand-ins, `nnfs.init()`, removed names.
    """

    target: Target
    path: Path
    module_name: str
    namespace: Mapping[str, Any]
    source: str
    tree: ast.Module
    notes: tuple[str, ...] = ()
    roots: tuple[Path, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    project: Project | None = None

    def close(self) -> None:
        """Undo what loading did to the process (import path, modules, `nnfs.init`)."""
        if self.project is not None:
            self.project.close()


def load(target: Target) -> Loaded:
    """Load a target definitions-only.

    Raises
    ------
    TargetError
        The file cannot be read or parsed, or does not define the name that was asked for.
    """
    if target.path is None:
        raise TargetError(f"{target}: no file is known for this target")
    path = target.path.absolute()
    source, tree, notes = _read(target, path)
    if _installed_path(path):
        return _import(target, path, source, tree)
    roots = roots_of(path)
    project = Project(roots)
    try:
        module = _execute(project, path, source, tree)
        for text in (*notes, *_observations(tree)):
            project.note(text)
        loaded = Loaded(
            target=target,
            path=path,
            module_name=module.__name__,
            namespace=module.__dict__,
            source=source,
            tree=tree,
            notes=project.notes,
            roots=project.roots,
            failed=module.__dict__.failed,
            project=project,
        )
        return _with_name(loaded)
    except BaseException:
        project.close()
        raise


def parse_file(path: Path, text: str | None = None) -> tuple[str, ast.Module, tuple[str, ...]]:
    """Source, tree and notes of a file or notebook, without running anything.

    Raises
    ------
    TargetError
        The file cannot be read, or does not parse (with file, line and the text of the line).
    """
    text = text or str(path)
    notes: tuple[str, ...] = ()
    try:
        if path.suffix == ".ipynb":
            source, notes = notebooks.read(path)
        else:
            source = read_source(path)
        tree = parse_quietly(source, str(path))
    except SyntaxError as error:
        line = (error.text or "").strip()
        shown = f": {line[:60]}" if line else ""
        raise TargetError(
            f"{text}:{error.lineno or 1}: syntax error, {error.msg}{shown}"
        ) from error
    except OSError as error:
        raise TargetError(f"{text}: cannot be read: {error.strerror or error}") from error
    except (ValueError, LookupError) as error:
        raise TargetError(f"{text}: cannot be read as Python: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise TargetError(f"{text}: too deeply nested to parse") from error
    return source, tree, notes


def _read(target: Target, path: Path) -> tuple[str, ast.Module, tuple[str, ...]]:
    return parse_file(path, target.text)


def _execute(project: Project, path: Path, source: str, tree: ast.Module) -> UserModule:
    name = module_name(path, project.roots, tree)
    parent, _, tail = name.rpartition(".")
    if parent:
        try:
            importlib.import_module(parent)
        except Exception as error:
            project.note(f"import of {parent} failed: {type(error).__name__}: {error}")
    module = project.module(name, path)
    if module.__dict__.state == "new":
        is_package = path.name == "__init__.py"
        module.__file__ = str(path)
        module.__package__ = name if is_package else parent
        if is_package:
            module.__path__ = [str(path.parent)]
        sys.modules[name] = module
        if parent in sys.modules:
            setattr(sys.modules[parent], tail, module)
        if path.suffix == ".ipynb":
            _remember_source(path, source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            project.execute(module, source, tree, str(path))
    return module


def _remember_source(path: Path, source: str) -> None:
    """Let `inspect.getsource` see a notebook's code instead of its JSON."""
    import linecache

    linecache.cache[str(path)] = (len(source), None, source.splitlines(keepends=True), str(path))


def _installed_path(path: Path) -> bool:
    return installed(path) or "gradcheck_reference" in path.parts


def _import(target: Target, path: Path, source: str, tree: ast.Module) -> Loaded:
    """Load an installed module in the ordinary way."""
    name = target.module or dotted(path, package_top(path).parent)
    top = str(path.parents[len(name.split(".")) - (path.name != "__init__.py")])
    added = top not in sys.path
    if added:
        sys.path.insert(0, top)
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise TargetError(
            f"{target.text}: importing {name} failed: {type(error).__name__}: {error}"
        ) from error
    finally:
        if added and top in sys.path:
            sys.path.remove(top)
    return _with_name(Loaded(target, path, name, vars(module), source, tree))


def _with_name(loaded: Loaded) -> Loaded:
    """Check that the name asked for is there; follow it to the file that defines it."""
    name = loaded.target.name
    if name is None:
        return loaded
    if name in loaded.failed:
        raise TargetError(f"{loaded.target}: could not be defined: {loaded.failed[name]}")
    defined = defined_names(loaded.tree)
    try:
        value = loaded.namespace[name]
    except KeyError:
        if name.partition(".")[0] in class_names(loaded.tree):
            return loaded  # Activations.relu: a pair of methods
        if any(f.startswith(f"{name}_") or f.endswith(f"_{name}") for f in defined):
            return loaded  # the stem of f_forward and f_backward
        raise no_such_name(loaded) from None
    except Exception as error:
        raise TargetError(
            f"{loaded.target}: computing it failed: {type(error).__name__}: {error}"
        ) from error
    home = sys.modules.get(getattr(value, "__module__", None) or "")
    file = getattr(home, "__file__", None)
    if name in defined or not file or not file.endswith(".py") or file == str(loaded.path):
        return loaded
    source, tree, _ = parse_file(Path(file))
    return Loaded(
        loaded.target,
        Path(file),
        str(getattr(home, "__name__", loaded.module_name)),
        loaded.namespace,
        source,
        tree,
        loaded.notes,
        loaded.roots,
        loaded.failed,
        loaded.project,
    )


def no_such_name(loaded: Loaded) -> TargetError:
    """The error for a name that a file does not define, with the nearest that it does."""
    name = loaded.target.name or ""
    public = [n for n in loaded.namespace if not n.startswith("_")]  # of an __init__.py, say
    near = _near_names(name, defined_names(loaded.tree) or public)
    return TargetError(f"{loaded.target.text}: no class or function {name}{near}")


def defined_names(tree: ast.Module) -> list[str]:
    """Classes and functions that a file defines at top level (in ``if`` and ``try`` too)."""
    found: list[str] = []
    todo: list[ast.stmt] = list(tree.body)
    while todo:
        node = todo.pop(0)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            if node.name not in found:
                found.append(node.name)
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for part in ("body", "orelse", "finalbody"):
                todo += getattr(node, part, [])
            for handler in getattr(node, "handlers", ()):
                todo += handler.body
    return found


def class_names(tree: ast.Module) -> list[str]:
    """Those of `defined_names` that are classes."""
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    return [name for name in defined_names(tree) if name in classes]


def _near_names(name: str, names: list[str]) -> str:
    lower = {n.lower(): n for n in names}
    near = [name.lower()] if name.lower() in lower else []
    near = near or difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.4)
    near = near or [n for n in lower if name.lower() in n][:3]
    if near:
        return f"; did you mean {' or '.join(lower[n] for n in near)}?"
    if not names:
        return "; the file defines none"
    more = ", ..." if len(names) > 8 else ""
    return f"; it defines {', '.join(names[:8])}{more}"


def _observations(tree: ast.Module) -> Iterator[str]:
    """What has to be said about a file's top level, from its text alone."""
    for node in tree.body:
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "nnfs.init":
                yield NNFS_NOTE
    for name, line in stubs.removed_names_used(tree):
        yield f"np.{name} (line {line}) no longer exists in NumPy: read as it was while checking"
