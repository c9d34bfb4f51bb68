"""Arguments that only a guess could fill: what the user's code says to it is no fault of the code."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from gradcheck import cases
from gradcheck.conventions.live import Guessed
from gradcheck.conventions.signature import plain, tree_of
from gradcheck.types import Case, Op


def refused_guess(op: Op) -> None:
    """Try the first case; raise where an argument that we had to guess was refused.

    Raises
    ------
    Guessed
        The argument, and what the user's code said.
    """
    if op.step is not None or op.backward is None:
        return
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    try:
        primals, labels = cases.draw(op, case)
        output, pullback = op.vjp(primals, labels)
        pullback(np.ones_like(output))
    except Guessed:
        raise
    except AttributeError as error:
        setter = set_by(error)
        if setter:
            text = f"raises AttributeError: {error}; {setter}() sets it, and how to call that is not known"
            raise Guessed(f"{text}: show it in the file, or give the call with --init") from error
    except Exception:  # the laws say what of it is the code's own
        return


def set_by(error: AttributeError) -> str:
    """The method that sets the attribute an object lacks, where that is for its user to call; else ""."""
    cls, wanted = type(error.obj), error.name
    tree = tree_of(cls)
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        stored = {
            n.attr
            for n in ast.walk(node)
            if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
        }
        if wanted in stored and plain(node.name) in SETUP:
            return node.name
    return ""


#: Methods that a user calls once before an object works.
SETUP = {
    "set",
    "setup",
    "compile",
    "configure",
    "build",
    "init",
    "initialize",
    "initialise",
    "fit",
    "setloss",
    "prepare",
}


def refusal(method: str, names: Sequence[str], error: Exception) -> Guessed:
    """The error for a call that raised with these arguments filled by a guess."""
    said = f"{method} also wants {', '.join(names)}, and what was tried for it was refused"
    return Guessed(f"{said}: {type(error).__name__}: {error}")
