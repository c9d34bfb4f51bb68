"""Every law over every class of the reference, and over a user's file with ``--target FILE``.

`laws_table.json` says which law applies to what and with which answer; a cell that changes without
the table being changed fails. ``python suites/test_laws.py`` writes it anew.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parent), str(HERE.parent / "reference")]

from gradcheck_reference import registry  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from gradcheck import cases, run, targets  # noqa: E402
from gradcheck.laws import LAWS, family, group  # noqa: E402
from gradcheck.types import Case, worst  # noqa: E402
from suites import deep, reference_ops  # noqa: E402

TABLE = HERE / "laws_table.json"
#: Statuses that right code may have.
RIGHT = {"pass", "note", "skipped"}


#: What is wrong at present: an entry that passes again must be taken off this list.
KNOWN: dict[str, str] = {}


def named(entry) -> str:
    return f"{entry.skin} {entry.make}"


def checkable(entry) -> bool:
    return entry.kind != "function" or bool(entry.backward)


def cells(subject) -> dict[str, str]:
    """Law -> the worst status of its verdicts."""
    by_law: dict[str, list] = {}
    for v in subject.verdicts:
        by_law.setdefault(v.law, []).append(v.status)
    return {law: worst(by_law[law]) for law in LAWS if law in by_law}


def entries():
    for i, entry in enumerate(e for e in registry.entries() if checkable(e)):
        quick = entry.skin != "functional" and i % 2 == 0
        marks = [] if quick else [pytest.mark.slow]
        if named(entry) in KNOWN:
            marks.append(pytest.mark.xfail(strict=True, reason=KNOWN[named(entry)]))
        yield pytest.param(entry, id=named(entry)[:70], marks=marks)


@pytest.mark.parametrize("entry", list(entries()))
def test_cells_of_the_reference_are_as_committed(entry, checked_subject):
    subject = checked_subject(reference_ops.checked(entry, run.Options()))
    assert subject.status in {"pass", "note"}, (
        subject.reason,
        [v.message for v in subject.verdicts if v.status not in RIGHT],
    )
    assert cells(subject) == json.loads(TABLE.read_text())[named(entry)]


def test_the_table_has_a_row_for_every_entry():
    assert set(json.loads(TABLE.read_text())) == {
        named(e) for e in registry.entries() if checkable(e)
    }


def test_every_law_passes_somewhere_in_the_table():
    rows = json.loads(TABLE.read_text()).values()
    seen = {law for row in rows for law, status in row.items() if status in {"pass", "note"}}
    by_hand = {
        "numerical_gradient",
        "model_roundtrip",
    }  # tried in the student files and the corpora
    assert set(LAWS) - seen <= by_hand, set(LAWS) - seen


def test_every_law_has_a_first_line():
    for name, law in LAWS.items():
        assert law.__name__ == name
        assert (law.__doc__ or "").splitlines()[0].endswith("."), name


PAIRS = [e for e in registry.entries("functional") if e.backward and e.kind != "optimizer"]


@given(st.data())
def test_random_cases_of_the_functional_core_pass(data):
    """Any law on any case of any pair of functions: right code never fails."""
    entry = data.draw(st.sampled_from(PAIRS), label="entry")
    op = reference_ops.op_of(entry)
    names = [n for n in LAWS if group(op) in family(n)]
    name = data.draw(st.sampled_from(names), label="law")
    case = data.draw(cases.strategy(op), label="case")
    found = run.run_law(name, LAWS[name], op, case)
    bad = [v for v in found if v.status not in RIGHT]
    assert not bad, [(v.status, v.message) for v in bad]


def test_kinks_that_cancel_along_a_direction_are_no_fail():
    """The slope of relu6 jumps up at 0 and down at 6; moved together the two can look smooth."""
    entry = next(e for e in registry.entries() if e.make == "relu6_forward")
    (op,) = deep.ops_of(entry)
    case = Case.parse("seed=62,N=2,D=5,H=8,T=3,dtype=float32")
    found = run.run_law("kinks", LAWS["kinks"], op, case)
    assert [v.message for v in found if v.status not in RIGHT] == []


SCALE = """
class Scale:
    def __init__(self):
        self.w = np.array([0.7, -1.3, 0.9])

    def forward(self, x):
        self.x = np.array({kept})
        return {out}

    def backward(self, dout):
        d = {upstream}
        self.dw = (d * self.x).sum(axis=0)
        return d * self.w
"""
WHOLE = {"kept": "x", "out": "self.x * self.w", "upstream": "dout"}
ROUNDED = [
    ({"kept": "x, dtype=np.float32"}, "forward rounds x to float32"),
    ({"upstream": "dout.astype(np.float32)"}, "backward rounds its upstream gradient to float32"),
    ({}, ""),
    ({"out": "np.round(self.x) * self.w"}, ""),
    ({"kept": "x, dtype=np.float32", "out": "np.float32(self.x * self.w)"}, "is float32 although"),
]


@pytest.mark.parametrize(("changed", "words"), ROUNDED)
def test_digits_that_float32_loses_inside_are_a_note(tmp_path, changed, words):
    """Only what float64 would keep and float32 does not; a step function keeps no digits anyway."""
    path = tmp_path / "mine.py"
    path.write_text("import numpy as np\n" + SCALE.format(**{**WHOLE, **changed}), encoding="utf-8")
    loaded = targets.load(targets.parse(str(path))[0])
    subject = run.check(loaded, "Scale", run.Options(laws=("dtype",), diagnose=False))
    notes = [v.message for v in subject.verdicts if v.status in {"note", "fail"}]
    assert len(notes) == bool(words) and all(words in note for note in notes), notes


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
def test_a_run_of_random_cases_goes_on_where_the_last_one_stopped():
    entry = next(e for e in registry.entries() if e.make == "Activation_ReLU()")
    some = [c for c in deep.cells_of(entry, 40) if c.law in {"contract", "zero_cotangent"}]
    runs, ends = [], []

    def stop(found, number):
        ends.append(number)
        runs.append(deep.summary(found, number - 1, number))

    deep.rounds([replace(c, wanted=20) for c in some], 600.0, after=stop)
    deep.rounds(some, 600.0, after=stop, first=1)
    assert ends == [1, 2]
    assert not [bad for run in runs for bad in run["bad"]]
    text = deep.report(runs, 40)
    assert f"{len(some) * 40:,} cases." in text
    assert len(re.findall(r"^\| (?:contract|zero_cotangent) .* 40 to 40 ", text, re.M)) == 4
    assert "(contract" not in text  # every run asked both laws
    left = deep.without(runs, ("contract",))
    assert [deep.laws_of(run) for run in left] == [["zero_cotangent"]] * 2
    anew = deep.report([*left, *deep.without(runs, ("zero_cotangent",))], 40)
    assert f"{len(some) * 40:,} cases." in anew
    assert anew.count(" (contract)\n") == 2 == anew.count(" (zero_cotangent)\n")
    assert deep.without(runs, ("contract", "zero_cotangent")) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, id=named(e)[:70]) for e in registry.entries() if checkable(e)],
)
def test_random_cases_of_every_law(entry):
    """As many as the profile has examples, in both dtypes; what fails is shrunk."""
    examples = settings().max_examples
    for cell in deep.cells_of(entry, examples):
        assert deep.try_cell(cell, cell.wanted, shrink=True).cases


def pytest_generate_tests(metafunc):
    """The subjects of the user's file times the laws, as ids like ``Dense-gradient``."""
    if "target_subject" not in metafunc.fixturenames:
        return
    path = metafunc.config.getoption("--target")
    if not path:
        metafunc.parametrize(("target_subject", "law"), [])
        return
    loaded = targets.load(targets.parse(str(path))[0])
    found = [p.name for p in run.plan(loaded) if not p.reason]
    pairs = [(name, law) for name in found for law in LAWS]
    metafunc.parametrize(("target_subject", "law"), pairs, ids=[f"{n}-{law}" for n, law in pairs])


CHECKED: dict = {}


def test_law_on_target(target_subject, law, request, checked_subject):
    path = request.config.getoption("--target")
    if target_subject not in CHECKED:
        loaded = targets.load(targets.parse(str(path))[0])
        CHECKED[target_subject] = checked_subject(run.check(loaded, target_subject, run.Options()))
    subject = CHECKED[target_subject]
    if subject.status == "error":
        pytest.fail(subject.reason, pytrace=False)
    mine = [v for v in subject.verdicts if v.law == law]
    if not mine or all(v.status == "skipped" for v in mine):
        pytest.skip(mine[0].message if mine else "does not apply")
    bad = [v for v in mine if v.status not in RIGHT]
    if bad:
        pytest.fail("\n".join(v.message for v in bad), pytrace=False)


def table() -> dict[str, dict[str, str]]:
    """Every cell, computed."""
    found = {}
    for entry in registry.entries():
        if checkable(entry):
            subject = reference_ops.checked(entry, run.Options())
            found[named(entry)] = cells(subject)
            print(subject.status, named(entry), subject.reason, file=sys.stderr)
            for v in subject.verdicts:
                if v.status not in RIGHT:
                    print("    ", v.status, v.message, file=sys.stderr)
    return found


if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), indent=1) + "\n")
