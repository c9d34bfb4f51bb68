"""Every report format, on subjects that hold everything a report has to survive."""

from __future__ import annotations

import argparse
import builtins
import copy
import dataclasses
import json
import math
import re
import sys
import time
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck import evidence
from gradcheck.report import (
    compare,
    github,
    gradescope,
    html,
    junit,
    links,
    markdown,
    pictures,
    words,
)
from gradcheck.report.missing import MissingLibrary, needs
from gradcheck.report.verdicts import Verdicts
from gradcheck.types import Case, Cause, Subject, Verdict
from suites import report_samples as samples

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def everything() -> list[Subject]:
    return samples.everything()


# --- words


def test_replay_is_a_command_that_names_target_law_and_case() -> None:
    subject = samples.failing()
    verdict = words.open_verdicts(subject)[0]
    command = links.replay(subject, verdict)
    assert command.startswith("gradcheck check my_layers.py::Loss_BCE ")
    token = command.split("--replay ")[1].split()[0]
    assert Case.parse(token) == verdict.case


def test_replay_quotes_for_the_shell() -> None:
    import shlex

    subject = samples.hostile()[0]
    command = links.replay(subject, words.open_verdicts(subject)[0])
    assert shlex.split(command)[2] == f"x.py::{samples.HOSTILE}"


@pytest.mark.parametrize(
    ("target", "name", "full"),
    [
        ("a.py", "B", "a.py::B"),
        ("a.py::B", "B", "a.py::B"),
        ("pkg.mod", "B", "pkg.mod:B"),
        ("pkg.mod:B", "B", "pkg.mod:B"),
        ("broken.py", "", "broken.py"),
    ],
)
def test_full_target(target: str, name: str, full: str) -> None:
    assert links.full_target(Subject(target, name, "layer")) == full


def test_anchor_is_stable_and_duplicates_differ() -> None:
    subject = samples.failing()
    verdict = words.open_verdicts(subject)[0]
    assert links.anchor(subject, verdict) == links.anchor(samples.failing(), verdict)
    anchors = links.Anchors()
    assert anchors(subject, verdict) != anchors(subject, verdict)
    assert re.fullmatch(r"[a-z0-9-]+", links.anchor(samples.hostile()[1]))


def test_overview_row_says_which_gradient_is_wrong() -> None:
    bad = Verdict("gradient", "fail", wrt="weights")
    good = Verdict("gradient", "pass", wrt="inputs", resolution=3.14e-10)
    law = Verdict("batch", "fail")
    subject = Subject("f.py::D", "D", "layer", status="fail", verdicts=(good, bad, law))
    row = words.table_row(subject)
    assert row == [
        "D", "layer", "inputs 3e-10, weights WRONG", "1 of 1: batch", "FAIL 1 of 2 gradients",
    ]  # fmt: skip


def test_worst_verdict_of_a_gradient_decides_its_cell() -> None:
    verdicts = (
        Verdict("gradient", "fail", wrt="x"),
        Verdict("gradient", "pass", wrt="x", resolution=1e-9),
    )
    subject = Subject("f.py::D", "D", "layer", status="fail", verdicts=verdicts)
    assert words.gradients_cell(subject) == "x WRONG"


def test_main_failures_are_one_a_cause() -> None:
    subject = samples.failing_in_many_ways()
    main, rest = words.main_failures(subject)
    assert [(v.law, v.wrt) for v in main] == [("gradient", "w0"), ("batch", ""), ("dtype", "")]
    assert len(main) + len(rest) == len(subject.verdicts)
    assert words.reason(subject) == "missing mean"


def test_a_cause_that_was_not_found_is_not_called_confirmed() -> None:
    subject = samples.failing_in_many_ways()
    unknown = next(v for v in subject.verdicts if v.law == "batch")
    for text in (markdown.finding(subject, unknown), junit.body(subject, unknown),
                 github.annotation(subject, unknown)):  # fmt: skip
        assert "not found" in text and "confirmed" not in text


def test_code_that_a_cause_quotes_is_shown_as_code() -> None:
    subject = samples.failing_in_many_ways()
    verdict = words.main_failures(subject)[0][0]
    cause = Cause("transposed", "uses `W_t | <b>` twice; a lone ` stays", "", fix="write `x @ W.T`")
    verdict = dataclasses.replace(verdict, cause=cause)
    text = markdown.finding(subject, verdict)
    assert "uses `W_t | <b>` twice; a lone \\` stays" in text and "`x @ W.T`" in text
    page = html.render([dataclasses.replace(subject, verdicts=(verdict,))])
    assert "uses <code>W_t | &lt;b&gt;</code> twice; a lone ` stays" in page
    assert "write <code>x @ W.T</code>" in page


def test_numbers_are_told_apart() -> None:
    subject = samples.failing_in_many_ways()
    verdict = next(v for v in subject.verdicts if v.law == "batch")
    told = words.told(subject, verdict)
    assert told == "[1] = 3.000000001, but should be 3 (± 1e-12) [batch, Layer_Many]"
    assert words.entry_rows(verdict) == [["[1]", "3.000000001", "3 ± 1e-12", "1 + 4e-10"]]


def test_summary_counts_worst_first(everything: list[Subject]) -> None:
    assert words.summary(everything) == (
        "2 error · 6 fail · 1 inconclusive · 2 note · 1 pass · 1 skipped"
    )
    assert words.summary([]) == "nothing checked"


# --- Markdown


def _rendered(text: str) -> str:
    markdown_it = pytest.importorskip("markdown_it", reason="markdown-it-py is not installed")
    parser = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table")
    return str(parser.render(text))


def test_markdown_has_one_table_row_per_subject(everything: list[Subject]) -> None:
    page = _rendered(markdown.render(everything))
    overview = page[: page.index("<h2>")]
    files = links.by_file(everything)
    rows = re.findall(r"<tr>(.*?)</tr>", overview, re.DOTALL)
    assert len(rows) == len(files) + len(everything)
    assert overview.count("<table>") == len(files) > 1
    assert "<code>my_layers.py</code>" in overview
    assert all(len(re.findall("<t[dh]", row)) == 5 for row in rows)


def test_markdown_shows_hostile_text_and_does_not_run_it(everything: list[Subject]) -> None:
    page = _rendered(markdown.render(everything))
    assert "<script" not in page
    assert "&lt;script&gt;alert('x')&lt;/script&gt;" in page
    assert "a | b, `c`, *d*, _e_, &amp;amp; &lt;b&gt;f&lt;/b&gt;" in page


def test_markdown_shows_all_of_a_failure() -> None:
    text = markdown.render([samples.failing()])
    for part in ("my_layers.py:212", "3 of 3 entries wrong", "-255", "label-dtype-wrap",
                 "subtract instead", "--replay seed=7"):  # fmt: skip
        assert part in text


@pytest.mark.parametrize(
    "text", ["# no heading", "- no item", "12. no item", "> no quote", "=== x", "a_b_c __init__",
             "[x](y)", "`", "**b**", "a ~~b~~", "&copy;", "<br>", "1) x", "\\", "a\\|b"]
)  # fmt: skip
def test_escaped_text_renders_as_itself(text: str) -> None:
    import html as stdlib_html

    page = _rendered(markdown.escape(text))
    assert stdlib_html.unescape(page) == f"<p>{text}</p>\n"
    assert not re.search("<(em|strong|code|a|br)", page)
    table = _rendered(markdown.table([[markdown.cell(text), markdown.cell("end")]], ("a", "b")))
    assert stdlib_html.unescape(re.findall(r"<td>(.*?)</td>", table)[0]) == text


@pytest.mark.parametrize("text", ["a|b", "`", "``a`b``", "<x>", "a\nb", "a\\"])
def test_code_span_holds_any_text(text: str) -> None:
    import html as stdlib_html

    table = _rendered(markdown.table([[markdown.code(text, in_cell=True), "end"]], ("a", "b")))
    inner = re.findall(r"<code>(.*?)</code>", table)
    assert [stdlib_html.unescape(x) for x in inner] == [text.replace("\n", " ")]


# --- JUnit


def test_junit_is_valid_against_the_schema(everything: list[Subject]) -> None:
    xmlschema = pytest.importorskip("xmlschema", reason="xmlschema is not installed")
    schema = xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))
    schema.validate(junit.render(everything))
    schema.validate(junit.render([]))
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(junit.render(everything).replace('failures="', 'fails="'))


def test_junit_counts_and_names(everything: list[Subject]) -> None:
    root = ET.fromstring(junit.render(everything))
    cases = root.findall(".//testcase")
    assert (
        int(root.attrib["tests"]) == len(cases) == sum(max(1, len(s.verdicts)) for s in everything)
    )
    for tag, status in (("failure", "fail"), ("error", "error")):
        expected = sum(v.status == status for s in everything for v in s.verdicts)
        expected += sum(s.status == status and not s.verdicts for s in everything)
        assert len(root.findall(f".//{tag}")) == expected > 0
    for suite in root:
        names = [(c.attrib["classname"], c.attrib["name"]) for c in suite]
        assert len(names) == len(set(names))
        assert int(suite.attrib["tests"]) == len(suite)


def test_junit_inconclusive_is_not_a_pass() -> None:
    root = ET.fromstring(junit.render([samples.undecided()]))
    skipped = root.find(".//skipped")
    assert skipped is not None and skipped.attrib["message"].startswith("inconclusive: ")
    assert root.attrib["failures"] == "0" and root.attrib["skipped"] == "1"


def test_junit_keeps_hostile_text() -> None:
    root = ET.fromstring(junit.render(samples.hostile()))
    assert any(c.attrib["classname"] == samples.HOSTILE for c in root.iter("testcase"))
    text = "".join(e.text or "" for e in root.iter("failure"))
    assert "\\x00\\x1b[31m ]]> \\xd800" in text


# --- GitHub


def test_github_points_at_the_line_at_fault() -> None:
    first = github.render([samples.passing(), samples.failing()]).splitlines()[0]
    assert first.startswith("::error file=my_layers.py,line=212,title=gradcheck%3A Loss_BCE")
    assert "%0Afor labels of dtype uint8" in first


def test_github_is_one_line_per_annotation(everything: list[Subject]) -> None:
    lines = github.render(everything).splitlines()
    assert all(re.match(r"::(error|warning|notice) [^\n]*::.", line) for line in lines[:-1])
    assert lines[-1] == f"gradcheck: {words.summary(everything)}"
    levels = [line[2:].split(" ")[0] for line in lines[:-1]]
    assert levels.count("warning") == 2 and "error" in levels and "notice" in levels
    assert any("100%25" in line for line in lines)


def test_github_paths_are_relative_to_the_checkout(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    subject = samples.failing(target=str(tmp_path / "src" / "a.py"))
    assert "::error file=src/a.py,line=212," in github.render([subject])


# --- Gradescope


def test_gradescope_scores_by_law_and_class(everything: list[Subject]) -> None:
    result = json.loads(gradescope.render(everything, {"gradient": 3.0}), parse_constant=_refuse)
    tests = {t["name"]: t for t in result["tests"]}
    assert tests["Loss_BCE: gradient"] == {
        "name": "Loss_BCE: gradient", "output": "", "output_format": "text", "tags": ["pass"],
        "status": "passed", "score": 3.0, "max_score": 3.0,
    }  # fmt: skip
    assert tests["Loss_BCE: label_formats"]["score"] == 0.0
    assert tests["Loss_BCE: label_formats"]["max_score"] == 1.0
    assert "510" in tests["Loss_BCE: label_formats"]["output"]
    assert "score" not in tests["MyRound: gradient"]
    assert not any(name.startswith("Layer: ") for name in tests)
    assert tests["broken.py: load"]["status"] == "failed"
    assert result["execution_time"] >= 0


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


# --- compare


def _document(subjects: list[Subject]) -> dict[str, Any]:
    return {
        "schema": "gradcheck/1",
        "subjects": [
            {
                "target": s.target, "name": s.name, "status": s.status, "reason": s.reason,
                "verdicts": [
                    {"law": v.law, "wrt": v.wrt, "status": v.status, "resolution": v.resolution,
                     "message": v.message}
                    for v in s.verdicts
                ],
            }
            for s in subjects
        ],
    }  # fmt: skip


def _subject(
    *verdicts: Verdict, name: str = "A", status: Any = "pass", reason: str = ""
) -> Subject:
    return Subject(f"f.py::{name}", name, "layer", status=status, reason=reason, verdicts=verdicts)


def _changes(old: list[Subject], new: list[Subject]) -> list[tuple[str, str, str]]:
    found = compare.compare(_document(old), _document(new))
    return [(d.change, d.name, d.law) for d in found]


def _gradient(status: Any, resolution: float | None = None) -> Verdict:
    return Verdict("gradient", status, wrt="x", resolution=resolution)


@pytest.mark.parametrize(
    ("old", "new", "change", "code"),
    [
        (_gradient("pass"), _gradient("fail"), "newly failing", 1),
        (_gradient("note"), _gradient("error"), "newly failing", 1),
        (_gradient("fail"), _gradient("pass"), "fixed", 0),
        (_gradient("fail"), _gradient("fail"), "still failing", 0),
        (_gradient("pass"), _gradient("inconclusive"), "no longer decided", 3),
        (_gradient("fail"), _gradient("inconclusive"), "no longer decided", 3),
        (_gradient("pass", 1e-9), _gradient("pass", 2e-8), "resolution lost", 3),
        (_gradient("pass"), _gradient("skipped"), "gone", 3),
        (_gradient("skipped"), _gradient("pass"), "new", 0),
        (_gradient("pass", 1e-9), _gradient("pass", 9e-9), None, 0),
        (_gradient("pass", 1e-9), _gradient("pass", 1e-12), None, 0),
        (_gradient("inconclusive"), _gradient("inconclusive"), None, 0),
    ],
)
def test_compare_one_verdict(old: Verdict, new: Verdict, change: str | None, code: int) -> None:
    found = compare.compare(_document([_subject(old)]), _document([_subject(new)]))
    assert [d.change for d in found] == ([] if change is None else [change])
    assert compare.exit_code(found) == code


def test_compare_whole_subjects() -> None:
    one, two = (
        _subject(_gradient("pass"), Verdict("batch", "pass")),
        _subject(_gradient("fail"), name="B"),
    )
    assert _changes([one, two], [two]) == [
        ("gone", "A", "every law"),
        ("still failing", "B", "gradient"),
    ]
    assert _changes([two], [one, two])[-1] == ("new", "A", "batch")
    unloadable = _subject(status="error", reason="ImportError")
    assert _changes([one], [unloadable]) == [("newly failing", "A", "load")]
    assert _changes([unloadable], [one])[0] == ("fixed", "A", "load")
    assert _changes([_subject(status="skipped")], []) == []


def test_compare_takes_the_worst_of_several_verdicts() -> None:
    old = _subject(_gradient("pass"), _gradient("pass"))
    new = _subject(_gradient("fail"), _gradient("pass"))
    assert _changes([old], [new]) == [("newly failing", "A", "gradient")]


def test_compare_hostile_text_stays_in_its_cell() -> None:
    old, new = samples.passing(name=samples.HOSTILE), samples.hostile()[0]
    page = _rendered(compare.render(compare.compare(_document([old]), _document([new]))))
    assert "<script" not in page


@pytest.mark.parametrize(
    "bad", [[], {}, {"schema": "other/1"}, {"schema": "gradcheck/1"},
            {"schema": "gradcheck/1", "subjects": [{"target": "x"}]},
            {"schema": "gradcheck/1", "subjects": [3]},
            {"schema": "gradcheck/1", "subjects": [
                {"target": "", "name": "", "status": "?", "verdicts": []}]}]
)  # fmt: skip
def test_compare_refuses_what_is_not_a_report(bad: Any) -> None:
    with pytest.raises(ValueError, match="not a gradcheck report"):
        compare.results(bad)


def test_compare_command(tmp_path: Path, capsys: Any) -> None:
    parser = argparse.ArgumentParser()
    compare.add_arguments(parser)
    for name, subject in (
        ("old", _subject(_gradient("pass"))),
        ("new", _subject(_gradient("fail"))),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(_document([subject])))
    (tmp_path / "bad.json").write_text("{")
    paths = {name: str(tmp_path / f"{name}.json") for name in ("old", "new", "bad", "absent")}
    assert compare.main(parser.parse_args([paths["old"], paths["new"]])) == 1
    assert "**1 newly failing**" in capsys.readouterr().out
    assert compare.main(parser.parse_args([paths["old"], paths["old"]])) == 0
    for name in ("bad", "absent"):
        assert compare.main(parser.parse_args([paths["old"], paths[name]])) == 2
        assert f"{name}.json" in capsys.readouterr().err


# --- pictures


def _svgs() -> dict[str, str]:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    detail = samples.pictured().verdicts[0].detail
    odd = samples.not_finite().verdicts[0].detail
    draw = {"heatmap": pictures.heatmap, "scatter": pictures.scatter, "curve": pictures.curve}
    found = {name: f(detail[name]) for name, f in draw.items()}
    found |= {f"{name} not finite": f(odd[name]) for name, f in draw.items()}
    found["kill"] = pictures.kill_matrix(["b<1>", "$b_2$"], ["gradient"], {"b<1>": {"gradient"}})
    found["training"] = pictures.training_curves({"train": [3.0, math.nan, 1.0], "層": [2.0] * 3})
    found["confusion"] = pictures.confusion_matrix([[5, 0], [1, 4]], ["a", "b"])
    return found


def test_pictures_are_accessible_and_share_a_page() -> None:
    ids: list[str] = []
    for name, svg in _svgs().items():
        root = ET.fromstring(svg)
        assert root.tag == f"{SVG}svg" and root.attrib["role"] == "img", name
        own = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
        assert set(root.attrib["aria-labelledby"].split()) <= set(own)
        assert root.findtext(f"{SVG}title") and root.findtext(f"{SVG}desc")
        used = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', svg)
        assert {a or b for a, b in used} <= set(own), name
        assert "http" not in svg.replace("http://www.w3.org/", "")
        assert "mathdefault" not in svg
        ids += own
    assert len(ids) == len(set(ids))


def test_pictures_rules_reach_no_further_than_the_picture() -> None:
    for name, svg in _svgs().items():
        root = ET.fromstring(svg)
        prefix = root.attrib["aria-labelledby"].split()[0].removesuffix("t")
        rules = re.findall(r"([^{}]+)\{[^}]*\}", root.findtext(f"{SVG}style") or "")
        assert rules and all(rule.startswith(f".{prefix}") for rule in rules), name


def test_pictures_are_the_same_every_time() -> None:
    assert _svgs() == _svgs()


def test_picture_is_saved_as_a_file(tmp_path: Path) -> None:
    path = pictures.save(_svgs()["curve"], tmp_path / "new" / "curve.svg")
    assert ET.parse(path).getroot().tag == f"{SVG}svg"


def test_heatmap_detail_keeps_every_wrong_entry_when_it_shrinks() -> None:
    measured = np.zeros((300, 200))
    claimed = measured.copy()
    claimed[299, 0] = 5.0
    detail = evidence.heatmap_detail(claimed, measured, 1e-9)
    cells = np.array(detail["difference"])
    assert cells.shape == (64, 64) and detail["shape"] == [300, 200]
    assert detail["wrong"] == [[63, 0]] and cells[63, 0] == 5.0 and cells.sum() == 5.0
    json.dumps(detail, allow_nan=False)


@pytest.mark.parametrize("shape", [(), (1,), (7,), (2, 3), (2, 3, 4, 5), (0,), (3, 0)])
def test_details_of_any_shape(shape: tuple[int, ...]) -> None:
    x = np.ones(shape)
    heat = evidence.heatmap_detail(2 * x, x, 0.5)
    assert len(heat["wrong"]) == x.size
    scatter = evidence.scatter_detail(2 * x, x, 0.5)
    assert len(scatter["claimed"]) == x.size
    ET.fromstring(pictures.heatmap(heat))
    ET.fromstring(pictures.scatter(scatter))


def test_details_hold_what_is_not_finite_as_strict_json() -> None:
    claimed, measured = np.array([np.nan, np.inf, np.inf, 1.0]), np.array([1.0, np.inf, 2.0, 1.0])
    heat = evidence.heatmap_detail(claimed, measured, 1e-9)
    assert heat["wrong"] == [[0, 0], [0, 2]]
    scatter = evidence.scatter_detail(claimed, measured, 1e-9)
    for detail in (heat, scatter):
        json.loads(json.dumps(detail, allow_nan=False), parse_constant=_refuse)
    ET.fromstring(pictures.scatter(scatter))


def test_scatter_detail_keeps_the_worst_entries() -> None:
    measured = np.linspace(0, 1, 10_000)
    claimed = measured.copy()
    claimed[[17, 4242]] += 1
    detail = evidence.scatter_detail(claimed, measured, 1e-9)
    assert len(detail["claimed"]) <= evidence.POINTS
    gaps = np.array(detail["claimed"]) - np.array(detail["measured"])
    assert np.sum(gaps > 0.9) == 2


def test_scatter_of_very_different_sizes_uses_a_logarithmic_scale() -> None:
    measured = np.array([1e-6, 1e-3, 1.0, 2.0, 3.0])
    claimed = np.array([1e-6, 1e-3, 1.0, 2.0, -1e8])
    svg = pictures.scatter(evidence.scatter_detail(claimed, measured, 1e-9))
    ET.fromstring(svg)
    assert "1e+8" in svg.replace("−", "-") and "1 of 5 entries" in svg


def test_kill_matrix_says_who_survives() -> None:
    svg = _svgs()["kill"]
    assert "1 of 2 bugs are caught" in svg
    assert "$b_2$ (survives)" in svg and "b&lt;1&gt;" in svg


def test_confusion_matrix_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match="should be square"):
        pictures.confusion_matrix([[1, 2]])
    with pytest.raises(ValueError, match="3 class names, but should be 2"):
        pictures.confusion_matrix([[1, 0], [0, 1]], ["a", "b", "c"])


# --- HTML


@pytest.fixture(scope="module")
def page(everything: list[Subject]) -> str:
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    return html.render(everything)


def _tree(page: str) -> Any:
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)


def test_html_has_no_parse_error(page: str) -> None:
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    tree = _tree(page)
    assert tree.find("body/main") is not None
    with pytest.raises(html5lib.html5parser.ParseError):
        _tree(page.replace("</main>", "</div>"))


def test_html_is_accessible(page: str) -> None:
    tree = _tree(page)
    ids = [e.attrib["id"] for e in tree.iter() if "id" in e.attrib]
    assert len(ids) == len(set(ids))
    for e in tree.iter():
        if not isinstance(e.tag, str):
            continue
        for name in ("aria-labelledby", "aria-describedby"):
            assert set(e.attrib.get(name, "").split()) <= set(ids), e.attrib
        href = e.attrib.get("href", "")
        assert not href.startswith("#") or href[1:] in ids, href
        if e.tag == "th":
            assert e.attrib.get("scope") in ("row", "col", "rowgroup")
        if e.tag == "button":
            assert e.attrib.get("aria-label") or "".join(e.itertext()).strip()
        if e.tag.endswith("svg"):
            assert e.attrib["role"] == "img"
    levels = [int(e.tag[1]) for e in tree.iter() if e.tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert tree.attrib["lang"] == "en"


def test_html_fetches_nothing(page: str) -> None:
    assert not re.search(r'(src|href)="(?!#|data:)', page)
    assert "@import" not in page and not re.search(r"url\((?!#)", page)
    assert "default-src 'none'" in page.replace("&#39;", "'")


def test_html_shows_hostile_text_and_does_not_run_it(page: str) -> None:
    assert samples.HOSTILE not in page
    tree = _tree(page)
    assert len(tree.findall(".//script")) == 1
    assert samples.HOSTILE in "".join(tree.itertext())
    assert "{{ 7*7 }}" in "".join(tree.itertext())


def test_html_has_a_permalink_and_a_command_for_every_failure(
    page: str, everything: list[Subject]
) -> None:
    tree = _tree(page)
    articles = [e for e in tree.iter() if e.tag in ("article", "li") and "id" in e.attrib]
    commands = ["".join(a.find("p[@class='replay']/code").itertext()) for a in articles]
    expected = [links.replay(s, v) for s in everything for v in words.open_verdicts(s)]
    flat = [" ".join(words.printable(c).split()) for c in expected]
    assert sorted(" ".join(c.split()) for c in commands) == sorted(flat)
    for a in articles:
        assert a.find(".//a[@class='permalink']").attrib["href"] == f"#{a.attrib['id']}"


def test_html_of_fifty_subjects_with_pictures_stays_small() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    size = len(html.render(samples.pictures_in_all(50)).encode())
    assert size < 1_000_000


def test_html_says_when_a_picture_is_left_out() -> None:
    subjects = samples.pictures_in_all(2)
    gallery = html.draw(subjects, budget=1)
    assert len(gallery.drawn) == len(gallery.notes) == 1
    assert "Pictures left out" in html.render(subjects, gallery=gallery)


def test_write_report_writes_valid_files(everything: list[Subject], tmp_path: Path) -> None:
    from gradcheck.report.jsonfile import loads, schema
    from gradcheck.report.write import write_report

    written = write_report(everything, tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert [p.name for p in written[:4]] == ["report.md", "report.json", "junit.xml", "report.html"]
    assert all(p.is_file() for p in written)
    assert {p.suffix for p in written[4:]} == {".svg"} and len(written) == 4 + 3 + 3
    text = (folder / "report.json").read_text("utf-8")
    document = json.loads(text, parse_constant=_refuse)
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    jsonschema.validate(document, schema())
    assert [s.name for s in loads(text)] == [s.name for s in everything]
    failing = len({(s.name, v.law, v.wrt) for s in everything for v in words.open_verdicts(s)
                   if v.status in ("fail", "error")})  # fmt: skip
    assert compare.summary(compare.compare(document, document)) == f"{failing} still failing"
    ET.parse(folder / "junit.xml")


def test_pictures_can_be_drawn_from_a_report_read_back(everything: list[Subject]) -> None:
    from gradcheck.report.jsonfile import dumps, loads

    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    again = loads(dumps(everything))
    assert html.draw(again).drawn == html.draw(everything).drawn


def test_write_report_without_jinja2_writes_the_rest(tmp_path: Path, monkeypatch: Any) -> None:
    from gradcheck.report.write import write_report

    _without(monkeypatch, "jinja2", "markupsafe", "matplotlib")
    with pytest.raises(MissingLibrary, match=r"written without it: report\.md, report\.json"):
        write_report([samples.pictured()], tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"report.md", "report.json", "junit.xml"}


def test_html_of_nothing() -> None:
    assert "nothing checked" in html.render([])
    _tree(html.render([]))


# --- Verdicts


def test_verdicts_are_a_sequence_of_subjects(everything: list[Subject]) -> None:
    verdicts = Verdicts(everything)
    assert len(verdicts) == len(everything) and list(verdicts) == everything
    assert verdicts[0] is everything[0]
    assert isinstance(verdicts[1:3], Verdicts) and list(verdicts[1:3]) == everything[1:3]
    assert verdicts == Verdicts(everything) and verdicts != Verdicts([])
    with pytest.raises(AttributeError, match="immutable"):
        verdicts.ok = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("subjects", "ok"),
    [
        ([], False),
        ([samples.skipped()], False),
        ([samples.passing()], True),
        ([samples.passing(), samples.noted(), samples.skipped()], True),
        ([samples.passing(), samples.undecided()], False),
        ([samples.passing(), samples.failing()], False),
        ([samples.passing(), samples.broken()], False),
    ],
)
def test_verdicts_are_ok_only_if_something_was_verified(subjects: list[Subject], ok: bool) -> None:
    assert Verdicts(subjects).ok is ok


def test_verdicts_failures_are_what_failed(everything: list[Subject]) -> None:
    failures = Verdicts(everything).failures
    assert {v.status for _, v in failures} == {"fail", "error"}
    assert [v.status for _, v in failures][:2] == ["error", "error"]
    assert ("Loss_BCE", "label_formats") in {(s.name, v.law) for s, v in failures}
    assert "MyRound" not in {s.name for s, _ in failures}


def test_verdicts_show_themselves(everything: list[Subject]) -> None:
    verdicts = Verdicts([samples.passing(), samples.failing()])
    assert repr(verdicts) == "<Verdicts: 1 fail · 1 pass>"
    assert "Loss_BCE" in str(verdicts) and "1 fail" in str(verdicts)
    assert verdicts._repr_markdown_() == markdown.render(list(verdicts))
    text = Verdicts(everything)._repr_html_()
    tree = _tree(f"<!DOCTYPE html><title>cell</title>{text}")
    assert samples.HOSTILE in "".join(tree.itertext()) and "<script" not in text
    assert len(tree.findall(".//table")[0].findall("tbody/tr")) == len(everything)
    assert "--replay" in text


def test_verdicts_in_a_notebook_need_no_jinja2(monkeypatch: Any) -> None:
    _without(monkeypatch, "jinja2", "markupsafe", "matplotlib")
    assert "label-dtype-wrap" in Verdicts([samples.failing()])._repr_html_()


# --- optional libraries


def _without(monkeypatch: Any, *libraries: str) -> None:
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] in libraries:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **kwargs)

    import importlib

    imported = importlib.import_module

    def refuse_module(name: str, package: str | None = None) -> Any:
        if name.partition(".")[0] in libraries:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return imported(name, package)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(importlib, "import_module", refuse_module)


def test_text_formats_import_neither_jinja2_nor_matplotlib() -> None:
    import subprocess

    code = (
        "import sys; from gradcheck.report import compare, github, gradescope, html, junit, write;"
        "bad = {'jinja2', 'matplotlib'} & set(sys.modules); sys.exit(str(bad) if bad else 0)"
    )
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_html_without_jinja2_names_the_command(monkeypatch: Any) -> None:
    _without(monkeypatch, "jinja2", "markupsafe")
    with pytest.raises(MissingLibrary, match=r"jinja2: pip install 'gradcheck\[report\]'"):
        html.render([samples.failing()])


def test_html_without_matplotlib_has_a_note_instead_of_pictures(monkeypatch: Any) -> None:
    pytest.importorskip("jinja2", reason="jinja2 is not installed")
    _without(monkeypatch, "matplotlib")
    text = html.render([samples.pictured()])
    assert "<svg" not in text
    assert "need matplotlib: pip install" in text


def test_a_broken_library_is_not_called_missing(monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / "halfdone.py").write_text("import absent_dependency_of_it")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="absent_dependency_of_it") as e:
        needs("halfdone")
    assert not isinstance(e.value, MissingLibrary)


# --- size


@pytest.mark.parametrize("module", [html, markdown, junit, github, gradescope])
def test_a_thousand_subjects_are_quick(module: Any) -> None:
    subjects = samples.many(1000)
    module.render(subjects[:1])
    start = time.perf_counter()
    text = module.render(copy.copy(subjects))
    assert time.perf_counter() - start < 5
    assert "Layer_990" in text
