"""The figures of the numerics engine, measured: prints tables, `--write` keeps them in `reports/`.

    OMP_NUM_THREADS=1 python suites/benchmarks/numerics.py [--set functions|heldout|all] [--n 20000]
        [--write] [SECTION ...]

Sections: directions, detection, dense, mlp, localise (default: all).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "suites" / "numerics")]

import registry  # noqa: E402
from gradcheck.numdiff import Directional, Site, open_site  # noqa: E402

DTYPES = (np.float64, np.float32)
SMALL_ENTRY = 1e-3


def as_vjp(function: registry.Function) -> Any:
    def vjp(primals: dict[str, Any]) -> Any:
        x = primals["x"]
        return function.f(x), lambda gy: {"x": function.vjp(x, gy)}

    return vjp


def chosen(which: str) -> dict[str, registry.Function]:
    sets = ("functions", "heldout") if which == "all" else (which,)
    return {f"{name}": f for s in sets for name, f in registry.load(s).items()}


@dataclass
class Tally:
    """Counts over directions of one dtype."""

    states: Counter[str] = field(default_factory=Counter)
    by_function: Counter[tuple[str, str]] = field(default_factory=Counter)
    covered: Counter[bool] = field(default_factory=Counter)
    uncovered: Counter[str] = field(default_factory=Counter)
    calls: list[int] = field(default_factory=list)
    setup: list[int] = field(default_factory=list)
    relative: list[float] = field(default_factory=list)


def truth(site: Site, function: registry.Function, direction: Any, mask: Any) -> float:
    """The derivative along a direction from the hand-derived vjp in float64."""
    point = site.point
    cotangent = site.claim.weights.cotangent
    if mask is not None:
        cotangent = np.where(mask, 0.0, cotangent)
    x = point.primals["x"].astype(np.float64)
    g = np.asarray(function.vjp(x, cotangent.reshape(point.shape)))
    part = g.ravel() if direction.flat is None else g.ravel()[direction.flat]
    return float(part @ direction.values.astype(np.float64))


def run_directions(functions: dict[str, registry.Function], dtype: Any, n: int, seed: int) -> Tally:
    """Right gradients, half single entries and half dense directions: what is said of them."""
    rng, tally, done = np.random.default_rng(seed), Tally(), 0
    names = list(functions)
    while done < n:
        name = names[(done // 4) % len(names)]
        function = functions[name]
        x = np.asarray(function.sample(rng)).astype(dtype)
        site = open_site(as_vjp(function), {"x": x}, rng)
        if isinstance(site, str):
            raise SystemExit(f"{name}: {site}")
        tally.setup.append(site.point.forward_calls)
        for kind in ("entry", "entry", "dense", "dense"):
            direction = draw(site, kind, rng)
            result = probe(site, kind, direction)
            done += 1
            tally.states[result.state] += 1
            tally.calls.append(result.evaluations)
            if result.state != "pass" or result.allowed:
                tally.by_function[name, "kink" if result.allowed else result.state] += 1
            if np.isfinite(result.bound) and result.allowed is None:
                true = truth(site, function, direction, result.mask)
                inside = abs(result.derivative - true) <= result.bound
                tally.covered[inside] += 1
                if not inside:
                    tally.uncovered[name] += 1
                if true:
                    tally.relative.append(result.bound / abs(true))
    return tally


def draw(site: Site, kind: str, rng: np.random.Generator) -> Any:
    if kind == "entry":
        return site.point.along("x", None, [int(rng.integers(site.point.size("x")))])
    return site.point.random("x", rng)


def probe(site: Site, kind: str, direction: Any) -> Directional:
    if kind == "entry":
        return site.entry("x", int(direction.flat[0]))
    return site.probe(direction)


@dataclass
class Planted:
    """Counts over planted errors of one size."""

    states: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    finer: int = 0  # passes with a resolution finer than the planted error


def run_planted(
    functions: dict[str, registry.Function], dtype: Any, kind: str, delta: float, n: int, seed: int
) -> Planted:
    """One entry (or, dense, every entry) of the claimed gradient times 1 + delta."""
    rng, tally, done = np.random.default_rng(seed), Planted(), 0
    names = list(functions)
    turn = 0
    while done < n:
        name = names[turn % len(names)]
        turn += 1
        function = functions[name]
        x = np.asarray(function.sample(rng)).astype(dtype)
        place: list[int] = []

        def vjp(primals: dict[str, Any], f: Any = function, place: list[int] = place) -> Any:
            x = primals["x"]

            def pullback(gy: Any) -> Any:
                g = np.array(f.vjp(x, gy))
                if kind == "dense":
                    return {"x": g * g.dtype.type(1 + delta)}
                if place:
                    g.flat[place[0]] *= g.dtype.type(1 + delta)
                return {"x": g}

            return f.f(x), pullback

        rms_at = np.asarray(x)
        index = int(rng.integers(rms_at.size))
        place.append(index)
        site = open_site(vjp, {"x": x}, rng)
        if isinstance(site, str):
            raise SystemExit(f"{name}: {site}")
        direction = (
            site.point.along("x", None, [index]) if kind == "entry" else site.point.random("x", rng)
        )
        g = site.claim.gradients["x"]
        size = np.sqrt(np.mean(g**2))
        if kind == "entry" and abs(g[index]) <= SMALL_ENTRY * size:
            continue
        effect = site.claim.size_along(direction)
        if kind == "dense" and abs(site.claim.along(direction)) < SMALL_ENTRY * effect:
            continue
        result = probe(site, kind, direction)
        tally.states[result.state] += 1
        if result.state != "fail":
            tally.missed[f"{name}/{result.state}"] += 1
        true = truth(site, function, direction, result.mask)
        error = abs(result.claimed - true) / abs(true) if true else 0.0
        if result.state == "pass" and result.resolution < error:
            tally.finer += 1
            tally.missed[f"{name}/FINER"] += 1
        done += 1
    return tally


def section_directions(functions: dict[str, registry.Function], n: int) -> list[str]:
    lines = [
        "| dtype | directions | functions | fail | inconclusive | kink accepted | bound holds |"
        " median bound / derivative | calls per direction | 95 % | once |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    notes = []
    for dtype in DTYPES:
        t = run_directions(functions, dtype, n, 99)
        total = sum(t.states.values())
        kinks = sum(v for (_, s), v in t.by_function.items() if s == "kink")
        bounds = sum(t.covered.values())
        lines.append(
            f"| {np.dtype(dtype).name} | {total:,} | {len(functions)} | {t.states['fail']} |"
            f" {t.states['inconclusive']} ({t.states['inconclusive'] / total:.2%}) | {kinks} |"
            f" {t.covered[True]:,} of {bounds:,} ({t.covered[True] / bounds:.3%}) |"
            f" {np.median(t.relative):.1e} | {np.mean(t.calls):.2f} |"
            f" {np.percentile(t.calls, 95):.0f} | {np.mean(t.setup):.0f} |"
        )
        other = {f"{k}/{s}": v for (k, s), v in sorted(t.by_function.items())}
        notes += ["", f"{np.dtype(dtype).name}, not a plain pass: {other}"]
        notes += ["", f"{np.dtype(dtype).name}, bound does not hold: {dict(t.uncovered)}"]
    return lines + notes


def section_detection(functions: dict[str, registry.Function], n: int) -> list[str]:
    lines = [
        "| dtype | planted in | relative error | judged fail | pass | inconclusive |"
        " passes with a finer resolution |",
        "|---|---|---|---|---|---|---|",
    ]
    plan = {
        np.float64: (1e-9, 1e-8, 1e-7, 1e-6, 1e-4),
        np.float32: (1e-4, 1e-3, 1e-2, 1e-1, 5e-1),
    }
    notes = []
    for dtype in DTYPES:
        for kind in ("entry", "dense"):
            for delta in plan[dtype]:
                main = kind == "entry" and delta == (1e-6 if dtype is np.float64 else 1e-2)
                count = max(n // 4, 100) if main else max(n // 20, 100)
                t = run_planted(functions, dtype, kind, delta, count, 3)
                total = sum(t.states.values())
                lines.append(
                    f"| {np.dtype(dtype).name} | {kind} | {delta:g} |"
                    f" {t.states['fail'] / total:.3%} of {total:,} | {t.states['pass']} |"
                    f" {t.states['inconclusive']} | {t.finer} |"
                )
                if main or t.finer:
                    notes += ["", f"{np.dtype(dtype).name} {kind} {delta:g}: {dict(t.missed)}"]
    return lines + notes


SECTIONS = {"directions": section_directions, "detection": section_detection}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*")
    parser.add_argument("--set", default="all", choices=("functions", "heldout", "all"))
    parser.add_argument("--n", type=int, default=20000)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    functions = chosen(args.set)
    for name in args.sections or SECTIONS:
        begin = time.perf_counter()
        lines = SECTIONS[name](functions, args.n)
        print(f"## {name}\n")
        print("\n".join(lines))
        print(f"\n({time.perf_counter() - begin:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
