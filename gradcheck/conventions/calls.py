"""How one object's two methods are called: the readings of a class, and their callers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.argument_roles import (
    OUTPUTS,
    fill,
    is_array,
    is_context,
    set_mode,
    strongly_upstream,
    upstream_argument,
)
from gradcheck.conventions.guessed import refusal
from gradcheck.conventions.live import Live, arrays_of, call_quietly, join
from gradcheck.conventions.signature import (
    PREDICTIONS,
    Arg,
    arguments,
    plain,
    unpacked,
)
from gradcheck.conventions.stand_ins import Context
from gradcheck.types import Array

PARAMETER_GRADIENTS = (
    "grads_wrt_params", "param_grads", "get_param_grads", "parameter_gradients", "compute_param_grads",
    "gradients_wrt_params", "backward_params", "backward_param", "calc_gradients", "compute_gradients",
)  # fmt: skip


@dataclass(frozen=True)
class Calls:
    """How to call one object.

    Attributes
    ----------
    forward
        ``(live, inputs, labels, train) -> what the user's forward returned``.
    backward
        ``(live, cotangents, inputs, labels) -> what the user's backward returned``.
    names
        The names of the inputs in the user's forward.
    """

    forward: Callable[[Live, list[Array], Array | None, bool], Any]
    backward: Callable[[Live, list[Array], list[Array], Array | None], Any]
    names: tuple[str, ...]
    has_mode: bool = False
    reading: str = ""
    forward_function: Any = None
    backward_function: Any = None
    upstream: str = ""


def class_calls(cls: type, forward: str, backward: str) -> Iterator[Calls]:
    """The readings of a class's two methods, most likely first."""
    f_args = arguments(getattr(cls, forward))
    inputs = [a.name for a in f_args if a.required and is_array(a, f_args)]
    if not inputs and f_args and is_array(f_args[0]):
        inputs, f_args = [f_args[0].name], [replace(f_args[0], required=True), *f_args[1:]]
    parts = {n: unpacked(getattr(cls, forward), n) for n in inputs}
    names = tuple(p for n in inputs for p in parts[n] or (n,)) or ("inputs",)
    has_mode = any(a.role in {"flag", "mode"} for a in f_args)
    counts = [len(parts[n]) for n in inputs] if any(parts.values()) else []
    tuples = dict(zip(inputs, counts, strict=False))
    run_forward = forward_caller(forward, f_args, has_mode, counts)
    b_args = arguments(getattr(cls, backward))
    required = [a for a in b_args if a.required and is_array(a)]
    if not required and b_args and is_array(b_args[0]):
        first = replace(b_args[0], required=True)
        b_args, required = [first, *b_args[1:]], [first]
    common: dict[str, Any] = {
        "names": names, "has_mode": has_mode,
        "forward_function": getattr(cls, forward), "backward_function": getattr(cls, backward),
    }  # fmt: skip

    def calls(given: str, name: str, reading: str = "", spare: str = "x") -> Calls:
        taken_apart = unpacked(getattr(cls, backward), name)
        together = len(taken_apart) > 1 or bool(tuples and taken_apart)
        run = backward_caller(backward, b_args, names, given, name, spare, together, tuples)
        return Calls(
            run_forward, run, **common, reading=reading, upstream=name if given == "cot" else ""
        )

    if not required:
        yield calls("none", "", "backward takes no upstream gradient: an elementwise derivative")
        return
    up = upstream_argument(required, names)
    if up is not None and (up != required[0].name or strongly_upstream(up)):
        yield calls("cot", up)
        known = {up, *names}
        others = [a.name for a in required if a.name not in known and plain(a.name) not in OUTPUTS]
        if others and len(names) == 1:
            yield calls("cot", up, f"{backward} takes the output as {others[0]}", spare="y")
        return
    own = required[0].name
    at_input = calls("x", own, f"{backward}({own}) is the elementwise derivative at the input")
    at_output = calls(
        "y", own, f"{backward}({own}) is the elementwise derivative written in the output"
    )
    upstream = calls("cot", own)
    if own in names or plain(own) in PREDICTIONS - {"dvalues"}:
        yield from (at_input, at_output, upstream)
    elif backward in {"backward", "backward_pass", "bprop", "backprop"}:
        yield upstream
        if plain(own) in OUTPUTS and len(required) == 1:
            yield from (at_output, at_input)
        if len(required) == 2 and len(names) == 1 and required[1].name not in names:
            other = required[1].name
            yield calls("cot", own, f"{backward} takes the output as {other}", spare="y")
    else:
        yield from (upstream, at_input, at_output)


def forward_caller(
    method: str, args: list[Arg], has_mode: bool, counts: Sequence[int] = ()
) -> Callable[..., Any]:
    """A function that calls the forward; `counts` says how many arrays each input is a tuple of."""
    context = [a.name for a in args if is_context(a, args)]

    def run(live: Live, arrays: list[Array], labels: Array | None, train: bool) -> Any:
        if not has_mode:
            set_mode(live.obj, train)
        live.memory["ctx"] = Context()
        known = dict.fromkeys(context, live.memory["ctx"])
        values: Iterator[Any] = iter(arrays)
        if counts:
            left = iter(arrays)
            values = iter([tuple(islice(left, n)) if n else next(left) for n in counts])
        positional, keys = fill(args, values, labels, train, known)
        live.memory["train"] = train
        return call_quietly(getattr(live.obj, method), *(positional or arrays[:1]), **keys)

    return run


def backward_caller(
    method: str,
    args: list[Arg],
    names: tuple[str, ...],
    given: str,
    upstream: str,
    others: str = "x",
    together: bool = False,
    tuples: Mapping[str, int] = MappingProxyType({}),
) -> Callable[[Live, list[Array], list[Array], Array | None], Any]:
    """A function that calls the backward.

    `given` says what the argument called `upstream` gets: ``cot`` (the cotangent), ``x`` (the
    input) or ``y`` (the output); in the last two cases the result is an elementwise derivative.
    Arguments whose names say nothing get the inputs, or the output where `others` is ``y``.
    With `together` the upstream argument is the tuple of all cotangents; `tuples` says which
    arguments the forward was given as tuples of so many inputs.
    """

    guessed = [
        a.name for a in args
        if a.required and is_array(a) and a.role == "value" and a.name not in {upstream, *names, *tuples}
        and plain(a.name) not in OUTPUTS and not strongly_upstream(a.name)
    ]  # fmt: skip

    def run(live: Live, cots: list[Array], arrays: list[Array], labels: Array | None) -> Any:
        by_name = dict(zip(names, arrays, strict=False))
        known: dict[str, Any] = {}
        for arg in args:
            if is_context(arg, args):
                known[arg.name] = live.memory.get("ctx")
            elif arg.name == upstream and given == "cot" and together:
                known[arg.name] = tuple(cots)
            elif arg.name == upstream:
                known[arg.name] = {"cot": cots[0], "x": arrays[0], "y": output_of(live)}[given]
            elif arg.required and arg.name in by_name:
                known[arg.name] = by_name[arg.name]
            elif arg.required and len(tuples) == 1 and tuples.get(arg.name) == len(arrays):
                known[arg.name] = tuple(arrays)
            elif arg.required and plain(arg.name) in OUTPUTS and given == "cot":
                known[arg.name] = output_of(live)
        unknown = [output_of(live)] if others == "y" else []
        spare = iter([*unknown, *([] if together else cots[1:]), *arrays, *arrays])
        positional, keys = fill(
            args, spare, labels, live.memory.get("train", True), known, updates=True
        )
        try:
            result = call_quietly(getattr(live.obj, method), *positional, seed=1, **keys)
        except Exception as error:
            if guessed or wants_an_object(upstream, error):
                raise refusal(method, guessed or [upstream], error) from error
            raise
        if given != "cot":
            return each_applied(result, cots[0]) if result is not None else None
        return with_parameter_gradients(live, result, cots[0], arrays[0])

    return run


def wants_an_object(name: str, error: Exception) -> bool:
    """Whether an argument that no name tells to be an array was asked for what only an object has."""
    asked = isinstance(error, AttributeError) and "'numpy.ndarray' object" in str(error)
    return asked and not strongly_upstream(name)


def applied(derivative: Any, cot: Array) -> Any:
    """An elementwise derivative times the cotangent; the Jacobian of every sample transposed on it."""
    if isinstance(derivative, dict):  # the gradients of a loss, by the names of its parameters
        return (
            {k: np.multiply(v, cot) for k, v in derivative.items()}
            if np.size(cot) == 1
            else derivative
        )
    if np.shape(derivative) == (*cot.shape, *cot.shape[-1:]) and cot.ndim:
        return np.einsum("...i,...ij->...j", cot, derivative)
    return derivative * cot


def each_applied(result: Any, cot: Array) -> Any:
    """The same for every derivative of a tuple; a number's cotangent scales any array."""
    if isinstance(result, tuple) and np.size(cot) == 1:
        return tuple(each_applied(r, cot) for r in result)
    return applied(result, cot)


def output_of(live: Live) -> Any:
    """The array the forward returned."""
    found = arrays_of(live.out)
    return join(found[:1]) if found else None


def with_parameter_gradients(live: Live, result: Any, cot: Array, x: Array) -> Any:
    """Parameter gradients that a second method returns (``grads_wrt_params``) joined to the first."""
    for name in PARAMETER_GRADIENTS:
        method = getattr(live.obj, name, None)
        args = [a for a in arguments(method) if a.required] if callable(method) else []
        if callable(method) and len(args) == 2:
            cot_first = strongly_upstream(args[0].name)
            extra = call_quietly(method, *((cot, x) if cot_first else (x, cot)), seed=1)
            return (result, extra) if extra is not None else result
    return result
