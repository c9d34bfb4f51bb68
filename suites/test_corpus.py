"""Other people's conventions: every class of the two corpora gets the verdict a reader would give.

Both were written from the survey of conventions, by two authors, before the code that recognises
them; see ``suites/corpus/*/README.md``.  The command line checks each file as a user would; a few
files run by default, all of them with ``-m "slow or not slow"``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FOLDERS = (HERE / "student", HERE / "corpus" / "first", HERE / "corpus" / "second")
EVERY = 8  # one file in so many runs by default


def files():
    """One parameter for each file of the corpora."""
    for folder in FOLDERS:
        expected = json.loads((folder / "expected.json").read_text())
        for i, name in enumerate(sorted(expected)):
            quick = folder.name == "student" or i % EVERY == 3
            marks = [] if quick else [pytest.mark.slow]
            yield pytest.param(folder, name, id=f"{folder.name}-{name}", marks=marks)


def accepted(status: str, wanted: str) -> bool:
    """Whether a status is the one wanted; `ok` stands for pass or note."""
    if wanted == "skipped":  # what is no class statement (a namedtuple) is not listed at all
        return status in {"skipped", "absent"}
    return status in {"pass", "note"} if wanted == "ok" else status == wanted


def told(subject):
    """What a report says of a subject, but for numbers that differ from machine to machine."""
    verdicts = {
        (v["law"], v["wrt"], v["status"], v["wrong"])
        for v in subject["verdicts"]
        if v["status"] not in {"pass", "skipped"}
    }
    causes = {(v["cause"] or {}).get("id") for v in subject["verdicts"] if v["status"] == "fail"}
    return subject["status"], subject["kind"], verdicts, causes


def assert_example_is_fresh(name, subjects):
    """The committed example report says what a run says now; `make reports` writes it again."""
    path = HERE.parent / "reports" / "examples" / Path(name).stem / "report.json"
    if not path.exists():
        pytest.fail(f"{path.relative_to(HERE.parent)} is missing: make reports")
    committed = {s["name"]: s for s in json.loads(path.read_text())["subjects"]}
    assert committed.keys() == subjects.keys()
    for subject, now in subjects.items():
        assert told(committed[subject]) == told(now), f"{subject}: stale, run make reports"


@pytest.mark.parametrize(("folder", "name"), list(files()))
def test_every_subject_gets_the_right_verdict(folder, name, tmp_path):
    expected = json.loads((folder / "expected.json").read_text())[name]
    done = subprocess.run(
        [sys.executable, "-m", "gradcheck", "check", str(folder / name), "--json", str(tmp_path / "out.json")],
        capture_output=True, text=True, timeout=280, cwd=HERE.parent,
        env={**__import__("os").environ, "PYTHONPATH": f"{HERE.parent}:{HERE.parent / 'reference'}"},
    )  # fmt: skip
    assert done.returncode in {0, 1, 2, 3}, done.stderr
    if not (tmp_path / "out.json").exists():
        assert {e["status"] for e in expected.values()} == {"error"}, done.stderr
        return
    subjects = {s["name"]: s for s in json.loads((tmp_path / "out.json").read_text())["subjects"]}
    if folder.name == "student":
        assert_example_is_fresh(name, subjects)
    wrong = []
    for subject, wanted in expected.items():
        got = subjects.get(subject, {"status": "absent", "reason": "", "verdicts": []})
        if subject == "<file>":
            got = next(iter(subjects.values()))
        if not accepted(got["status"], wanted["status"]):
            said = [
                v["message"]
                for v in got["verdicts"]
                if v["status"] in {"fail", "error", "inconclusive"}
            ]
            wrong.append(
                f"{subject}: {got['status']}, but should be {wanted['status']}: {got['reason']} {said[:2]}"
            )
        failing = {v["law"] for v in got["verdicts"] if v["status"] == "fail"}
        laws = set(wanted.get("law", "").split("|")) - {""}
        if (
            wanted["status"] == "fail"
            and laws
            and got["status"] == "fail"
            and not failing & (laws | EQUIVALENT)
        ):
            wrong.append(f"{subject}: fails {sorted(failing)}, but should fail {sorted(laws)}")
    assert not wrong, "\n".join(wrong)


#: A wrong gradient at a plain point is a sign of any of the more special bugs.
EQUIVALENT = {"gradient", "contract", "inputs_unchanged"}
