"""One failure told completely: which gradient, where, by how much, in which case, and why."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping

from tabulate import tabulate

from gradcheck.report.jsonfile import replay_command
from gradcheck.report.layout import WIDTH, Style, ended, middle, small, wrap
from gradcheck.report.words import GRADIENT_LAWS
from gradcheck.types import Entry, Subject, Verdict

_ROWS = 5
_BLOCKS = 3
_LAW_SAYS = {
    "gradient": "wrong gradient",
    "contract": "contract broken",
    "inputs_unchanged": "edits its argument",
    "repeatable": "second call differs",
    "linear_in_cotangent": "not linear in dout",
    "zero_cotangent": "not 0 where dout is",
    "label_formats": "wrong for some labels",
    "layout": "memory layout",
    "batch": "batch size",
    "cached_input": "keeps a reference",
    "interleaved": "mixes up two calls",
    "dtype": "wrong for a dtype",
    "extremes": "at extreme values",
    "kinks": "wrong at a kink",
    "train_eval": "train/eval modes",
    "roles": "wrong value",
    "gradient_untouched": "edits the gradient",
    "model_gradient": "wrong gradient",
}


def failed(subject: Subject) -> list[Verdict]:
    return [v for v in subject.verdicts if v.status == "fail"]


def badness(subject: Subject) -> float:
    """Sort key: gradient failures before the others, large errors before small ones."""
    sizes = [_relative(v) for v in failed(subject) if v.law in GRADIENT_LAWS]
    return -max(sizes, default=-1.0)


def _relative(verdict: Verdict) -> float:
    if verdict.claimed is None or verdict.measured is None:
        return 0.0
    scale = max(abs(verdict.measured), abs(verdict.claimed))
    ratio = abs(verdict.claimed - verdict.measured) / scale if scale else 0.0
    return ratio if math.isfinite(ratio) else math.inf


def named(verdict: Verdict) -> bool:
    """Whether a cause was found."""
    return verdict.cause is not None and verdict.cause.id != "unknown"


def main_failures(subject: Subject) -> list[Verdict]:
    """One failing verdict a cause (or law), the most telling first; the rest follows."""
    found = failed(subject)
    ranked = sorted(found, key=lambda v: (not named(v), v.law not in GRADIENT_LAWS, -_relative(v)))
    seen: set[str] = set()
    main = []
    for verdict in ranked:
        key = verdict.cause.id if verdict.cause and named(verdict) else verdict.law
        if key not in seen:
            seen.add(key)
            main.append(verdict)
    return main


def failure(subject: Subject, style: Style) -> str:
    main = main_failures(subject)
    if main and main[0].law in GRADIENT_LAWS:  # what other laws see of a wrong gradient follows
        main = [v for v in main if v is main[0] or named(v)]
    blocks = [_block(subject, v, style) for v in main[:_BLOCKS]]
    rest = [v for v in failed(subject) if v not in main[:_BLOCKS]]
    if rest:
        lines = ["  also failing"]
        for verdict in rest[:8]:
            text = told(verdict, subject)
            lines += wrap(f"    {verdict.law} {verdict.wrt}: {text}".replace(" :", ":"), "      ")
        if len(rest) > 8:
            lines.append(f"    and {len(rest) - 8} more (all of them: --json FILE)")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _block(subject: Subject, verdict: Verdict, style: Style) -> str:
    name = subject.name + (f".{verdict.wrt}" if verdict.wrt else "")
    line = (verdict.cause.line if verdict.cause else None) or subject.line
    where = _where(subject, line)
    head = middle(f"FAIL  {name}   [{verdict.law}]", WIDTH)
    gap = WIDTH - len(head) - len(where)
    lines = [style.status("fail", "FAIL") + style.bold(head[4:])]
    lines[0] += f"{' ' * gap}{where}" if gap >= 2 else f"\n  {where}"
    lines += wrap(f"  {told(verdict, subject)}", "    ")
    if verdict.wrong is not None and verdict.size:
        lines += wrap(f"  {verdict.wrong:,} of {verdict.size:,} entries wrong", "    ")
    lines += _case(verdict, subject)
    table = _entries(verdict)
    if table:
        lines += ["", textwrap.indent(table, "    "), ""]
    lines += _cause(verdict, subject)
    command = replay_command(subject, verdict)
    if command:
        lines.append(f"  replay: {command}")
    return "\n".join(lines)


def told(verdict: Verdict, subject: Subject) -> str:
    """The verdict in one sentence, in the one grammar of all messages."""
    if verdict.message:
        return verdict.message
    if verdict.claimed is None or verdict.measured is None:
        return _LAW_SAYS.get(verdict.law, verdict.law.replace("_", " "))
    at = f"[{', '.join(map(str, verdict.index))}]" if verdict.index else ""
    bound = "" if verdict.bound is None else f" (± {small(verdict.bound)})"
    yours, real = _apart(verdict.claimed, verdict.measured, verdict.bound)
    what = f"{verdict.wrt}{at} = {yours}, but should be {real}{bound}"
    return f"{what} [{verdict.law}, {subject.name}]"


def _case(verdict: Verdict, subject: Subject) -> list[str]:
    case = verdict.case
    parts = []
    shapes = verdict.detail.get("shapes")
    if isinstance(shapes, Mapping):
        parts.append(", ".join(f"{k} {_shape(v)}" for k, v in shapes.items()))
    if case is not None:
        if not parts and not verdict.message:  # the message ends with the shapes
            parts.append(", ".join(f"{k}={n}" for k, n in case.sizes))
        if case.labels:
            parts.append(f"labels {case.labels} {case.label_dtype}")
        if case.dtype != "float64":
            parts.append(case.dtype)
        if case.layout != "C":
            parts.append(f"layout {case.layout}")
        if not case.train:
            parts.append("evaluation mode")
        parts.append(f"seed {case.seed}")
    built = str(verdict.detail.get("built") or subject.built)  # one of several configurations
    if built:
        parts.insert(0, built)
    return wrap(f"  case: {'; '.join(parts)}", "        ") if parts else []


def _shape(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(str, value))}{',' if len(value) == 1 else ''})"
    return str(value)


def _entries(verdict: Verdict) -> str:
    entries = verdict.entries[:_ROWS]
    if len(entries) < 2 and (verdict.message or not entries):  # the message says as much
        return ""
    rows = []
    for entry in entries:
        yours, real = _apart(entry.claimed, entry.measured, entry.bound)
        bound = "" if math.isnan(entry.bound) else f" ± {small(entry.bound)}"
        rows.append([_shape_index(entry.index), yours, real + bound, _ratio(entry)])
    heads = ["entry", "yours", "measured", "ratio"]
    text = str(tabulate(rows, heads, "plain", disable_numparse=True))
    more = (verdict.wrong or 0) - len(entries)
    return text + (f"\n... and {more:,} more" if more > 0 else "")


def _shape_index(index: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, index))}]"


def _ratio(entry: Entry) -> str:
    if not entry.measured or abs(entry.measured) <= (entry.bound if entry.bound > 0 else 0.0):
        return "-"
    return f"{entry.claimed / entry.measured:.4g}"


def _apart(claimed: float, measured: float, bound: float | None) -> tuple[str, str]:
    """Both numbers with as many digits as are known, and enough to tell them apart."""
    digits = 6
    if bound and math.isfinite(bound) and measured and math.isfinite(measured):
        digits = min(9, max(4, math.ceil(math.log10(abs(measured) / bound)) + 1))
    while digits < 17 and f"{claimed:.{digits}g}" == f"{measured:.{digits}g}":
        digits += 1
    return f"{claimed:.{digits}g}", f"{measured:.{digits}g}"


def _cause(verdict: Verdict, subject: Subject) -> list[str]:
    cause = verdict.cause
    if cause is None:
        return []
    if cause.id == "unknown":
        return wrap(f"  cause: not found. {cause.text}", "    ")
    lines = wrap(f"  cause (confirmed): {cause.text}", "    ")
    if cause.evidence:
        lines += wrap(f"    {cause.evidence}", "    ")
    if cause.source:
        numbers = f"{cause.line} | " if cause.line else ""
        lines += [f"      {numbers}{ended(line, 84)}" for line in cause.source.splitlines()[:4]]
    if cause.fix:
        fix = cause.fix.splitlines()
        lines += wrap(f"  fix: {fix[0]}", "    ") + [f"    {line}" for line in fix[1:]]
    return lines


def _where(subject: Subject, line: int | None) -> str:
    file = subject.target.partition("::")[0]
    return f"{file}:{line}" if line else file
