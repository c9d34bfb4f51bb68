"""The record that describes one bug: a single changed line in a right module."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True)
class Bug:
    """One known bug: right code, and the one line that makes it wrong.

    Attributes
    ----------
    id
        Kebab-case, says what is wrong: ``dense-db-not-summed``.
    title
        One sentence for a student.
    like
        Where bugs of this kind are seen.
    right
        Stem of the module in ``right/`` that holds the right code.
    target
        Class or function in that module; for a function pair the forward function.
    old, new
        The exact text replaced.  ``old`` occurs exactly once in the module and, like ``new``,
        stands on one line or changes only one.
    law
        Name of the law that must catch it; ``also`` names others that may.
    status
        What the law must say: ``fail``, or ``note`` for what is right in the usual use.
    wrt
        The gradient, argument or output that the message must name.
    cause
        Id of the cause that a diagnosis must give.
    also_causes
        Other true names of the mistake, by the definitions of the causes: at most two, each as
        good an answer as ``cause``.
    init
        A constructor expression that works, for information.
    lineage
        ``nnfs``, ``fish``, ``cs231n`` or ``wild``: the code base whose style it is in.
    """

    id: str
    title: str
    like: str
    right: str
    target: str
    old: str
    new: str
    law: str
    wrt: str
    cause: str
    init: str
    lineage: str
    status: Literal["fail", "note"] = "fail"
    also: tuple[str, ...] = ()
    also_causes: tuple[str, ...] = ()

    def right_source(self) -> str:
        """Text of the right module."""
        return source_of(self.right)

    def source(self) -> str:
        """Text of the module with the bug in it.

        Raises
        ------
        ValueError
            If ``old`` does not occur exactly once in the right module.
        """
        text = self.right_source()
        count = text.count(self.old)
        if count != 1:
            raise ValueError(
                f"{self.id}: `old` occurs {count} times in right/{self.right}.py, but should "
                f"occur once; lengthen it with neighbouring text: {self.old!r}"
            )
        return text.replace(self.old, self.new)

    def diff(self) -> str:
        """Unified diff from the right module to the buggy one."""
        before, after = self.right_source(), self.source()
        return "".join(
            difflib.unified_diff(
                before.splitlines(keepends=True),
                after.splitlines(keepends=True),
                fromfile=f"right/{self.right}.py",
                tofile=f"{self.id}/{self.right}.py",
            )
        )


def source_of(stem: str) -> str:
    """Text of ``right/<stem>.py``, also from an installed wheel."""
    path = files("gradcheck_reference.bugs").joinpath("right", f"{stem}.py")
    return path.read_text(encoding="utf-8")
