"""The whole measured Jacobian at one small case: what every prediction is compared with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.types import Array, Case, Op, Primals

#: Fourth-order central differences: truncation about 1e-12, rounding about 1e-12 (float64).
STEP = 1e-3


@dataclass(frozen=True)
class Point:
    """Claimed and measured gradients at one case.

    Attributes
    ----------
    jacobian
        For every differentiable primal: (outputs, *shape of the primal), NaN at a kink.
    truth
        The measured gradient: cotangent times Jacobian, plus the regularisation terms.
    """

    case: Case
    primals: Primals
    labels: Array | None
    output: Array
    cotangent: Array
    claimed: Primals
    jacobian: dict[str, Array] = field(default_factory=dict)
    truth: Primals = field(default_factory=dict)
    extra: Primals = field(default_factory=dict)


#: Seconds of this process: the same code gets as far on a busy machine as on an idle one.
clock = time.process_time


class TooLong(Exception):
    """The time that diagnosis may take is used up."""


def limited(op: Op, until: float) -> Op:
    """The Op whose forward raises once the time is up: an experiment once begun need not be finished.

    Raises
    ------
    TooLong
        From every forward after `until`.
    """

    def forward(live: Any, inputs: Primals, labels: Array | None, train: bool) -> Any:
        if clock() > until:
            raise TooLong
        return op.forward(live, inputs, labels, train)

    return replace(op, forward=forward) if op.step is None else op


def usual(op: Op, case: Case) -> Case:
    """The plain arguments of the object that failed: usual sizes, the labels that it takes first."""
    first = op.labels.encodings[0] if op.labels else ""
    return Case(seed=case.seed, config=case.config, labels=first)


def cotangent_of(op: Op, output: Array, case: Case) -> Array:
    """1 for a loss; random otherwise (the one the laws use)."""
    return np.ones(np.shape(output)) if op.terminal else cases.cotangent(output, case)


def claim(op: Op, case: Case) -> Point:
    """One forward and backward; nothing measured yet.

    Gradients of another shape but of the right size are reshaped, as the gradient law does.
    """
    primals, labels = cases.draw(op, case)
    primals = {k: v.astype(np.float64) if v.dtype.kind == "f" else v for k, v in primals.items()}
    return at(op, case, primals, labels)


def again(op: Op, point: Point) -> Point:
    """The same call once more, of the code as it is now."""
    return at(op, point.case, point.primals, point.labels)


def at(op: Op, case: Case, primals: Primals, labels: Array | None) -> Point:
    """One forward and backward at given values."""
    output, pullback = op.vjp(primals, labels, case.train)
    cot = cotangent_of(op, output, case)
    claimed = {}
    for name, g in pullback(cot).items():
        fits = name in primals and g.size == primals[name].size and g.dtype.kind in "fiub"
        claimed[name] = np.asarray(g, np.float64).reshape(primals[name].shape) if fits else g
    return Point(case, primals, labels, output, cot, claimed)


def jacobian(f: Callable[[Array], Array], x: Array, until: float, step: float = STEP) -> Array:
    """All derivatives of f at x, (outputs, *x.shape); NaN where two step sizes disagree.

    Raises
    ------
    TooLong
        `until` (of `clock`) has passed.
    """
    columns = []
    for index in np.ndindex(x.shape):
        if clock() > until:
            raise TooLong
        near = (moved(f, x, index, step) - moved(f, x, index, -step)) / (2 * step)
        half = step / 2
        nearer = (moved(f, x, index, half) - moved(f, x, index, -half)) / step
        scale = max(float(np.max(np.abs(nearer), initial=0.0)), 1e-12)
        slope = (4 * nearer - near) / 3
        columns.append(np.where(np.abs(near - nearer) <= 1e-2 * scale, slope, np.nan))
    size = int(np.size(f(x))) if not columns else columns[0].size
    return (
        np.stack(columns, axis=-1).reshape(size, *x.shape)
        if columns
        else np.zeros((size, *x.shape))
    )


def moved(f: Callable[[Array], Array], x: Array, index: tuple[int, ...], by: float) -> Array:
    """f at x with one entry moved."""
    y = x.copy()
    y[index] += by
    return np.asarray(f(y), dtype=np.float64).ravel()


def measure(op: Op, case: Case, names: list[str] | None, until: float) -> Point:
    """A case with claimed and measured gradients of `names` (default: all claimed ones).

    Raises
    ------
    TooLong
        The measuring takes longer than allowed.
    """
    point = claim(op, case)
    wanted = [
        k
        for k in (names or point.claimed)
        if k in point.primals and point.primals[k].dtype.kind == "f"
    ]  # fmt: skip
    for name in wanted:

        def value_at(value: Array, name: str = name) -> Array:
            return op.vjp({**point.primals, name: value}, point.labels, case.train)[0]

        point.jacobian[name] = jacobian(value_at, point.primals[name], until)
        point.extra[name] = penalty_slope(op, point, name, until)
        point.truth[name] = pulled(point, name) + point.extra[name]
    return point


def derivative(f: Callable[[float], float]) -> float:
    """The derivative at 0 of a function of one number: fourth-order central differences."""
    far, near = f(STEP) - f(-STEP), f(STEP / 2) - f(-STEP / 2)
    return (8 * near - far) / (6 * STEP)


def slopes(op: Op, point: Point, wrt: str, reach: float = 1.0) -> tuple[float, float]:
    """Claimed and measured slope along one random direction in which every entry moves.

    With a shorter `reach` fewer of the kinks of a whole model lie within the steps.
    """
    x, g = point.primals[wrt], point.claimed[wrt]
    v = reach * np.random.default_rng(7).uniform(0.5, 1.5, size=x.shape)
    cot = np.ravel(cotangent_of(op, point.output, point.case))
    slots = {s.name for s in op.slots}
    params = {k: p for k, p in point.primals.items() if k not in slots}
    penalty = op.penalty if wrt in params else None

    def f(t: float) -> float:
        values = {**point.primals, wrt: x + t * v}
        data = np.dot(np.ravel(op.vjp(values, point.labels, point.case.train)[0]), cot)
        extra = penalty(op.with_parameters({**params, wrt: x + t * v})) if penalty else 0.0
        return float(data + extra)

    return float(np.sum(g * v)) / reach, derivative(f) / reach


def pulled(point: Point, name: str, cot: Array | None = None) -> Array:
    """Cotangent times Jacobian; a NaN of the Jacobian counts where its cotangent is not 0."""
    c = np.ravel(point.cotangent if cot is None else cot)
    return np.asarray(np.tensordot(c, point.jacobian[name], axes=1))


def penalty_slope(op: Op, point: Point, name: str, until: float) -> Array:
    """The derivative of the regularisation terms, 0 for an input."""
    zero = np.zeros(point.primals[name].shape)
    slots = {s.name for s in op.slots}
    if op.penalty is None or name in slots:
        return zero
    params = {k: v for k, v in point.primals.items() if k not in slots}
    penalty = op.penalty

    def at(value: Array) -> Array:
        return np.asarray(penalty(op.with_parameters({**params, name: value})))

    return jacobian(at, point.primals[name], until)[0] if at(point.primals[name]) else zero


def agrees(predicted: Array, wanted: Array, against: Array | None = None) -> bool:
    """Whether a prediction explains what is to be explained.

    It must agree to 1e-6 of the largest entry and, where `against` is the other reading, leave
    less than a thousandth of the difference between the two unexplained.
    """
    p, w = np.asarray(predicted, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    if p.shape != w.shape or p.size == 0:
        return False
    known = np.isfinite(w) & np.isfinite(p)
    if not known.any() or known.sum() < 0.6 * p.size:
        return False
    scale = float(np.max(np.abs(w[known])))
    gap = float(np.max(np.abs(p - w)[known]))
    if against is None:
        return gap <= 1e-6 * scale
    other = np.asarray(against, dtype=np.float64)
    defect = float(np.max(np.abs(other - w)[known], initial=0.0))
    return gap <= max(1e-3 * defect, 1e-9 * scale) and gap <= 1e-5 * max(scale, 1e-300)


def miss(predicted: Array, wanted: Array) -> float:
    """How far a prediction is off, relative to the largest entry."""
    p, w = np.asarray(predicted, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    if p.shape != w.shape or p.size == 0:
        return float("inf")
    known = np.isfinite(w) & np.isfinite(p)
    scale = float(np.max(np.abs(w[known]), initial=0.0)) or 1.0
    return float(np.max(np.abs(p - w)[known], initial=0.0)) / scale
