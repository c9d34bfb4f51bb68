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
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "suites" / "numerics")]

import registry  # noqa: E402

from gradcheck.numdiff import (  # noqa: E402
    Directional,
    Site,
    gradient_check,
    localise,
    open_site,
)

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
    """Half single entries, half dense directions; one point for every four directions."""
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
    """One entry (above 1e-3 of the gradient's rms), or all entries, times 1 + error.

    A pass has a finer resolution than the planted error if its claim is off by more than that.
    """
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


def mlp_vjp(weights: list[Any]) -> Any:
    """x -> tanh(x W1) W2, dtype-generic."""
    first, second = weights

    def vjp(primals: dict[str, Any]) -> Any:
        x = primals["x"]
        w1, w2 = first.astype(x.dtype), second.astype(x.dtype)
        h = np.tanh(x @ w1)
        return h @ w2, lambda gy: {"x": ((gy @ w2.T) * (1 - h * h)) @ w1.T}

    return vjp


def section_localise(functions: dict[str, registry.Function], n: int) -> list[str]:
    """Bisection to single entries in a tanh MLP of n inputs."""
    trials = max(2, min(20, n // 1000))
    lines = [
        "| dtype | n | wrong entries | exact set | wrongly blamed | not resolved |"
        " forward calls, mean | max | one by one |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for dtype in DTYPES:
        for size in (256, 4096, 65536):
            for k in (0, 1, 2, 5, 10):
                exact = blamed = unresolved = 0
                calls = []
                for trial in range(trials):
                    found, bad, spent, open_ = localise_once(size, k, dtype, 1000 * k + trial)
                    exact += found == bad
                    blamed += len(found - bad)
                    unresolved += open_
                    calls.append(spent)
                lines.append(
                    f"| {np.dtype(dtype).name} | {size:,} | {k} | {exact} of {trials} | {blamed} |"
                    f" {unresolved} | {np.mean(calls):.0f} | {max(calls)} | {2 * size:,} |"
                )
    return lines


def localise_once(n: int, k: int, dtype: Any, seed: int) -> tuple[set[int], set[int], int, int]:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(64, 32)) / 8, rng.normal(size=(32, 8)) / 6]
    vjp = mlp_vjp(weights)
    x = rng.normal(size=(n // 64, 64)).astype(dtype)
    factors = 1 + rng.choice([-1, 1], k) * rng.uniform(0.3, 1, k)
    state: dict[str, Any] = {}

    def wrong(primals: dict[str, Any]) -> Any:
        y, pullback = vjp(primals)

        def wrong_pullback(gy: Any) -> Any:
            claimed = pullback(gy)
            flat = claimed["x"].ravel()
            if "places" not in state:
                size = np.sqrt(np.mean(np.square(flat, dtype=np.float64)))
                state["places"] = rng.choice(np.flatnonzero(np.abs(flat) > 0.3 * size), k, False)
            flat[state["places"]] *= factors.astype(flat.dtype)
            return {"x": flat.reshape(claimed["x"].shape)}

        return y, wrong_pullback

    located = localise(wrong, {"x": x}, "x", rng=np.random.default_rng(seed + 1))
    bad = {int(i) for i in state["places"]}
    return set(located.wrong), bad, located.forward_calls, located.unresolved


def dense_vjp(primals: dict[str, Any]) -> Any:
    x, w, b = primals["x"], primals["w"], primals["b"]
    return x @ w + b, lambda gy: {"x": gy @ w.T, "w": x.T @ gy, "b": gy.sum(0, keepdims=True)}


def dense_primals(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "x": rng.normal(size=(32, 784)),
        "w": rng.normal(size=(784, 128)) / 100,
        "b": rng.normal(size=(1, 128)),
    }


def fastest(run: Any, repeats: int = 9) -> float:
    """CPU time of the fastest of several runs, the first left out."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times[1:])


def section_dense(functions: dict[str, registry.Function], n: int) -> list[str]:
    """Dense 784 -> 128 at batch 32 beside PyTorch's fast mode, CPU seconds, one thread."""
    import torch

    torch.set_num_threads(1)
    layer = torch.nn.Linear(784, 128, dtype=torch.float64)
    inputs = torch.randn(32, 784, dtype=torch.float64, requires_grad=True)
    arguments = (inputs, layer.weight, layer.bias)

    def fast_mode() -> None:
        torch.autograd.gradcheck(torch.nn.functional.linear, arguments, fast_mode=True)

    primals = dense_primals(np.random.default_rng(0))

    def whole() -> Any:
        return gradient_check(
            dense_vjp, primals, redraw=dense_primals, rng=np.random.default_rng(1)
        )

    site = open_site(dense_vjp, primals, np.random.default_rng(2))
    assert isinstance(site, Site)

    def probes() -> None:
        for name in ("x", "w", "b"):
            for _ in range(4):
                site.dense(name)

    theirs, ours, dense = fastest(fast_mode), fastest(whole), fastest(probes)
    findings = whole()
    forward = sum(f.forward_calls for f in findings.values())
    backward = sum(f.backward_calls for f in findings.values())
    coarse = max(f.resolution for f in findings.values())
    states = ", ".join(f"{k} {f.status}" for k, f in findings.items())
    return [
        "| run | CPU seconds | times PyTorch | forward calls | backward calls | result |",
        "|---|---|---|---|---|---|",
        f"| torch.autograd.gradcheck, fast mode | {theirs:.4f} | 1 | | | |",
        f"| dense probes (4 for each of 3 primals) | {dense:.4f} | {dense / theirs:.1f} | | | |",
        f"| whole verdict | {ours:.4f} | {ours / theirs:.1f} | {forward} | {backward} |"
        f" {states}; resolution {coarse:.0e} |",
    ]


def relu_network(rng: np.random.Generator) -> tuple[Any, Any]:
    """784-64-64-10 with ReLU and cross-entropy at batch 32; 55,050 parameters."""
    x = np.clip(rng.normal(size=(32, 784)), 0, 1)
    labels = rng.integers(0, 10, 32)
    sizes = (784, 64, 64, 10)

    def draw(rng: np.random.Generator) -> dict[str, Any]:
        primals = {}
        for i, (a, b) in enumerate(pairwise(sizes)):
            primals[f"w{i}"] = rng.normal(size=(a, b)) * np.sqrt(2 / a)
            primals[f"b{i}"] = rng.normal(size=b) / 100
        return primals

    def vjp(primals: dict[str, Any]) -> Any:
        hidden = [x]
        for i in range(3):
            z = hidden[-1] @ primals[f"w{i}"] + primals[f"b{i}"]
            hidden.append(np.maximum(z, 0) if i < 2 else z)
        z = hidden[-1] - hidden[-1].max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        loss = -log_p[np.arange(32), labels].mean()

        def pullback(gy: Any) -> dict[str, Any]:
            g = np.exp(log_p)
            g[np.arange(32), labels] -= 1
            g *= gy / 32
            grads = {}
            for i in (2, 1, 0):
                grads[f"w{i}"], grads[f"b{i}"] = hidden[i].T @ g, g.sum(0)
                g = g @ primals[f"w{i}"].T
                if i:
                    g = g * (hidden[i] > 0)
            return grads

        return loss, pullback

    return draw, vjp


def section_mlp(functions: dict[str, registry.Function], n: int) -> list[str]:
    """The loss of a ReLU network: right, and with one entry of one gradient off by 1 %."""
    trials = max(2, min(20, n // 1000))
    right, caught, exact, blamed = 0, 0, 0, 0
    calls, coarsest = [], 0.0
    names = ("w0", "b0", "w1", "b1", "w2", "b2")
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        draw, vjp = relu_network(rng)
        primals = draw(rng)
        options = {"pinned": np.ones(()), "redraw": draw, "rng": rng}
        findings = gradient_check(vjp, primals, **options)
        right += all(f.status == "pass" for f in findings.values())
        coarsest = max([coarsest, *(f.resolution or 0.0 for f in findings.values())])
        calls.append(sum(f.forward_calls for f in findings.values()))
        name = names[trial % len(names)]
        g = vjp(primals)[1](1.0)[name].ravel()
        place = int(rng.choice(np.flatnonzero(np.abs(g) > 0.3 * np.sqrt(np.mean(g**2)))))

        def wrong(
            primals: dict[str, Any], vjp: Any = vjp, name: str = name, place: int = place
        ) -> Any:
            loss, pullback = vjp(primals)

            def wrong_pullback(gy: Any) -> Any:
                grads = pullback(gy)
                grads[name].flat[place] *= 1.01
                return grads

            return loss, wrong_pullback

        findings = gradient_check(wrong, primals, **options)
        caught += findings[name].status == "fail"
        exact += findings[name].wrong_indices == (place,)
        blamed += sum(f.status == "fail" for k, f in findings.items() if k != name)
    return [
        "| ReLU network 784-64-64-10, 55,050 parameters, batch 32, float64 | |",
        "|---|---|",
        f"| right: all six gradients pass | {right} of {trials} |",
        f"| coarsest resolution | {coarsest:.1e} |",
        f"| forward calls, mean | {np.mean(calls):.0f} |",
        f"| one entry off by 1 %: its gradient fails | {caught} of {trials} |",
        f"| exactly that entry named | {exact} of {trials} |",
        f"| another gradient blamed | {blamed} |",
    ]


SECTIONS = {
    "directions": (section_directions, "Right gradients"),
    "detection": (section_detection, "Planted errors"),
    "mlp": (section_mlp, "A ReLU network"),
    "dense": (section_dense, "Dense 784 -> 128, batch 32, beside PyTorch"),
    "localise": (section_localise, "Localisation"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*")
    parser.add_argument("--set", default="all", choices=("functions", "heldout", "all"))
    parser.add_argument("--n", type=int, default=20000)
    parser.add_argument("--write", action="store_true", help="write reports/numerics.md")
    args = parser.parse_args()
    functions = chosen(args.set)
    command = " ".join(a for a in sys.argv[1:] if a != "--write")
    text = [
        "# Numerics engine: measured figures",
        "",
        f"Written by `python suites/benchmarks/numerics.py {command} --write` in one run,",
        f"NumPy {np.__version__}, one thread.",
        "",
        f"Functions: {len(functions)} ({args.set}). The source of `suites/numerics/heldout.py` was not",
        "opened, but guards were changed after its first run: `numerics-heldout-first-run.md`.",
        "",
    ]
    for name in args.sections or SECTIONS:
        section, title = SECTIONS[name]
        begin = time.perf_counter()
        lines = section(functions, args.n)
        text += [f"## {title}", "", (section.__doc__ or "").strip(), "", *lines, ""]
        print(f"## {title}\n")
        print("\n".join(lines))
        print(f"\n({time.perf_counter() - begin:.0f} s)\n", flush=True)
    if args.write:
        (ROOT / "reports" / "numerics.md").write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
