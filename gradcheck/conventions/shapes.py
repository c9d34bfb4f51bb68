"""Input shapes to try on an object that does not say which it takes."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import replace

from gradcheck.types import Slot

#: Image sizes that windows of 2, 3 or 4 fill without a remainder, at strides up to 4; squares last.
FITTING = ((6, 8), (7, 9), (6, 9), (8, 12), (5, 8), (8, 8), (9, 9))


#: Names of arguments that hold class or word numbers.
INDICES = {"idx", "index", "indices", "indexes", "ids", "inds", "word_ids", "tokens", "positions", "target",
           "targets", "t", "words", "label", "labels", "same", "is_same", "similar"}  # fmt: skip


def shape_hypotheses(
    name: str, dims: tuple[int, ...], slots: tuple[str, ...]
) -> Iterator[tuple[Slot, ...]]:
    """Input shapes to try, those that the name suggests first."""
    key = name.lower()
    flat: list[tuple[int | str, ...]] = [("N", "D"), *(("N", d) for d in dims)]
    if 1 < len(dims) <= 3:  # a reshape knows only how many values a sample has
        flat.append(("N", math.prod(dims)))
    image: list[tuple[int | str, ...]] = [("N", "C", "H", "W"), *(("N", c, "H", "W") for c in dims),
                                          *(("N", "H", "W", c) for c in dims),
                                          *(("N", "C", 2 * k, 3 * k) for k in dims if k < 7),
                                          *(("N", k * k, "H", "W") for k in dims if k < 5)]  # fmt: skip
    sequence: list[tuple[int | str, ...]] = [("N", "T", "D"), *(("N", "T", d) for d in dims),
                                             *(("T", "N", d) for d in dims)]  # fmt: skip
    line: list[tuple[int | str, ...]] = [*((d, "N") for d in dims), ("D",), ("D", 1), (1, "D"), *((d,) for d in dims),
                                         *((d, 1) for d in dims), *((1, d) for d in dims), ("C", "H", "W"), *((c, "H", "W") for c in dims),
                                         *(("H", "W", c) for c in dims), ("H", "W"), ()]  # fmt: skip
    turns = [*itertools.permutations(dims, 2)]
    whole = [*(("N", *d) for d in turns), *(("N", "C", *d) for d in turns)]
    if any(
        w in key
        for w in ("conv", "pool", "2d", "spatial", "upsampl", "flatten", "pad", "image", "unpool")
    ):
        channels: list[int | str] = ["C", *dims]
        fitting: list[tuple[int | str, ...]] = []
        for c, size in itertools.product(channels, FITTING):
            fitting += [("N", c, *size), ("N", *size, c)]
        single: list[tuple[int | str, ...]] = [("H", "W")] if re.search(r"conv|pool", key) else []
        order = [*image, *fitting, *whole, *sequence, *single, *flat, *line]
        if "1d" in key:
            order = [*(("N", c, "W") for c in dims), ("N", "C", "W"), *sequence, *order]
    elif any(
        w in key
        for w in ("rnn", "lstm", "gru", "attention", "time", "sequence", "recurrent", "transformer")
    ):
        columns: list[tuple[int | str, ...]] = [("T", d, 1) for d in dims]
        order = [*sequence, *columns, *flat, *whole, *image, *line]
        if "cell" in key or any("prev" in s.lower() for s in slots):  # one step of it
            order = [*flat, *sequence, *line]
    else:
        order = [*flat, *sequence, *image, *line, *whole]
    index = [(("N", "T"), k) for k in dims] + [(("N",), k) for k in dims]
    real = [(Slot(slots[0], shape),) for shape in order]
    whole_numbers = [(Slot(slots[0], shape, f"index:{k}"),) for shape, k in index]
    words = "embed" in key or slots[0].lower().strip("_") in WORDS
    first = [*whole_numbers, *real] if words else [*real, *whole_numbers]
    if len(slots) == 1:
        yield from first
        return
    last = slots[-1].lower().strip("_")
    # x1, x2 and y: whether they are alike
    if last in INDICES | {"y"} and len(slots) == 3 and slots[0][:-1] == slots[1][:-1]:
        sides = tuple(Slot(s, ("N", "D")) for s in slots[:2])  # and whether they are alike
        yield (*sides, Slot(slots[2], ("N",), "index:2"))
        yield (*sides, Slot(slots[2], ("N", 1), "index:2"))
        yield (*sides, Slot(slots[2], ("N", "D"), "index:2"))
    if last in INDICES:
        for (lead,), (shape, k) in itertools.product(real, reversed(index)):
            beside = (Slot(s, lead.shape) for s in slots[1:-1])
            yield (lead, *beside, Slot(slots[-1], shape, f"index:{k}"))
    for (lead,) in first:
        for tails in tail_shapes(lead.shape, slots, dims):
            yield (lead, *(Slot(s, t) for s, t in zip(slots[1:], tails, strict=True)))


#: What the numbers of words are called.
WORDS = {"ids", "idx", "idxs", "tokens", "token_ids", "word_ids", "words", "indices", "input_ids"}

#: Names of arguments that say which entries count.
MASKS = {"mask", "masks", "padding_mask", "key_padding_mask", "attention_mask", "attn_mask", "src_mask", "tgt_mask",
         "causal_mask", "valid_mask", "pad_mask"}  # fmt: skip


def with_masks(slots: tuple[Slot, ...], code: str) -> Iterator[tuple[Slot, ...]]:
    """The slots with truth values where an input says which entries count, and as they are.

    Code that has a gradient of the mask is taken at its word.
    """
    masks = {s.name for s in slots[1:] if s.name.lower() in MASKS and s.shape}
    if masks and not re.search(r"\b(d|grad)_?mask|mask_?grad", code):
        for domain in ("index:mask", "index:2"):
            yield tuple(replace(s, domain=domain) if s.name in masks else s for s in slots)
    yield slots


#: A number for each sample, channel or position beside an input of so many axes.
NARROWER: dict[int, tuple[tuple[int | str, ...], ...]] = {
    2: (("N",), ("N", 1)),
    3: (("N", "D"), ("N", "T"), ("N", "T", 1), ("N", 1, "D")),
    4: (("N", "C"), ("N", 1, "H", "W"), ("N", "C", 1, 1), ("C",)),
}


def tail_shapes(
    lead: tuple[int | str, ...], names: tuple[str, ...], dims: tuple[int, ...]
) -> Iterator[tuple[tuple[int | str, ...], ...]]:
    """Shapes for the further inputs of a forward that takes several (states, operands, biases)."""
    last = lead[-1:] if lead else ()
    same: list[tuple[int | str, ...]] = [lead]
    biases = {"bias", "beta", "gamma", "shift", "scale", "biases"} | (
        {"b"} if names[0] != "a" else set()
    )
    names = names[1:]
    if all(n.lower() in biases for n in names):
        same = [last, (1, *last), lead]
    columns = [(d, "N") for d in dims] if lead[1:] == ("N",) else []
    options = [*same, *columns, *(("N", d) for d in dims), *((d,) for d in dims), last, ("D", "T"), (*lead[1:], "T"),
               ("N", "D"), ("N", "T")]  # fmt: skip
    options += [*NARROWER.get(len(lead), ())] if lead[:1] == ("N",) else []
    options = list(dict.fromkeys(options))
    if names[0].lower() in {"weight", "w", "weights"} and all(
        n.lower() in biases for n in names[1:]
    ):
        rest = [("T",)] * (len(names) - 1)
        yield ((*last, "T"), *rest)
        yield (("T", *last), *rest)
    yield tuple(same[0] for _ in names)
    yield from itertools.islice(itertools.product(options, repeat=len(names)), 120)
