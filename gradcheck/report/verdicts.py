"""The result of a check as a value: a sequence of subjects that shows itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

from gradcheck.report import links, words
from gradcheck.types import Subject, Verdict


class Verdicts(Sequence[Subject]):
    """What a check found: an immutable sequence of `Subject`, one per class or function.

    ``str()`` is the text a terminal shows; in a notebook it displays as a table with the failures
    below.

    Parameters
    ----------
    subjects
        In the order of the report.

    Examples
    --------
    >>> Verdicts([]).ok
    False
    """

    __slots__ = ("_subjects",)
    _subjects: tuple[Subject, ...]

    def __init__(self, subjects: Iterable[Subject] = ()) -> None:
        object.__setattr__(self, "_subjects", tuple(subjects))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Verdicts are immutable: {name} cannot be set")

    @property
    def ok(self) -> bool:
        """Whether something was verified and nothing is wrong or undecided (exit code 0)."""
        found = {s.status for s in self._subjects}
        return not found & set(words.OPEN) and bool(found & {"pass", "note"})

    @property
    def failures(self) -> tuple[tuple[Subject, Verdict], ...]:
        """Every subject and verdict that failed or is in error, worst first.

        A subject that is in error before any law ran has one verdict, of the law ``load``.
        """
        return tuple(
            (s, v)
            for s in words.worst_first(self._subjects)
            for v in words.open_verdicts(s)
            if v.status in ("fail", "error")
        )

    @overload
    def __getitem__(self, index: int) -> Subject: ...
    @overload
    def __getitem__(self, index: slice) -> Verdicts: ...
    def __getitem__(self, index: int | slice) -> Subject | Verdicts:
        if isinstance(index, slice):
            return Verdicts(self._subjects[index])
        return self._subjects[index]

    def __len__(self) -> int:
        return len(self._subjects)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Verdicts) and self._subjects == other._subjects

    __hash__ = None  # type: ignore[assignment]  # a Subject holds mappings, which have no hash

    def __repr__(self) -> str:
        return f"<Verdicts: {words.summary(self._subjects)}>"

    def __str__(self) -> str:
        from gradcheck.report import terminal

        files = links.by_file(self._subjects).items()
        reports = [terminal.FileReport(name, tuple(found)) for name, found in files]
        return terminal.render(reports)

    def _repr_markdown_(self) -> str:
        from gradcheck.report import markdown

        return markdown.render(self._subjects)

    def _repr_html_(self) -> str:
        from gradcheck.report import notebook

        return notebook.render(self._subjects)
