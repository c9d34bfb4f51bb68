"""The law of an optimizer's state: every parameter, layer and object has its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.laws.common import differs, gradient_name, name_of, numbers_differ, verdict
from gradcheck.laws.optimizer import form_of, problem
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict

LAW = "state_per_parameter"
#: Forms whose step may be given fewer parameters than last time it was built for.
OPEN = frozenset(("dicts", "dicts_swapped", "lists", "lists_swapped", "named_array", "array_named", "function"))  # fmt: skip
#: Forms whose step is told which layer, or layers, it is about.
LAYERED = frozenset(("layer", "layers", "model"))
#: Shapes that do not fit each other, and a second layer of other shapes.
UNLIKE, NEXT = ((4, 5), (1, 5)), ((6, 3), (1, 3))


def state_per_parameter(op: Op, case: Case) -> Iterator[Verdict]:
    """A parameter's path does not depend on which others, layers or objects are trained beside it."""
    if op.step is None:
        yield verdict(LAW, "skipped", op, case, what="not an optimizer")
        return
    if re.search("clip|normali[sz]ed|adagradnorm|lars|lamb|adam_?mini", name_of(op)):
        yield verdict(
            LAW, "skipped", op, case, what="a norm over all of them couples the parameters"
        )
        return
    questions: list[Callable[[Op, Case], Iterator[Verdict]]] = [two_objects, same_arrays]
    if len(op.parameters(None)) > 1:
        questions += [unlike_shapes, other_gradients]
        questions += [alone] if form_of(op) in OPEN else []
    if form_of(op) in LAYERED:
        questions.append(another_layer)
    for question in questions:
        found = list(question(op, case))
        yield from found
        if found:
            return
    yield verdict(LAW, "pass", op, case)


def walk(op: Op, params: Primals, steps: list[Primals]) -> tuple[Array, Any]:
    """The first parameter after all steps of a fresh optimizer, and the live optimizer."""
    live = op.make()
    now = {k: v.copy() for k, v in params.items()}
    for grads in steps:
        now = taken(op, live, now, grads)
    return next(iter(now.values())), live


def taken(op: Op, live: Any, params: Primals, grads: Primals) -> Primals:
    """One step with copies of the gradients of these parameters."""
    assert op.step is not None
    return op.step(live, params, {k: grads[k].copy() for k in params})


def same_arrays(op: Op, case: Case) -> Iterator[Verdict]:
    """Gradients that are written into the same arrays at every step (``grads[0][...] = dW``)."""
    assert op.step is not None
    params, steps = problem(op, case)
    wanted, _ = walk(op, params, steps)
    live, now = op.make(), {k: v.copy() for k, v in params.items()}
    held = {k: np.empty_like(g) for k, g in steps[0].items()}
    for grads in steps:
        for k, g in grads.items():
            held[k][...] = g
        now = op.step(live, now, held)
    first = next(iter(now))
    if differs(now[first], wanted):
        text = "keeps the gradient array it was given: the caller has written the next gradient into it since"
        yield numbers_differ(LAW, "fail", op, case, first, now[first], wanted, text)


def two_objects(op: Op, case: Case) -> Iterator[Verdict]:
    """A second optimizer that steps in between has a state of its own."""
    params, steps = problem(op, case)
    wanted, _ = walk(op, params, steps)
    mine, theirs = op.make(), op.make()
    now = {k: v.copy() for k, v in params.items()}
    other = {k: v[::-1].copy() for k, v in params.items()}
    for grads in steps:
        other = taken(op, theirs, other, {k: 3.0 * g for k, g in grads.items()})
        now = taken(op, mine, now, grads)
    first = next(iter(now))
    if differs(now[first], wanted):
        why = f"another {op.name} stepped in between: {shared(op, 'two objects share their state')}"
        yield numbers_differ(LAW, "fail", op, case, first, now[first], wanted, why)


def shared(op: Op, text: str) -> str:
    """Why state is shared, where a default argument shows it; else `text`."""
    held = [d for d in getattr(op.obj, "__defaults__", None) or () if isinstance(d, (dict, list))]
    if any(held):
        return "the default config is one object for all calls, and holds what the last one left"
    return text


def unlike_shapes(op: Op, case: Case) -> Iterator[Verdict]:
    """An optimizer that runs only where all parameters have one shape keeps one state for all."""
    params, steps = problem(op, case)
    if len({v.shape for v in params.values()}) > 1:
        return
    shapes = dict(zip(params, UNLIKE, strict=False))
    given = {k: params[k][: s[0]].copy() for k, s in shapes.items()}
    slopes = [{k: g[k][: s[0]].copy() for k, s in shapes.items()} for g in steps]
    text = f"{' and '.join(f'{k} {s}' for k, s in shapes.items())}, which runs where both have one shape"
    last = list(shapes)[-1]
    try:
        live = op.make()
        after = taken(op, live, given, slopes[0])
    except Exception as error:
        what = f"raises {type(error).__name__} for {text}: {error}; {shared(op, 'one state serves both')}"
        yield verdict(LAW, "fail", op, case, last, what)
        return
    for name, value in after.items():
        if value.shape != shapes[name]:
            what = f"{name} has shape {value.shape} after a step on {text}: {shared(op, 'one state serves both')}"
            yield verdict(LAW, "fail", op, case, name, what)
            return


def other_gradients(op: Op, case: Case) -> Iterator[Verdict]:
    """The path of the first parameter with other gradients of the rest; state kept by shape shows
    where the shapes are the same."""
    params, steps = problem(op, case)
    first, *rest = params
    for alike in (False, True):

        def shaped(v: Array, alike: bool = alike) -> Array:
            return np.array(np.broadcast_to(v, params[first].shape)) if alike else v.copy()

        paths = []
        try:
            for scale in (1.0, 3.0):
                given = {k: shaped(v) for k, v in params.items()}
                slopes = [
                    {k: g[k].copy() if k == first else scale * shaped(g[k]) for k in g}
                    for g in steps
                ]
                paths.append(walk(op, given, slopes)[0])
        except ValueError:
            if not alike:
                raise
            return  # its state was made for the shapes given at construction
        if differs(paths[0], paths[1]):
            why = (
                f"the path of {first} changes with {', '.join(gradient_name(op, n) for n in rest)}"
            )
            yield numbers_differ(LAW, "fail", op, case, first, paths[1], paths[0], why)
            return


def alone(op: Op, case: Case) -> Iterator[Verdict]:
    """The path of the first parameter when it is the only one."""
    params, steps = problem(op, case)
    first, *rest = params
    wanted, _ = walk(op, {first: params[first]}, steps)
    got, _ = walk(op, params, steps)
    if differs(got, wanted):
        why = f"the path of {first} is another one when {', '.join(rest)} is trained beside it: {shared(op, 'a count or state goes on with every parameter')}"
        yield numbers_differ(LAW, "fail", op, case, first, got, wanted, why)


def another_layer(op: Op, case: Case) -> Iterator[Verdict]:
    """The path of a layer's parameter with a second layer beside it, of the same and other shapes."""
    params, steps = problem(op, case)
    first = next(iter(params))
    wanted, live = walk(op, params, steps)
    for shapes in ([v.shape for v in params.values()], NEXT):
        extra = {
            f"{k} of another layer": np.resize(v[::-1], s)
            for (k, v), s in zip(params.items(), shapes, strict=False)
        }
        slopes = [
            g
            | {
                n: 3.0 * np.resize(g[k], v.shape)
                for (n, v), k in zip(extra.items(), g, strict=True)
            }
            for g in steps
        ]
        status, why = for_several_layers(op, live)
        try:
            got, _ = walk(op, params | extra, slopes)
        except Exception as error:
            text = f"raises {type(error).__name__} for a second layer with {', '.join(f'{k} {v.shape}' for k, v in extra.items())}: {error}; {why}"
            yield verdict(LAW, status, op, case, first, text)
            return
        if differs(got, wanted):
            text = f"the path of {first} changes when a second layer is trained beside it: {why}"
            yield numbers_differ(LAW, status, op, case, first, got, wanted, text)
            return


def for_several_layers(op: Op, live: Any) -> tuple[Status, str]:
    """Whether one object is meant to serve several layers.

    It is where the step takes them all, where something is called around the updates of all
    layers, or where the state is put on the layer. Else it may be meant for one layer only.
    """
    bench = live.memory["bench"]
    own = {n for pair in bench.form.pairs.items() for n in pair}
    on_layer = bool(set(vars(bench.layers[0])) - own) if bench.layers else False
    hooks = any(n.startswith(("pre_", "post_")) for n in dir(live.obj))
    if form_of(op) != "layer" or on_layer or hooks:
        return "fail", "layers share their state"
    return "note", "it keeps its state itself; use one object for each layer"
