"""Whole networks written as functions over a dict of parameters.

Three functions (``forward(X, parameters)``, ``compute_cost(A, Y)``, ``backward(...) -> grads``), or
one that returns the cost and the gradients, in either order: the course's ``propagate``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions import functions, places
from gradcheck.conventions.caches import is_cache
from gradcheck.conventions.candidates import first_fitting
from gradcheck.conventions.functional_layouts import last_size, layouts, named_gradients
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly
from gradcheck.conventions.network_functions import (
    gives_its_cost,
    label_name,
    parameters_of,
    required,
)
from gradcheck.conventions.objectives import DATA, STRENGTH, is_strength
from gradcheck.conventions.parameter_dicts import NAMES, dict_argument
from gradcheck.conventions.signature import arguments, plain, returned_names
from gradcheck.conventions.sources import Source
from gradcheck.types import Array, Case, LabelSpec, Op, Primals, Slot

COSTS = ("compute_cost", "compute_loss", "cost", "calculate_cost", "loss", "cost_function", "calc_cost",
         "compute_cost_function", "cross_entropy_cost", "get_cost", "calculate_loss", "cross_entropy",
         "cross_entropy_loss", "get_cost_value", "loss_function", "compute_cost_with_regularization")  # fmt: skip

#: What the output of a network is called where cost and backward take it.
OUTPUT = re.compile(
    r"^(a|al|a\d|a_?last|a_?out|y_?(hat|pred|out)\w?|out|output|outputs|probs?|p|pred\w*|scores|h|final\w*|result)$"
)

#: ``(parameters, X, Y, strengths of penalties) -> (cost, gradients by name)``.
Step = Callable[
    [dict[str, Array], Array, Array, Mapping[str, float]], tuple[Any, Mapping[str, Any]]
]


@dataclass(frozen=True)
class Network:
    """A network as one function, the keys of its parameters, and the function with its backward.

    `strengths` are those of the penalties that it is given.
    """

    step: Step
    keys: tuple[str, ...]
    built: str
    backward: Any
    strengths: Mapping[str, float] = field(default_factory=dict)


def network_of(source: Source, pair: tuple[Any, Any] | None) -> Network:
    """The network of a pair with the file's cost function, or of a single function.

    Raises
    ------
    Refused
        The file has no cost function that takes the output and the labels.
    """
    if pair is None:
        return single(source.namespace[source.name])
    if gives_its_cost(*pair):
        return of_two(*pair)
    cost = cost_beside(source.namespace, pair[1])
    if cost is None:
        raise Refused(
            "is a whole network, and no cost function was found beside it: "
            f"name one compute_cost({returned_names(pair[0])[0] if returned_names(pair[0]) else 'A'}, Y)"
        )
    return of_three(*pair, cost)


def cost_beside(namespace: Mapping[str, Any], backward: Any) -> Any:
    """The file's cost function, with a penalty where the backward takes the strength of one; or None."""
    known = [
        *COSTS,
        *(n for n in namespace if n not in COSTS and n.startswith(tuple(f"{c}_" for c in COSTS))),
    ]
    found = [namespace[n] for n in known if takes_output(namespace.get(n))]
    penalised = strong(backward)
    return next(iter(sorted(found, key=lambda f: strong(f) != penalised)), None)


def strong(function: Any) -> bool:
    """Whether a function needs the strength of a penalty."""
    return any(a.required and is_strength(a) for a in arguments(function, method=False))


def takes_output(function: Any) -> bool:
    """Whether a function takes an output and labels, and perhaps the parameters."""
    if not callable(function) or isinstance(function, type):
        return False
    names = required(function)
    return 2 <= len(names) <= 4 and label_name(names) is not None


def single(function: Any) -> Network:
    """One function that returns cost and gradients."""
    held = dict_argument(function)
    keys = held[1] if held else ("w", "b")
    args = arguments(function, method=False)
    label = str(label_name([a.name for a in args]))
    data = next(a.name for a in args if plain(a.name) in DATA)
    strengths = {
        a.name: STRENGTH for a in args if is_strength(a) and (a.required or a.default in (0, 0.0))
    }

    def step(
        params: dict[str, Array], x: Array, y: Array, more: Mapping[str, float]
    ) -> tuple[Any, Mapping[str, Any]]:
        given: dict[str, Any] = {held[0]: params} if held else dict(params)
        given |= {data: x, label: y, **more}
        one, two = call_quietly(function, **given)
        return (two, one) if isinstance(one, Mapping) else (one, two)

    text = ", ".join(a.name for a in args)
    return Network(step, keys, f"{function.__name__}({text})", function, strengths)


def of_two(forward: Any, backward: Any) -> Network:
    """A forward that gives the cost, and its backward, as one function."""
    held = dict_argument(forward)
    assert held is not None
    label, own = label_name(required(forward)), required(forward)
    data = next(n for n in own if n not in {held[0], label})

    def step(
        params: dict[str, Array], x: Array, y: Array, more: Mapping[str, float]
    ) -> tuple[Any, Mapping[str, Any]]:
        known: dict[str, Any] = {held[0]: params, data: x, str(label): y}
        result = call_quietly(forward, **{k: known[k] for k in own})
        left = result[-1] if len(result) == 2 else result[1:]
        given: dict[str, Any] = {
            n: left
            if is_cache(n)
            else y
            if n == label_name(required(backward))
            else known.get(n, x)
            for n in required(backward)
        }
        return result[0], named_gradients(call_quietly(backward, **given), backward)

    return Network(step, held[1], f"{forward.__name__} and {backward.__name__}", backward)


def of_three(forward: Any, backward: Any, cost: Any) -> Network:
    """Forward, cost and backward as one function."""
    held = parameters_of(forward)
    assert held is not None
    returned = returned_names(forward)
    data = next(n for n in required(forward) if n not in {held[0], *held[1]})
    both = [a for f in (cost, backward) for a in arguments(f, method=False)]
    fixed = {a.name: a.default for a in arguments(forward, method=False) if a.default is not None}
    strengths = {a.name: STRENGTH for a in both if a.required and is_strength(a)}

    def step(
        params: dict[str, Array], x: Array, y: Array, more: Mapping[str, float]
    ) -> tuple[Any, Mapping[str, Any]]:
        given: dict[str, Any] = {data: x, **({held[0]: params} if held[0] else params)}
        result = call_quietly(forward, **given)
        several = result if isinstance(result, tuple) else (result,)
        named = dict(zip(returned, several, strict=True)) if len(returned) == len(several) else {}
        known = {**fixed, **more, **given, **named}
        left = several[-1] if len(several) > 1 else None

        def value(name: str, label: str | None) -> Any:
            if name == label:
                return y
            if is_cache(name):
                return left
            same = [known[k] for k in known if plain(k) == plain(name)]
            if same or NAMES.match(name.lower()):
                return same[0] if same else params
            if not OUTPUT.match(name.lower()):
                raise Refused(
                    f"what {name} is cannot be told from what {forward.__name__} takes and returns"
                )
            return several[0]

        def call(function: Any) -> Any:
            wanted: dict[str, Any] = {}
            for name in required(function):
                wanted[name] = value(name, label_name(required(function)))
            return call_quietly(function, **wanted)

        return call(cost), named_gradients(call(backward), backward)

    text = f"{forward.__name__}, {cost.__name__} and {backward.__name__}"
    return Network(step, held[1], text, backward, strengths)


def network_op(source: Source, pair: tuple[Any, Any] | None) -> Op:
    """The Op of a network written as functions: its cost as a function of its parameters.

    Raises
    ------
    Refused
        It does not run that way; the text names the most telling problem.
    """
    network = network_of(source, pair)
    candidates = (
        (
            ", ".join(f"{k} {s}" for k, s in sizes.items()),
            functools.partial(reading, source, network, columns, sizes, encoding),
        )
        for columns, sizes, encoding in layouts(network.keys)
    )
    try:
        return first_fitting(candidates)
    except Refused as refusal:
        why = str(refusal) or "no shapes follow from the names of its parameters"
        raise Refused(f"{network.built}: {why}") from None


def reading(
    source: Source,
    network: Network,
    columns: bool,
    sizes: Mapping[str, tuple[int, ...]],
    encoding: str,
) -> Op:
    """The Op for these shapes and labels.

    Raises
    ------
    Refused
        No gradient has the name of a parameter.
    """
    start = functions.parameter_maker(list(sizes), list(sizes.values()))

    def holding(values: Primals) -> Live:
        strengths = SimpleNamespace(**network.strengths)
        return Live(strengths, {**start().args, **{k: np.array(v) for k, v in values.items()}})

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        x, y = inputs["X"], np.asarray(labels)
        if columns:
            x, y = np.ascontiguousarray(x.T), np.ascontiguousarray(y.T)
        params = {k: np.array(v) for k, v in live.args.items()}
        cost, live.ret = network.step(params, x, y, vars(live.obj))
        return np.asarray(arrays_of(cost)[0], dtype=np.float64).reshape(())

    outputs = last_size(sizes, columns)
    slot = Slot("X", ("N", 4))
    live = holding({})
    labels = LabelSpec((encoding,), outputs, wide=True)
    spelled = names_of_gradients(network, live, forward, slot, labels)

    def backward(live: Live, cot: Array, inputs: Primals, labels: Array | None) -> dict[str, Any]:
        return {k: np.asarray(live.ret[g]) for k, g in spelled.items()}

    return Op(
        name=source.name, kind="model", convention="functions", make=lambda: holding({}),
        parameters=lambda live: {k: live.args[k] for k in spelled}, with_parameters=holding,
        forward=forward, backward=backward, slots=(slot,), labels=labels, terminal=True,
        built=f"{network.built}, " + ", ".join(f"{k}{s}" for k, s in sizes.items()),
        reading="samples in columns" if columns else "",
        obj=network.backward, gradient_names={k: f"grads[{g!r}]" for k, g in spelled.items()},
    )  # fmt: skip


def names_of_gradients(
    network: Network, live: Live, forward: Any, slot: Slot, spec: LabelSpec
) -> dict[str, str]:
    """``{"W1": "dW1"}``: the keys of the gradients, from one call.

    Raises
    ------
    Refused
        There are none.
    """
    x = cases.draw_slot(slot, Case(), cases.generator(Case(), 1))
    forward(live, {"X": x}, cases.draw_labels(spec, (slot,), Case()), True)
    given = list(live.ret)
    spelled = {}
    for key in live.args:
        own = [g for g in given if any(s == places.norm(key) for s in places.stems(str(g)))]
        own = own or [g for g in given if g == key]
        if own:
            spelled[key] = own[0]
    if not spelled:
        raise Refused(f"the gradients {given} have the names of no parameters")
    return spelled
