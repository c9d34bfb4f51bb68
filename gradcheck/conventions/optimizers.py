"""Optimizers in every form: a step is parameters and gradients in, parameters out.

The form is found by trying; `optimizer_forms` lists what is tried, `optimizer_calls` takes the
step, `optimizer_given` reads optimizers that are given their parameters at construction.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.optimizer_bench import Bench
from gradcheck.conventions.optimizer_calls import call_step
from gradcheck.conventions.optimizer_forms import (
    KEYS,
    SHAPES,
    SINGLE,
    Form,
    candidate_forms,
    filled_later,
    form_of,
    is_gradient_of,
)
from gradcheck.conventions.optimizer_names import update_method
from gradcheck.conventions.signature import Arg, arguments, tree_of
from gradcheck.guesses import guesses
from gradcheck.types import Op, Primals

Maker = Callable[[], Any]
Moves = tuple[Op | None, Op | None, str]


def optimizer_op(name: str, make: Maker, cls: Any, built: str) -> Op:
    """The Op of an optimizer class.

    Raises
    ------
    Refused
        No form of the update step works; the text names the last error.
    """
    method = update_method(cls)
    if method is None:
        raise Refused("has no update step")
    return first_that_moves(
        (op_of(name, make, method, form, built, cls) for form in candidate_forms(cls, method)),
        method,
    )


def first_that_moves(ops: Iterable[Op], method: str) -> Op:
    """The first Op whose steps move every parameter; else one that at least runs.

    An optimizer that runs only where all its parameters have one shape is read all the same: the
    laws say what it does with two shapes.

    Raises
    ------
    Refused
        None of them runs; the text names the last error.
    """
    candidates = list(ops)
    alike = [replace(op, parameters=same_shapes(op)) for op in candidates if templates(op) > 1]
    runs: Op | None = None
    last = ""
    single = [op for op in candidates if op.convention in SINGLE and plural(op)]
    for op in (*(op for op in candidates if op not in single), *alike, *single):
        try:
            if moves(op):
                return op
            runs = runs or op
        except NotImplementedError as error:
            raise Refused(f"{method} raises NotImplementedError") from error
        except Exception as error:
            last = last or f"{op.reading} raises {type(error).__name__}: {error}"
    if runs is not None:  # it runs, but moves nothing or gives NaN: the laws say so
        return runs
    raise Refused(f"no way to call {method} was found; first problem: {last}")


def plural(op: Op) -> bool:
    """Whether what is read as one array is called ``params``: then a list is likelier."""
    return next(iter(op.parameters(None))).endswith("s")


def templates(op: Op) -> int:
    """How many parameters the laws try an optimizer on."""
    return len(op.parameters(None))


def same_shapes(op: Op) -> Callable[[Any], Primals]:
    """The parameters an Op is tried on, all of the first one's shape."""
    names = list(op.parameters(None))
    return lambda _live: {k: np.zeros(SHAPES[0]) for k in names}


def moves(op: Op, finite: bool = True) -> bool:
    """Whether three steps move every parameter, to finite values of its shape."""
    assert op.step is not None
    rng = np.random.default_rng(8)
    live, start = op.make(), {k: rng.normal(size=v.shape) for k, v in op.parameters(None).items()}
    grads = {k: rng.normal(size=v.shape) for k, v in start.items()}
    now = start
    for _ in range(3):
        now = op.step(
            live, {k: v.copy() for k, v in now.items()}, {k: g.copy() for k, g in grads.items()}
        )
    return all(
        np.shape(now[k]) == v.shape
        and (not finite or np.all(np.isfinite(now[k])))
        and np.any(now[k] != v)
        for k, v in start.items()
    )


def op_of(
    name: str, make: Maker, method: str, form: Form, built: str, cls: Any,
    config: dict[str, Any] | None = None,
) -> Op:  # fmt: skip
    """An Op whose `step` takes one step on a live optimizer (state and containers live in it).

    For optimizers `parameters` gives arrays of the names and shapes that it is to be tried on.
    """

    def fresh() -> Live:
        live = Live(make())
        bench = live.memory["bench"] = Bench(form, config=config)
        for attribute in filled_later(cls):
            setattr(bench.layer_class, attribute, None)
        return live

    return stepping(name, fresh, method, form, built, cls)


def stepping(
    name: str, fresh: Callable[[], Live], method: str, form: Form, built: str, cls: Any
) -> Op:
    """The Op of an optimizer whose Live objects carry a Bench."""

    def step(live: Live, params: Primals, grads: Primals) -> Primals:
        values = [np.asarray(v) for v in params.values()]
        slopes = [grads[k] for k in params]
        after = call_step(live.obj, method, live.memory["bench"], values, slopes)
        return dict(zip(params, after, strict=True))

    refuse: Any = None
    convention = {
        "layer": "nnfs",
        "dicts": "fish",
        "given_model": "given",
        "given_arrays": "given",
        "given_layers:dicts": "given",
        "given_layers:lists": "given",
    }.get(form.name, form.name)
    return Op(
        name=name, kind="optimizer", convention=convention, make=fresh,
        parameters=lambda _l: {k: np.zeros(s) for k, s in zip(form.names, form.shapes, strict=True)},
        with_parameters=lambda _v: fresh(), forward=refuse, backward=refuse, step=step,
        built=built, obj=cls, reading=f"{method}({form.name})",
        gradient_names=dict(zip(form.names, form.gradients, strict=True)),
    )  # fmt: skip


def defaults_read(function: Any) -> dict[str, float]:
    """The numbers in ``config.get("decay_rate", 0.99)`` and ``config.setdefault(...)``."""
    found: dict[str, float] = {}
    tree = tree_of(function)
    for node in ast.walk(tree) if tree is not None else ():
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in {"get", "setdefault"} and len(node.args) == 2:
            key, value = (a.value if isinstance(a, ast.Constant) else None for a in node.args)
            if isinstance(key, str) and isinstance(value, float):
                found[key] = value
    return found


def function_optimizers(name: str, function: Any) -> list[Op]:
    """The Ops of ``f(w, dw, config) -> (w, config)``: given a config, and started without one.

    Raises
    ------
    Refused
        The function cannot be called that way.
    """
    args = arguments(function, method=False)
    form = form_of("function", {}, (args[0].name, args[1].name))
    given = {**defaults_read(function), "learning_rate": 1e-2}
    call = f"{name}({args[0].name}, {args[1].name}"
    optional = len(args) > 2 and not args[2].required
    found: list[Op] = []
    decays = {k: 0.1 for k, v in given.items() if v == 0.0 and "decay" in k}
    decaying = [({**given, **decays}, f"{call}, config={decays})")] if decays else []
    for config, text in ((given, f"{call}, config)"), (None, f"{call})"), *decaying):
        if (config is not None and len(args) < 3) or (
            config is None and len(args) > 2 and not optional
        ):
            continue
        op = op_of(name, lambda: function, "__call__", form, text, function, config)
        try:
            found.append(first_that_moves([op], name))
        except Refused as refusal:
            problem = refusal
    if not found:
        return [over_containers(name, function, problem)]
    return found


def number_for(argument: Arg) -> Any:
    """What is tried for another argument of an update.

    Raises
    ------
    Refused
        It is an array.
    """
    try:
        return ast.literal_eval(guesses(argument)[0])
    except (ValueError, SyntaxError) as error:
        raise Refused(
            f"also wants {argument.name}, which is neither a parameter, a gradient nor a number"
        ) from error


def over_containers(name: str, function: Any, problem: Refused) -> Op:
    """The Op of ``f(params, grads, lr)`` over dicts, lists or arrays.

    Raises
    ------
    Refused
        It cannot be called that way either; `problem` says why not over single arrays.
    """
    p, g, *others = arguments(function, method=False)
    rates = {a.name: number_for(a) for a in others if a.required}
    shown = "".join(f", {k}={v!r}" for k, v in rates.items())
    text = f"{name}({p.name}, {g.name}{shown})"
    fixed = functools.partial(function, **rates)
    words = (p.name, g.name)
    keys = literal_pairs(function, *words)
    spelled = []
    if 0 < len(keys) <= len(KEYS):
        form = Form(
            "dicts",
            {},
            tuple(f"{p.name}[{k!r}]" for k, _ in keys),
            tuple(f"{g.name}[{d!r}]" for _, d in keys),
            (SHAPES * len(keys))[: len(keys)],
        )
        way = spelled_out(fixed, keys)
        spelled = [op_of(name, lambda: way, "__call__", form, text, function)]
    ops = spelled + [
        op_of(name, lambda way=way: way, "__call__", form_of(kind, {}, words), text, function)  # type: ignore[misc]
        for kind, way in (
            ("dicts", fixed),
            ("dicts", numbered(fixed)),
            ("lists", fixed),
            ("arrays", fixed),
        )
    ]
    try:
        return first_that_moves(ops, name)
    except Refused as refusal:
        raise Refused(
            f"cannot be called with arrays ({problem}) or containers: {refusal}"
        ) from None


def literal_pairs(function: Any, params: str, grads: str) -> list[tuple[str, str]]:
    """The keys written in the code: ``params["W1"]`` with the ``grads["dW1"]`` of that name."""
    tree = tree_of(function)
    found: dict[str, list[str]] = {params: [], grads: []}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            held = found.get(getattr(node.value, "id", ""))
            if held is not None and isinstance(node.slice.value, str):
                held.append(node.slice.value)
    return [
        (k, d)
        for k in dict.fromkeys(found[params])
        for d in [next((d for d in found[grads] if is_gradient_of(d, k)), "")]
        if d
    ]


def spelled_out(function: Callable[..., Any], keys: list[tuple[str, str]]) -> Callable[..., Any]:
    """An update of ``params["W1"]`` by ``grads["dW1"]`` as one of arrays under the usual keys."""

    def call(params: Primals, grads: Primals) -> Primals:
        pairs = list(zip(keys, params, strict=False))  # a law may try it on fewer parameters
        slopes = {d: grads[name] for (_, d), name in pairs}
        held = {k: params[name] for (k, _), name in pairs}
        rest = {k: d for k, d in keys if k not in held}
        held |= {k: np.zeros((1, 1)) for k in rest}
        result = function(held, slopes | {d: np.zeros((1, 1)) for d in rest.values()})
        new = result[0] if isinstance(result, tuple) else result
        new = new if isinstance(new, dict) else held
        return {name: new[k] for (k, _), name in pairs}

    return as_if(call, function)


def numbered(function: Callable[..., Any]) -> Callable[..., Any]:
    """An update of ``parameters["W1"]`` by ``grads["dW1"]`` as one of ``W`` by ``W``."""

    def call(params: Primals, grads: Primals) -> Primals:
        both = {k: np.zeros((1, 1)) for k in KEYS[:2]}  # it counts its layers by two
        held = {f"{k}1": v for k, v in {**both, **params}.items()}
        result = function(held, {f"d{k}1": g for k, g in {**both, **grads}.items()})
        new = result[0] if isinstance(result, tuple) else result
        new = new if isinstance(new, dict) else held
        return {k: new[f"{k}1"] for k in params}

    return as_if(call, function)


def as_if(call: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """The call with the signature of the function inside, whose defaults say the learning rate."""
    return functools.update_wrapper(call, function)
