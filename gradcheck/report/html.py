"""Verdicts as one HTML page: no network, one file, light and dark, usable by keyboard.

Everything that comes from the user's code is escaped by jinja2, and a content security policy
lets the page's own script run and nothing else. Needs jinja2; pictures need matplotlib.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from gradcheck.report import links, pictures, words
from gradcheck.report.missing import MissingLibrary, needs
from gradcheck.types import Subject, Verdict

#: Characters of pictures in one page; the page for 50 subjects has to stay below 1 MB.
BUDGET = 450_000

_DRAW: dict[str, tuple[Callable[..., str], str]] = {
    "heatmap": (
        pictures.heatmap,
        "Wrong entries are marked with squares; blank ones were not measured alone.",
    ),
    "scatter": (pictures.scatter, "Every entry that is right lies on the line."),
    "curve": (
        pictures.curve,
        "The error of a plain difference at each step, and the bound after extrapolation.",
    ),
}


@dataclass(frozen=True)
class Picture:
    """A drawing of one verdict; ``name`` is the key of `Verdict.detail` it was made from."""

    name: str
    caption: str
    svg: str


@dataclass(frozen=True)
class Gallery:
    """The pictures of a report by anchor, and what to say where one is missing."""

    drawn: Mapping[str, tuple[Picture, ...]]
    notes: Mapping[str, str]


def draw(subjects: Sequence[Subject], budget: int = BUDGET) -> Gallery:
    """Draw what the failing verdicts carry in their detail, worst first, within a budget.

    Without matplotlib nothing is drawn and the notes say how to get it.
    """
    drawn: dict[str, tuple[Picture, ...]] = {}
    notes: dict[str, str] = {}
    for f in _findings(subjects):
        wanted = [name for name in _DRAW if name in f.verdict.detail]
        if not wanted or not f.main:
            continue
        if budget <= 0:
            notes[f.key] = "Pictures left out to keep the page small; check this one alone."
            continue
        try:
            found = tuple(_picture(f.subject, f.verdict, name) for name in wanted)
        except MissingLibrary as e:
            notes[f.key] = f"No pictures: {e}"
            continue
        drawn[f.key] = found
        budget -= sum(len(p.svg) for p in found)
    return Gallery(drawn, notes)


def _picture(subject: Subject, verdict: Verdict, name: str) -> Picture:
    function, caption = _DRAW[name]
    head = {"heatmap": "Difference", "scatter": "Yours against measured", "curve": "Error by step"}
    title = f"{head[name]}: {words.title(subject, verdict)}"
    return Picture(name, caption, function(verdict.detail[name], title=words.printable(title)))


@dataclass(frozen=True)
class _Finding:
    """A verdict that needs an action, with its permalink; the main ones are told at length."""

    key: str
    subject: Subject
    verdict: Verdict
    main: bool


def _findings(subjects: Sequence[Subject]) -> list[_Finding]:
    anchors = links.Anchors()
    found = []
    for s in words.worst_first(subjects):
        main, rest = words.main_failures(s)
        found += [_Finding(anchors(s, v), s, v, True) for v in main]
        found += [_Finding(anchors(s, v), s, v, False) for v in rest]
    return found


def _shown(finding: _Finding, gallery: Gallery) -> dict[str, Any]:
    markup = needs("markupsafe").Markup
    subject, verdict = finding.subject, finding.verdict
    cause = verdict.cause
    drawn = gallery.drawn.get(finding.key, ())
    return {
        "id": finding.key,
        "status": verdict.status,
        "subject_status": subject.status,
        "title": words.title(subject, verdict),
        "place": links.place(subject, verdict),
        "wrong": words.wrong_text(verdict),
        "message": words.told(subject, verdict),
        "rows": words.entry_rows(verdict),
        "more": words.more_entries(verdict),
        "cause": cause,
        "cause_lead": words.cause_lead(cause).capitalize() if cause else "",
        "case": words.case_text(verdict.case) if verdict.case else "",
        "replay": links.replay(subject, verdict),
        "pictures": [{"svg": markup(p.svg), "caption": p.caption} for p in drawn],
        "picture_note": gallery.notes.get(finding.key, ""),
    }


def _groups(findings: Sequence[_Finding], gallery: Gallery) -> list[dict[str, Any]]:
    """The sections of findings; in each, the subjects with their main and their other ones."""
    groups = []
    for heading, statuses in words.SECTIONS.items():
        subjects: dict[int, dict[str, Any]] = {}
        for f in findings:
            if f.subject.status in statuses:
                entry = subjects.setdefault(
                    id(f.subject),
                    {
                        "name": links.name_of(f.subject),
                        "status": f.subject.status,
                        "main": [],
                        "rest": [],
                    },
                )
                entry["main" if f.main else "rest"].append(_shown(f, gallery))
        if subjects:
            groups.append(
                {"id": links.slug(heading), "heading": heading, "subjects": list(subjects.values())}
            )
    return groups


def _row(subject: Subject, key: str, link: str) -> dict[str, Any]:
    name, kind, gradients, laws, _ = words.table_row(subject)
    about = (
        f"built as {subject.built}" if subject.built else "",
        f"convention {subject.convention}" if subject.convention else "",
        f"{subject.forward_calls:,} forward calls" if subject.forward_calls else "",
        f"{subject.seconds:.2f} s",
    )
    return {
        "id": key,
        "link": link or key,
        "status": subject.status,
        "name": name,
        "kind": kind,
        "gradients": gradients,
        "laws": laws,
        "why": words.reason(subject),
        "target": links.place(subject, Verdict("", subject.status)),
        "about": " · ".join(filter(None, about)),
        "verdicts": [
            {
                "law": v.law,
                "wrt": v.wrt,
                "status": v.status,
                "resolution": "" if v.resolution is None else words.small(v.resolution),
                "message": "" if v.status in words.OPEN else v.message,
            }
            for v in subject.verdicts
        ],
    }


def context(subjects: Sequence[Subject], gallery: Gallery, title: str) -> dict[str, Any]:
    """What the template shows, as plain data."""
    anchors = links.Anchors()
    findings = _findings(subjects)
    first = {id(f.subject): f.key for f in reversed(findings)}
    notes = [
        {"status": s.status, "name": links.name_of(s), "text": text}
        for s in subjects
        for text in words.note_texts(s)
    ]
    return {
        "title": title,
        "summary": words.summary(subjects),
        "seconds": f"{sum(s.seconds for s in subjects):.1f}",
        "counts": words.counts(subjects),
        "resolution": words.RESOLUTION,
        "entry_header": words.ENTRY_HEADER,
        "table_header": words.TABLE_HEADER,
        "total": len(subjects),
        "files": [
            {"name": name, "rows": [_row(s, anchors(s), first.get(id(s), "")) for s in found]}
            for name, found in links.by_file(subjects).items()
        ],
        "groups": _groups(findings, gallery),
        "notes": notes,
    }


def render(
    subjects: Sequence[Subject],
    *,
    gallery: Gallery | None = None,
    title: str = "gradcheck report",
) -> str:
    """The whole report as one HTML page.

    Parameters
    ----------
    subjects
        In the order the table is to have.
    gallery
        Pictures that `draw` made; drawn here when not given.
    title
        Heading and title of the page.

    Raises
    ------
    MissingLibrary
        jinja2 is not installed.
    """
    jinja2 = needs("jinja2")
    markup = needs("markupsafe").Markup
    folder = files("gradcheck.report") / "templates"
    script = (folder / "report.js").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()

    def finalize(value: Any) -> Any:
        return value if isinstance(value, markup) else words.printable(str(value))

    def quoting(text: str) -> Any:
        parts = words.spans(words.printable(text))
        return markup("").join(
            markup("<code>{}</code>").format(part) if is_code else part for is_code, part in parts
        )

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
    environment.filters["quoting"] = quoting
    template = environment.from_string((folder / "report.html.j2").read_text("utf-8"))
    page: str = template.render(
        **context(subjects, draw(subjects) if gallery is None else gallery, title),
        css=markup((folder / "report.css").read_text("utf-8")),
        script=markup(script),
        script_hash=f"sha256-{digest}",
    )
    return page
