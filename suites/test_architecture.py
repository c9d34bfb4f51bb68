"""Who may import whom: the directions that keep the parts apart."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CHECKER = sorted((ROOT / "gradcheck").rglob("*.py"))
REFERENCE = sorted((ROOT / "reference").rglob("*.py"))
OPTIONAL = {
    "torch",
    "jax",
    "matplotlib",
    "jinja2",
    "joblib",
    "rich",
    "pooch",
    "PIL",
    "nnfs",
    "pytest",
}

#: Package or module -> the parts of gradcheck that it may import when it is loaded.
ALLOWED = {
    "types": set(),
    "numdiff": {"types", "numdiff"},
    "cases": {"types"},
    "evidence": {"types", "numdiff"},
    "laws": {"types", "numdiff", "cases", "evidence", "guard", "resets", "laws"},
    "report": {"types", "report"},
    "guard": set(),
    "resets": set(),
}


def loaded_imports(path: Path):
    """The modules a file imports when it is loaded (not inside functions or TYPE_CHECKING)."""

    def visit(body):
        for node in body:
            if isinstance(node, ast.Import):
                yield from (a.name for a in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module
                yield from (f"{node.module}.{a.name}" for a in node.names)
            elif (
                isinstance(node, (ast.If, ast.Try)) and "TYPE_CHECKING" not in ast.dump(node)
            ) or isinstance(node, ast.ClassDef):
                yield from visit(node.body)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")).body)


def part(path: Path) -> str:
    """The part of gradcheck a file belongs to: its first folder, or its own name."""
    return path.relative_to(ROOT / "gradcheck").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", CHECKER, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_of_the_checker(path):
    names = list(loaded_imports(path))
    tops = {n.split(".")[0] for n in names}
    assert "gradcheck_reference" not in tops, (
        "the reference is loaded by name, when it is asked for"
    )
    assert "suites" not in tops
    assert not tops & OPTIONAL, (
        f"{sorted(tops & OPTIONAL)}: import it in the function that needs it"
    )
    allowed = ALLOWED.get(part(path))
    if allowed is not None:
        used = {n.split(".")[1] for n in names if n.startswith("gradcheck.")}
        known = {part(p) for p in CHECKER}
        assert (used & known) - {"errors"} <= allowed | {part(path)}


@pytest.mark.parametrize("path", REFERENCE, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_reference_owes_nothing_to_the_checker(path):
    tops = {n.split(".")[0] for n in loaded_imports(path)}
    assert not tops & {"gradcheck", "suites"}
    assert not tops & OPTIONAL


def test_help_loads_nothing_heavy():
    heavy = "{'numpy', 'hypothesis', 'tabulate'}"
    code = f"import sys, gradcheck.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


def test_top_level_is_as_promised():
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    tops = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    assert tops <= {"pyproject.toml", "README.md", "reference", "gradcheck", "suites", "reports", "LICENSE",
                    "Makefile", "CHANGELOG.md", ".ci", ".gitignore"}  # fmt: skip


def test_no_machine_path_or_index_address_is_committed():
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    forbidden = ("/" + "work/", "/" + "opt/pypi", "pypi" + ".org", "files.python" + "hosted")
    found = []
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".png", ".gz", ".npz"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name}: {word}" for word in forbidden if word in text]
    assert not found, found
