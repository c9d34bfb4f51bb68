"""Verdicts as JUnit XML, the form that CI services read.

One ``testsuite`` per target file, one ``testcase`` per law and gradient. JUnit has no word for
*inconclusive*: such a verdict is a skipped test whose message says so, since it neither passed
nor failed.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from gradcheck.report import links, words
from gradcheck.report.words import printable
from gradcheck.types import Subject, Verdict


def body(subject: Subject, verdict: Verdict) -> str:
    """The evidence of one verdict as plain text."""
    lines = [links.place(subject, verdict), words.told(subject, verdict), words.wrong_text(verdict)]
    for index, claimed, measured, quotient in words.entry_rows(verdict):
        lines.append(f"  {index} yours {claimed}, measured {measured}, ratio {quotient or '-'}")
    if verdict.cause is not None:
        cause = verdict.cause
        lines.append(f"{words.cause_lead(cause)}: {cause.text} {cause.evidence}".rstrip())
        lines.append(f"fix: {cause.fix}" if cause.fix else "")
    lines.append(f"replay: {links.replay(subject, verdict)}")
    return "\n".join(filter(None, lines))


def _testcase(suite: ET.Element, subject: Subject, name: str, seconds: float) -> ET.Element:
    attributes = {
        "classname": printable(links.name_of(subject)),
        "name": printable(name),
        "time": f"{seconds:.3f}",
    }
    return ET.SubElement(suite, "testcase", attributes)


def _add_verdict(
    suite: ET.Element, subject: Subject, verdict: Verdict, name: str, seconds: float
) -> None:
    case = _testcase(suite, subject, name, seconds)
    first_line = (words.told(subject, verdict).splitlines() or [""])[0]
    message = printable(first_line or words.title(subject, verdict))
    if verdict.status in ("fail", "error"):
        tag = "failure" if verdict.status == "fail" else "error"
        kind = verdict.cause.id if verdict.cause is not None else verdict.law
        child = ET.SubElement(case, tag, {"message": message, "type": printable(kind)})
        child.text = printable(body(subject, verdict))
    elif verdict.status in ("inconclusive", "skipped"):
        prefix = "inconclusive: " if verdict.status == "inconclusive" else ""
        ET.SubElement(case, "skipped", {"message": prefix + message})
    else:
        said = [verdict.message] if verdict.status == "note" else []
        if verdict.resolution is not None:
            said.append(f"resolution {verdict.resolution:.1e}")
        if said:
            ET.SubElement(case, "system-out").text = printable("\n".join(said))


def _add_subject(suite: ET.Element, subject: Subject) -> None:
    verdicts = list(subject.verdicts)
    if not verdicts:
        status = subject.status if subject.status in words.OPEN else "skipped"
        verdicts = [Verdict("load", status, message=subject.reason)]
    share = subject.seconds / len(verdicts)
    used: dict[str, int] = {}
    for verdict in verdicts:
        name = f"{verdict.law}[{verdict.wrt}]" if verdict.wrt else verdict.law
        used[name] = n = used.get(name, 0) + 1
        # Readers of JUnit files merge equal names, which would hide all but one.
        _add_verdict(suite, subject, verdict, name if n == 1 else f"{name}#{n}", share)


def _count(element: ET.Element) -> dict[str, str]:
    found = {tag: len(element.findall(f".//{tag}")) for tag in ("failure", "error", "skipped")}
    return {
        "tests": str(len(element.findall(".//testcase"))),
        "failures": str(found["failure"]),
        "errors": str(found["error"]),
        "skipped": str(found["skipped"]),
    }


def render(subjects: Sequence[Subject]) -> str:
    """The whole report as an XML document, ending in a newline.

    Parameters
    ----------
    subjects
        In any order; those of one file become one suite.
    """
    root = ET.Element("testsuites", {"name": "gradcheck"})
    for path, members in links.by_file(subjects).items():
        suite = ET.SubElement(root, "testsuite", {"name": printable(path)})
        for s in members:
            _add_subject(suite, s)
        suite.attrib |= _count(suite) | {"time": f"{sum(s.seconds for s in members):.3f}"}
    root.attrib |= _count(root) | {"time": f"{sum(s.seconds for s in subjects):.3f}"}
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'
