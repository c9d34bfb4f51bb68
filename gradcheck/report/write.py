"""Write every report of one run into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gradcheck.report import html, jsonfile, junit, markdown, pictures
from gradcheck.report.missing import MissingLibrary
from gradcheck.types import Subject


def write_report(subjects: Sequence[Subject], folder: Path | str) -> list[Path]:
    """Write report.md, report.json, junit.xml, report.html and ``pictures/*.svg``.

    Parameters
    ----------
    subjects
        In the order the reports are to have.
    folder
        Made if it does not exist; files of these names in it are replaced.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    MissingLibrary
        jinja2 is not installed; the first three files are written all the same.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "report.md": markdown.render(subjects),
        "report.json": jsonfile.dumps(subjects),
        "junit.xml": junit.render(subjects),
    }
    written = [_write(folder / name, text) for name, text in texts.items()]
    gallery = html.draw(subjects)
    try:
        page = html.render(subjects, gallery=gallery)
    except MissingLibrary as e:
        names = ", ".join(texts)
        raise MissingLibrary(f"{e} (written without it: {names})", name=e.name) from e
    written.append(_write(folder / "report.html", page))
    for key, drawn in gallery.drawn.items():
        for p in drawn:
            written.append(pictures.save(p.svg, folder / "pictures" / f"{key}-{p.name}.svg"))
    return written


def _write(path: Path, text: str) -> Path:
    # Newlines as they are, so that a committed report is the same on every system. A lone
    # surrogate, which UTF-8 cannot hold, becomes the escape that JSON has for it.
    path.write_text(text, "utf-8", "backslashreplace", newline="\n")
    return path
