"""``gradcheck train``: the end-to-end check on real data."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from gradcheck.training.presets import DATASETS, PRESETS, Preset, Setup, default_setup, preset_of

STYLES = ("nnfs", "fish")
PASS, FAIL, USAGE, UNDECIDED = 0, 1, 2, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``gradcheck train``."""
    add = parser.add_argument
    add("--dataset", choices=DATASETS, help="default: fashion-mnist if it is here, else spiral")
    add("--style", choices=STYLES, help="whose network: nnfs (default) or fish")
    add("--preset", choices=sorted(PRESETS), help="one of the books' runs")
    add("--data", metavar="DIR", help="folder with the IDX files (else GRADCHECK_DATA, download)")
    add("--epochs", type=_positive, metavar="N")
    add("--batch", type=_positive, metavar="N", help="samples a step")
    add("--optimizer", metavar="NAME", help="sgd, adam, adagrad, rmsprop; fish: and momentum ...")
    add("--seed", type=int, default=0, metavar="N", help="of weights and shuffling (0)")
    add("--seeds", type=_positive, metavar="N", help="run seeds 0..N-1, judge the mean")
    add("--dtype", choices=("float32", "float64"))
    add("--limit", type=_positive, metavar="N", help="only this many images, for a quick run")
    add("--layers", metavar="FILE", help="your layers in place of the reference's, side by side")
    add("--book-check", action="store_true", help="the fish book's gradient_check on MNIST")
    add("--save", metavar="FILE", help="write the trained parameters, also after Ctrl-C")
    add("--report", metavar="DIR", help="write table, curves and pictures into this folder")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} should be at least 1")
    return value


def main(args: argparse.Namespace) -> int:
    """Train, check, print; 0 all pass, 1 a fail, 2 usage, 3 something inconclusive."""
    try:
        preset, setup, note = choose(args)
    except ValueError as error:
        print(f"gradcheck train: {error}", file=sys.stderr)
        return USAGE
    if note:
        print(note)
    try:
        return _run(args, preset, setup)
    except (ValueError, ModuleNotFoundError) as error:
        # Data that cannot be read, an optimizer the style does not have, a missing extra.
        print(f"gradcheck train: {error}", file=sys.stderr)
        return USAGE


def _run(args: argparse.Namespace, preset: Preset | None, setup: Setup) -> int:
    from gradcheck.training import bookcheck, show

    if args.book_check:
        return bookcheck.command(args.data, args.seed)
    if args.layers:
        from gradcheck.training.swap import compare

        return int(compare(args, setup))
    if args.seeds:
        return show.seeds(preset, setup, args.seeds, args.data)
    return show.single(preset, setup, args.seed, args.data, report=args.report, save=args.save)


def choose(args: argparse.Namespace) -> tuple[Preset | None, Setup, str]:
    """The preset that applies (None: no figure is known), the setup, and a remark on it.

    Raises
    ------
    ValueError
        Options that contradict each other.
    """
    note = ""
    if args.preset:
        setup = PRESETS[args.preset].setup
        for name, value in (("dataset", setup.dataset), ("style", setup.style)):
            given = getattr(args, name)
            if given and given != value:
                raise ValueError(f"--preset {args.preset} has --{name} {value}, not {given}")
    else:
        dataset = args.dataset
        if dataset is None:
            dataset, note = _default_dataset(args.data, args.style)
        setup = default_setup(dataset, args.style or "nnfs")
    changes: dict[str, Any] = {
        key: getattr(args, key)
        for key in ("batch", "dtype", "limit")
        if getattr(args, key) is not None
    }
    if args.epochs is not None:
        changes |= {"epochs": args.epochs, "steps": None}
    if args.optimizer is not None and args.optimizer != setup.optimizer:
        changes |= {"optimizer": args.optimizer, "options": {}}
    setup = setup.replace(**changes)
    preset = PRESETS[args.preset] if args.preset and not changes else preset_of(setup)
    return preset, setup, note


def _default_dataset(folder: str | None, style: str | None) -> tuple[str, str]:
    """Images where they can be had at once, else the spiral."""
    images = "mnist" if style == "fish" else "fashion-mnist"
    if folder or os.environ.get("GRADCHECK_DATA"):
        return images, ""
    return "spiral", (
        f"no data folder is set (--data or GRADCHECK_DATA): training on the spiral; "
        f"--dataset {images} downloads the images"
    )


def standalone(argv: Sequence[str] | None = None) -> int:
    """``python -m gradcheck.training``."""
    parser = argparse.ArgumentParser(prog="gradcheck train", description=__doc__)
    add_arguments(parser)
    return main(parser.parse_args(argv))
