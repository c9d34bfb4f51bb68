"""The committed reports say what a run says now; `make reports` writes them again.

What takes minutes is sampled: some rows are made again and compared cell by cell, all of them with
``-m slow``. Timings, and figures that depend on the machine's rounding, are not compared.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from gradcheck_reference import bugs, registry

from gradcheck.training import networks, presets, run
from suites import deep, reference_report

REPORTS = Path(__file__).parents[1] / "reports"
MISSED = json.loads((Path(__file__).parent / "bugs_missed.json").read_text())
#: One entry of the reference in so many is checked again by default.
SHARE = 16


def text(name):
    path = REPORTS / name
    assert path.exists(), f"reports/{name} is missing: make reports"
    return path.read_text(encoding="utf-8")


def cells(name, under=""):
    """The rows of a report's tables below a heading, as lists of cells."""
    _, _, part = text(name).partition(under) if under else ("", "", text(name))
    assert part, f"reports/{name} has no {under!r}: make reports"
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.partition("\n## ")[0].splitlines()
        if line.startswith("|") and not line.startswith("|-")
    ]


def test_every_bug_has_its_row_and_no_other():
    rows = {row[0] for row in cells("bugs.md", "## Kill matrix")}
    now = {bug.id for bug in bugs.load()}
    assert rows >= now, f"not in reports/bugs.md: {sorted(now - rows)[:5]}"


def test_the_catalogue_report_misses_what_the_suite_expects_to_be_missed():
    heading = "## Not as they should be"  # left out where every bug is caught
    found = cells("bugs.md", heading)[1:] if heading in text("bugs.md") else []
    rows = {row[0] for row in found}
    assert rows == set(MISSED), "reports/bugs.md or suites/bugs_missed.json is old"


def reference_rows():
    return {(row[0], row[1].strip("`")): row for row in cells("reference.md")[1:]}


def test_every_reference_entry_has_its_row_and_no_other():
    assert set(reference_rows()) == {(e.skin, e.make) for e in registry.entries()}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(e, id=f"{e.skin}-{e.make[:60]}", marks=[pytest.mark.slow] if i % SHARE else [])
        for i, e in enumerate(registry.entries())
    ],
)
def test_a_reference_row_is_what_a_run_gives(entry):
    status, laws, _ = reference_report.engine(entry)
    row = reference_rows()[entry.skin, entry.make]
    assert row[2:5] == [entry.source, status, laws]


def preset_rows():
    return {row[0]: row for row in cells("training.md", "## The books' runs")[1:]}


def test_the_presets_are_those_of_the_training_report():
    assert set(preset_rows()) == set(presets.PRESETS)
    for name, preset in presets.PRESETS.items():
        row = preset_rows()[name]
        sign = "<=" if preset.metric == "loss" else ">="
        asked = "" if preset.target is None else f"{sign} {preset.target:g}"
        reached = preset.reaches(float(row[3]), seeds=len(presets.SEEDS))
        said = {None: "reported", True: "yes", False: "NO"}[reached]
        assert [row[1], row[2], row[5]] == [preset.source, asked, said]


def test_a_preset_lies_between_the_seeds_of_the_training_report():
    """One seed of the shortest preset, to the four digits that the report gives."""
    setup = presets.PRESETS["spiral-momentum"].setup
    data = run.load_data(setup, 0)
    network = networks.build(setup, run.sizes_of(data), 0, None)
    network.train(data)
    accuracy = network.evaluate(data.X_test, data.y_test)[1]
    low, high = (float(v) for v in preset_rows()["spiral-momentum"][4].split(" to "))
    assert low <= round(accuracy, 4) <= high


def test_the_engine_report_covers_every_function():
    from suites.benchmarks import numerics

    count = len(numerics.chosen("all"))
    assert f"Functions: {count} (all)" in text("numerics.md")
    table = cells("numerics.md", "## Right gradients")
    fails = {row[0]: row[3] for row in table[1:]}
    assert fails == {"float64": "0", "float32": "0"}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_localisation_row_is_what_a_run_gives(dtype, count):
    """256 inputs, all twenty trials of a row; the calls of a few trials may differ by rounding."""
    from suites.benchmarks import numerics

    table = cells("numerics.md", "## Localisation")
    (row,) = [row for row in table if row[:3] == [dtype, "256", str(count)]]
    trials = [
        numerics.localise_once(256, count, np.dtype(dtype), 1000 * count + t) for t in range(20)
    ]
    exact = sum(found == bad for found, bad, _, _ in trials)
    blamed = sum(len(found - bad) for found, bad, _, _ in trials)
    unresolved = sum(open_ for *_, open_ in trials)
    assert row[3:6] == [f"{exact} of 20", str(blamed), str(unresolved)]
    assert np.mean([calls for *_, calls, _ in trials]) == pytest.approx(float(row[6]), rel=0.03)


@pytest.mark.parametrize(
    ("dtype", "kind", "error"),
    [
        ("float64", "entry", 1e-4),
        pytest.param("float64", "dense", 1e-4, marks=pytest.mark.slow),
        pytest.param("float32", "entry", 1e-1, marks=pytest.mark.slow),
    ],
)
def test_a_detection_row_is_what_a_run_gives(dtype, kind, error):
    """The thousand planted errors of a row; rounding may move a few in a thousand."""
    from suites.benchmarks import numerics

    table = cells("numerics.md", "## Planted errors")
    (row,) = [row for row in table if row[:3] == [dtype, kind, f"{error:g}"]]
    found = numerics.run_planted(
        numerics.chosen("all"), np.dtype(dtype).type, kind, error, 1000, seed=3
    )
    assert row[6] == str(found.finer)
    assert float(row[3].split("%")[0]) == pytest.approx(found.states["fail"] / 10, abs=0.3)


def test_the_diagnosis_report_covers_all_sets():
    head, run_of = cells("diagnosis.md")[:2]
    assert head[1:6] == ["tune", "opened", "fresh", "seen", "held"] and run_of[0] == "bugs run"
    counts = [int(cell) for cell in run_of[1:6]]
    assert sum(counts[:2]) <= len(bugs.load()), "reports/diagnosis.md counts bugs that are gone"
    assert min(counts) >= 75, "a set too small to say anything"


#: One bug of the tune half in so many is diagnosed again.
BUGS_SHARE = 40


@pytest.mark.parametrize("bug", [b.id for b in bugs.load() if bugs.half(b) == "tune"][::BUGS_SHARE])
def test_an_outcome_of_the_diagnosis_report_is_what_a_run_gives(bug):
    from suites.benchmarks import diagnosis

    told = {row[0]: row[4] for row in cells("diagnosis.md", "## tune: what was not first")[1:]}
    assert told.get(bug, "first") == diagnosis.measured(("tune", bug)).outcome


@pytest.mark.parametrize("books", [False, True], ids=["all", "books"])
def test_the_random_cases_cover_every_law_of_layers_and_optimizers(books):
    from gradcheck.laws import LAWS

    name = "deep_books" if books else "deep"
    table = cells(f"{name}.md")[1:]
    elsewhere = {"numerical_gradient", "model_gradient", "model_moves", "model_roundtrip"}
    assert (set(deep.BOOKS_LAWS) if books else set(LAWS) - elsewhere) <= {row[0] for row in table}
    runs = json.loads(text(f"{name}.json"))
    bad = [one for run in runs for one in run["bad"]]
    assert sum(int(row[5]) + int(row[6]) for row in table) == len(bad)
    assert [one for one in bad if deep.status_now(one) in {"fail", "error"}] == []
    goal, what = (deep.BOOKS_CASES, deep.WHAT_BOOKS) if books else (deep.CASES, deep.WHAT_ALL)
    assert text(f"{name}.md") == deep.report(runs, goal, what)


def test_the_readme_shows_what_the_example_report_shows():
    readme = (REPORTS.parent / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- demo -->")[2].partition("<!-- /demo -->")[0].splitlines()
    report = text("examples/nnfs_style/report.txt").splitlines()
    timed = re.compile(r" · [\d.]+ s$")
    body = [line for line in shown if line and not line.startswith(("```", "(Three of"))]
    body = [line for line in body if not timed.search(line)]
    assert len(body) > 40
    assert [line for line in body if line not in report] == []
