"""Function pairs and single functions as Ops."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import FunctionType, MethodType, SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.construct import Recipe
from gradcheck.conventions import function_options, function_shapes, functions, layers
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.consistency import AGREES, MORE, fits, miss, once, runs_on
from gradcheck.conventions.flagged import flag_of, split
from gradcheck.conventions.function_calls import function_calls
from gradcheck.conventions.hypotheses import shown_shape
from gradcheck.conventions.live import Live, NotFinite, Refused
from gradcheck.conventions.methods import pair_in
from gradcheck.conventions.pairing import ALIKE, Trial
from gradcheck.conventions.parameter_dicts import dict_argument, opened
from gradcheck.conventions.shapes import with_masks
from gradcheck.conventions.signature import arguments, returned_names, tree_of
from gradcheck.conventions.sources import Source
from gradcheck.conventions.trials import finish
from gradcheck.types import Case, Op, Slot


def pair_of(source: Source) -> tuple[Any, Any]:
    """The two functions of a pair, by the stem the file was planned with.

    Raises
    ------
    Refused
        The file has no such pair.
    """
    owner, dot, stem = source.name.partition(".")
    if dot:
        inside = pair_in(source.namespace[owner], stem)
        if inside is None:
            raise Refused("is not a pair of methods")
        return inside
    names = [n for n, v in source.namespace.items() if callable(v) and not isinstance(v, type)]
    found = functions.pairs(names).get(source.name)
    alone = bound(source.namespace.get(source.name))
    flag = flag_of(alone) if found is None and callable(alone) else None
    if flag is not None:
        return split(alone, flag)
    if found is None:
        raise Refused("is not a forward/backward pair of functions")
    forward, backward = (bound(source.namespace[name]) for name in found)
    held = dict_argument(forward)
    if held is None:
        return forward, backward
    taken = {a.name for a in arguments(backward, method=False)}
    return opened(forward, *held), opened(backward, *held) if held[0] in taken else backward


def bound(function: Any) -> Any:
    """A module-level function whose first argument is ``self`` as the method it is meant to be."""
    first = next(iter(arguments(function, method=False)), None)
    if first is None or first.name != "self" or not isinstance(function, FunctionType):
        return function
    return MethodType(function, SimpleNamespace())


def function_ops(source: Source) -> list[Op]:
    """The Ops of a pair of functions.

    Raises
    ------
    Refused
        No shapes were accepted; the text names the last error.
    """
    forward, backward = pair_of(source)
    inputs, names, fixed, _ = function_options.split_arguments(forward)
    if not inputs:
        raise Refused(f"{forward.__name__} takes no array argument")
    trained = [n for n in fixed if f"d{n}" in returned_names(backward)]  # `g`, if there is a `dg`
    order = [a.name for a in arguments(forward, method=False)]
    names = sorted([*names, *trained], key=order.index)
    fixed = {k: v for k, v in fixed.items() if k not in trained}
    problem = ""
    broken: Op | None = None
    for options in (fixed, *function_options.plainer(fixed)):
        found = search(source, (forward, backward), inputs, names, options)
        if found.first is not None:
            return [found.first, *other_options(source, *found.settled)]
        broken = broken or found.broken
        problem = problem or found.problem
    if broken is not None:
        return [broken]
    square = tuple(Slot(n, ("N", "N")) for n in inputs)
    bare = functions.parameter_maker([], [])
    good, _ = readings_that_run(
        source, forward, backward, square, bare, f"{forward.__name__}(x)", fixed
    )
    if good and not names:
        return [replace(good[0], slots=tuple(replace(s, shape=("N", "D")) for s in good[0].slots))]
    raise Refused(f"no shapes were accepted; first problem: {problem}")


Settled = tuple[tuple[Slot, ...], list[str], list[tuple[int, ...]]]


@dataclass(frozen=True)
class Found:
    """What a search over shapes gave: an Op that fits with its shapes, one that raises, or a problem."""

    first: Op | None
    settled: Settled
    broken: Op | None
    problem: str


#: What a backward raises where the shapes are wrong, which may be ours.
SHAPE_ERRORS = ("ValueError", "IndexError")


def search(
    source: Source,
    pair: tuple[Any, Any],
    inputs: list[str],
    names: list[str],
    fixed: Mapping[str, Any],
    heeding: bool = True,
) -> Found:
    """Try shapes under one set of options until every gradient has the shape of its primal.

    What a docstring says of them is heeded, unless nothing runs so.
    """
    problem = ""
    broken: Op | None = None
    first: tuple[Op, Settled] | None = None
    tried = 0
    named = list(function_shapes.shapes_for(source.name, names))
    if inputs == ["a"] and names == ["b"]:
        named = []  # two operands, and no bias
    shapes = [*named, *function_shapes.operand_shapes(names)]
    if source.shape is not None:
        shapes = [(("N", *source.shape[1:]), s) for _, s in shapes]
    tree = tree_of(pair[1])
    code = ast.unparse(tree) if tree is not None else ""
    tables = list(function_shapes.embedding_slots(source.name, inputs, names))
    candidates = [*function_shapes.slots_for(inputs, shapes), *tables]
    if "embed" in source.name.lower():
        candidates = [*tables, *candidates]
    said = {n: function_shapes.documented(pair, n) if heeding else None for n in (*inputs, *names)}
    for k, (slots, param_shapes) in enumerate(candidates):
        arrays = [*zip(names, param_shapes, strict=True), *((t.name, t.shape) for t in slots)]
        if any(said[n] not in (None, len(s)) for n, s in arrays):
            continue
        if any(isinstance(n, str) for s in param_shapes for n in s):
            continue  # data where a parameter is meant
        slots, params, param_shapes = function_shapes.operands(slots, names, param_shapes)
        slots = next(with_masks(slots, code))
        make = functions.parameter_maker(params, param_shapes)
        text = built_text(
            pair[0], [s.name for s in slots], dict(zip(params, param_shapes, strict=True)), fixed
        )
        good, why = readings_that_run(source, *pair, slots, make, text, fixed)
        problem = problem or why
        runs = [op for op in good if op.gradient_names]
        if k < len(named) or not why.startswith(SHAPE_ERRORS):
            broken = broken or next(iter(good), None)
        if not runs:
            continue
        best = closest(runs)
        if first is None or better(best, first[0], inputs):
            first = best, (slots, params, param_shapes)
        tried += 1
        if fits(first[0]) or tried > 24:
            first = first if runs_on(first[0], MORE) else with_as_many(source, pair, first, fixed)
            break
    if first is None and any(said.values()):
        return search(source, pair, inputs, names, fixed, heeding=False)
    if first is None:
        return Found(None, ((), [], []), broken, problem)
    if unlike_all(first[0], names):
        text = (
            f"no shapes were found that fit what {pair[1].__name__} returns for {', '.join(names)}"
        )
        raise Refused(f"{text}; a class that holds the others as attributes can be checked")
    return Found(first[0], first[1], broken, problem)


def with_as_many(
    source: Source, pair: tuple[Any, Any], found: tuple[Op, Settled], fixed: Mapping[str, Any]
) -> tuple[Op, Settled]:
    """What was found on three samples only, with three numbers for one a sample or the reverse."""
    _, (slots, params, shapes) = found
    few = (dict(Case().sizes)["N"],)
    listed = dict(zip(params, shapes, strict=True))
    rows = [s.name for s in slots[1:] if s.shape == ("N",)]
    for name in [*rows, *(p for p in params if listed[p] == few)]:
        if name in rows:
            changed, held = tuple(s for s in slots if s.name != name), {**listed, name: few}
        else:
            changed = (*slots, Slot(name, ("N",)))
            held = {p: s for p, s in listed.items() if p != name}
        make = functions.parameter_maker(list(held), list(held.values()))
        text = built_text(pair[0], [s.name for s in changed], held, fixed)
        good, _ = readings_that_run(source, *pair, changed, make, text, fixed)
        for other in good:
            if other.gradient_names and fits(other) and runs_on(other, MORE):
                return other, (changed, list(held), list(held.values()))
    return found


def unlike_all(op: Op, names: list[str]) -> bool:
    """Whether a gradient fits no shape that was tried for an argument whose name tells none."""
    try:
        primals, gradients = once(op, Case())
    except Exception:  # what it raises is told by the laws
        return False
    unknown = [n for n in names if not function_shapes.called_parameter(n) and not ALIKE.match(n)]
    given = {k: np.shape(g) for k, g in gradients.items()}
    return any(n in primals and given.get(n) != primals[n].shape for n in unknown)


def better(op: Op, than: Op, inputs: list[str]) -> bool:
    """Whether later guesses fit where earlier ones did not, and make nothing up for it.

    They leave no gradient out, and take nothing for one row a sample that is called a parameter.
    """
    fewer = len(op.gradient_names) < len(than.gradient_names)
    rows = [s.name for s in op.slots if s.name not in inputs]
    called = any(map(function_shapes.called_parameter, rows))
    return not fewer and not called and fits(op) and runs_on(op, MORE)


def closest(runs: list[Op]) -> Op:
    """The most consistent reading if one is consistent, else the most likely."""
    distances = [miss(op) for op in runs]
    return runs[int(np.argmin(distances)) if min(distances) < AGREES else 0]


def other_options(
    source: Source, slots: tuple[Slot, ...], params: list[str], shapes: list[tuple[int, ...]]
) -> Iterator[Op]:
    """The same pair with other strides and paddings, where its forward runs with them."""
    forward, backward = pair_of(source)
    inputs = [s.name for s in slots]
    make = functions.parameter_maker(params, shapes)
    for options in function_options.option_sets(forward, backward)[1:]:
        text = built_text(forward, inputs, dict(zip(params, shapes, strict=True)), options)
        good, _ = readings_that_run(source, forward, backward, slots, make, text, options)
        runs = [op for op in good if op.gradient_names]
        if runs:
            yield closest(runs)
        elif good:  # the forward takes the option, and the backward raises
            yield good[0]
    options = function_options.with_strides_of_one(function_options.split_arguments(forward)[2])
    for changed_slots, changed in function_shapes.other_sizes(slots, shapes):
        made = functions.parameter_maker(params, changed)
        text = built_text(forward, inputs, dict(zip(params, changed, strict=True)), options)
        good, _ = readings_that_run(source, forward, backward, changed_slots, made, text, options)
        runs = [op for op in good if op.gradient_names]
        if runs:
            yield closest(runs)


def readings_that_run(
    source: Source,
    forward: Any,
    backward: Any,
    slots: tuple[Slot, ...],
    make: Callable[[], Live],
    text: str,
    options: Mapping[str, Any],
) -> tuple[list[Op], str]:
    """The Ops of every reading that runs on these shapes, and why the first that does not."""
    good: list[Op] = []
    why = ""
    for calls in function_calls(forward, backward, options, [s.name for s in slots]):
        try:
            trial = observed(make, calls, slots)
        except Refused as refusal:
            why = why or f"input {shown_shape(slots)}: {refusal}"
            break
        shaped = replace(source, obj=forward)
        op = finish(shaped, Recipe(text, lambda: None), make, make(), trial)
        why = why or trial.problem
        if trial.problem or trial.grads:
            given = {k: v for k, v in options.items() if not isinstance(v, dict)}
            given |= {
                k: v for held in options.values() if isinstance(held, dict) for k, v in held.items()
            }
            good.append(replace(op, kind="function", convention="functions", options=given))
    return good, why


def observed(make: Callable[[], Live], calls: Calls, slots: tuple[Slot, ...]) -> Trial:
    """A trial on numbers of both signs; on positive ones where the forward is not finite there.

    Raises
    ------
    Refused
        Neither runs.
    """
    try:
        return layers.observe(make, make(), calls, slots)
    except NotFinite:
        positive = [replace(s, domain="positive") if s.domain == "real" else s for s in slots]
        return layers.observe(make, make(), calls, tuple(positive))


def built_text(
    forward: Any, inputs: list[str], params: Mapping[str, tuple[int, ...]], fixed: Mapping[str, Any]
) -> str:
    """The call that is checked, with shapes and options, as a user would write it."""
    parts = [
        *inputs,
        *(f"{p}{s}" for p, s in params.items()),
        *(f"{k}={v}" for k, v in fixed.items()),
    ]
    return f"{forward.__name__}({', '.join(parts)})"


__all__ = ["function_ops"]
