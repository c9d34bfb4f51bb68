"""`gradcheck repro TARGET`: a pytest file that fails until the failures of a target are fixed."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from gradcheck.types import Subject, Verdict

HEAD = '''"""Fails until {names} in {file} {is_are} fixed.  Written by `gradcheck repro`.

Each row is one failure: the law, the gradient or argument it is about, and the token that draws the
same shapes, values and labels again.
"""

from pathlib import Path

import pytest

from gradcheck import run, targets

FILE = Path(__file__).parent / {path!r}

FAILURES = [
{rows}]


@pytest.mark.parametrize(("name", "law", "wrt", "token"), FAILURES)
def test_is_fixed(name, law, wrt, token):
    loaded = targets.load(targets.parse(f"{{FILE}}::{{name}}")[0])
    options = run.Options(laws=(law,), replay=token, diagnose=False{init})
    subject = run.check(loaded, name, options)
    assert subject.verdicts, subject.reason
    wrong = [v.message for v in subject.verdicts if v.status in ("fail", "error") and v.wrt == wrt]
    assert not wrong, "\\n".join(wrong)
'''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the subcommand."""
    parser.add_argument("target", help="file.py or file.py::Name")
    parser.add_argument("--replay", metavar="TOKEN", help="only this case, as a report printed it")
    parser.add_argument("--init", action="append", default=[], metavar="EXPR",
                        help="how to construct a class, as for check")  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="where to write (default: standard output)"
    )


def main(args: argparse.Namespace) -> int:
    """Check the target, and write a test for what fails.

    Returns
    -------
    int
        0 where a file was written; 1 where nothing fails; 2 where the target cannot be read.
    """
    from gradcheck import targets
    from gradcheck.targets import TargetError

    try:
        found = [targets.load(t) for t in targets.parse(args.target)]
    except TargetError as error:
        print(f"gradcheck repro: {error}", file=sys.stderr)
        return 2
    subjects = [s for loaded in found for s in checked(loaded, args)]
    if not any(failures(s) for s in subjects):
        print(f"gradcheck repro: nothing fails in {args.target}", file=sys.stderr)
        return 1
    folder = Path(args.output).parent if args.output else Path()
    text = written(subjects, folder, tuple(args.init))
    if args.output:
        Path(args.output).write_text(text, encoding="utf-8")
        print(f"wrote {args.output}: run pytest {args.output}")
    else:
        print(text, end="")
    return 0


def checked(loaded: object, args: argparse.Namespace) -> list[Subject]:
    """The subjects of one loaded file, checked in this process."""
    from gradcheck import run

    name = loaded.target.name  # type: ignore[attr-defined]
    options = run.Options(init=tuple(args.init), replay=args.replay)
    planned = [p for p in run.plan(loaded, name) if not p.reason]  # type: ignore[arg-type]
    return [run.check(loaded, p.name, options) for p in planned]  # type: ignore[arg-type]


def failures(subject: Subject) -> list[Verdict]:
    """The verdicts a test can repeat."""
    return [v for v in subject.verdicts if v.status in {"fail", "error"} and v.case is not None]


def written(subjects: Sequence[Subject], folder: Path, init: tuple[str, ...] = ()) -> str:
    """The text of the test file, to be stored in `folder`."""
    failing = [s for s in subjects if failures(s)]
    file = Path(failing[0].target.split("::")[0])
    rows = "".join(row(s, v) for s in failing for v in failures(s))
    names = ", ".join(s.name for s in failing)
    path = Path(os.path.relpath(file.absolute(), folder.absolute())).as_posix()
    return HEAD.format(
        names=names, file=file.name, path=path, rows=rows,
        is_are="are" if len(failing) > 1 else "is", init=f", init={init!r}" if init else "",
    )  # fmt: skip


def row(subject: Subject, v: Verdict) -> str:
    """One parametrised failure, with the numbers of its smallest case in a comment."""
    assert v.case is not None
    told = v.detail.get("smallest") or re.sub(r"\s+", " ", v.message)
    comment = f"    # {told}"[:160]
    identity = "-".join(filter(None, (subject.name, v.law, v.wrt)))
    values = f"{subject.name!r}, {v.law!r}, {v.wrt!r}, {v.case.token()!r}"
    return f"{comment}\n    pytest.param({values},\n                 id={identity!r}),\n"
