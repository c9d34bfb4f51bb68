"""The table of everything the reference offers, with both proofs.

    python suites/reference_report.py --out reports/reference.md

For every entry of the registry: what our own engine says, over all laws, and the largest
disagreement with PyTorch in float64. Ends with 1 where an entry does not pass.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "reference")]

from gradcheck_reference import registry  # noqa: E402
from tabulate import tabulate  # noqa: E402

from gradcheck import run  # noqa: E402
from suites import reference_ops  # noqa: E402

SHAPES = 200
PLAIN = "plain function"


def engine(entry: registry.Entry) -> tuple[str, str, str]:
    """The verdict, the laws passed, and the resolution of the gradients."""
    if entry.kind == "function" and not entry.backward:
        return PLAIN, "", ""
    subject = reference_ops.checked(entry, run.Options())
    by_law: dict[str, set[str]] = {}
    for v in subject.verdicts:
        by_law.setdefault(v.law, set()).add(v.status)
    ran = {law: found for law, found in by_law.items() if found != {"skipped"}}
    wrong = [law for law, found in ran.items() if not found <= {"pass", "note", "skipped"}]
    resolved = [v.resolution for v in subject.verdicts if v.resolution is not None]
    status = ": ".join(filter(None, [subject.status, ", ".join(wrong) or subject.reason]))
    return (
        status,
        f"{len(ran) - len(wrong)} of {len(ran)}",
        f"{max(resolved):.0e}" if resolved else "",
    )


def oracle(entry: registry.Entry) -> str:
    """The largest disagreement with PyTorch (an optimizer's over 50 steps), or ""."""
    try:
        importlib.import_module("torch")
    except ImportError:
        return "not installed"
    errors = list(disagreements(entry))
    return f"{max(errors):.0e}" if errors else ""


def disagreements(entry: registry.Entry) -> list[float]:
    """Relative errors of every output and gradient."""
    torch_rows = importlib.import_module("suites.oracle_torch")
    importlib.import_module("suites.oracle_torch_more")
    skins = importlib.import_module("suites.oracle_skins")
    steps = importlib.import_module("suites.oracle_optimizers")
    if entry.backward:
        stem = entry.name.removesuffix("_forward")
        return [e for seed in range(SHAPES) for _, e in torch_rows.compare(stem, seed)]
    if entry.name in skins.LAYERS:
        sizes = [
            s
            for n, s in skins.SIZES.items()
            if n == "several"
            or len(next(iter(entry.inputs.values()))) > 2
            or "Batch" not in entry.name
        ]
        return [e for s in sizes for _, e in skins.compare_layer(entry, s)]
    if entry.name in skins.LOSSES:
        return [e for s in skins.SIZES.values() for _, e in skins.compare_loss(entry, s)]
    named = [n for n in steps.NAMES if n.split()[0] == entry.name]
    return [e for n in named for _, e in steps.compare(n)]


TEXT = """# The reference, proven twice

{count} entries, {bad} that do not pass.

- *engine*: the verdict of `gradcheck` over all its laws. A *note* says that a layer keeps its input
  by reference, as the books do. A plain function has no backward; `test_reference_books` has its
  numbers.
- *resolution*: the smallest relative error of a gradient that would have been caught.
- *PyTorch*: the largest disagreement in float64 of any output or gradient, relative to the largest
  entry: {shapes} random shapes of a function, two sizes of a class, 50 steps of an optimizer.

{table}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="The table of everything the reference offers.")
    parser.add_argument("--out", type=pathlib.Path, help="write Markdown here; default: print")
    out = parser.parse_args().out
    rows, bad = [], 0
    for entry in registry.entries():
        status, laws, resolution = engine(entry)
        bad += status.partition(":")[0] not in ("pass", "note", PLAIN)
        row = [entry.skin, f"`{entry.make}`", entry.source, status, laws, resolution]
        rows.append([*row, oracle(entry)])
        print(f"{entry.make[:60]:60} {status}", file=sys.stderr)
    headers = ["skin", "entry", "source", "engine", "laws passed", "resolution", "PyTorch"]
    table = tabulate(rows, headers, tablefmt="github", disable_numparse=True)
    text = TEXT.format(count=len(rows), bad=bad, shapes=SHAPES, table=table)
    if out is None:
        print(text)
    else:
        out.write_text(text)
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
