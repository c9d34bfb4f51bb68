"""The arguments that several commands share, and what their texts may be."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from gradcheck.errors import UsageError


def add_targets(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="what to check")


def add_building(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--init",
        action="append",
        default=[],
        type=call,
        metavar="EXPR",
        help='how to construct a class: --init "Dense(4, 3)" (repeatable)',
    )
    add("--input", type=shape, metavar="SHAPE", help="shape of the input: 3,4")
    add(
        "--labels",
        type=encoding,
        metavar="SPEC",
        help="encoding of the labels: index, onehot, binary, ...",
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--timeout", type=seconds, metavar="S", help="seconds for each class (30)")
    add("--memory", type=positive, metavar="MIB", help="MiB of memory for each class (2048)")
    add("--jobs", type=positive, metavar="N", help="child processes at a time (the CPU count)")


def shape(text: str) -> tuple[int, ...]:
    from gradcheck import config

    try:
        return config.shape(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 3,4") from None


def call(text: str) -> str:
    from gradcheck import config

    try:
        return config.call(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def encoding(text: str) -> str:
    from gradcheck.types import ENCODINGS

    if text not in ENCODINGS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(ENCODINGS)}")
    return text


def token(text: str) -> str:
    """A replay token that can be read.

    Raises
    ------
    argparse.ArgumentTypeError
        It cannot; the text says which part.
    """
    from gradcheck.types import Case

    try:
        Case.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no case: {error}") from error
    return text


def positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def seed(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, 0 or more")
    return int(text)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def known_laws(names: Sequence[str]) -> None:
    if not names:
        return
    import difflib

    from gradcheck import run

    known = list(run.laws())
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else "see `gradcheck laws`"
            raise UsageError(f"no law {name}; {hint}")


def flags(args: argparse.Namespace) -> str:
    """The arguments that a replay command must repeat."""
    parts = [f"--init {shlex.quote(expression)}" for expression in args.init]
    if args.input:
        parts.append(f"--input {','.join(map(str, args.input))}")
    if args.labels:
        parts.append(f"--labels {shlex.quote(args.labels)}")
    return " ".join(parts)
