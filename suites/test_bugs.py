"""The bug catalogue: each bug is caught by a law it names, each right twin passes.

By default one bug in eight is tried with the laws that must catch it, on both sides; all of them with
every law is ``pytest -m slow`` and `reports/bugs.md`.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import pytest
from gradcheck_reference import bugs

from gradcheck import catalogue, run

EVERY = bugs.load()
#: One bug in so many runs by default.
SHARE = 8
#: What was wrong when the catalogue was last run as a whole; `gradcheck bugs` tells what is now.
MISSED = json.loads((Path(__file__).parent / "bugs_missed.json").read_text())


def laws_for(bug) -> tuple[str, ...]:
    return tuple(dict.fromkeys(("contract", bug.law, *bug.also)))


@functools.cache
def twin(right: str, target: str, laws: tuple[str, ...]):
    source = bugs.types.source_of(right)
    return catalogue.checked(source, right, target, run.Options(laws=laws, diagnose=False))


def params():
    for i, bug in enumerate(EVERY):
        marks = [] if i % SHARE == 0 else [pytest.mark.slow]
        if bug.id in MISSED:
            marks.append(pytest.mark.xfail(strict=True, reason=MISSED[bug.id]))
        yield pytest.param(bug, id=bug.id, marks=marks)


@pytest.mark.parametrize("bug", list(params()))
def test_bug_is_caught_and_its_right_twin_passes(bug):
    laws = laws_for(bug)
    subject = catalogue.checked(
        bug.source(), bug.right, bug.target, run.Options(laws=laws, diagnose=False)
    )
    hits = [v for v in subject.verdicts if v.status == bug.status and v.law in (bug.law, *bug.also)]
    assert hits, (subject.status, subject.reason, [(v.law, v.status) for v in subject.verdicts])
    right = twin(bug.right, bug.target, laws)
    bad = [v.message for v in right.verdicts if v.status not in {"pass", "note", "skipped"}]
    assert not bad
    assert right.status in {"pass", "note"}, (right.status, right.reason)


def test_every_bug_names_a_law_that_exists():
    known = set(run.laws())
    unknown = {bug.id: bug.law for bug in EVERY if not {bug.law, *bug.also} <= known}
    assert not unknown


def test_every_law_is_named_by_a_bug():
    named = {bug.law for bug in EVERY} | {law for bug in EVERY for law in bug.also}
    assert set(run.laws()) <= named, set(run.laws()) - named


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_catalogue_under_every_law():
    found = list(catalogue.rows(catalogue.tasks_for(options=run.Options(diagnose=False)), jobs=2))
    wrong = {r.id for r in found if not r.ok or r.right not in {"pass", "note"}}
    assert wrong <= set(MISSED)
