"""The reference under every law of our own engine: all of it has to pass.

The functional core in every run; the classes of the two skins, as the checker finds them in their
files, with ``-m slow``. A *note* (an input kept by reference, as in the books) is a pass.
"""

from __future__ import annotations

import pytest
from gradcheck_reference import registry

from gradcheck import run
from suites import reference_ops


def entries(skins):
    found = []
    for entry in registry.entries():
        if entry.skin not in skins or (entry.kind == "function" and not entry.backward):
            continue
        found.append(pytest.param(entry, id=f"{entry.skin}-{entry.make[:60]}"))
    return found


def assert_passes(entry):
    subject = reference_ops.checked(entry, run.Options())
    bad = [v.message for v in subject.verdicts if v.status not in ("pass", "note", "skipped")]
    assert subject.status in ("pass", "note"), (subject.reason, bad)
    assert any(v.status in ("pass", "note") for v in subject.verdicts)


@pytest.mark.parametrize("entry", entries({"functional"}))
def test_functions_pass_every_law(entry):
    assert_passes(entry)


@pytest.mark.slow
@pytest.mark.parametrize("entry", entries({"nnfs", "fish"}))
def test_classes_pass_every_law(entry):
    assert_passes(entry)
