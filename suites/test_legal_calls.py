"""Right and wrong code in many spellings: options, sizes, labels and statistics that are legal calls.

Each docstring in ``legal_calls/`` begins with what must come out: ``right`` (pass or note) or
``wrong: LAW``, and a colon before what else it says.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from gradcheck import run, targets

FOLDER = Path(__file__).parent / "legal_calls"


def expected():
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            text = (
                isinstance(node, (ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node)
            ) or ""
            match = re.match(r"(right|wrong: (\w+))(:|$)", text)
            assert match or not text.startswith(("right", "wrong")), f"{path.name}: {text!r}"
            if match:
                yield pytest.param(path, node.name, match[2] or "", id=f"{path.stem}-{node.name}")


@pytest.mark.parametrize(("path", "name", "law"), list(expected()))
def test_spelling(path, name, law):
    loaded = targets.load(targets.parse(str(path))[0])
    laws = ("contract", law) if law else ()
    subject = run.check(loaded, name, run.Options(laws=laws, diagnose=False))
    failed = {v.law: v.message for v in subject.verdicts if v.status == "fail"}
    if law:
        assert law in failed, (subject.status, subject.reason, failed)
    else:
        assert subject.status in {"pass", "note"}, (subject.reason, failed)
