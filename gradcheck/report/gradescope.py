"""Verdicts as the ``results.json`` of the Gradescope autograder: one test per class and law.

Format: "Autograder Specifications" of the Gradescope documentation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.report import junit, links, words
from gradcheck.types import Subject, Verdict, worst


def _test(subject: Subject, law: str, verdicts: Sequence[Verdict], points: float) -> dict[str, Any]:
    status = worst([v.status for v in verdicts])
    shown = [v for v in verdicts if v.status in (*words.OPEN, "note")]
    test: dict[str, Any] = {
        "name": words.printable(f"{links.name_of(subject)}: {law}"),
        "output": words.printable("\n\n".join(junit.body(subject, v) for v in shown)),
        "output_format": "text",
        "tags": [status],
    }
    if status == "inconclusive":
        # Neither right nor wrong was shown, so the machine gives and takes nothing.
        test["output"] = f"Not decidable, so not scored; ask a person.\n\n{test['output']}"
        return test
    passed = status in ("pass", "note")
    test |= {
        "status": "passed" if passed else "failed",
        "score": points if passed else 0.0,
        "max_score": points,
    }
    return test


def results(
    subjects: Sequence[Subject], points: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """The results as a mapping that can be dumped as JSON.

    Parameters
    ----------
    subjects
        What was checked; skipped subjects and laws are left out.
    points
        Points per law name; a law that is not named is worth 1. Inconclusive tests carry no
        score. Gradescope adds the scores up.
    """
    points = points or {}
    tests = []
    for s in subjects:
        laws: dict[str, list[Verdict]] = {}
        for v in s.verdicts or words.open_verdicts(s):
            if v.status != "skipped":
                laws.setdefault(v.law, []).append(v)
        tests += [_test(s, law, found, points.get(law, 1.0)) for law, found in laws.items()]
    return {
        "output": f"gradcheck: {words.summary(subjects)}",
        "execution_time": round(sum(s.seconds for s in subjects), 3),
        "tests": tests,
    }


def render(subjects: Sequence[Subject], points: Mapping[str, float] | None = None) -> str:
    """`results` as strict JSON, ending in a newline."""
    return json.dumps(results(subjects, points), indent=1, allow_nan=False) + "\n"
