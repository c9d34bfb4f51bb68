"""The committed reports cover what is there now; `make reports` writes them again."""

from __future__ import annotations

from pathlib import Path

import pytest

REPORTS = Path(__file__).parents[1] / "reports"


def text(name):
    path = REPORTS / name
    assert path.exists(), f"reports/{name} is missing: make reports"
    return path.read_text(encoding="utf-8")


def test_every_bug_has_its_row():
    from gradcheck_reference import bugs

    report = text("bugs.md")
    missing = [bug.id for bug in bugs.load() if bug.id not in report]
    assert not missing, f"{len(missing)} bugs are not in reports/bugs.md: {missing[:5]}"


def test_every_reference_entry_has_its_row():
    from gradcheck_reference import registry

    report = text("reference.md")
    missing = [e.name for e in registry.entries() if e.name not in report]
    assert not missing, f"{len(missing)} entries are not in reports/reference.md: {missing[:5]}"


@pytest.mark.parametrize("name", ["numerics.md", "diagnosis.md", "training.md"])
def test_the_measured_reports_are_there(name):
    assert "|" in text(name), f"reports/{name} holds no table"
