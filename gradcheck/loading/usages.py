"""What the rest of a project says about a class: how it is called, and what it may be given.

Files are only parsed.  A class of another file is imported, definitions-only like everything else
of a user's, when an expression needs it.
"""

from __future__ import annotations

import ast
import functools
import importlib
import os
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcheck.loading.roots import dotted, package_top
from gradcheck.loading.source import parse_quietly, read_source

MARKERS = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
SKIPPED = {"node_modules", "site-packages", "venv", "env", "build", "dist", "__pycache__"}
FILES, BYTES, UP = 120, 200_000, 4


def folder_of(namespace: Mapping[str, Any]) -> Path | None:
    """The folder a file's project begins in: with a mark of a project, else above its packages."""
    file = namespace.get("__file__")
    if not isinstance(file, str) or not Path(file).is_file():
        return None
    own = package_top(Path(file)).parent
    own = own if own.is_dir() else Path(file).parent
    for folder in (Path(file).parent, *list(Path(file).parent.parents)[:UP]):
        if folder != Path.home() and any((folder / mark).exists() for mark in MARKERS):
            return folder
    return own


@functools.lru_cache(maxsize=8)
def sources(folder: Path) -> tuple[tuple[Path, str], ...]:
    """The texts of a project's files, nearest to the top first."""
    found: list[tuple[Path, str]] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED and not f.startswith("."))
        for name in sorted(files):
            path = Path(place) / name
            if path.suffix != ".py" or path.stat().st_size > BYTES:
                continue
            try:
                found.append((path, read_source(path)))
            except (OSError, SyntaxError, ValueError):
                continue
            if len(found) >= FILES:
                return tuple(found)
    return tuple(found)


@functools.lru_cache(maxsize=4 * FILES)
def parsed(path: Path, text: str) -> ast.Module | None:
    """The tree of a file, or None where it has none."""
    try:
        return parse_quietly(text, str(path))
    except (SyntaxError, ValueError):
        return None


def trees(
    folder: Path | None, word: str = "", stems: Container[str] | None = None
) -> Iterator[tuple[Path, ast.Module]]:
    """The files of a project that say a word, or of these names; nearest to the top first."""
    for path, text in sources(folder) if folder else ():
        if word in text and (stems is None or path.stem in stems):
            tree = parsed(path, text)
            if tree is not None:
                yield path, tree


def calls_elsewhere(name: str, namespace: Mapping[str, Any]) -> Iterator[str]:
    """Calls of a class in the other files of its project, names of constants written out."""
    folder = folder_of(namespace)
    for path, tree in trees(folder, name):
        if str(path) == namespace.get("__file__"):
            continue
        constants: dict[str, list[tuple[int, ast.expr]]] | None = None
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or called(node) != name:
                continue
            if any(isinstance(a, ast.Starred) for a in node.args) or not all(
                k.arg for k in node.keywords
            ):
                continue
            constants = assigned(tree) if constants is None else constants
            yield written_out(node, name, constants)


def called(node: ast.Call) -> str:
    """``Dense`` of ``Dense(...)`` and of ``layers.Dense(...)``."""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


def assigned(tree: ast.Module) -> dict[str, list[tuple[int, ast.expr]]]:
    """The simple assignments of a file: ``{name: [(line, value)]}``."""
    found: dict[str, list[tuple[int, ast.expr]]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        target, value = node.targets[0], node.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts, strict=False))
        for one, what in pairs:
            if isinstance(one, ast.Name):
                found.setdefault(one.id, []).append((node.lineno, what))
    return found


def written_out(
    call: ast.Call, name: str, constants: Mapping[str, list[tuple[int, ast.expr]]]
) -> str:
    """The text of a call, names replaced by what was last assigned to them above it."""

    class Replace(ast.NodeTransformer):
        depth = 0

        def visit_Name(self, node: ast.Name) -> ast.expr:
            above = [v for line, v in constants.get(node.id, ()) if line < call.lineno]
            if not above or self.depth > 3:
                return node
            self.depth += 1
            value = self.visit(ast.parse(ast.unparse(above[-1]), mode="eval").body)
            self.depth -= 1
            return value  # type: ignore[no-any-return]

        def visit_Call(self, node: ast.Call) -> ast.expr:
            node.args = [self.visit(a) for a in node.args]
            node.keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
            if isinstance(node.func, ast.Attribute) and called(node)[:1].isupper():
                node.func = ast.Name(called(node), ast.Load())  # layers.Relu() is Relu()
            return node

    copy = ast.parse(ast.unparse(call), mode="eval").body
    assert isinstance(copy, ast.Call)
    copy.func = ast.Name(name, ast.Load())
    return ast.unparse(folded(Replace().visit(copy)))


def folded(node: ast.expr) -> ast.expr:
    """Arithmetic of whole numbers worked out."""

    class Fold(ast.NodeTransformer):
        def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
            self.generic_visit(node)
            sides = [getattr(n, "value", None) for n in (node.left, node.right)]
            if not all(type(s) in (int, float) and abs(s) < 1e6 for s in sides):  # type: ignore[arg-type]
                return node
            if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv)):
                try:
                    value = eval(
                        compile(ast.fix_missing_locations(ast.Expression(node)), "", "eval")
                    )
                except ZeroDivisionError:
                    return node
                return ast.Constant(value)
            return node

    return Fold().visit(node)  # type: ignore[no-any-return]


def definition_elsewhere(name: str, namespace: Mapping[str, Any]) -> Any:
    """A class or function of another file of the project, or None."""
    folder = folder_of(namespace)
    for path, tree in trees(folder, name):
        kinds = (ast.ClassDef, ast.FunctionDef)
        if not any(isinstance(n, kinds) and n.name == name for n in tree.body):
            continue
        try:
            module = importlib.import_module(dotted(path, package_top(path).parent))
            return getattr(module, name)
        except Exception:  # a file that cannot be loaded: another may define the name
            continue
    return None


def class_names(namespace: Mapping[str, Any]) -> Iterator[str]:
    """The names of the classes that a file knows, then of those in the other files of its project."""
    yield from (n for n, v in list(namespace.items()) if isinstance(v, type))
    folder = folder_of(namespace)
    for _, tree in trees(folder):
        yield from (n.name for n in tree.body if isinstance(n, ast.ClassDef))


def classes_with(
    methods: Sequence[str], namespace: Mapping[str, Any], fits: Any = None
) -> Iterator[str]:
    """Names of classes that have these methods and are made without arguments, own file first."""
    seen = set()
    for name, value in list(namespace.items()):
        if isinstance(value, type) and all(callable(getattr(value, m, None)) for m in methods):
            seen.add(name)
            if fits is None or fits(name):
                yield name
    folder = folder_of(namespace)
    for _, tree in trees(folder):
        for node in tree.body:
            if not isinstance(node, ast.ClassDef) or node.name in seen:
                continue
            own = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
            if set(methods) <= set(own) and (fits is None or fits(node.name)):
                seen.add(node.name)
                yield node.name
