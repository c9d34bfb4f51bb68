"""What the arguments of a custom PyTorch function may be: arrays, whole numbers, options.

A backward returns one gradient an argument, so its ``return`` statements say which have none.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcheck.conventions.function_options import OPTIONS, SCALARS
from gradcheck.conventions.signature import plain, tree_of
from gradcheck.types import Slot

#: Names of arguments that hold whole numbers: classes, rows of a table, places to read from.
WHOLE = re.compile(
    r"^(\w+_)?(idx|index|indices|indexes|ids?|tokens?|words?|targets?|labels?|y|y_true|t|classes|segments?)$",
    re.IGNORECASE,
)
#: What is trained wherever it is added: None is no gradient of it.
LEARNED = {"bias"}
#: Names of a table whose rows are looked up.
TABLE = re.compile(r"(^w|weight|table|embed|emb$|dict)", re.IGNORECASE)
#: What an option is given whose name says nothing: a factor, a small size, an axis.
UNNAMED = (0.7, 2, 1, True)
#: The number of classes, or of rows of a table.
CLASSES = 7


@dataclass(frozen=True)
class Filling:
    """One way to fill the arguments of a function.

    Attributes
    ----------
    arrays, whole
        The arguments that are arrays of floats, and those of whole numbers.
    options
        What the others are given.
    """

    arrays: tuple[str, ...]
    whole: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def text(self) -> str:
        """The options as a call would give them: ``, dim=1``."""
        return "".join(f", {k}={v!r}" for k, v in self.options.items())


def fillings(cls: Any, parameters: Sequence[inspect.Parameter]) -> Iterator[Filling]:
    """The ways to fill the arguments, most likely first."""
    none = without_gradient(cls, [p.name for p in parameters]) - LEARNED
    open_ended = [p for p in parameters if p.default is p.empty]
    optional = [p.name for p in parameters if p.default is None and p.name not in none]
    doubtful = [p.name for p in open_ended if p.name in none or WHOLE.match(p.name)]
    arrays = [p.name for p in open_ended if p.name not in doubtful]
    choices = [candidates(name) for name in doubtful]
    for extra in [optional, []] if optional else [[]]:
        for chosen in itertools.islice(itertools.product(*choices), 40):
            given = dict(zip(doubtful, chosen, strict=True))
            used = {*arrays, *extra}
            yield Filling(
                tuple(p.name for p in parameters if p.name in used),
                tuple(k for k, v in given.items() if v is WHOLE),
                {k: v for k, v in given.items() if v is not WHOLE},
            )


def candidates(name: str) -> list[Any]:
    """What an argument without a gradient may hold; `WHOLE` stands for an array of whole numbers."""
    key = plain(name)
    if key in {"dim", "axis"}:
        return [1, -1]
    known = SCALARS.get(key, OPTIONS.get(name))
    options = [known] if known is not None else list(UNNAMED)
    return [WHOLE, *options] if WHOLE.match(name) else [*options, WHOLE]


def without_gradient(cls: Any, names: Sequence[str]) -> set[str]:
    """The arguments for which every ``return`` of the backward says None.

    A backward that returns one value gives the gradient of the first argument and of no other.
    """
    tree = tree_of(cls.backward)
    returned = [n.value for n in ast.walk(tree) if isinstance(n, ast.Return)] if tree else []
    found: set[str] | None = None
    for value in returned:
        parts = value.elts if isinstance(value, ast.Tuple) else [value]
        if value is None or any(isinstance(p, ast.Starred) for p in parts):
            return set()
        absent = {
            n
            for n, p in itertools.zip_longest(names, parts[: len(names)])
            if p is None or (isinstance(p, ast.Constant) and p.value is None)
        }
        if not isinstance(value, ast.Tuple) and isinstance(value, ast.Name):
            absent = set()  # a tuple made before
        found = absent if found is None else found & absent
    return found or set()


def indexed(
    cls: Any, filling: Filling
) -> Iterator[tuple[tuple[Slot, ...], dict[str, tuple[int, ...]]]]:
    """Slots, and shapes of parameters, for a function that takes whole numbers beside arrays."""
    if not filling.arrays:
        return
    first, *others = filling.arrays
    looked_up = TABLE.search(first) or "embed" in cls.__name__.lower()

    def wholes(shape: tuple[int | str, ...], below: int) -> tuple[Slot, ...]:
        return tuple(Slot(name, shape, f"index:{below}") for name in filling.whole)

    def table() -> Iterator[tuple[tuple[Slot, ...], dict[str, tuple[int, ...]]]]:
        if not others:
            for shape in (("N", "T"), ("N",)):
                yield wholes(shape, CLASSES), {first: (CLASSES, 4)}

    if looked_up:
        yield from table()
    sizes: list[dict[str, tuple[int, ...]]] = [dict.fromkeys(others, (CLASSES,))]
    scores = Slot(first, ("N", CLASSES))
    for params in sizes:
        for shape, below in ((("N",), CLASSES), (("N", CLASSES), 2), (("N", 2), CLASSES)):
            yield (scores, *wholes(shape, below)), params
    if others:  # a linear layer and a loss in one
        for matrix in ((CLASSES, 4), (4, CLASSES)):
            params = {n: (CLASSES,) if i else matrix for i, n in enumerate(others)}
            yield (Slot(first, ("N", 4)), *wholes(("N",), CLASSES)), params
    if not looked_up:
        yield from table()
