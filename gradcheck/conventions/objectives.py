"""Functions that take parameters, data and labels and return a loss with its gradients.

``svm_loss(W, X, y, reg) -> (loss, dW)`` and ``loss_and_gradient(x, y, weights, bias) -> (loss,
weight_gradient, bias_gradient)``: the returned names say which argument each gradient is of.
The shapes of parameters, data and labels are tried.
"""

from __future__ import annotations

import ast
import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.conventions import function_shapes, functions
from gradcheck.conventions.argument_roles import strength_name
from gradcheck.conventions.candidates import agreeing, first_fitting, unfit
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly
from gradcheck.conventions.objective_roles import (
    DATA,
    STRENGTH,
    Roles,
    cost_and_gradient,
    is_gradient_of,
    is_strength,
    returned_parts,
    roles_of,
    roles_of_line,
    roles_of_pair,
)
from gradcheck.conventions.sources import Source
from gradcheck.types import Array, LabelSpec, Op, Primals, Slot

__all__ = ["DATA", "STRENGTH", "classifier_op", "is_strength", "roles_of", "unfit"]

ROWS, COLUMNS, LINE, NUMBER = "", "samples in columns", "one number a sample", "of numbers"
TABLE, ACROSS = "ratings, a user in each column", "ratings, a user in each row"
#: Shapes of the data where they are no rows of four numbers.
WIDTHS: dict[str, tuple[int | str, ...]] = {
    LINE: ("N", 1),
    NUMBER: (),
    TABLE: (5, 3),
    ACROSS: (3, 5),
}


@dataclass(frozen=True)
class Shapes:
    """Shapes of the parameters, an encoding of the labels, how the data lie.

    Attributes
    ----------
    side
        Samples in rows (""), in columns, or one number a sample.
    raveled
        Whether labels with one number a sample are handed over as (n,), not as (n, 1).
    """

    sizes: Mapping[str, tuple[int, ...]]
    encoding: str
    classes: int
    side: str = ROWS
    raveled: bool = False


def shapes(roles: Roles) -> Iterator[Shapes]:
    """What to try in turn."""
    if roles.rated:
        for side in (TABLE, ACROSS):
            yield Shapes(dict.fromkeys(roles.gradients, (2 * (3 + 5),)), "", 1, side)
        return
    if roles.sizes or roles.widths:
        yield from of_a_network(roles)
        return
    weights = [
        k for k in roles.gradients if function_shapes.match_shape(k, {"w": (1,)}) is not None
    ]
    weights = weights or list(roles.gradients)[:1]
    wide = itertools.product(
        ("index", "onehot", "binary", "real", "sign"),
        (((4, 5), (5,)), ((5, 4), (5,)), ((4, 5), (1, 5)))
    )  # fmt: skip
    single = itertools.product(("binary", "real", "sign"), (((4,), ()), ((4, 1), (1,))))
    for encoding, (w, b) in (*single, *wide) if roles.flat else (*wide, *single):
        sizes = {k: w if k in weights else b for k in roles.gradients}
        yield Shapes(sizes, encoding, 5 if 5 in w else 1, ROWS, w == (4,))
    if roles.flat:  # the last number is the bias
        for encoding in ("binary", "real", "sign"):
            yield Shapes(dict.fromkeys(roles.gradients, (5,)), encoding, 1, ROWS, raveled=True)
    for encoding in ("index", "onehot"):
        yield Shapes(
            {k: (5, 4) if k in weights else (5, 1) for k in roles.gradients}, encoding, 5, COLUMNS
        )
    for encoding in ("binary", "real"):
        yield Shapes(dict.fromkeys(roles.gradients, ()), encoding, 1, LINE, True)


def of_a_network(roles: Roles) -> Iterator[Shapes]:
    """The number of parameters that follow from the sizes, with and without biases, rows and columns."""
    widths = list(roles.sizes.values()) or [4, 6, 5]
    whole = [4, *[w for w in widths if w != 4]]
    name = next(iter(roles.gradients))
    counts = dict.fromkeys(totals(whole))
    outputs = whole[-1] if len(whole) > 1 else 1
    tried: list[tuple[int, ...]] = [(n,) for n in counts]
    if not roles.flat:
        tried = [(4, outputs), (outputs, 4), *tried]
    encodings = ("index", "onehot", "index_column", "binary", "real") if roles.labels else ("",)
    for side, encoding, shape in itertools.product((ROWS, COLUMNS), encodings, tried):
        classes = 1 if encoding in {"binary", "real"} and outputs == 6 else outputs
        yield Shapes({name: shape}, encoding, classes, side)


def totals(widths: list[int]) -> Iterator[int]:
    """How many numbers a network of these widths has: with a row of ones, with biases, without, mirrored."""
    for chain in (widths, [*widths, *widths[-2::-1]]):
        pairs = list(itertools.pairwise(chain))
        yield sum((a + 1) * b for a, b in pairs)
        yield sum(a * b for a, b in pairs)
    yield sum(a * b for a, b in itertools.pairwise(widths)) + sum(widths)


def classifier_op(source: Source) -> Op:
    """The Op of a loss with gradients, as a function of its parameters.

    Raises
    ------
    Refused
        The function does not run that way; the text names the most telling problem.
    """
    function = source.namespace[source.name]
    roles = roles_of(function)
    pair = cost_and_gradient(source.namespace, source.name) if roles is None else None
    if pair is not None:
        roles = roles_of_pair(*pair)
    if roles is None:
        raise Refused("does not name its parameters, data and labels")
    told = pair[1] if pair else function
    tries = list(shapes(roles))
    try:
        found, at = fitting(source, told, roles, tries)
        if agreeing(found) or not (plain := without_penalty(roles)):
            return found
        # Without its penalty the right shapes agree, where it is the penalty that is wrong.
        try:
            bare, at = fitting(source, told, plain, tries)
        except Refused:  # it takes no strength of 0
            return found
        return reading(source, told, roles, tries[at]) if agreeing(bare) else found
    except Refused as refusal:
        raise Refused(f"{source.name}: {refusal}") from None


def fitting(source: Source, told: Any, roles: Roles, tries: list[Shapes]) -> tuple[Op, int]:
    """The Op of the first shapes that fit, and which of the shapes tried these are."""
    made: list[tuple[Op, int]] = []

    def make(at: int) -> Op:
        made.append((reading(source, told, roles, tries[at]), at))
        return made[-1][0]

    def words(tried: Shapes) -> str:
        sizes = [f"{k} {s}" for k, s in tried.sizes.items()]
        return ", ".join([*sizes, f"labels {tried.encoding}"])

    op = first_fitting((words(t), functools.partial(make, i)) for i, t in enumerate(tries))
    return op, next(at for one, at in made if one is op)


def without_penalty(roles: Roles) -> Roles | None:
    """The roles with every strength of a penalty at 0; None where there is none."""
    strengths = {k: 0.0 for k, v in roles.fixed.items() if v and strength_name(k)}
    return replace(roles, fixed={**roles.fixed, **strengths}) if strengths else None


def line_op(source: Source, pair: tuple[Any, Any]) -> Op:
    """The Op of a function of two numbers with its derivative in one of them.

    Raises
    ------
    Refused
        It does not run on numbers.
    """
    roles = roles_of_line(*pair)
    assert roles is not None
    op = reading(source, pair[1], roles, Shapes(dict.fromkeys(roles.gradients, ()), "", 1, NUMBER))
    try:
        problem = unfit(op)
    except Exception as error:
        raise Refused(f"on two numbers: {type(error).__name__}: {error}") from error
    if problem:
        raise Refused(problem)
    return replace(op, built=f"{pair[0].__name__} and {pair[1].__name__}, of two numbers")


def handed(array: Array, tried: Shapes) -> Array:
    """Data or labels as the code takes them; the checker's have samples in rows."""
    if tried.side == LINE:
        return np.ravel(array)
    return np.ascontiguousarray(array.T) if tried.side == COLUMNS else array


def reading(source: Source, function: Any, roles: Roles, tried: Shapes) -> Op:
    """The Op for these shapes and labels."""
    sizes = tried.sizes
    start = functions.parameter_maker(list(sizes), list(sizes.values()))
    given: dict[str, Any] = {**roles.fixed, **roles.sizes}
    if roles.widths:
        given[roles.widths] = [4, 6, 5]
    if roles.rated:
        given[roles.rated] = (
            np.arange(15).reshape((5, 3) if tried.side == TABLE else (3, 5)) % 4 != 1
        )

    def holding(values: Primals) -> Live:
        numbers = {k: v for k, v in roles.fixed.items() if type(v) is float}
        return Live(
            SimpleNamespace(**numbers),
            {**start().args, **{k: np.array(v) for k, v in values.items()}},
        )

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        known: dict[str, Any] = {**live.args, **given, **vars(live.obj)}
        known[roles.data] = handed(inputs[roles.data], tried)
        if roles.labels:
            target = np.asarray(labels)
            known[roles.labels] = np.ravel(target) if tried.raveled else handed(target, tried)
        live.ret = call_quietly(roles.call, **known)
        return np.asarray(arrays_of(live.ret[0])[0], dtype=np.float64).reshape(())

    def backward(live: Live, cot: Array, inputs: Primals, labels: Array | None) -> dict[str, Any]:
        return {k: np.asarray(live.ret[i]) for k, i in roles.gradients.items()}

    shown = [f"{k}{s}" for k, s in sizes.items()]
    shown += [f"{k}={v}" for k, v in given.items() if not isinstance(v, np.ndarray)]
    arrays = filter(None, (roles.data, roles.labels))
    name = function.__name__ if roles.call is not function else source.name
    return Op(
        name=source.name, kind="model", convention="functions", make=lambda: holding({}),
        parameters=lambda live: {k: live.args[k] for k in roles.gradients}, with_parameters=holding,
        forward=forward, backward=backward,
        slots=(Slot(roles.data, WIDTHS.get(tried.side, ("N", 4))),),
        labels=LabelSpec((tried.encoding,), tried.classes, wide=True) if roles.labels else None, terminal=True,
        built=f"{source.name}({', '.join([*arrays, *shown])})"
        + (f" and {name}" if name != source.name else ""),
        reading=tried.side, obj=function,
        gradient_names={k: gradient_name(function, roles, k) for k in roles.gradients},
    )  # fmt: skip


def gradient_name(function: Any, roles: Roles, parameter: str) -> str:
    """What the code calls the gradient of a parameter, where it says so."""
    place = roles.gradients[parameter] - (roles.call is not function)
    parts = returned_parts(function)
    inside = (
        [n.id for n in ast.walk(parts[place]) if isinstance(n, ast.Name)] if parts[place:] else []
    )
    told = [n for n in inside if is_gradient_of(n, parameter)]
    return next(iter(told), f"the gradient of {parameter}")
