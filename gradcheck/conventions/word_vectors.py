"""Losses of word vectors with their gradients: ``naiveSoftmaxLossAndGradient(centerWordVec, ...)``.

Exercises on word2vec are written so: vectors, the number of a word and a data set that draws other
words go in, the loss and the gradients of the vectors come out, in the order of the vectors.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.conventions import functions
from gradcheck.conventions.candidates import first_fitting
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly
from gradcheck.conventions.objective_roles import VALUE
from gradcheck.conventions.regulariser import name_words
from gradcheck.conventions.signature import arguments, plain, returned_names
from gradcheck.conventions.sources import Source
from gradcheck.types import Array, Op, Primals, Slot

WORDS, WIDTH = 7, 4
#: What an argument is by its name, the first that fits.
KINDS = {
    "numbers": r"2ind(ex)?$|2idx$|^tokens$|toindex$|toidx$",
    "number": r"(word)?(idx|index|ind)$|^target(word)?$|^(outside|context)(word)?(idx|id)$",
    "several": r"(indices|indexes|idxs|idxes|ids)$",
    "matrix": r"(vectors|vecs|embeddings|matrix)$",
    "vector": r"(vec|vector|embedding)$|^predicted$|^vhat$|^vc$",
    "set": r"^(data|dataset|corpus)$",
    "window": r"^(window(size)?|c|m|contextsize)$",
    "words": r"^(outside|context)(words)?$|^contextwords$",
    "word": r"word$",
}


@dataclass(frozen=True)
class Vectors:
    """Such a function: what each argument is, and the place of every gradient."""

    kinds: Mapping[str, str]
    gradients: Mapping[str, int]


class DataSet:
    """A data set that draws words, as the exercises have it."""

    def sampleTokenIdx(self) -> int:
        return int(np.random.randint(WORDS))

    sample_token_idx = sample = sampleTokenIdx


def kind_of(name: str) -> str:
    """What an argument is by its name, or ""."""
    return next((kind for kind, pattern in KINDS.items() if re.search(pattern, plain(name))), "")


def vectors_of(function: Any) -> Vectors | None:
    """What the arguments and results of a function are, where it is a loss of word vectors; else None."""
    required = [a.name for a in arguments(function, method=False) if a.required]
    returned = returned_names(function)
    kinds = {n: kind_of(n) for n in required}
    parameters = [n for n, kind in kinds.items() if kind in {"matrix", "vector"}]
    if len(returned) < 2 or not VALUE.search(returned[0]) or "" in kinds.values():
        return None
    if len(parameters) != len(returned) - 1 or "matrix" not in kinds.values():
        return None
    if not {"number", "numbers"} & set(kinds.values()) or not all(
        "grad" in n.lower() for n in returned[1:]
    ):
        return None
    gradients = dict(matched(parameters, returned[1:]))
    return Vectors(kinds, gradients) if len(gradients) == len(parameters) else None


def matched(parameters: list[str], returned: list[str]) -> Iterator[tuple[str, int]]:
    """Every parameter with the place of its gradient: by the words of the names, else in their order."""
    free = list(range(len(returned)))
    left = []
    for name in parameters:
        scores = {i: common(name, returned[i]) for i in free}
        best = max(free, key=lambda i: scores[i]) if free else -1
        if best >= 0 and scores[best] > 0 and list(scores.values()).count(scores[best]) == 1:
            free.remove(best)
            yield name, best + 1
        else:
            left.append(name)
    yield from ((name, i + 1) for name, i in zip(left, free, strict=False))


def common(name: str, gradient: str) -> int:
    """How many words two names share, by their first letters: ``gradPred`` of ``predicted``."""
    own = parts(name)
    return sum(
        any(w.startswith(o[:4]) or o.startswith(w) for o in own)
        for w in parts(gradient) - {"grad", "d"}
    )


def parts(name: str) -> set[str]:
    """The words of a name in camel case or with underscores."""
    return {
        w
        for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
        for w in name_words(part)
        if len(w) > 1
    }


def vectors_op(source: Source) -> Op:
    """The Op of such a function.

    Raises
    ------
    Refused
        It does not run on vectors in rows or in columns.
    """
    function = source.namespace[source.name]
    found = vectors_of(function)
    if found is None:
        raise Refused("is no loss of word vectors")
    shapes = (((WORDS, WIDTH), (WIDTH,)), ((WIDTH, WORDS), (WIDTH,)), ((WORDS, WIDTH), (1, WIDTH)),
              ((WIDTH, WORDS), (WIDTH, 1)))  # fmt: skip
    try:
        return first_fitting(
            (
                f"vectors {matrix}",
                functools.partial(reading, source, function, found, matrix, vector),
            )
            for matrix, vector in shapes
        )
    except Refused as refusal:
        raise Refused(f"{source.name}: {refusal}") from None


def reading(
    source: Source, function: Any, found: Vectors, matrix: tuple[int, ...], vector: tuple[int, ...]
) -> Op:
    """The Op for vectors of these shapes."""
    sizes = {k: matrix if found.kinds[k] == "matrix" else vector for k in found.gradients}
    start = functions.parameter_maker(list(sizes), list(sizes.values()))
    numbers = [k for k, kind in found.kinds.items() if kind == "number"]
    words = {f"word{i}": i for i in range(WORDS)}
    values: dict[str, Any] = {
        "set": DataSet(), "numbers": words, "window": 2, "word": "word2", "words": ["word1", "word5", "word1"],
        "several": np.array([4, 1, 4, 6, 0]),  # a word may occur more than once
    }  # fmt: skip
    given = {k: values[kind] for k, kind in found.kinds.items() if kind in values}

    def holding(held: Primals) -> Live:
        return Live(
            SimpleNamespace(), {**start().args, **{k: np.array(v) for k, v in held.items()}}
        )

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        whole = {k: int(v) for k, v in inputs.items()}
        live.ret = call_quietly(function, **{**live.args, **given, **whole})
        return np.asarray(arrays_of(live.ret[0])[0], dtype=np.float64).reshape(())

    def backward(live: Live, cot: Array, inputs: Primals, labels: Array | None) -> dict[str, Any]:
        return {k: np.asarray(live.ret[i]) for k, i in found.gradients.items()}

    names = returned_names(function)
    shown = [f"{k}{sizes[k]}" if k in sizes else k for k in found.kinds]
    return Op(
        name=source.name, kind="model", convention="functions", make=lambda: holding({}),
        parameters=lambda live: {k: live.args[k] for k in found.gradients}, with_parameters=holding,
        forward=forward, backward=backward, slots=tuple(Slot(n, (), f"index:{WORDS}") for n in numbers),
        terminal=True, built=f"{source.name}({', '.join(shown)})", obj=function,
        gradient_names={k: names[i] for k, i in found.gradients.items()},
    )  # fmt: skip
