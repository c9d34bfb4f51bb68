"""Plain functions: forward/backward pairs, activations with a derivative, losses with a gradient.

Parameters of a pair (``w``, ``b``) are ordinary arguments; the Op holds them as parameters so that
the same laws apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions.caches import is_cache, left_behind, local
from gradcheck.conventions.calls import RATE, Calls, applied, strongly_upstream
from gradcheck.conventions.function_options import split_arguments
from gradcheck.conventions.live import Live, arrays_of, call_quietly
from gradcheck.conventions.signature import arguments, plain
from gradcheck.types import Array

#: (pattern of the forward's name, patterns of the backward's); ``{}`` is the common stem.
PAIRS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("{}_forward", ("{}_backward", "{}_back", "{}_bwd", "{}_grad")),
    ("{}_fwd", ("{}_bwd", "{}_backward")),
    ("forward_{}", ("backward_{}",)),
    ("{}_forward_{}", ("{}_backward_{}",)),
    ("{}Forward", ("{}Backward",)),
    ("{}_fprop", ("{}_bprop",)),
    ("{}_loss", ("{}_loss_grad", "{}_loss_backward", "{}_grad", "{}_loss_gradient", "{}_loss_derivative",
                 "{}_loss_prime")),
    ("{}", ("{}_backward", "{}_derivative", "{}_prime", "{}_grad", "{}_gradient", "d_{}", "d{}", "{}_deriv",
            "grad_{}", "{}_der", "{}_back", "{}_d", "{}Derivative", "{}_bwd", "backward_{}", "derivative_{}",
            "{}Backward", "{}_p", "deriv_{}", "{}_vjp", "{}Prime", "{}Gradient", "{}Grad")),
)  # fmt: skip


#: Verbs of a whole network that have no stem in common.
WHOLE: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (f, ("backward", "backprop", "back_prop", "backward_prop", "backward_pass", "back_propagation", "backpropagation",
         "backward_propagation", "back_propagate", "backpropagate", "backward_propagate"))
    for f in ("forward", "forward_pass", "forward_prop", "forward_propagation", "feedforward", "feed_forward",
              "forward_propagate", "forwardprop", "forward_step", "model_forward", "forwardpropagation")
)  # fmt: skip


def pairs(names: list[str]) -> dict[str, tuple[str, str]]:
    """``stem -> (forward, backward)`` for the function names of a file, in their order."""
    found: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    have = set(names)
    for pattern, backs in PAIRS:
        regex = re.compile("^" + pattern.replace("{}", "(.+)", 1).replace("{}", "(.+)") + "$")
        for name in names:
            match = regex.match(name)
            if not match or name in taken:
                continue
            for back in backs:
                other = back
                for group in match.groups():
                    other = other.replace("{}", group, 1)
                if other in have and other != name and other not in taken:
                    stem = match.group(1)
                    whole = "_".join(match.groups())
                    found[next(s for s in (stem, whole, name) if s not in found)] = (name, other)
                    taken |= {name, other}
                    break
    for one, others in WHOLE:
        mine = [o for o in others if o in have - taken]
        if one in have - taken and mine:
            found[one] = (one, mine[0])
            taken |= {one, mine[0]}
    for name in names:  # a second backward of the same forward: batchnorm_backward_alt
        match = re.match(r"^(.+)_(?:backward|bwd)_(\w+)$", name)
        if match and name not in taken and match[1] in found:
            found[f"{match[1]}_{match[2]}"] = (found[match[1]][0], name)
    return dict(sorted(found.items(), key=lambda kv: names.index(kv[1][0])))


def function_calls(
    forward: Any,
    backward: Any,
    options: Mapping[str, Any] | None = None,
    inputs: Sequence[str] = (),
) -> Iterator[Calls]:
    """The readings of a pair of functions, most likely first."""
    own, _, fixed, mode = split_arguments(forward)
    fixed = fixed if options is None else dict(options)
    names = tuple(inputs) or tuple(own)
    f_args = arguments(forward, method=False)
    b_args = [
        a
        for a in arguments(backward, method=False)
        if a.required and a.role not in {"flag", "mode"}
    ]

    optional = [a.name for a in arguments(backward, method=False) if not a.required]

    marked = [a.name for a in b_args if strongly_upstream(a.name) and a.name not in names]
    many = max(1, len(marked))

    def run_forward(live: Live, arrays: list[Array], labels: Array | None, train: bool) -> Any:
        given: dict[str, Any] = dict(zip(names, arrays, strict=True)) | live.args
        for key, value in fixed.items():
            if not isinstance(value, dict):
                given[key] = value
                continue
            # one dict for all calls of an object: running statistics are kept in it
            held = live.memory.setdefault(f"options {key}", dict(value))
            if "mode" in value:
                held["mode"] = "train" if train else "test"
            given[key] = held
        live.memory["given"] = given
        args = []
        for arg in f_args:
            if arg.role == "flag":
                given[arg.name] = train if arg.flag else not train
            elif arg.role == "mode":
                given[arg.name] = "train" if train else "test"
            if arg.name in given:
                args.append(arg.name)
        result = call_quietly(forward, **{a: given[a] for a in args})
        live.memory["result"] = result
        if many > 1 and isinstance(result, tuple):
            return result[:many]
        return result[0] if isinstance(result, tuple) and result else result

    def cache(live: Live) -> Any:
        return left_behind(live, forward, many)

    def without_upstream(
        live: Live, cots: list[Array], arrays: list[Array], labels: Array | None
    ) -> Any:
        return local(call_quietly(backward, cache(live), seed=1), np.asarray(cots[0]))

    def backward_reading(
        first: str,
    ) -> Callable[[Live, list[Array], list[Array], Array | None], Any]:
        def run(live: Live, cots: list[Array], arrays: list[Array], labels: Array | None) -> Any:
            given = live.memory["given"]
            output = np.asarray(arrays_of(live.out)[0])
            args: list[Any] = []
            spare = {"cot": cots[0], "x": arrays[0], "y": output}
            args.append(spare[first])
            for arg in b_args[1:]:
                if arg.name in marked and len(cots) > 1:
                    args.append(cots[marked.index(arg.name)])
                    continue
                args.append(by_role(arg.name, given, cache(live), cots[0], output, live))
            own = {a: fixed[a] for a in optional if a in fixed}
            if len(b_args) == 0:
                return call_quietly(backward, seed=1, **own)
            result = call_quietly(backward, *args, seed=1, **own)
            upstream = first == "cot" or any(a is cots[0] for a in args)
            return result if upstream else applied(result, cots[0])

        return run

    def by_role(
        name: str, given: Mapping[str, Any], cached: Any, cot: Array, output: Array, live: Live
    ) -> Any:
        if name in given:
            return given[name]
        key = plain(name)
        if re.match(r"^(d[a-z]+|grad.*|delta|upstream|g)$", key) and key not in {"data", "dim"}:
            return cot
        if key in {"y", "out", "output", "a", "s", "activation", "z"} and not isinstance(
            cached, (tuple, dict)
        ):
            return output
        if key in {"lr", "learningrate", "eta"}:
            return RATE
        return cached

    common: dict[str, Any] = {
        "names": names,
        "has_mode": mode,
        "forward_function": forward,
        "backward_function": backward,
    }
    if len(b_args) == 1 and is_cache(b_args[0].name):
        text = (
            f"{backward.__name__} takes no upstream gradient: derivatives of the output's entries"
        )
        yield Calls(run_forward, without_upstream, **common, reading=text)
        return
    first = plain(b_args[0].name) if b_args else ""
    upstream = Calls(run_forward, backward_reading("cot"), **common)
    at_input = Calls(
        run_forward,
        backward_reading("x"),
        **common,
        reading=f"{backward.__name__} is the elementwise derivative at the input",
    )
    at_output = Calls(
        run_forward,
        backward_reading("y"),
        **common,
        reading=f"{backward.__name__} is the elementwise derivative written in the output",
    )
    derivative = len(b_args) == 1 and not re.match(r"^(d[a-z]+|grad.*|delta|upstream)$", first)
    if derivative:
        yield from (at_input, at_output, upstream)
    elif first in {plain(n) for n in names} and len(b_args) > 1:
        yield from (at_input, upstream)
    else:
        yield from (upstream, at_input, at_output)


def parameter_maker(params: list[str], shapes: list[tuple[int, ...]]) -> Callable[[], Live]:
    """A maker of Live objects that hold a function's parameters."""

    def make() -> Live:
        rng = np.random.default_rng(5)
        return Live(args={p: cases.numbers(rng, s) for p, s in zip(params, shapes, strict=True)})

    return make
