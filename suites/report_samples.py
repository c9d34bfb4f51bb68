"""Synthetic subjects that hold everything a report has to survive."""

from __future__ import annotations

import math

import numpy as np

from gradcheck import evidence
from gradcheck.types import Case, Cause, Entry, Subject, Verdict

HOSTILE = "<script>alert('x')</script>"
ODD_TEXT = (
    "a | b, `c`, *d*, _e_, &amp; <b>f</b>\nsecond line \x00\x1b[31m ]]> \ud800 100% {{ 7*7 }}"
)


def passing(name: str = "Layer_Dense", target: str = "my_layers.py") -> Subject:
    verdicts = (
        Verdict("contract", "pass"),
        Verdict("gradient", "pass", wrt="inputs", resolution=3.1e-10, size=15),
        Verdict("gradient", "pass", wrt="weights", resolution=8.4e-10, size=20),
        Verdict("repeatable", "pass"),
        Verdict("label_formats", "skipped", message="takes no labels"),
    )
    return Subject(
        f"{target}::{name}", name, "layer", "nnfs", "pass", built=f"{name}(5, 4)", line=12,
        verdicts=verdicts, seconds=0.25, forward_calls=61,
    )  # fmt: skip


def failing(name: str = "Loss_BCE", target: str = "my_layers.py") -> Subject:
    cause = Cause(
        "label-dtype-wrap",
        "-y_true is computed in uint8, so -1 became 255.",
        "With the same labels as int64 the gradient agrees to 2e-10.",
        "subtract instead of negating: -(y_true / p - (1 - y_true) / (1 - p))",
        212,
        "self.dinputs = (-y_true / p + (1 - y_true) / (1 - p)) / outputs",
    )
    wrong = Verdict(
        "label_formats", "fail", wrt="inputs",
        message="dinputs[0, 0] = 510, but should be -2 (± 4e-10)\nfor labels of dtype uint8",
        wrong=3, size=3, index=(0, 0), claimed=510.0, measured=-2.0, bound=4e-10,
        entries=(Entry((0, 0), 510.0, -2.0, 4e-10), Entry((2, 0), 510.0, -2.0, 4e-10)),
        cause=cause, case=Case(seed=7, label_dtype="uint8", labels="binary").replace(N=1),
    )  # fmt: skip
    verdicts = (
        Verdict("gradient", "pass", wrt="inputs", resolution=2e-10, size=3),
        wrong,
        Verdict("contract", "pass"),
    )
    return Subject(
        f"{target}::{name}", name, "loss", "nnfs", "fail", built=f"{name}()", line=190,
        verdicts=verdicts, seconds=0.4, forward_calls=120,
    )  # fmt: skip


def failing_in_many_ways(name: str = "Layer_Many") -> Subject:
    """One confirmed cause behind six failures, an unknown one, and numbers without a message."""
    cause = Cause("missing-mean", "1/N is missing.", "Divided by N it agrees.", "divide by N", 50)
    unknown = Cause("unknown", "24 hypotheses were tried.", "")
    numbers = {"index": (1,), "claimed": 3.0000000012, "measured": 3.0, "bound": 1e-12}
    verdicts = (
        *(Verdict("gradient", "fail", wrt=f"w{i}", message="wrong", cause=cause) for i in range(6)),
        Verdict("batch", "fail", cause=unknown, case=Case(), **numbers),
        Verdict("dtype", "inconclusive", message="float16 is not supported"),
    )
    return Subject(f"m.py::{name}", name, "layer", "nnfs", "fail", line=40, verdicts=verdicts)


def pictured(name: str = "Layer_Conv", target: str = "my_layers.py", size: int = 10_000) -> Subject:
    """A wrong gradient of many entries that carries the data of all three pictures."""
    rng = np.random.default_rng(3)
    measured = rng.normal(size=(size // 100, 100))
    claimed = measured + 1e-11 * rng.normal(size=measured.shape)
    claimed[:, -1] *= 2
    bound = np.full(measured.shape, 1e-9)
    steps = np.logspace(-9, -1, 17)
    detail = {
        "heatmap": evidence.heatmap_detail(claimed, measured, bound),
        "scatter": evidence.scatter_detail(claimed, measured, bound),
        "curve": {
            "h": steps.tolist(),
            "error": (steps**2 + 1e-13 / steps).tolist(),
            "noise": (1e-13 / steps).tolist(),
            "chosen": 1e-4,
            "bound": 1e-8,
        },
    }
    rows = range(measured.shape[0])
    entries = tuple(
        Entry((i, 99), float(claimed[i, 99]), float(measured[i, 99]), 1e-9) for i in rows
    )
    verdict = Verdict(
        "gradient", "fail", wrt="weights", message="the last column is twice what it should be",
        wrong=len(entries), size=size, entries=entries, detail=detail, case=Case(seed=1),
    )  # fmt: skip
    return Subject(
        f"{target}::{name}", name, "layer", "fish", "fail", line=40,
        verdicts=(verdict, Verdict("contract", "pass")), seconds=1.5, forward_calls=341,
    )  # fmt: skip


def not_finite() -> Subject:
    entries = (
        Entry((0,), math.nan, 1.0, 1e-9),
        Entry((1,), math.inf, -math.inf, math.inf),
        Entry((), -0.0, 0.0, math.nan),
    )
    verdict = Verdict(
        "extremes", "fail", wrt="x", message="nan where 1 is due", wrong=2, size=2, index=(0,),
        claimed=math.nan, measured=1.0, bound=math.inf, entries=entries, resolution=math.nan,
        detail={
            "heatmap": {"difference": [[math.nan, math.inf], [0.0, 1e-300]], "wrong": [[0, 0]]},
            "scatter": {
                "claimed": [math.nan, math.inf, 1.0],
                "measured": [1.0, 2.0, -math.inf],
                "bound": [math.inf, math.nan, 0.0],
            },
            "curve": {"h": [1e-3], "error": [math.nan], "noise": [0.0], "chosen": 1e-3, "bound": 0},
        },
    )  # fmt: skip
    return Subject("f.py::Softplus", "Softplus", "activation", "fish", "fail", verdicts=(verdict,))


def hostile() -> list[Subject]:
    """Names and messages that break a format which does not escape."""
    bad = Verdict("gradient", "fail", wrt="a|b", message=ODD_TEXT, case=Case())
    note = Verdict("kinks", "note", message=ODD_TEXT)
    return [
        Subject(f"x.py::{HOSTILE}", HOSTILE, "layer", "nnfs", "fail", verdicts=(bad, note)),
        Subject('a "b" & c.py::Ünïcode_層', "Ünïcode_層", "layer", "", "note", verdicts=(note,),
                notes=(ODD_TEXT,)),
        Subject("a|b.py::N\nL", "N\nL", "layer", "", "fail", verdicts=(bad, bad)),
        Subject("$x^2$.py::$a_{", "$a_{", "layer", "", "error", reason="SyntaxError: ]]> -->"),
    ]  # fmt: skip


def undecided() -> Subject:
    verdict = Verdict(
        "gradient", "inconclusive", wrt="x",
        message="the function jumps at x[3] = 2.0; try --input away from integers", case=Case(),
    )  # fmt: skip
    return Subject(
        "f.py::MyRound", "MyRound", "function", "cs231n", "inconclusive", verdicts=(verdict,)
    )


def noted() -> Subject:
    verdicts = (
        Verdict("gradient", "pass", wrt="x", resolution=2e-10),
        Verdict("kinks", "note", message="gradient 1 at exactly 0 (allowed: between 0 and 1)"),
    )
    return Subject("f.py::ReLU", "ReLU", "activation", "fish", "note", line=3, verdicts=verdicts)


def skipped() -> Subject:
    return Subject("my_layers.py::Layer", "Layer", "unknown", reason="abstract base")


def broken() -> Subject:
    return Subject(
        "broken.py", "", "unknown", status="error", reason="SyntaxError, line 3: '(' never closed"
    )


def everything() -> list[Subject]:
    """One of each."""
    plain = [failing(), passing(), undecided(), noted(), skipped(), broken()]
    return [*plain, failing_in_many_ways(), not_finite(), pictured(), *hostile()]


def many(count: int) -> list[Subject]:
    """A large run: mostly passes, one failure in ten."""
    make = [failing if i % 10 == 0 else passing for i in range(count)]
    return [m(f"Layer_{i}", f"folder/file_{i % 60}.py") for i, m in enumerate(make)]


def pictures_in_all(count: int) -> list[Subject]:
    """Nothing but failures that have pictures."""
    return [pictured(f"Conv_{i}", size=4_000) for i in range(count)]
