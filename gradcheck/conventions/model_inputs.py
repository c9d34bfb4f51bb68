"""What a whole model may be given, and how many classes it tells apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gradcheck.conventions import places
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly
from gradcheck.conventions.signature import arguments, plain
from gradcheck.types import Array, Slot

#: What an array of real numbers raises where those of words are wanted.
WORDS = "arrays used as indices must be of integer"


def inputs_tried(
    shapes: list[tuple[int, ...]], dims: list[int], alone: bool
) -> Iterator[tuple[Slot, str, bool]]:
    """Data, how labels are written, and whether each word has one; numbers of words come last."""
    for shape in shapes:
        for encoding in ("",) if alone else ("index", "onehot", "real", "binary"):
            yield Slot("x", ("N", *shape)), encoding, False
    for words in () if alone else sorted(set(dims), reverse=True):
        for each in (True, False):
            yield Slot("x", ("N", "T"), f"index:{words}"), "index", each


def image_shapes(obj: Any) -> list[tuple[int, ...]]:
    """The shape of a model's images, kept or given by default: ``input_dim = (3, 32, 32)``."""
    found = []
    held = dict(vars(obj)) if hasattr(obj, "__dict__") else {}
    given = {a.name: a.default for a in arguments(type(obj).__init__) if not a.required}
    for name, value in {**given, **held}.items():
        shaped = any(w in plain(name) for w in ("dim", "shape", "size"))
        sizes = value if shaped and isinstance(value, (tuple, list)) else ()
        if len(sizes) == 3 and all(type(n) is int and 0 < n <= 64 for n in sizes):
            found.append(tuple(sizes))
    return found


def outputs_of(live: Live, x: Array) -> int:
    """The width of the model's prediction; where no method gives it, of its last parameter."""
    own = [n for c in type(live.obj).__mro__[:-1] for n in vars(c)]
    others = [n for n in own if re.search("predict|forward|scores|proba|output", n)]
    for m in dict.fromkeys(("predict", "forward", *others, "loss")):
        method = getattr(live.obj, m, None)
        if callable(method) and len([a for a in arguments(method) if a.required]) == 1:
            found = arrays_of(call_quietly(method, x))
            if found and found[0].ndim in ((2,) if x.dtype.kind == "f" else (2, 3)):
                return int(found[0].shape[-1])
    held = [a for a in places.walk(live.obj).values() if places.is_numeric(a) and a.ndim]
    if not held or hasattr(live.obj, "predict"):
        raise Refused("predict gives no (batch, classes) array")
    return int(held[-1].shape[-1])
