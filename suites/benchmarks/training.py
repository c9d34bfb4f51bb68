"""How fast the reference trains: beside PyTorch, and against its own matrix products alone.

    python suites/benchmarks/training.py            # print
    python suites/benchmarks/training.py --presets  # and every preset from 5 seeds (minutes)
    python suites/benchmarks/training.py --write    # and write reports/training.md

Everything runs on one thread, interleaved in rounds in one process, so that whatever else the
machine does hits all rows alike.  Real data when GRADCHECK_DATA or ../shared/data is there, else
random numbers of the same shape: speed does not depend on them.
"""

# ruff: noqa: E402  (the number of threads must be set before NumPy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

import argparse
import contextlib
import io
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "reference")]

import numpy as np
from tabulate import tabulate

from gradcheck.training import presets, run, show
from gradcheck.training.networks import Data, build

SHARED = ROOT.parent / "shared" / "data"
FOLDER = os.environ.get("GRADCHECK_DATA") or (str(SHARED) if SHARED.is_dir() else None)
SETUP = presets.PRESETS["nnfs-fashion"].setup
BATCH, L2 = 100, 5e-4
WIDTHS = ((784, 64), (64, 64), (64, 10))
STEPS = 600  # one epoch
MIB = 1 << 20


def load() -> Data:
    if FOLDER:
        return run.load_data(SETUP, 0, FOLDER)
    rng = np.random.default_rng(0)
    X, y = rng.random((60_000, 784), dtype=np.float32) * 2 - 1, rng.integers(0, 10, 60_000)
    return Data("random", X, y, X[:10_000], y[:10_000], tuple("0123456789"))


# ---- the rows: each returns a function that trains one epoch -------------------------------------


def ours(data: Data):
    """The reference model as `gradcheck train` uses it: loss and accuracy in every step."""
    model = build(SETUP, (784, 10), 0).model
    return lambda: model.train(data.X_train, data.y_train, batch_size=BATCH, print_every=0)


def products_only(data: Data):
    """The eight matrix products of a step and nothing else, into buffers: the limit."""
    rng = np.random.default_rng(0)
    W = [rng.normal(size=s, scale=0.05).astype(np.float32) for s in WIDTHS]
    out = [np.empty((BATCH, s[1]), np.float32) for s in WIDTHS]
    dx = [np.empty((BATCH, s[0]), np.float32) for s in WIDTHS]
    dW = [np.empty(s, np.float32) for s in WIDTHS]

    def epoch():
        for start in range(0, STEPS * BATCH, BATCH):
            x = data.X_train[start : start + BATCH]
            np.matmul(x, W[0], out=out[0])
            np.matmul(out[0], W[1], out=out[1])
            np.matmul(out[1], W[2], out=out[2])
            np.matmul(out[1].T, out[2], out=dW[2])
            np.matmul(out[2], W[2].T, out=dx[2])
            np.matmul(out[0].T, dx[2], out=dW[1])
            np.matmul(dx[2], W[1].T, out=dx[1])
            np.matmul(x.T, dx[1], out=dW[0])

    return epoch


def pytorch(data: Data, *, fused: bool = False, accuracy: bool = True):
    """PyTorch eager: the same network, batches by slicing, and what our loop reports of a step."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    X, y = torch.from_numpy(data.X_train), torch.from_numpy(data.y_train.astype(np.int64))
    layers = [torch.nn.Linear(*s) for s in WIDTHS]
    model = torch.nn.Sequential(
        layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2]
    )  # fmt: skip
    # weight_decay 2 l2 is the gradient of l2 sum w^2, and cheaper than the sum in the loss.
    groups = [
        {"params": layers[0].parameters(), "weight_decay": 2 * L2},
        {"params": [*layers[1].parameters(), *layers[2].parameters()]},
    ]
    optimizer = torch.optim.Adam(groups, lr=1e-3, eps=1e-7, fused=fused)
    loss_of = torch.nn.CrossEntropyLoss()

    def epoch():
        total, right = 0.0, 0
        for start in range(0, STEPS * BATCH, BATCH):
            optimizer.zero_grad(set_to_none=True)
            logits, labels = model(X[start : start + BATCH]), y[start : start + BATCH]
            loss = loss_of(logits, labels)
            if accuracy:
                right += (logits.argmax(1) == labels).sum().item()
            loss.backward()
            optimizer.step()
            total += loss.item()

    return epoch


def measure(data: Data, rounds: int) -> list[list[str]]:
    rows = {"matrix products alone": products_only(data), "gradcheck_reference": ours(data)}
    try:
        rows["PyTorch eager"] = pytorch(data)
        rows["PyTorch eager, fused Adam"] = pytorch(data, fused=True)
        rows["PyTorch eager, no accuracy"] = pytorch(data, accuracy=False)
    except ModuleNotFoundError:
        print("PyTorch is not installed: its rows are left out", file=sys.stderr)
    times: dict[str, list[float]] = {name: [] for name in rows}
    for epoch in rows.values():
        epoch()  # warm up
    for _ in range(rounds):
        for name, epoch in rows.items():
            begin = time.process_time()  # what others run on the machine counts less
            epoch()
            times[name].append((time.process_time() - begin) / STEPS)
    best = {name: min(values) for name, values in times.items()}
    median = {name: float(np.median(values)) for name, values in times.items()}
    return [
        [
            name,
            f"{best[name] * 1e6:.0f}",
            f"{median[name] * 1e6:.0f}",
            f"{best['matrix products alone'] / best[name]:.2f}",
            f"{best[name] / best['gradcheck_reference']:.2f}",
        ]
        for name in rows
    ]


# ---- memory, in a process of its own -------------------------------------------------------------


def resident() -> int:
    """Bytes of this process in memory (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def memory() -> int:
    """How much the process grows while it trains one epoch, with every step looked at."""
    data = load()
    model = build(SETUP, (784, 10), 0).model
    model.train(data.X_train[:100], data.y_train[:100], batch_size=BATCH, print_every=0)
    before, peak = resident(), 0

    def look(*_):
        nonlocal peak
        peak = max(peak, resident())

    test = (data.X_test, data.y_test)
    model.train(
        data.X_train, data.y_train, batch_size=BATCH, print_every=0, seed=0, callbacks=[look],
        validation_data=test,
    )  # fmt: skip
    return peak - before


def memory_in_child() -> str:
    code = f"import runpy; print(runpy.run_path({__file__!r})['memory']())"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return f"{int(result.stdout) / MIB:.1f} MiB"


# ---- presets -------------------------------------------------------------------------------------


def preset_rows() -> list[list[str]]:
    rows = []
    for preset in presets.PRESETS.values():
        if preset.setup.dataset in presets.IMAGES and FOLDER is None:
            continue
        values, seconds = [], 0.0
        for seed in presets.SEEDS:
            with contextlib.redirect_stderr(io.StringIO()):
                value, took = show.one_seed(
                    preset.setup, run.load_data(preset.setup, seed, FOLDER), seed
                )
            values.append(value)
            seconds += took
        mean = float(np.mean(values))
        good = {None: "reported", True: "yes", False: "NO"}[preset.reaches(mean, seeds=5)]
        sign = "<=" if preset.metric == "loss" else ">="
        target = "" if preset.target is None else f"{sign} {preset.target:g}"
        one = f"{min(values):.4g} to {max(values):.4g}"
        rows.append(
            [preset.name, preset.source, target, f"{mean:.4g}", one, good, f"{seconds:.0f}"]
        )
        print(" ".join(rows[-1]), file=sys.stderr, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--presets", action="store_true", help="also run every preset, 5 seeds")
    parser.add_argument("--write", action="store_true", help="write reports/training.md")
    args = parser.parse_args()
    text = report(args.rounds, args.presets)
    print(text)
    if args.write:
        (ROOT / "reports" / "training.md").write_text(text)


def report(rounds: int, with_presets: bool) -> str:
    data = load()
    head = ["", "best, us/step", "median, us/step", "of the limit", "time relative to ours"]
    speed = tabulate(measure(data, rounds), head, tablefmt="github", disable_numparse=True)
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    with contextlib.suppress(ModuleNotFoundError):
        import torch

        versions += f", PyTorch {torch.__version__}"
    parts = [
        "# Training",
        "Written by `suites/benchmarks/training.py --presets --write`.",
        "## Speed",
        f"784-64-64-10, batch {BATCH}, Adam, L2 on the first layer, float32, one thread, {rounds} "
        f"interleaved rounds of {STEPS} steps, data: {data.name}; {versions}. CPU time. The limit is the "
        "eight matrix products of a step and nothing else. Every row but the first and last "
        "computes the loss and the accuracy of every step.",
        speed,
        f"Memory grown while training one epoch, shuffled, with validation: {memory_in_child()}.",
    ]
    if with_presets:
        head = ["preset", "source", "asked", "mean", "seeds 0 to 4", "reached", "seconds"]
        table = tabulate(preset_rows(), head, tablefmt="github", disable_numparse=True)
        said = (
            "Means over five seeds of weights and shuffling, in float32 as `nnfs.init()` has it. "
            "Images: test accuracy at the end. Spiral: training accuracy at the end; Adam at 0.05 "
            "drops for a few steps now and then, and a run that ends in such a drop counts as it "
            "is (in float64 that happens to seed 4 of spiral-adam: 0.84). Sine: loss at the end."
        )
        parts += ["## The books' runs", said, table]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
