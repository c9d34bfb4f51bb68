"""How one object's two methods are called: every argument filled by its role."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from gradcheck.conventions.guessed import refusal
from gradcheck.conventions.live import Live, arrays_of, call_quietly, join
from gradcheck.conventions.signature import (
    PENALTIES,
    PREDICTIONS,
    UPSTREAM,
    Arg,
    arguments,
    plain,
    unpacked,
)
from gradcheck.types import Array

#: The step size handed to a backward that updates its own parameters.
RATE = 0.5
OPTIMIZER_NAMES = {"optimizer", "optim", "opt", "optimiser", "updater"}
CONTEXT_NAMES = {"ctx", "context"}
OUTPUTS = {"output", "outputs", "out", "y", "a", "activation", "activations", "z", "yhat", "result"}
PARAMETER_GRADIENTS = (
    "grads_wrt_params", "param_grads", "get_param_grads", "parameter_gradients", "compute_param_grads",
    "gradients_wrt_params", "backward_params", "backward_param", "calc_gradients", "compute_gradients",
)  # fmt: skip


class Context:
    """The ``ctx`` of a Function written in PyTorch's style: it remembers what it is given."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad = (True,) * 8

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for the backward."""
        self.saved_tensors = tensors

    def __getattr__(self, name: str) -> tuple[Any, ...]:
        """Other spellings of `saved_tensors`: ``saved``, ``saved_values``, ``saved_variables``."""
        if not name.startswith("saved"):
            raise AttributeError(f"ctx has no attribute {name!r}: forward did not set it")
        return self.__dict__["saved_tensors"]  # type: ignore[no-any-return]


class Recorder:
    """An optimizer to hand to a backward: plain gradient descent with a known step size.

    `seen` holds the parameters and gradients it was given since it was last cleared: a backward
    that leaves the update to an optimizer that edits in place ignores what `update` returns.
    """

    seen: ClassVar[list[tuple[Any, Any]]] = []

    def __init__(self) -> None:
        self.lr = self.learning_rate = RATE

    def update(self, first: Any, second: Any, *rest: Any) -> Any:
        """``w - RATE * gradient``; dicts are updated in place."""
        if isinstance(first, str) and rest:
            first, second = second, rest[0]
        many = isinstance(first, (list, tuple))
        Recorder.seen += list(zip(first, second, strict=True)) if many else [(first, second)]
        if isinstance(first, dict):
            for key in first:
                first[key] = first[key] - RATE * second[key]
            return first
        if isinstance(first, (list, tuple)):
            return [w - RATE * g for w, g in zip(first, second, strict=True)]
        return np.asarray(first) - RATE * np.asarray(second)

    __call__ = step = apply = get_update = update


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


def fill(
    args: list[Arg], values: Iterator[Any], labels: Any, train: bool, known: Mapping[str, Any],
    updates: bool = False,
) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
    """Positional and keyword arguments of a call, each by its role.

    One that `updates` is told its step size also where it has a default for it.
    """
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for arg in args:
        if arg.name in known:
            value: Any = known[arg.name]
        elif arg.role == "flag":
            value = train if arg.flag else not train
        elif arg.role == "mode":
            value = "train" if train else "test"
        elif arg.role == "rate" and (arg.required or (updates and type(arg.default) is float)):
            value = RATE
        elif not arg.required:
            continue
        elif is_strength(arg):
            value = 0.0
        elif plain(arg.name) in OPTIMIZER_NAMES:
            value = Recorder()
        elif arg.role == "labels" and labels is not None:
            value = labels
        else:
            value = next(values, None)
        if arg.keyword_only or not arg.required or keywords:
            keywords[arg.name] = value
        else:
            positional.append(value)
    return positional, keywords


def set_mode(obj: Any, train: bool) -> bool:
    """Switch an object between training and evaluation by method or attribute, if it has one."""
    on, off = getattr(obj, "train", None), getattr(obj, "eval", None)
    if callable(on) and callable(off):
        method = on if train else off
        if not [a for a in arguments(method) if a.required]:
            method()
            return True
    for name, value in list(vars(obj).items()) if hasattr(obj, "__dict__") else ():
        if isinstance(value, bool):
            flag = Arg(name, False, True).flag
            if flag is not None:
                setattr(obj, name, train if flag else not train)
                return True
    return False


def class_calls(cls: type, forward: str, backward: str) -> Iterator[Calls]:
    """The readings of a class's two methods, most likely first."""
    f_args = arguments(getattr(cls, forward))
    inputs = [a.name for a in f_args if a.required and is_array(a)]
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


def is_array(arg: Arg) -> bool:
    """Whether an argument carries an array of the computation."""
    key = plain(arg.name)
    named = key in OPTIMIZER_NAMES or key in CONTEXT_NAMES or is_strength(arg)
    return arg.role in {"value", "labels"} and not named


def is_strength(arg: Arg) -> bool:
    """Whether an argument is the strength of a penalty."""
    return strength_name(arg.name)


@functools.lru_cache(maxsize=1024)
def strength_name(name: str) -> bool:
    """Whether a name means the strength of a penalty."""
    words = set(re.split(r"[_\d]+", name.lower()))
    return plain(name) in PENALTIES or bool(words & (PENALTIES - {"decay"}))


def strongly_upstream(name: str) -> bool:
    """A name that can only mean an upstream gradient."""
    return (
        bool(UPSTREAM.match(name)) and plain(name) not in {"data", "d", "g", "dim", "da"} | OUTPUTS
    )


def upstream_argument(required: list[Arg], names: tuple[str, ...]) -> str | None:
    """Which argument of a backward is the upstream gradient, as far as names tell."""
    marked = [a.name for a in required if a.name not in names and strongly_upstream(a.name)]
    return marked[0] if marked else None


def forward_caller(
    method: str, args: list[Arg], has_mode: bool, counts: Sequence[int] = ()
) -> Callable[..., Any]:
    """A function that calls the forward; `counts` says how many arrays each input is a tuple of."""
    context = [a.name for a in args if plain(a.name) in CONTEXT_NAMES]

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
            if plain(arg.name) in CONTEXT_NAMES:
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
