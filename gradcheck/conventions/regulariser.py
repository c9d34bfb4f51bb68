"""Regularisation terms in a layer's gradients whose penalty the forward does not compute.

``dW = x.T @ dout + l2 * W`` is right beside a loss that adds ``0.5 * l2 * sum(W**2)``.  The layer
alone does not say which penalty is meant, so the usual ones are tried, and the one that accounts
for the whole difference between the claimed and the measured gradient is taken and named; it has
the form of the file's own penalty where there is one.
"""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions.consistency import AGREES
from gradcheck.conventions.live import Live
from gradcheck.conventions.own_penalty import as_defined
from gradcheck.conventions.signature import PENALTIES
from gradcheck.types import Array, Case, Op


@dataclass(frozen=True)
class Term:
    """``coefficient * strength * sum(|W|**power)``, W being one parameter."""

    strength: str
    parameter: str
    power: int
    coefficient: float

    def value(self, obj: Any, w: Array) -> float:
        """The penalty of an object whose parameter is `w`."""
        return float(self.factor(obj) * np.sum(np.abs(w) ** self.power))

    def gradient(self, obj: Any, w: Array) -> Array:
        """Its gradient with respect to `w`."""
        slope = self.power * np.abs(w) ** (self.power - 1) * np.sign(w)
        return np.asarray(self.factor(obj) * slope)

    def factor(self, obj: Any) -> float:
        """What the norm is multiplied with."""
        return self.coefficient * float(operator.attrgetter(self.strength)(obj))

    def __str__(self) -> str:
        factor = "" if self.coefficient == 1.0 else f"{self.coefficient:g} * "
        power = "**2" if self.power == 2 else ""
        inner = self.parameter if self.power == 2 else f"abs({self.parameter})"
        return f"{factor}{self.strength} * sum({inner}{power})"


@dataclass(frozen=True)
class Penalty:
    """The sum of terms, as a function of an object."""

    terms: tuple[Term, ...]
    parameters: Callable[[Any], Mapping[str, Array]]

    def __call__(self, live: Live) -> float:
        held = self.parameters(live)
        return sum(t.value(live.obj, np.asarray(held[t.parameter], np.float64)) for t in self.terms)

    def gradients(self, live: Live) -> dict[str, Array]:
        """The gradient for every parameter that has a term."""
        held, found = self.parameters(live), dict[str, Array]()
        for t in self.terms:
            own = t.gradient(live.obj, np.asarray(held[t.parameter], np.float64))
            found[t.parameter] = found.get(t.parameter, np.zeros(own.shape)) + own
        return found


def name_words(name: str) -> list[str]:
    """``weight_regularizer_l2``, ``weightL2``, ``l2_weights`` in words."""
    return re.findall(r"[a-z]+\d*|\d+", re.sub(r"([A-Z]+)", r"_\1", name).lower())


def strengths(obj: Any) -> dict[str, float]:
    """The attributes of an object that are a regularisation strength other than zero.

    Those of a regulariser that it holds, too: ``regularizer.l2``.
    """
    own = dict(vars(obj)) if hasattr(obj, "__dict__") else {}
    for name, held in list(own.items()):
        if re.search("regulari[sz]er|penalty", name) and hasattr(held, "__dict__"):
            own |= {f"{name}.{n}": v for n, v in vars(held).items()}
    return {
        n: float(v)
        for n, v in own.items()
        if type(v) in (int, float) and v and set(name_words(n)) & PENALTIES
    }


def with_regulariser(op: Op) -> Op:
    """The Op with the penalty that its parameters' gradients contain, where one accounts for them."""
    live = op.make()
    found = strengths(getattr(live, "obj", None))
    known = terms_on(op)
    if not found or (not known and op.penalty is not None and op.penalty(live)):
        return op
    try:
        contained = known or tuple(fitting(op, live.obj, found))
        terms = as_defined(op, contained)
    except Exception:  # backward raises: the laws say so
        return op
    if not terms or terms == known:
        return op
    text = "gradients contain the term of a penalty that forward does not compute"
    if terms != contained:
        text = "the penalty is the one that the file computes"
    reading = f"{text}: {', '.join(map(str, terms))}"
    return replace(
        op,
        penalty=Penalty(terms, op.parameters),
        reading="; ".join(filter(None, (op.reading, reading))),
    )


def terms_on(op: Op) -> tuple[Term, ...]:
    """The terms of a penalty whose strength is not zero."""
    on = strengths(getattr(op.make(), "obj", None))
    terms = op.penalty.terms if isinstance(op.penalty, Penalty) else ()
    return tuple(t for t in terms if t.strength in on)


def of_one_penalty(ops: list[Op]) -> list[Op]:
    """Configurations of one class: a term that stands beside others stands alone, too.

    What a gradient contains with every strength on says what it has to contain with some of them.
    """
    full = max(map(terms_on, ops), key=len, default=())
    return [part_of(full, op) if full else op for op in ops]


def part_of(terms: tuple[Term, ...], op: Op) -> Op:
    """A configuration held to those of the terms whose strengths are on; its reading says what it has."""
    on = strengths(getattr(op.make(), "obj", None))
    wanted = tuple(t for t in terms if t.strength in on)
    lost = [t for t in wanted if t not in terms_on(op)]
    if not lost or any(t.parameter not in op.parameters(op.make()) for t in lost):
        return op
    return replace(op, penalty=Penalty(wanted, op.parameters))


def fitting(op: Op, obj: Any, found: Mapping[str, float]) -> Iterator[Term]:
    """For every parameter whose gradient is not that of forward: the terms that are its difference."""
    case = Case(labels=op.labels.encodings[0] if op.labels else "")
    primals, labels = cases.draw(op, case)
    output, pullback = op.vjp(primals, labels)
    cot = np.ones(np.shape(output)) if op.terminal else cases.cotangent(output, case)
    claimed = pullback(cot)
    inputs = {s.name for s in op.slots}
    batch = next((primals[s.name].shape[s.shape.index("N")] for s in op.slots if "N" in s.shape), 1)
    for k in [k for k in claimed if k in primals and k not in inputs]:
        if claimed[k].size != primals[k].size:
            continue
        w, mine = primals[k], np.reshape(claimed[k], primals[k].shape)
        sides = [sign_directions(w, seed) for seed in (0, 1, 2)]

        def along(value: Array, k: str = k) -> Array:
            return op.vjp({**primals, k: value}, labels)[0]

        slopes = [slope(along, w, d, cot) for d in sides]
        for terms in choices(k, found):
            own = sum((t.gradient(obj, w) for t in terms), np.zeros(w.shape))
            if explains(mine, own, sides, slopes, batch):
                yield from terms
                break


#: Strengths that are tried together.
MANY = 4


def choices(parameter: str, found: Mapping[str, float]) -> Iterator[tuple[Term, ...]]:
    """No term, then each strength as one of the usual penalties, alone and together."""
    each: list[list[Term | None]] = []
    found = {n: v for n, v in found.items() if not of_another(n, parameter)}
    for name in sorted(found, key=lambda n: n[0] != parameter[0])[:MANY]:  # its own strengths first
        words = name_words(name)
        forms = [] if "l1" in words or "lasso" in words else [(2, 0.5), (2, 1.0)]
        forms += [] if "l2" in words or "ridge" in words else [(1, 1.0)]
        each.append([None, *(Term(name, parameter, p, c) for p, c in forms)])
    for chosen in itertools.product(*each):
        yield tuple(t for t in chosen if t is not None)


def of_another(strength: str, parameter: str) -> bool:
    """Whether a strength is that of the weights and the parameter a bias, or the reverse."""
    bias = parameter.lower().startswith("b")
    words = set(name_words(strength))
    return bool(words & ({"weight", "weights", "kernel"} if bias else {"bias", "biases"}))


def sign_directions(x: Array, seed: int) -> Array:
    """A dense direction of plus and minus ones."""
    return np.where(np.random.default_rng([7, seed]).normal(size=x.shape) < 0, -1.0, 1.0)


def slope(f: Callable[[Array], Array], x: Array, d: Array, cot: Array, h: float = 1e-4) -> float:
    """The derivative of ``sum(cot * f(x))`` along `d`, by one Richardson step."""

    def along(step: float) -> float:
        return float(np.sum((f(x + step * d) - f(x - step * d)) * cot)) / (2 * step)

    return (4 * along(h) - along(2 * h)) / 3


def explains(claimed: Array, own: Array, sides: list[Array], slopes: list[float], n: int) -> bool:
    """Whether claimed and measured slopes agree with this term; data and term may be averages."""
    for data, extra in ((1.0, 1.0), (float(n), float(n)), (float(n), 1.0)):
        gaps = [
            abs(np.sum(claimed * d) * data - m - extra * np.sum(own * d))
            for d, m in zip(sides, slopes, strict=True)
        ]
        if max(gaps) < AGREES * max(map(abs, slopes)):
            return True
    return False
