"""Which folders the imports of a file are looked up in, and what the file is called there."""

from __future__ import annotations

import ast
import sys
import tempfile
from pathlib import Path

from gradcheck.loading.importing import RENAMED, RESERVED
from gradcheck.loading.namespace import UserModule

_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "environment.yml")
_LEVELS = 4


def roots_of(path: Path) -> tuple[Path, ...]:
    """Folders that imports of a file are looked up in: its own and every ancestor's.

    The nearest comes first, but folders that are packages come last and outermost first: there
    ``import layers`` means a module of the project before it means a sibling.  They end at the
    project's root: the nearest folder with a ``.git``, else the outermost one with packaging
    files, else a few levels up; never the home or temporary folder.
    """
    own = path.absolute().parent
    stop = {Path.home(), Path(tempfile.gettempdir()), Path(own.anchor)}
    above = [own]
    for folder in own.parents:
        if folder in stop or above[-1] in stop or (above[-1] / ".git").exists():
            break
        above.append(folder)
    top = len(above) - 1 if (above[-1] / ".git").exists() else 0
    if not top:
        marked = [i for i, f in enumerate(above) if any((f / m).exists() for m in _MARKERS)]
        top = marked[-1] if marked else min(_LEVELS, len(above) - 1)
    chain = len(above[: top + 1])
    while chain < len(above) and _is_package(above[chain - 1]):
        chain += 1
    packages = {f for f in above[:chain] if _is_package(f)}
    roots = [f for f in above[:chain] if f not in packages]
    roots += [f for f in reversed(above[:chain]) if f in packages]
    top_folder = above[chain - 1]
    extra = [f for name in ("src", "lib") if (f := top_folder / name).is_dir() and f not in roots]
    return tuple(roots + extra)


def module_name(path: Path, roots: tuple[Path, ...], tree: ast.Module) -> str:
    """The dotted name under which a file is loaded, so that its relative imports work."""
    base = package_top(path)
    if base == path and _relative_level(tree):
        need = _relative_level(tree)
        base = max((r for r in roots if r in path.parents), key=lambda r: -len(r.parts))
        if len(path.relative_to(base).parts) <= need:
            base = path.parents[min(need, len(path.parents) - 1)]
        name = dotted(path, base)
    else:
        name = dotted(path, base.parent)
    top = name.partition(".")[0]
    taken = sys.modules.get(top)
    if top in RESERVED or (taken is not None and not isinstance(taken, UserModule)):
        name = RENAMED + name
    return name


def _is_package(folder: Path) -> bool:
    return folder.name.isidentifier() and (folder / "__init__.py").exists()


def package_top(path: Path) -> Path:
    """The outermost package folder that holds a file; the file itself when there is none."""
    top = path
    while _is_package(top.parent):
        top = top.parent
    return top


def dotted(path: Path, base: Path) -> str:
    parts = list(path.relative_to(base).with_suffix("").parts)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def _relative_level(tree: ast.Module) -> int:
    levels = [n.level for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    return max(levels, default=0)
