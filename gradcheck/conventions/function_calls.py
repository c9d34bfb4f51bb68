"""How a forward/backward pair of plain functions is called: the readings of its backward."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.conventions.argument_roles import strongly_upstream
from gradcheck.conventions.caches import is_cache, left_behind, local
from gradcheck.conventions.calls import Calls, each_applied
from gradcheck.conventions.function_options import split_arguments
from gradcheck.conventions.live import Live, arrays_of, call_quietly
from gradcheck.conventions.signature import Arg, arguments, plain
from gradcheck.conventions.stand_ins import RATE
from gradcheck.types import Array

UPSTREAM = re.compile(r"^(d[a-z]+|grad.*|delta|upstream|g)$")
DERIVATIVE_OF = re.compile(r"^(d[a-z]+|grad.*|delta|upstream)$")
OUTPUT = {"y", "out", "output", "a", "s", "activation", "z"}


@dataclass(frozen=True)
class Pair:
    """A forward and a backward function, and what their arguments are given.

    Attributes
    ----------
    names
        The forward's arguments that are inputs.
    fixed
        Arguments of both that hold options.
    f_args, b_args
        The forward's arguments, and those of the backward that it needs.
    optional
        Names of the backward's other arguments.
    marked
        The backward's arguments whose names say that they are upstream gradients.
    """

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    f_args: list[Arg]
    b_args: list[Arg]
    optional: list[str]
    marked: list[str]

    @property
    def outputs(self) -> int:
        """How many outputs the forward has."""
        return max(1, len(self.marked))

    def run_forward(
        self, live: Live, arrays: list[Array], labels: Array | None, train: bool
    ) -> Any:
        given: dict[str, Any] = dict(zip(self.names, arrays, strict=True)) | live.args
        given |= self.options(live, train)
        live.memory["given"] = given
        for arg in self.f_args:
            if arg.role == "flag":
                given[arg.name] = train if arg.flag else not train
            elif arg.role == "mode":
                given[arg.name] = "train" if train else "test"
        names = [a.name for a in self.f_args if a.name in given]
        result = call_quietly(self.forward, **{a: given[a] for a in names})
        live.memory["result"] = result
        if self.outputs > 1 and isinstance(result, tuple):
            return result[: self.outputs]
        return result[0] if isinstance(result, tuple) and result else result

    def options(self, live: Live, train: bool) -> dict[str, Any]:
        """The options of a call; running statistics are kept in a dict for all calls of an object."""
        given = dict(self.fixed)
        for key, value in self.fixed.items():
            if isinstance(value, dict):
                held = given[key] = live.memory.setdefault(f"options {key}", dict(value))
                if "mode" in value:
                    held["mode"] = "train" if train else "test"
        return given

    def cache(self, live: Live) -> Any:
        """What the forward left for the backward."""
        return left_behind(live, self.forward, self.outputs)

    def without_upstream(
        self, live: Live, cots: list[Array], arrays: list[Array], labels: Array | None
    ) -> Any:
        return local(call_quietly(self.backward, self.cache(live), seed=1), np.asarray(cots[0]))

    def backward_reading(
        self, first: str
    ) -> Callable[[Live, list[Array], list[Array], Array | None], Any]:
        """The backward called with the cotangent, the input or the output as first argument."""

        def run(live: Live, cots: list[Array], arrays: list[Array], labels: Array | None) -> Any:
            output = np.asarray(arrays_of(live.out)[0])
            args: list[Any] = [{"cot": cots[0], "x": arrays[0], "y": output}[first]]
            for arg in self.b_args[1:]:
                if arg.name in self.marked and len(cots) > 1:
                    args.append(cots[self.marked.index(arg.name)])
                else:
                    args.append(self.by_role(arg.name, live, cots[0], output))
            own = {a: self.fixed[a] for a in self.optional if a in self.fixed}
            if len(self.b_args) == 0:
                return call_quietly(self.backward, seed=1, **own)
            result = call_quietly(self.backward, *args, seed=1, **own)
            upstream = first == "cot" or any(a is cots[0] for a in args)
            return result if upstream else each_applied(result, cots[0])

        return run

    def by_role(self, name: str, live: Live, cot: Array, output: Array) -> Any:
        """What an argument of the backward gets, by its name."""
        given, cached, key = live.memory["given"], self.cache(live), plain(name)
        if name in given:
            return given[name]
        if UPSTREAM.match(key) and key not in {"data", "dim"}:
            return cot
        if key in OUTPUT and not isinstance(cached, (tuple, dict)):
            return output
        return RATE if key in {"lr", "learningrate", "eta"} else cached


def pair_of(
    forward: Any, backward: Any, options: Mapping[str, Any] | None, inputs: Sequence[str]
) -> tuple[Pair, bool]:
    """The pair with its arguments sorted, and whether the forward has a training mode."""
    own, _, fixed, mode = split_arguments(forward)
    names = tuple(inputs) or tuple(own)
    theirs = arguments(backward, method=False)
    b_args = [a for a in theirs if a.required and a.role not in {"flag", "mode"}]
    pair = Pair(
        forward=forward,
        backward=backward,
        names=names,
        fixed=fixed if options is None else dict(options),
        f_args=arguments(forward, method=False),
        b_args=b_args,
        optional=[a.name for a in theirs if not a.required],
        marked=[a.name for a in b_args if strongly_upstream(a.name) and a.name not in names],
    )
    return pair, mode


def function_calls(
    forward: Any,
    backward: Any,
    options: Mapping[str, Any] | None = None,
    inputs: Sequence[str] = (),
) -> Iterator[Calls]:
    """The readings of a pair of functions, most likely first."""
    pair, mode = pair_of(forward, backward, options, inputs)

    def reading(backward_call: Callable[..., Any], text: str = "") -> Calls:
        return Calls(
            pair.run_forward,
            backward_call,
            names=pair.names,
            has_mode=mode,
            forward_function=forward,
            backward_function=backward,
            reading=text and f"{backward.__name__} {text}",
        )

    b_args = pair.b_args
    if len(b_args) == 1 and is_cache(b_args[0].name):
        text = "takes no upstream gradient: derivatives of the output's entries"
        yield reading(pair.without_upstream, text)
        return
    first = plain(b_args[0].name) if b_args else ""
    upstream = reading(pair.backward_reading("cot"))
    at_input = reading(pair.backward_reading("x"), "is the elementwise derivative at the input")
    text = "is the elementwise derivative written in the output"
    at_output = reading(pair.backward_reading("y"), text)
    theirs, own = ([a.name for a in given if a.required] for given in (b_args, pair.f_args))
    if len(b_args) > 1 and theirs == own:
        yield at_input  # it takes what forward takes: there is no place for an upstream gradient
    elif len(b_args) == 1 and not DERIVATIVE_OF.match(first):
        yield from (at_input, at_output, upstream)
    elif first in {plain(n) for n in pair.names} and len(b_args) > 1:
        yield from (at_input, upstream)
    elif len(b_args) > 1 and (strongly_upstream(b_args[0].name) or b_args[0].name == "dA"):
        yield upstream  # a backward that ignores it is wrong, not a derivative
    else:
        yield from (upstream, at_input, at_output)
