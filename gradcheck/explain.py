"""`gradcheck explain ID`: what a cause means, why it is wrong, its fix, and where it is taught."""

from __future__ import annotations

import argparse
import difflib
import sys

from gradcheck.diagnose.about import About
from gradcheck.diagnose.causes import CAUSES

#: The conventions a fix may be given in, with the names users know.
CONVENTIONS = {
    "nnfs": "in the manner of Neural Networks from Scratch",
    "fish": "in the manner of Deep Learning from Scratch",
    "cs231n": "in the manner of CS231n",
    "any": "fix",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the subcommand."""
    parser.add_argument(
        "id", nargs="?", help="a cause, as reports name it; without one, all are listed"
    )
    parser.add_argument(
        "--style", choices=("nnfs", "fish", "cs231n"), help="show only this style's fix"
    )


def main(args: argparse.Namespace) -> int:
    """Print one cause, or the list of all.

    Returns
    -------
    int
        0, or 2 where there is no such cause.
    """
    if args.id is None:
        print(listing())
        return 0
    name = "-".join(args.id.lower().replace("_", " ").split())  # the table says "sign flipped"
    about = CAUSES.get(name)
    if about is None:
        print(unknown(args.id), file=sys.stderr)
        return 2
    print(explained(name, about, getattr(args, "style", None)))
    return 0


def unknown(name: str) -> str:
    """The message for a cause that does not exist, with the nearest ones."""
    near = difflib.get_close_matches(name, CAUSES, n=3, cutoff=0.4)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    return f"gradcheck explain: no cause is called {name!r}{hint}; 'gradcheck explain' lists all"


def listing() -> str:
    """All causes with what they are, one a line."""
    width = max(map(len, CAUSES))
    return "\n".join(f"{name:{width}}  {about.what}" for name, about in CAUSES.items())


def explained(name: str, about: About, style: str | None = None) -> str:
    """One cause in full."""
    lines = [name, "", f"  what happens   {about.what}", f"  why            {about.why}"]
    chosen = {style: about.fix[style]} if style and style in about.fix else about.fix
    for key, fix in chosen.items():
        lines += ["", f"  {CONVENTIONS[key]}:", *(f"      {line}" for line in fix.splitlines())]
    if about.taught:
        lines += ["", f"  taught in      {about.taught}"]
    return "\n".join(lines)
