"""Verdicts as JSON and back: the file that ``--json`` writes, and the wire between processes.

The layout is ``schema.json`` beside this module.  A number that JSON cannot hold is written as
the string "NaN", "Infinity" or "-Infinity".
"""

from __future__ import annotations

import dataclasses
import json
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.types import Case, Cause, Entry, Subject, Verdict

SCHEMA = "gradcheck/1"
_STRINGS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LONGEST = 10_000


def schema() -> dict[str, Any]:
    """The JSON schema that every file written here obeys."""
    text = Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def dumps(subjects: Sequence[Subject], **extra: Any) -> str:
    """A whole report as strict JSON text.

    Parameters
    ----------
    subjects
        In the order in which they should be read.
    extra
        More top-level keys, such as ``seconds``.
    """
    data = {"schema": SCHEMA, "subjects": [subject_to_dict(s) for s in subjects]}
    data |= {key: safe(value) for key, value in extra.items()}
    return json.dumps(data, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def loads(text: str) -> list[Subject]:
    """The subjects of a report.

    Raises
    ------
    ValueError
        The text is not JSON, or not of this schema.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        found = data.get("schema") if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"not a gradcheck report: schema is {found!r}, expected {SCHEMA!r}")
    return [subject_from_dict(item) for item in data["subjects"]]


def safe(value: Any) -> Any:
    """A value as JSON can hold it: NumPy scalars and arrays converted, no bare NaN."""
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, (np.bool_, np.integer)):
        return value.item()
    if isinstance(value, int):
        return value
    if isinstance(value, (float, np.floating)):
        return number(value)
    if isinstance(value, np.ndarray):
        return safe(value.tolist()) if value.size <= _LONGEST else f"array of shape {value.shape}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return safe({f.name: getattr(value, f.name) for f in dataclasses.fields(value)})
    if isinstance(value, Mapping):
        return {str(key): safe(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return [safe(item) for item in value]
    return str(value)


def number(value: Any) -> float | str | None:
    """A float for JSON: NaN and the infinities as strings; None for what is not a real number."""
    if value is None:
        return None
    try:
        value = float(value)
    except (TypeError, ValueError):
        return None
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _float(value: Any) -> float | None:
    """The inverse of `number`."""
    return None if value is None else float(_STRINGS.get(value, value))


# ---- to dictionaries ----------------------------------------------------------------------------


def subject_to_dict(subject: Subject) -> dict[str, Any]:
    """A subject with its verdicts, JSON-safe."""
    return {
        "target": subject.target,
        "name": subject.name,
        "kind": subject.kind,
        "convention": subject.convention,
        "status": subject.status,
        "reason": subject.reason,
        "built": subject.built,
        "line": safe(subject.line),
        "notes": [str(note) for note in subject.notes],
        "seconds": number(subject.seconds),
        "forward_calls": int(subject.forward_calls),
        "verdicts": [verdict_to_dict(v, subject) for v in subject.verdicts],
    }


def verdict_to_dict(verdict: Verdict, subject: Subject) -> dict[str, Any]:
    """A verdict, JSON-safe, with the command that replays it."""
    index = verdict.index
    return {
        "law": verdict.law,
        "wrt": verdict.wrt,
        "status": verdict.status,
        "resolution": number(verdict.resolution),
        "wrong": safe(verdict.wrong),
        "size": safe(verdict.size),
        "index": None if index is None else [int(i) for i in index],
        "claimed": number(verdict.claimed),
        "measured": number(verdict.measured),
        "bound": number(verdict.bound),
        "message": verdict.message,
        "cause": None if verdict.cause is None else safe(verdict.cause),
        "case": None if verdict.case is None else _case_to_dict(verdict.case),
        "replay": replay_command(subject, verdict),
        "entries": [
            {
                "index": [int(i) for i in e.index],
                "claimed": number(e.claimed),
                "measured": number(e.measured),
                "bound": number(e.bound),
            }
            for e in verdict.entries
        ],
        "detail": safe(verdict.detail),
    }


def _case_to_dict(case: Case) -> dict[str, Any]:
    data = {f.name: safe(getattr(case, f.name)) for f in dataclasses.fields(case)}
    data["sizes"] = {name: int(size) for name, size in case.sizes}
    data["token"] = case.token()
    return data


def replay_command(subject: Subject, verdict: Verdict) -> str | None:
    """The exact command that repeats one verdict, or None where there is no case."""
    given = verdict.detail.get("replay")
    if isinstance(given, str) and given:
        return given
    if verdict.case is None:
        return None
    token = shlex.quote(verdict.case.token())
    return f"gradcheck check {shlex.quote(subject.target)} --law {verdict.law} --replay {token}"


# ---- and back -----------------------------------------------------------------------------------


def subject_from_dict(data: Mapping[str, Any]) -> Subject:
    """The inverse of `subject_to_dict`; keys it does not know are ignored."""
    return Subject(
        target=data["target"],
        name=data["name"],
        kind=data["kind"],
        convention=data.get("convention", ""),
        status=data["status"],
        reason=data.get("reason", ""),
        built=data.get("built", ""),
        line=data.get("line"),
        verdicts=tuple(verdict_from_dict(v) for v in data["verdicts"]),
        notes=tuple(data.get("notes", ())),
        seconds=_float(data.get("seconds")) or 0.0,
        forward_calls=data.get("forward_calls", 0),
    )


def verdict_from_dict(data: Mapping[str, Any]) -> Verdict:
    """The inverse of `verdict_to_dict`."""
    index, cause, case = data.get("index"), data.get("cause"), data.get("case")
    detail = dict(data.get("detail") or {})
    if data.get("replay"):
        detail.setdefault("replay", data["replay"])
    return Verdict(
        law=data["law"],
        status=data["status"],
        wrt=data.get("wrt", ""),
        message=data.get("message", ""),
        resolution=_float(data.get("resolution")),
        wrong=data.get("wrong"),
        size=data.get("size"),
        index=None if index is None else tuple(index),
        claimed=_float(data.get("claimed")),
        measured=_float(data.get("measured")),
        bound=_float(data.get("bound")),
        entries=tuple(
            Entry(
                tuple(e["index"]),
                _nan(e["claimed"]),
                _nan(e["measured"]),
                _nan(e["bound"]),
            )
            for e in data.get("entries", ())
        ),
        cause=None if cause is None else _known(Cause, cause),
        case=None if case is None else _case_from_dict(case),
        detail=detail,
    )


def _nan(value: Any) -> float:
    found = _float(value)
    return math.nan if found is None else found


def _known(kind: type[Cause], data: Mapping[str, Any]) -> Cause:
    names = {f.name for f in dataclasses.fields(kind)}
    return kind(**{key: value for key, value in data.items() if key in names})


def _case_from_dict(data: Mapping[str, Any]) -> Case:
    names = {f.name for f in dataclasses.fields(Case)}
    fields = {key: value for key, value in data.items() if key in names}
    fields["sizes"] = tuple(fields["sizes"].items())
    return Case(**fields)
