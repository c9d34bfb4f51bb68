"""What the searches for one subject's gradients share: the changes, and which of them were tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradcheck.diagnose.edits import Change, Rule, changes
from gradcheck.diagnose.pieces import Piece

if TYPE_CHECKING:  # it searches, and what searches has a memory
    from gradcheck.diagnose.elsewhere import Elsewhere

Shapes = Mapping[str, tuple[int, ...]]


@dataclass
class Memory:
    """The changes of each function, made once, the ids of those tried, and each object elsewhere."""

    tried: set[int] = field(default_factory=set)
    pools: dict[tuple[int, tuple[Rule, ...], bool], list[Change]] = field(default_factory=dict)
    elsewhere: dict[str, Elsewhere | None] = field(default_factory=dict)

    def changes(
        self, piece: Piece, rules: tuple[Rule, ...], optimizer: bool, shapes: Shapes | None
    ) -> list[Change]:
        """The changes of one function by some rules; the shapes of the first call count."""
        key = (id(piece.node), rules, shapes is None)
        if key not in self.pools:
            self.pools[key] = changes(piece, rules, optimizer, shapes)
        return self.pools[key]
