"""What can be said where no experiment confirmed a cause."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from gradcheck.diagnose.causes import CAUSES, fix_for
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.session import Candidate, Session
from gradcheck.diagnose.slices import gradient_line, source_line
from gradcheck.laws.common import gradient_name
from gradcheck.types import Cause, Op, Verdict

#: A hypothesis whose prediction misses by more than this share is not worth a word.
FAR = 0.9
#: One that misses by less is nearer than what holds of every wrong line.
CLOSE = 0.1
#: Some number fits any gradient more or less; one that does not fit exactly is no hypothesis.
EXACT = {"constant-factor"}
#: What is left where nothing that was tried explains a gradient: the line holds another formula.
GENERIC = ("wrong-derivative", "missing-chain-factor")
#: Names of layers whose gradient has a term for the mean and one for the variance.
NORM = re.compile(r"norm|standardi[sz]")
OF_GRADIENTS = {"gradient", "model_gradient"}
#: Laws about what forward gives.
OF_OUTPUT = {"same_as_reference", "roles"}


def unknown(
    s: Session,
    verdict: Verdict,
    candidates: Sequence[Candidate],
    detail: dict[str, Any],
    source: str,
    path: str,
) -> Cause | None:
    """The line that assigns what is wrong, a change that works if one was found, near misses.

    Puts the ids of the hypotheses, best first, into ``detail["hypotheses"]``.
    """
    wrong = any(v.status == "fail" and v.law == "gradient" for v in s.verdicts)
    if verdict.status == "note":
        detail["hypotheses"] = tuple(dict.fromkeys(c.cause for c in candidates))[:2]
        return None
    if wrong and not candidates and verdict.law != "gradient":
        return None  # what other laws see of a wrong gradient is that gradient's matter
    changed = next((c for c in candidates if c.repair is not None), None)
    names = dict.fromkeys(n for c in candidates for n in (c.cause, c.second) if n in CAUSES)
    misses = {name: by for name, by in detail.get("nearest", ()) if by < FAR}
    close = [name for name, by in misses.items() if by < CLOSE and name not in EXACT]
    general = generic(s, verdict)
    hypotheses = list(dict.fromkeys([*names, *general[:1], *close, *general, *misses]))[:2]
    detail["hypotheses"] = tuple(hypotheses)
    seen = next((c.line for c in candidates if c.line), None)
    line = seen or located(s.op, verdict, s.pieces)
    fix, parts = "", [assigned(source, path, line, seen is not None)]
    if changed is not None and changed.repair is not None:
        s.known.append((changed.repair, changed))
        line, fix = changed.repair.edit.line, fix_for("unknown", s.op.convention, changed.repair)
        parts = [f"This makes every law pass, but does not show why, in line {line}: {fix}."]
    parts += [near(hypotheses, misses), by_numbers(hypotheses, misses)]
    text = " ".join(p for p in parts if p)
    return Cause("unknown", text, "", fix, line, source_line(source, line))


def generic(s: Session, verdict: Verdict) -> tuple[str, ...]:
    """What is left to suspect where a gradient differs from the measured one."""
    measured = verdict.wrt in s.op.gradient_names and verdict.measured is not None
    if verdict.law not in OF_GRADIENTS and not (
        measured and verdict.law in {"extremes", "train_eval"}
    ):
        return ()
    if any(v.law in OF_OUTPUT and v.status == "fail" for v in s.verdicts):
        return ("forward-wrong", GENERIC[0])
    if NORM.search(s.op.name.lower()) and verdict.wrt in {slot.name for slot in s.op.slots}:
        return (GENERIC[0], "missing-norm-term")
    return GENERIC


def located(op: Op, verdict: Verdict, found: list[Piece]) -> int | None:
    """The line an exception arose in, or the one that assigns the gradient or the output."""
    line = verdict.detail.get("line")
    if not line and (verdict.law in OF_OUTPUT or verdict.wrt == "output"):
        line = output_line(
            [p for p in found if p.node.name == verdict.wrt], {"other"}
        ) or output_line(found)
    return int(line) if line else gradient_line(found, gradient_name(op, verdict.wrt), verdict.wrt)


def output_line(found: list[Piece], roles: Set[str] = frozenset(("forward", "both"))) -> int | None:
    """The last line of the forward that returns, or assigns ``self.output``."""
    for piece in found:
        if piece.role not in roles:
            continue
        lines = [
            n.lineno
            for n in ast.walk(piece.node)
            if (isinstance(n, ast.Return) and n.value is not None)
            or (isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "self.output")
        ]
        if lines:
            return max(lines)
    return None


def assigned(source: str, path: str, line: int | None, seen: bool) -> str:
    """``mine.py:12 assigns it: `self.dx = ...`.``"""
    text = source_line(source, line)
    verb = "is where it arises" if seen else "assigns it"
    return f"{Path(path).name}:{line} {verb}: `{text}`." if text else ""


def near(hypotheses: Sequence[str], misses: Mapping[str, float]) -> str:
    """The nearest hypotheses, and by how much each of them fails to explain the numbers."""
    told = [
        f"{name} ({CAUSES[name].what}{missed(misses.get(name))})"
        for name in hypotheses
        if name in CAUSES
    ]
    if not told:
        return "None of the known hypotheses applies; compare the line with the derivative by hand."
    return f"Nearest hypotheses, not confirmed: {'; '.join(told)}."


def by_numbers(hypotheses: Sequence[str], misses: Mapping[str, float]) -> str:
    """What else was computed, and by how much it misses."""
    others = [f"{n} by {by:.0%}" for n, by in misses.items() if n not in hypotheses]
    return f"Predictions that miss the numbers: {', '.join(others)}." if others else ""


def missed(miss: float | None) -> str:
    """``: its prediction misses by 12 % of the largest entry``."""
    return "" if miss is None else f": its prediction misses by {miss:.0%} of the largest entry"
