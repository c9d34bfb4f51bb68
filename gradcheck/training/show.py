"""What ``gradcheck train`` prints: progress, the table of checks, the mean over seeds."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.training import checks
from gradcheck.training.checks import Row
from gradcheck.training.networks import Progress, build
from gradcheck.training.presets import Preset, Setup
from gradcheck.training.run import Outcome, figure, load_data, sizes_of, train
from gradcheck.types import Status

WORDS: dict[Status, str] = {"pass": "pass", "fail": "FAIL", "inconclusive": "?", "error": "ERROR"}
CODES: dict[Status, int] = {"fail": 1, "error": 1, "inconclusive": 3}


class Bar:
    """One line on a terminal with loss, accuracy and time left; nothing elsewhere."""

    def __init__(self, stream: Any = None, *, interval: float = 0.1) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.active, self.interval = self.stream.isatty(), interval
        self._next = 0.0

    def __call__(self, p: Progress) -> None:
        now = time.perf_counter()
        if not self.active or (now < self._next and p.step < p.steps):
            return
        self._next = now + self.interval
        left = int(p.seconds / p.step * (p.steps - p.step))
        accuracy = "" if p.accuracy is None else f"  acc {p.accuracy:.3f}"
        clock = f"{left // 60}:{left % 60:02d} left"
        line = f"step {p.step:,}/{p.steps:,}  loss {p.loss:.4f}{accuracy}  {clock}"
        self.stream.write("\r" + line.ljust(78) + ("\n" if p.step == p.steps else ""))
        self.stream.flush()


def describe(setup: Setup, sizes: tuple[int, int]) -> str:
    """The run in one line."""
    widths = "-".join(str(n) for n in (sizes[0], *setup.hidden, sizes[1]))
    options = ", ".join(f"{k} {v:g}" for k, v in setup.options.items())
    length = f"{setup.steps:,} steps" if setup.steps else f"{setup.epochs:,} epochs"
    optimizer = setup.optimizer + (f" ({options})" if options else "")
    batch = f"batch {setup.batch or 'all'}"
    parts = (setup.dataset, widths, setup.style, optimizer, batch, length, setup.dtype)
    return "  ".join(parts)


def table(rows: Sequence[Row], style: str = "simple") -> str:
    """The rows as a table; `style` is tabulate's."""
    from tabulate import tabulate

    cells = [[r.name, WORDS.get(r.status, r.status), r.found, r.expected] for r in rows]
    text = tabulate(
        cells, headers=["check", "", "found", "should be"], tablefmt=style, disable_numparse=True,
        maxcolwidths=None if style == "github" else [28, 12, 42, 26],
    )  # fmt: skip
    return str(text)


def single(
    preset: Preset | None,
    setup: Setup,
    seed: int,
    folder: str | os.PathLike[str] | None,
    *,
    report: str | None = None,
    save: str | None = None,
) -> int:
    """One run with every check, printed; its exit code."""
    data = load_data(setup, seed, folder)
    print(describe(setup, sizes_of(data)) + f"  seed {seed}")
    outcome = train(setup, data, seed, preset=preset, watch=Bar())
    print(table(outcome.rows))
    print(summary(outcome))
    if save:
        outcome.network.save(save)
        print(f"wrote {save}")
    if report:
        from gradcheck.training.pictures import write_report

        for path in write_report(outcome, report):
            print(f"wrote {path}")
    return CODES.get(checks.worst_status(outcome.rows), 0)


def summary(outcome: Outcome) -> str:
    """Counts, the figures reached, and the time."""
    counts = {s: sum(r.status == s for r in outcome.rows) for s in ("fail", "inconclusive", "pass")}
    parts = [f"{n} {s}" for s, n in counts.items() if n or s == "pass"]
    accuracy = "" if outcome.accuracy is None else f", accuracy {outcome.accuracy:.4f}"
    steps = len(outcome.curve.losses)
    early = "  ended early; what was trained is kept" if outcome.curve.stopped else ""
    return (
        f"{' · '.join(parts)}   test loss {outcome.loss:.4g}{accuracy}   "
        f"{steps:,} steps in {outcome.seconds:.1f} s{early}"
    )


def seeds(
    preset: Preset | None, setup: Setup, count: int, folder: str | os.PathLike[str] | None
) -> int:
    """The same run from several seeds; the mean is judged."""
    values = []
    for seed in range(count):
        data = load_data(setup, seed, folder)
        if seed == 0:
            print(describe(setup, sizes_of(data)))
        value, seconds = one_seed(setup, data, seed)
        values.append(value)
        print(f"seed {seed}: {value:.4g}   {seconds:.1f} s", flush=True)
    mean, name = float(np.mean(values)), "loss" if setup.regression else "accuracy"
    good = preset.reaches(mean, seeds=count) if preset is not None else None
    word = {None: "no figure is asked", True: "pass", False: "FAIL"}[good]
    wanted = f" (should be {preset.target:g})" if preset and preset.target is not None else ""
    low, high = min(values), max(values)
    print(f"mean {name} of {count} seeds: {mean:.4g}, {low:.4g} to {high:.4g}{wanted}   {word}")
    return 1 if good is False else 0


def one_seed(setup: Setup, data: Any, seed: int) -> tuple[float, float]:
    """Train without the checks: the figure reached and the seconds taken."""
    network = build(setup, sizes_of(data), seed)
    begin = time.perf_counter()
    network.train(data, Bar())
    seconds = time.perf_counter() - begin
    loss, accuracy = network.evaluate(data.X_test, data.y_test)
    return figure(loss, accuracy), seconds
