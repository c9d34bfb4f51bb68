"""The same layer at sizes of one and on an input with one axis more: few laws are tried on these."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe, recipe
from gradcheck.conventions import layers
from gradcheck.conventions.consistency import agrees, once
from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.pairing import Trial
from gradcheck.conventions.signature import Arg, arguments, plain, tree_of
from gradcheck.conventions.sources import Source, maker_of
from gradcheck.errors import is_refusal
from gradcheck.guesses import guesses
from gradcheck.types import Case, Op, Slot
from gradcheck.variants import rewritten

#: What is tried at a further size or shape.
LAWS = ("contract", "gradient")
#: Where a size of one leaves nothing to compute, or where it is no size of an axis.
DEGENERATE = re.compile(r"norm|attention|heads?|transformer|conv|pool|embed")
#: What code that takes more than two axes says.
MORE_AXES = re.compile(r"ndim|tensordot|einsum|reshape\(-1|shape\[:-1\]|\.\.\.|\bseq|time|token")

Finish = Callable[[Source, Recipe, Callable[[], Live], Live, Trial], Op]


def further_sizes(
    source: Source, base: Recipe, pair: tuple[str, str], trial: Trial, find: Any, finish: Finish
) -> Iterator[Op]:
    """The Ops of a class whose feature or unit count is one, where it takes that."""
    for made, old in of_size_one(base, source):
        shapes = tuple(tuple(1 if n == old else n for n in s.shape) for s in trial.slots)
        found = taken(source, made, pair, shapes, find)
        if found is not None and not found[1].problem:
            make, one = found
            yield replace(finish(source, made, make, make(), one), laws=LAWS)


def taken(
    source: Source, made: Recipe, pair: tuple[str, str], shapes: tuple[Any, ...], find: Any
) -> tuple[Callable[[], Live], Trial] | None:
    """The maker and the trial of a recipe on inputs of these shapes; None where it takes others only."""
    try:
        make = maker_of(made)
        found, _ = find(replace(source, shape=None), made, make, make(), pair, shapes)
    except Exception:  # it takes no such size
        return None
    if found is None or tuple(s.shape for s in found.slots) != shapes:
        return None
    return make, found


def unequal_window(
    source: Source, base: Recipe, pair: tuple[str, str], trial: Trial, find: Any, finish: Finish
) -> Iterator[Op]:
    """The Op of a class that is given its filters, with filters that are not as wide as high.

    The forward of code that takes square ones only raises; what runs must be right.
    """
    text = SQUARE.sub(lambda m: f"{m[1]}{int(m[2]) - 1})", base.text)
    if source.init is not None or base.certain or text == base.text or source.shape is not None:
        return
    made = recipe(text, {**source.namespace, source.name: source.obj})
    found = taken(source, made, pair, tuple(s.shape for s in trial.slots), find)
    if found is not None:
        make, one = found
        yield replace(finish(source, made, make, make(), one), laws=(*LAWS, "same_as_reference"))


def refuses(live: Live, trial: Trial) -> bool:
    """Whether the forward of the first configuration's shape is refused by a ``raise`` or ``assert``."""
    rng = cases.generator(Case(), 1)
    arrays = [cases.draw_slot(s, Case(), rng) for s in trial.slots]
    try:
        trial.calls.forward(live, arrays, None, True)
    except Exception as error:
        return is_refusal(error)
    return True  # it runs: something else is wrong with the reading


#: Filters of one height and width among the arguments: ``np.random.randn(4, 2, 3, 3)``.
SQUARE = re.compile(r"(randn\(\d+, \d+, (\d+), )\2\)")


def of_size_one(base: Recipe, source: Source) -> Iterator[tuple[Recipe, int]]:
    """``Dense(4, 1)`` and ``Dense(1, 5)`` for ``Dense(4, 5)``, with the size that was there."""
    if source.init is not None or base.certain or DEGENERATE.search(plain(source.name)):
        return
    tree = tree_of(source.obj)
    if tree is not None and re.search("float(32|16)|single", ast.unparse(tree)):
        return  # of so few numbers nobody can tell how precise they are
    call = ast.parse(base.text, mode="eval").body if "; " not in base.text else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return
    args = arguments(getattr(source.obj, "__init__", source.obj))
    given = dict(zip([a.name for a in args], call.args, strict=False))
    sized = {a.name: getattr(given.get(a.name), "value", None) for a in args if is_size(a)}
    names = {**source.namespace, source.name: source.obj}
    for name, old in reversed(list(sized.items())[:2]):
        if type(old) is int and old > 1:
            yield recipe(rewritten(base.text, args, {name: 1}), names), old


def is_size(arg: Arg) -> bool:
    """Whether an argument counts features or units, by what is tried for it."""
    return guesses(arg)[0] in {"4", "5", "6"} and plain(arg.name) not in {"a", "c"}


def one_axis_more(
    source: Source,
    made: Recipe,
    make: Callable[[], Live],
    proto: Live,
    trial: Trial,
    finish: Finish,
) -> Iterator[Op]:
    """The Op for (batch, time, features), where backward gives gradients of the right shapes.

    A gradient of a weight of the right shape shows that backward means to take such an input;
    without weights the code has to say so.
    """
    if source.shape is not None or len(trial.slots) != 1 or len(trial.slots[0].shape) != 2:
        return
    slot = trial.slots[0]
    if slot.shape[0] != "N" or slot.domain != "real":
        return
    longer = (Slot(slot.name, ("N", "T", slot.shape[1])),)
    try:
        found = layers.observe(make, proto, trial.calls, longer)
    except Refused:
        return
    if found.problem or found.params.keys() != trial.params.keys():
        return
    op = finish(source, made, make, proto, found)
    if supports(op, source):
        yield replace(op, laws=LAWS)


#: Code that tells images from rows.
OF_IMAGES = re.compile(r"ndim == 4|len\([\w.]*shape\) == 4")


def images_too(
    source: Source,
    made: Recipe,
    make: Callable[[], Live],
    proto: Live,
    trial: Trial,
    finish: Finish,
) -> Iterator[Op]:
    """The Op for images, where code that takes rows looks whether it is given some."""
    tree = tree_of(source.obj)
    text = ast.unparse(tree) if tree is not None else ""
    if source.shape is not None or len(trial.slots) != 1 or not OF_IMAGES.search(text):
        return
    slot = trial.slots[0]
    if len(slot.shape) != 2 or slot.shape[0] != "N" or slot.domain != "real":
        return
    running: list[Op] = []
    for shape in (("N", slot.shape[1], "H", "W"), ("N", "H", "W", slot.shape[1])):
        try:
            found = layers.observe(make, proto, trial.calls, (Slot(slot.name, shape),))
        except Refused:
            continue
        if found.problem or found.params.keys() != trial.params.keys():
            continue
        op = finish(source, made, make, proto, found)
        if agrees(op):
            yield op
            return
        running.append(op)
    yield from running[:1]


def supports(op: Op, source: Source) -> bool:
    """Whether the gradients of the input and of all matrices have their shapes, and code means them to."""
    try:
        primals, gradients = once(op, Case())
    except Exception:  # it takes two axes only
        return False
    name = op.slots[0].name
    matrices = [k for k, v in primals.items() if k != name and v.ndim > 1 and min(v.shape) > 1]
    # Zeros have a shape without meaning it.
    given = {k: g for k, g in gradients.items() if np.any(g)}
    if any(k not in given or given[k].shape != primals[k].shape for k in (name, *matrices)):
        return False
    tree = tree_of(source.obj)
    text = ast.unparse(tree) if tree is not None else ""
    if re.search(r"ndim == 4", text) and not re.search(r"ndim (== 3|[<>!])", text):
        return False  # it tells images from rows
    return bool(matrices) or MORE_AXES.search(text) is not None
