"""The rows of the training check: each a question, an answer, and the numbers behind it."""

from __future__ import annotations

import copy
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gradcheck.numdiff import Finding, gradient_check
from gradcheck.training.networks import Curve, Data, Network
from gradcheck.types import SEVERITY, Array, Primals, Status

#: Samples that the gradients are measured on.
SAMPLES = 16
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Row:
    """One question of the check, answered.

    Attributes
    ----------
    found
        What was measured, as text.
    expected
        What it should be, as text.
    """

    name: str
    status: Status
    found: str
    expected: str = ""


def worst_status(rows: Sequence[Row]) -> Status:
    """The status that decides."""
    return min((row.status for row in rows), key=SEVERITY.index, default="skipped")


# ---- gradients ----------------------------------------------------------------------------------


def gradients(name: str, network: Network, X: Array, y: Array, *, seed: int) -> list[Row]:
    """Every gradient of a float64 network on some real samples, measured and compared.

    The output checked is the vector of the samples' losses, so that the few samples whose ReLU
    units cross a kink can be left out; that the gradient of the whole batch is the mean of the
    samples' gradients is a row of its own.
    """
    start = {k: v.copy() for k, v in network.parameters().items()}
    spread = min((_rms(v) for v in start.values() if v.any()), default=1.0)

    def put(primals: Primals) -> None:
        for key, live in network.parameters().items():
            live[...] = primals[key]

    def each(primals: Primals, weights: Array) -> Primals:
        put(primals)
        total = {k: np.zeros_like(v) for k, v in primals.items()}
        for i in np.flatnonzero(weights):
            for key, g in network.gradients(X[i : i + 1], y[i : i + 1]).items():
                total[key] += weights[i] * g
        return total

    def vjp(primals: Primals) -> tuple[Array, Callable[[Array], Primals]]:
        put(primals)
        held = {k: v.copy() for k, v in primals.items()}
        losses = [network.loss(X[i : i + 1], y[i : i + 1]) for i in range(len(X))]
        return np.array(losses), lambda cotangent: each(held, cotangent)

    def redraw(rng: np.random.Generator) -> Primals:
        return {k: v + spread * rng.standard_normal(v.shape) for k, v in start.items()}

    # Zero arrays (biases at the start) have no scale of their own.
    scales = {k: spread for k, v in start.items() if not v.any()}
    rng = np.random.default_rng(seed)
    try:
        found = gradient_check(vjp, start, redraw=redraw, scales=scales, rng=rng)
        put(start)
        batch = _batch_row(name, network, X, y)
    finally:
        put(start)
    return [_gradient_row(name, found), batch]


def _rms(x: Array) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def _gradient_row(name: str, found: dict[str, Finding]) -> Row:
    size = f"{sum(f.size for f in found.values()):,} entries of {len(found)} parameters"
    calls = sum(f.forward_calls for f in found.values())
    wrong = {k: f for k, f in found.items() if f.status == "fail"}
    open_ = {k: f for k, f in found.items() if f.status == "inconclusive"}
    if wrong:
        parts = []
        for key, finding in wrong.items():
            entry = finding.entries[0] if finding.entries else None
            place = "" if entry is None else (
                f"[{', '.join(map(str, entry.index))}] = {entry.claimed:.6g}, but should be "
                f"{entry.measured:.6g} ± {entry.bound:.1g}"
            )  # fmt: skip
            parts.append(f"d{key}{place}" if place else f"d{key} is wrong")
        return Row(f"gradients {name}", "fail", "; ".join(parts), "the measured gradient")
    if open_:
        reasons = "; ".join(f"{k}: {f.reason}" for k, f in open_.items())
        return Row(f"gradients {name}", "inconclusive", reasons, size)
    resolution = max((f.resolution or 0.0 for f in found.values()), default=0.0)
    text = f"{size} right, to {resolution:.1g} ({calls} evaluations)"
    return Row(f"gradients {name}", "pass", text, "right; the number is the resolution")


def _batch_row(name: str, network: Network, X: Array, y: Array) -> Row:
    """The gradient of a batch is the mean of its samples' gradients, up to rounding."""
    singles = [_copied(network.gradients(X[i : i + 1], y[i : i + 1])) for i in range(len(X))]
    whole = _copied(network.gradients(X, y))
    apart = {}
    for key, gradient in whole.items():
        parts = np.stack([single[key] for single in singles])
        # Trained samples' gradients cancel: rounding goes with their size, not with the mean's.
        size = float(np.mean([np.linalg.norm(part) for part in parts]))
        apart[key] = float(np.linalg.norm(gradient - parts.mean(axis=0))) / (size or 1.0)
    # Sums over the batch and over the widest fan of the network.
    bound = 8 * EPS * (len(X) + max(max(v.shape) for v in whole.values()))
    key = max(apart, key=lambda k: apart[k])
    status: Status = "pass" if apart[key] <= bound else "fail"
    text = f"largest difference {apart[key]:.1g} of the samples' size, in {key}"
    expected = f"the mean of {len(X)} samples' (± {bound:.1g})"
    return Row(f"batch gradient {name}", status, text, expected)


def _copied(gradients: Primals) -> Primals:
    return {k: np.array(v) for k, v in gradients.items()}


# ---- the run ------------------------------------------------------------------------------------


def moves(before: Primals, after: Primals) -> Row:
    """Every parameter array changed."""
    share = {k: float(np.mean(before[k] != after[k])) for k in before}
    still = [k for k, v in share.items() if v == 0.0]
    if still:
        return Row("every parameter moves", "fail", f"never changed: {', '.join(still)}", "all do")
    low = min(share, key=lambda k: share[k])
    text = f"all {len(share)}; least {low}: {share[low]:.1%} of its entries"
    return Row("every parameter moves", "pass", text, "all do")


def falls(losses: Sequence[float]) -> Row:
    """The mean loss of the last tenth of the steps is below that of the first."""
    name = "loss falls"
    if len(losses) < 2:
        return Row(name, "inconclusive", f"{len(losses)} steps", "at least 2 steps")
    tenth = max(1, len(losses) // 10)
    first, last = float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:]))
    text = f"{first:.4g} to {last:.4g} over {len(losses):,} steps"
    return Row(name, "pass" if last < first else "fail", text, "last tenth below the first")


def finite(losses: Sequence[float], parameters: Primals) -> Row:
    """No NaN or infinity in any loss or parameter."""
    bad = np.flatnonzero(~np.isfinite(losses))
    if len(bad):
        text = f"loss = {losses[bad[0]]} in step {bad[0] + 1}"
        return Row("no NaN", "fail", text, "all finite")
    wrong = [k for k, v in parameters.items() if not np.isfinite(v).all()]
    if wrong:
        return Row("no NaN", "fail", f"not finite: {', '.join(wrong)}", "all finite")
    return Row("no NaN", "pass", f"{len(losses):,} losses and all parameters finite", "all finite")


def evaluation_changes_nothing(network: Network, data: Data) -> Row:
    """Evaluating leaves the parameters, and the next training step, bit for bit as they were."""
    name = "evaluation changes nothing"
    plain, evaluated = copy.deepcopy(network), copy.deepcopy(network)
    before = {k: v.copy() for k, v in evaluated.parameters().items()}
    evaluated.evaluate(data.X_test, data.y_test)
    changed = differing(before, evaluated.parameters())
    if changed:
        return Row(name, "fail", f"changed: {changed}", "the same parameters")
    for one in (plain, evaluated):
        one.train(data, lambda _: True)
    changed = differing(plain.parameters(), evaluated.parameters())
    if changed:
        return Row(name, "fail", f"another next step: {changed}", "the same next step")
    return Row(name, "pass", "same parameters, same next step", "bit for bit")


def differing(a: Primals, b: Primals) -> str:
    """The names of the arrays that are not equal bit for bit, or ""."""
    return ", ".join(k for k in a if not np.array_equal(a[k], b[k], equal_nan=True))


def round_trip(network: Network, fresh: Network, data: Data) -> Row:
    """Saved parameters, loaded into another network, give the same outputs bit for bit."""
    name = "save and load"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parameters.npz"
        network.save(path)
        fresh.load(path)
    X, y = data.X_test[:1000], data.y_test[:1000]
    same = np.array_equal(network.scores(X), fresh.scores(X), equal_nan=True)
    a, b = network.evaluate(X, y), fresh.evaluate(X, y)
    if not same or not _equal(a, b):
        return Row(name, "fail", f"loss, accuracy = {b}, before: {a}", "identical outputs")
    return Row(name, "pass", f"{len(X):,} outputs identical", "identical outputs")


def _equal(a: tuple[float, float | None], b: tuple[float, float | None]) -> bool:
    return all(
        x == y or (x is not None and y is not None and math.isnan(x) and math.isnan(y))
        for x, y in zip(a, b, strict=True)
    )


def repeats(steps: int, first: Primals, losses: Sequence[float], fresh: Network, data: Data) -> Row:
    """A second run from the same seed has the same losses and parameters bit for bit.

    Parameters
    ----------
    first
        Copies of the first run's parameters after so many steps.
    losses
        Its losses.
    fresh
        A network from the same seed, not trained yet.
    """
    curve: Curve = fresh.train(data, lambda progress: progress.step >= steps)
    name, expected = "same seed, same result", "bit for bit"
    if not np.array_equal(curve.losses, losses[:steps], equal_nan=True):
        pairs = zip(curve.losses, losses, strict=False)
        at = next((i for i, (a, b) in enumerate(pairs, 1) if a != b), len(curve.losses))
        return Row(name, "fail", f"another loss in step {at} of {steps}", expected)
    changed = differing(first, fresh.parameters())
    if changed:
        return Row(name, "fail", f"after {steps} steps other values in {changed}", expected)
    return Row(name, "pass", f"{steps:,} steps repeated identically", expected)
