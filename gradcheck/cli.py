"""The command line: arguments, then a run, then a report and an exit code.

Exit codes: 0 all pass (notes included), 1 some fail or error, 2 usage, 3 no fail but something
inconclusive, or nothing verified.

Every command is one function ``cmd_x(args) -> int`` and one ``add_x(subparsers)``, listed in
`COMMANDS`.  Nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck import __version__, arguments
from gradcheck.errors import UsageError

if TYPE_CHECKING:
    from gradcheck.isolate import FileResult, Job

PASS, FAIL, USAGE, UNDECIDED = 0, 1, 2, 3
FORMATS = ("terminal", "markdown", "github", "gradescope")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(given)
    args = parser.parse_args(given)
    if not hasattr(args, "run"):
        parser.print_help()
        return USAGE
    try:
        return int(args.run(args))
    except UsageError as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # `gradcheck check ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return PASS
    except KeyboardInterrupt:
        print("gradcheck: interrupted", file=sys.stderr)
        return 130


def _parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The parser; of the commands that live in modules of their own only the one named is loaded."""
    parser = argparse.ArgumentParser(
        prog="gradcheck",
        description="Checks hand-written backward passes: is each gradient right, how sure is "
        "that, which entries are wrong, and why.",
        epilog="exit codes: 0 all pass, 1 a fail or an error, 2 usage, 3 something inconclusive "
        "or nothing verified",
    )
    parser.add_argument("--version", action="version", version=f"gradcheck {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for add in COMMANDS:
        add(commands)
    for name, (module, text) in MODULES.items():
        command = commands.add_parser(name, help=text, description=text)
        if name in argv[:1]:
            home = importlib.import_module(module)
            home.add_arguments(command)
            command.set_defaults(run=home.main)
    return parser


# ---- check --------------------------------------------------------------------------------------


def add_check(commands: Any) -> None:
    """``gradcheck check TARGET...``."""
    parser = commands.add_parser(
        "check",
        help="check the gradients of a file, class, function, notebook or folder",
        description="TARGET is file.py, file.py::Name, notebook.ipynb, package.module:Name or a "
        "folder. Only definitions are loaded: a script that trains at import does not train.",
    )
    arguments.add_targets(parser)
    arguments.add_building(parser)
    add = parser.add_argument
    add("--law", action="append", default=[], metavar="NAME", help="only this law (repeatable)")
    add("--seed", type=arguments.seed, default=0, metavar="N", help="seed of the random cases (0)")
    add("--examples", type=arguments.positive, metavar="N", help="how many cases a law tries")
    add(
        "--replay",
        type=arguments.token,
        metavar="TOKEN",
        help="repeat one case, as a failure prints it",
    )
    add("--exhaustive", action="store_true", help="measure every entry of every gradient")
    arguments.add_limits(parser)
    add("--in-process", action="store_true", help="no child processes and no limits (debugging)")
    add("--json", metavar="FILE", help="also write the verdicts as JSON; - for stdout")
    add("--report", metavar="DIR", help="also write every report format into this folder")
    add("--format", default="terminal", choices=FORMATS, help="what is printed (terminal)")
    parser.set_defaults(run=cmd_check)


def cmd_check(args: argparse.Namespace) -> int:
    """Check every target; report; 0, 1, 2 or 3."""
    from gradcheck import output

    begin = time.monotonic()
    arguments.known_laws(args.law)
    results = _run(args, "check")
    only = results[0] if len(args.targets) == 1 == len(results) else None
    if only is not None and only.error:
        raise UsageError(only.error)
    _warn_unused(args.init, results)
    seconds = time.monotonic() - begin
    output.write_json(args.json, results, seconds)
    if args.report:
        output.write_reports(args.report, results, seconds)
    if args.json != "-":
        output.show(args.format, results, seconds)
    return exit_code(results)


def _warn_unused(init: Sequence[str], results: Sequence[FileResult]) -> None:
    from gradcheck import config

    names = {subject.name for result in results for subject in result.subjects}
    for expression in init:
        if config.called(expression) not in names:
            print(
                f"gradcheck: --init {expression}: nothing of that name was found", file=sys.stderr
            )


def exit_code(results: Sequence[FileResult]) -> int:
    """0 all pass, 1 some fail or error, 3 something undecided or nothing verified."""
    found = {subject.status for result in results for subject in result.subjects}
    if found & {"fail", "error"} or any(result.error for result in results):
        return FAIL
    if "inconclusive" in found or not found & {"pass", "note"}:
        return UNDECIDED
    return PASS


# ---- list ---------------------------------------------------------------------------------------


def add_list(commands: Any) -> None:
    """``gradcheck list TARGET...``."""
    parser = commands.add_parser(
        "list", help="what would be checked, and how each object would be built"
    )
    arguments.add_targets(parser)
    arguments.add_building(parser)
    arguments.add_limits(parser)
    parser.set_defaults(run=cmd_list)


def cmd_list(args: argparse.Namespace) -> int:
    """Print what was recognised in every target."""
    from gradcheck.report.listing import listed

    results = _run(args, "describe")
    if len(results) == 1 and results[0].error:
        raise UsageError(results[0].error)
    for result in results:
        print(result.target, f"  error: {result.error}" if result.error else "")
        if result.subjects:
            print(listed(result.subjects))
        for note in result.notes:
            print(f"  {note}")
        print()
    subjects = [s for result in results for s in result.subjects]
    status = Counter(s.status if s.reason else "to check" for s in subjects)
    counts = [f"{status[name]} {name}" for name in ("to check", "error", "skipped") if status[name]]
    print(f"{', '.join(counts) or 'nothing to check'}, in {len(results)} file(s)")
    return PASS if status["to check"] else UNDECIDED


# ---- laws ---------------------------------------------------------------------------------------


def add_laws(commands: Any) -> None:
    """``gradcheck laws``."""
    parser = commands.add_parser("laws", help="what is checked, one line a law")
    parser.set_defaults(run=cmd_laws)


def cmd_laws(args: argparse.Namespace) -> int:
    """Print every law with the first line of its description."""
    from tabulate import tabulate

    from gradcheck import run

    rows = [[name, (law.__doc__ or "").strip().split("\n")[0]] for name, law in run.laws().items()]
    print(tabulate(rows, ["law", "what it says"], disable_numparse=True))
    return PASS


# ---- report -------------------------------------------------------------------------------------


def add_report(commands: Any) -> None:
    """``gradcheck report OLD NEW``; `gradcheck.report.compare` does the work."""
    parser = commands.add_parser("report", help="what changed between two report.json files")
    add = parser.add_argument
    add("old", type=Path, help="report.json of the earlier run")
    add("new", type=Path, help="report.json of the later run")
    add("--factor", type=float, metavar="F", help="how much coarser a resolution counts as lost")
    parser.set_defaults(run=cmd_report)


def cmd_report(args: argparse.Namespace) -> int:
    """Print the differences between two runs."""
    from gradcheck.report import compare

    if args.factor is None:
        args.factor = compare.FACTOR
    return compare.main(args)


#: One function a command.
COMMANDS: list[Callable[[Any], None]] = [add_check, add_list, add_laws, add_report]

#: Commands with a module of their own: ``add_arguments(parser)`` and ``main(args) -> int``.
MODULES: dict[str, tuple[str, str]] = {
    "explain": ("gradcheck.explain", "what a cause means, why it happens, and how to mend it"),
    "repro": ("gradcheck.repro", "write a pytest file that fails until a bug is mended"),
    "diff": ("gradcheck.diffing", "put a class beside the reference of the same role"),
    "train": ("gradcheck.training.command", "train a network, with checks before and after"),
    "bugs": ("gradcheck.catalogue", "run the checker over the catalogue of known bugs"),
}


# ---- running ------------------------------------------------------------------------------------


def _run(args: argparse.Namespace, op: str) -> list[FileResult]:
    """Every target's result, in the order of the command line."""
    from gradcheck import isolate, progress, targets

    jobs: list[Job | FileResult] = []
    for text in args.targets:
        try:
            jobs += [_job(args, target, op) for target in targets.parse(text)]
        except targets.TargetError as error:
            jobs.append(isolate.FileResult(targets.Target(text), error=str(error)))
    runnable = [job for job in jobs if isinstance(job, isolate.Job)]
    if op == "check" and getattr(args, "in_process", False):
        done = iter([isolate.check_here(job) for job in runnable])
    else:
        with progress.shown() as tell:
            done = iter(isolate.check_all(runnable, args.jobs, tell))
    return [next(done) if isinstance(job, isolate.Job) else job for job in jobs]


def _job(args: argparse.Namespace, target: Any, op: str) -> Job:
    from gradcheck import config, isolate

    try:
        table = config.read(target.path)
    except config.ConfigError as error:
        raise UsageError(str(error)) from None
    timeout = args.timeout or table.timeout or isolate.TIMEOUT
    options: dict[str, Any] = {
        "init": (*args.init, *table.init),
        "input": args.input or table.input,
        "labels": args.labels or table.labels,
    }
    if op == "check":
        options |= {
            "laws": tuple(args.law),
            "seed": args.seed,
            "examples": args.examples,
            "replay": args.replay,
            "exhaustive": args.exhaustive,
            "seconds": None if args.in_process else 0.7 * timeout,
        }
    return isolate.Job(
        target=target,
        options=options,
        timeout=timeout,
        memory=args.memory or table.memory or isolate.MEMORY,
        skip=table.skip,
        flags=arguments.flags(args),
        op=op,
    )


if __name__ == "__main__":
    sys.exit(main())
