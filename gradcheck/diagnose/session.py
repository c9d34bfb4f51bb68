"""What is known while the failures of one subject are diagnosed one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from gradcheck.diagnose import repairs
from gradcheck.diagnose.causes import CAUSES
from gradcheck.diagnose.code import replaced
from gradcheck.diagnose.meaning import Meaning
from gradcheck.diagnose.memory import Memory
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.repairs import Repair
from gradcheck.diagnose.trial import Shown
from gradcheck.types import Op, Verdict

#: The time one search for a change may take, seconds.
SEARCH = 6.0
#: What is left for trying out what the changes found mean, seconds.
PROOF = 0.3
#: Ranks of what a change of the code shows: with an experiment for its label, and without.
SHOWN, OPEN = 20, 40


@dataclass(frozen=True)
class Candidate:
    """A cause with its rank (small first).

    ``confirmed`` is false where a change of the code works but nothing shows that its label is the
    reason; ``second`` is the name that is as near then.
    """

    rank: int
    cause: str
    text: str
    evidence: str
    repair: Repair | None = None
    confirmed: bool = True
    second: str = ""
    line: int | None = None
    lost: bool = False  # backward leaves something out: a change of forward mends nothing


@dataclass
class Session:
    """What is known about a subject; ``memory`` is that of the searches for its verdicts."""

    op: Op
    verdicts: Sequence[Verdict]
    pieces: list[Piece]
    until: float
    known: list[tuple[Repair, Candidate]]
    memory: Memory = field(default_factory=Memory)


def of_shown(shown: Shown, rank: int, confirmed: bool = True) -> Candidate:
    """What an experiment has shown, as a candidate."""
    return Candidate(
        rank, shown.cause, shown.text, shown.evidence, None, confirmed and shown.sure,
        shown.second, shown.line,
    )  # fmt: skip


def of_repair(repair: Repair, what: Meaning, rank: int = SHOWN) -> Candidate:
    """A change that worked, as a candidate."""
    text = CAUSES[what.cause].what
    return Candidate(
        rank if what.confirmed else OPEN, what.cause, text, repairs.describe(repair), repair,
        what.confirmed, what.second,
    )  # fmt: skip


def retried(
    s: Session, judge: Callable[[Piece], bool], confirm: Callable[[], float | bool | None]
) -> list[Repair]:
    """The changes that worked for other verdicts and work for this one too."""
    worked = []
    for repair, _ in s.known:
        piece = repair.edit.piece
        with replaced(piece.function, repair.edit.code), repairs.quiet():
            try:
                result = judge(piece) and confirm()
            except Exception:  # it does not run here
                continue
        if result is not False:
            worked.append(replace(repair, resolution=None if result is True else result))
    return worked
