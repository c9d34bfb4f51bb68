"""The HTML report in a real browser, over file://, as a person would open it.

``GRADCHECK_SCREENSHOTS=folder`` keeps the screenshots, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gradcheck.report import html, words
from suites import report_samples as samples
from suites import webdriver

pytestmark = pytest.mark.skipif(bool(webdriver.missing()), reason=webdriver.missing() or "-")
pytest.importorskip("jinja2", reason="jinja2 is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

VISIBLE_ROWS = "return document.querySelectorAll('.overview tr[data-status]:not([hidden])').length"
PRESSED = (
    "return Array.from(document.querySelectorAll('[aria-pressed=true]'), b => b.dataset.filter)"
)
SHOWN_STATUSES = (
    "return Array.from(document.querySelectorAll('[data-status]:not([hidden])'),"
    " e => e.dataset.status)"
)


@pytest.fixture(scope="module")
def window() -> Iterator[webdriver.Browser]:
    with webdriver.browser() as b:
        yield b


@pytest.fixture(scope="module")
def page(tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(html.render(samples.everything()), "utf-8")
    return path


@pytest.fixture
def opened(window: webdriver.Browser, page: Path) -> Iterator[webdriver.Browser]:
    window.size(1200, 900)
    window.scheme("light")
    window.open(page)
    window.run("localStorage.clear()")
    window.open(page)
    yield window
    assert window.console() == []


def _background(b: webdriver.Browser) -> str:
    return str(b.run("return getComputedStyle(document.body).backgroundColor"))


def test_console_of_a_bad_page_is_not_empty(window: webdriver.Browser, tmp_path: Path) -> None:
    """Shows that the other tests would see an error."""
    bad = tmp_path / "bad.html"
    bad.write_text("<!DOCTYPE html><title>x</title><script>nothing_of_this_name()</script>")
    window.open(bad)
    assert any("nothing_of_this_name" in entry["message"] for entry in window.console())


def test_hostile_names_are_shown_and_not_run(opened: webdriver.Browser) -> None:
    assert samples.HOSTILE in opened.run("return document.querySelector('.overview').textContent")
    assert opened.run("return document.scripts.length") == 1


def test_no_inline_script_but_our_own_can_run(opened: webdriver.Browser) -> None:
    """Even if escaping failed, the content security policy would stop the user's text."""
    opened.run(
        "var s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.appendChild(s); s.remove();"
    )
    assert opened.run("return window.ran === undefined")
    messages = [entry["message"] for entry in opened.console()]
    assert len(messages) == 1 and "Content Security Policy" in messages[0]


def test_filter_shows_one_status(opened: webdriver.Browser) -> None:
    subjects = samples.everything()
    assert opened.run(VISIBLE_ROWS) == len(subjects)
    for status, count in words.counts(subjects).items():
        opened.click(f"[data-filter={status}]")
        assert opened.run(VISIBLE_ROWS) == count
        assert opened.run(PRESSED) == [status]
        noun = "subject is" if count == 1 else "subjects are"
        said = opened.run("return document.getElementById('said').textContent")
        assert said == f"{count} {noun} {status}."
        assert set(opened.run(SHOWN_STATUSES)) == {status}
    opened.click("[data-filter=all]")
    assert opened.run(VISIBLE_ROWS) == len(subjects)


def test_filter_works_with_the_keyboard(opened: webdriver.Browser) -> None:
    opened.run("document.querySelector('[data-filter=pass]').focus()")
    opened.keys("[data-filter=pass]", "\ue007")
    assert opened.run(VISIBLE_ROWS) == 1


@pytest.mark.parametrize("clipboard", [True, False], ids=["clipboard", "fallback"])
def test_copy_puts_the_command_on_the_clipboard(opened: webdriver.Browser, clipboard: bool) -> None:
    if not clipboard:
        opened.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    article = "article[data-status=fail]"
    expected = opened.run(f"return document.querySelector('{article} .replay code').textContent")
    assert expected.startswith("gradcheck check ")
    opened.click(f"{article} .copy")
    label = f"document.querySelector('{article} .copy').textContent"
    assert opened.becomes(f"return {label} === 'Copied'")
    opened.run(
        "var a = document.createElement('textarea'); a.id = 'paste'; document.body.prepend(a);"
    )
    opened.keys("#paste", "\ue009v\ue000")  # Control-V
    assert opened.run("return document.getElementById('paste').value") == expected


def test_permalink_to_a_filtered_failure_shows_it(opened: webdriver.Browser) -> None:
    opened.click("[data-filter=pass]")
    key = opened.run("return document.querySelector('article').id")
    opened.run("location.hash = arguments[0]", key)
    shown = "return document.getElementById(arguments[0]).getClientRects().length > 0"
    assert opened.becomes(shown, key)


def test_link_to_a_pass_unfolds_its_verdicts(opened: webdriver.Browser) -> None:
    opened.click("tr[data-status=pass] a")
    assert opened.becomes("return document.querySelector('details:target')?.open")


def test_theme_follows_the_system_until_the_button_decides(opened: webdriver.Browser) -> None:
    light = _background(opened)
    opened.scheme("dark")
    dark = _background(opened)
    assert light == "rgb(255, 255, 255)" and dark != light
    opened.click("#theme")
    opened.click("#theme")
    assert opened.run("return document.getElementById('theme').textContent") == "Theme: light"
    assert _background(opened) == light
    opened.call("POST", "/refresh", {})
    assert _background(opened) == light
    opened.scheme("light")
    opened.click("#theme")
    opened.click("#theme")
    assert _background(opened) == dark


def _luminance(colour: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast_of_text_is_enough(opened: webdriver.Browser, theme: str) -> None:
    """4.5 to 1 or better for every piece of text, as WCAG 2 asks (level AA)."""
    opened.scheme(theme)
    pairs = opened.run(
        """
        function background(e) {
          for (; e; e = e.parentElement) {
            var c = getComputedStyle(e).backgroundColor;
            if (c !== 'rgba(0, 0, 0, 0)') { return c; }
          }
          return 'rgb(255, 255, 255)';
        }
        var found = {};
        document.querySelectorAll('body *').forEach(function (e) {
          var own = Array.from(e.childNodes).some(n => n.nodeType === 3 && n.data.trim());
          if (own && e.getClientRects().length && !e.closest('svg')) {
            found[getComputedStyle(e).color + '|' + background(e)] = e.outerHTML.slice(0, 80);
          }
        });
        return found;
        """
    )
    assert len(pairs) > 5
    for pair, where in pairs.items():
        ink, paper = (
            _luminance([int(x) / 255 for x in c[c.index("(") + 1 : -1].split(",")[:3]])
            for c in pair.split("|")
        )
        contrast = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
        assert contrast >= 4.5, (contrast, pair, where)


@pytest.mark.parametrize("width", [360, 390, 768])
def test_narrow_page_does_not_scroll_sideways(opened: webdriver.Browser, width: int) -> None:
    opened.size(width, 800, mobile=True)
    assert opened.run("return document.documentElement.scrollWidth") <= width


def test_every_control_can_be_reached_by_keyboard(opened: webdriver.Browser) -> None:
    count = opened.run(
        "return Array.from(document.querySelectorAll('button, a[href], summary'))"
        ".filter(e => e.getClientRects().length && e.tabIndex < 0).length"
    )
    assert count == 0
    assert opened.run("return document.querySelectorAll('button:not([type=button])').length") == 0


def _best_of_three(window: webdriver.Browser, path: Path) -> float:
    """The other tests of a parallel run must not decide whether a page is slow."""
    return min(window.open(path) for _ in range(3))


def test_a_thousand_subjects_open_in_two_seconds(window: webdriver.Browser, tmp_path: Path) -> None:
    path = tmp_path / "many.html"
    path.write_text(html.render(samples.many(1000)), "utf-8")
    window.size(1200, 900)
    assert _best_of_three(window, path) < 2.0
    assert window.run(VISIBLE_ROWS) == 1000
    window.click("[data-filter=fail]")
    assert window.run(VISIBLE_ROWS) == 100
    assert window.console() == []


def test_fifty_subjects_full_of_pictures_open_in_two_seconds(
    window: webdriver.Browser, tmp_path: Path
) -> None:
    subjects = samples.pictures_in_all(50)
    gallery = html.draw(subjects, budget=html.BUDGET // 10)
    drawn = [p for pictures in gallery.drawn.values() for p in pictures]
    keys = [*gallery.drawn, *gallery.notes]
    heavy = html.Gallery({keys[i]: tuple(drawn) for i in range(10)}, {})
    path = tmp_path / "pictures.html"
    path.write_text(html.render(subjects, gallery=heavy), "utf-8")
    assert path.stat().st_size > html.BUDGET
    assert _best_of_three(window, path) < 2.0
    assert window.run("return document.querySelectorAll('svg').length") == 10 * len(drawn)
    assert window.console() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_screenshots(opened: webdriver.Browser, theme: str, width: int, tmp_path: Path) -> None:
    """Not blank, and kept for a person's eye where GRADCHECK_SCREENSHOTS says so."""
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    folder = Path(os.environ.get("GRADCHECK_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    opened.scheme(theme)
    opened.size(width, 2400, mobile=width < 500)
    path = folder / f"report-{theme}-{width}.png"
    opened.screenshot(path)
    with image.open(path) as picture:
        assert picture.size == (width, 2400)
        colours = picture.convert("RGB").getcolors(1 << 20)
    assert colours is not None and len(colours) > 50
    brightest = max(colours)[1]
    assert (sum(brightest) > 600) == (theme == "light")
