"""Losses that compare embeddings: anchor, positive and negative; two of them and whether they belong together."""

from __future__ import annotations

import re
from typing import Any

from gradcheck.conventions.signature import arguments, plain

#: The arguments of a triplet loss, in any order.
TRIPLET = (re.compile(r"^(anc|anchor|a$)"), re.compile(r"^(pos|p$)"), re.compile(r"^(neg|n$)"))
#: The two sides of a loss of pairs.
SIDES = re.compile(
    r"^(x|z|h|emb|embedding|embeddings|output|out|feat|features?|vec|v|input|e)s?(1|2|a|b|i|j|left|right)$|"
    r"^(left|right)(emb|embedding|output|x)?$"
)
#: Whether a pair belongs together.
TOGETHER = {
    "y",
    "label",
    "labels",
    "target",
    "targets",
    "t",
    "issame",
    "same",
    "similar",
    "ytrue",
    "similarity",
}


def compares_embeddings(function: Any) -> bool:
    """Whether a forward takes several embeddings that are differentiated alike."""
    names = [plain(a.name) for a in arguments(function) if a.required]
    if len(names) == 3 and all(any(p.match(n) for n in names) for p in TRIPLET):
        return True
    if len(names) == 3 and names[:2] == ["a", "b"] and names[2] in TOGETHER:
        return True
    sides = [n for n in names if SIDES.match(n)]
    rest = [n for n in names if n not in sides]
    return (
        len(sides) == 2
        and names[:2] == sides
        and all(n in TOGETHER for n in rest)
        and len(rest) < 2
    )
