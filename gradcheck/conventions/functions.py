"""Plain functions: forward/backward pairs, activations with a derivative, losses with a gradient.

Parameters of a pair (``w``, ``b``) are ordinary arguments; the Op holds them as parameters so that
the same laws apply.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.conventions.calls import RATE, Calls, applied, strongly_upstream
from gradcheck.conventions.live import Live, arrays_of, call_quietly
from gradcheck.conventions.shapes import FITTING
from gradcheck.conventions.signature import Arg, arguments, choices, plain, returned_names, tree_of
from gradcheck.types import Array, Slot
from gradcheck.variants import options as other_values

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

#: Keys of option dicts, as in ``conv_param["stride"]``, and what to give them.
OPTIONS: dict[str, Any] = {
    "stride": 2, "pad": 1, "padding": 1, "pool_height": 2, "pool_width": 3, "p": 0.6, "seed": 3, "eps": 1e-5,
    "momentum": 0.9, "rate": 0.4, "alpha": 0.3, "epsilon": 1e-5, "pool_size": 2, "kernel_size": 3,
    "filter_size": 3, "keep_prob": 0.6, "dropout_rate": 0.4, "G": 2, "groups": 2,
    "f": 2, "s": 2, "k": 2, "size": 2, "window": 2, "kernel": 3, "ksize": 3, "strides": 2,
}  # fmt: skip


#: What an option dict holds that a function only hands on, by the dict's name.
HANDED_ON: dict[str, dict[str, Any]] = {
    r"conv_": {"stride": 2, "pad": 1},
    r"pool_": {"pool_height": 2, "pool_width": 2, "stride": 2},
    r"(bn|batchnorm)_": {"mode": "train", "eps": 1e-5, "momentum": 0.9},
    r"(ln|gn)_": {"eps": 1e-5},
    r"dropout_": {"mode": "train", "p": 0.6, "seed": 3},
}


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
    for name in names:  # a second backward of the same forward: batchnorm_backward_alt
        match = re.match(r"^(.+)_(?:backward|bwd)_(\w+)$", name)
        if match and name not in taken and match[1] in found:
            found[f"{match[1]}_{match[2]}"] = (found[match[1]][0], name)
    return dict(sorted(found.items(), key=lambda kv: names.index(kv[1][0])))


def is_mask(name: str) -> bool:
    """An argument that says which labels count."""
    return plain(name) in {"mask", "masks", "ymask", "labelmask", "targetmask", "lossmask"}


def options_of(function: Any, arg: str) -> dict[str, Any]:
    """An option dict with the keys the function reads from `arg`."""
    tree = tree_of(function)
    keys: list[str] = []
    for node in ast.walk(tree) if tree is not None else ():
        if not (isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == arg):
            pass
        elif isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            keys.append(node.slice.value)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in {"get", "setdefault"}
        ) and (
            getattr(node.func.value, "id", "") == arg
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            keys.append(str(node.args[0].value))
    made = {k: OPTIONS[k] for k in keys if k in OPTIONS}
    if not keys:  # handed on to other functions
        made = next((dict(v) for k, v in HANDED_ON.items() if re.match(k, arg)), {})
        keys = list(made)
    if "mode" in keys:
        made["mode"] = "train"
    return made


def is_options(function: Any, arg: Arg) -> bool:
    """Whether an argument is a dict of options."""
    return bool(options_of(function, arg.name)) or bool(
        re.search(r"param|config|opts|hparam|kwargs", arg.name)
    )


SCALARS: dict[str, Any] = {
    "stride": 2, "pad": 1, "padding": 1, "p": 0.6, "alpha": 0.3, "eps": 1e-5, "epsilon": 1e-5, "rate": 0.4,
    "poolh": 2, "poolw": 3, "poolsize": 2, "kernelsize": 3, "ph": 2, "pw": 3, "keepprob": 0.6, "slope": 0.3,
    "dropoutrate": 0.4, "droprate": 0.4, "leak": 0.3, "negativeslope": 0.3, "temperature": 1.5, "groups": 2,
    "g": 2, "delta": 1.2, "margin": 1.0, "beta": None, "axis": -1, "dropp": 0.4, "reg": 0.1,
}  # fmt: skip


def shapes_for(
    stem: str, params: list[str]
) -> Iterator[tuple[tuple[int | str, ...], list[tuple[int, ...]]]]:
    """(input shape, parameter shapes) to try for a function pair."""
    key = stem.lower()
    dense: list[Any] = [(("N", 4), {"w": (4, 5), "b": (5,)}), (("N", 4), {"w": (4, 5), "b": (1, 5)}),
                        (("N", 4), {"w": (5, 4), "b": (5,)}), (("N", 4), {"w": (5, 4), "b": (5, 1)}),
                        ((4, "N"), {"w": (5, 4), "b": (5, 1)}), ((4, "N"), {"w": (4, 5), "b": (5, 1)}),
                        (("N", 2, 4), {"w": (8, 5), "b": (5,)}), (("N", 2, 4), {"w": (4, 5), "b": (5,)}),
                        (("N", 4), {"w": (4, 5), "b": (5,), "gamma": (5,), "beta": (5,)})]  # fmt: skip
    # 7 x 9: stride 2 fits without a remainder, and gives another number of rows than of columns
    conv: list[Any] = [(("N", 2, 7, 9), {"w": (4, 2, 3, 3), "b": (4,)}), (("N", 2, 7, 8), {"w": (4, 2, 3, 3), "b": (4,)}), (("N", 7, 8, 2), {"w": (3, 3, 2, 4), "b": (4,)}),
                       (("N", 7, 8, 2), {"w": (3, 3, 2, 4), "b": (1, 1, 1, 4)}), (("N", 2, 7, 8), {"w": (4, 2, 3, 3), "b": (4, 1)}),
                       (("N", 2, 9), {"w": (4, 2, 3), "b": (4,)}),
                       (("N", 2, 7, 9), {"w": (4, 2, 3, 3), "b": (4,), "gamma": (4,), "beta": (4,)})]  # fmt: skip
    norm: list[Any] = [(("N", 4), {"w": (4,), "b": (4,)}), (("N", 4), {"w": (1, 4), "b": (1, 4)}),
                       (("N", 4, 6, 7), {"w": (4,), "b": (4,)}), (("N", 4, 6, 7), {"w": (1, 4, 1, 1), "b": (1, 4, 1, 1)}),
                       ((4, "N"), {"w": (4, 1), "b": (4, 1)})]  # fmt: skip
    rnn: list[Any] = [
        (("N", 4), {"x": ("N", 4), "prev_h": (3, 6), "h": (3, 6), "prev_c": (3, 6), "c": (3, 6), "wx": (4, 6 * k), "wh": (6, 6 * k), "b": (6 * k,)})
        for k in (1, 4, 3)
    ] + [(("N", "T", 4), {"h0": (3, 6), "prev_h": (3, 6), "h": (3, 6), "wx": (4, 6 * k), "wh": (6, 6 * k), "b": (6 * k,)}) for k in (1, 4, 3)]  # fmt: skip
    plain_shapes: list[Any] = [
        (("N", "D"), {}),
        (("N", "C", "H", "W"), {}),
        (("N", "H", "W", "C"), {}),
        (("N", "T", "D"), {}),
    ]
    order = [*dense, *norm, *conv, *rnn]
    if "conv" in key:
        order = [*conv, *order]
    elif "norm" in key or "bn" in key:
        order = [*(norm[2:] if "spatial" in key or "group" in key else []), *norm, *order]
    elif any(w in key for w in ("rnn", "lstm", "gru")):
        order = [*rnn, *order]
    if "pool" in key:
        even: list[Any] = [(("N", "C", *size), {}) for size in FITTING]
        plain_shapes = [plain_shapes[1], *even, *plain_shapes[2:], plain_shapes[0]]
    if not params:
        order = [*plain_shapes, *order]
    if any(w in key for w in ("rnn", "lstm", "gru")):
        gated = [g for g in map(gate_shape, params) if g is not None]
        double = [(*g[:-1], 2 * g[-1]) if i < 3 else g for i, g in enumerate(gated)]
        for sizes in (gated, double) if len(gated) == len(params) else ():
            yield ("N", 4), sizes
            yield ("N", "T", 4), sizes
    for shape, table in order:
        chosen = [match_shape(p, table) for p in params]
        if all(c is not None for c in chosen):
            yield shape, chosen  # type: ignore[misc]
    if params:  # operands of one shape, or of broadcasting shapes
        for shape in (("N", 4), ("N", 5, 4), ("N", "T", 4)):
            tails = itertools.product([(3, 4), (4,), (3, 5, 4), (4, 5), (3, 1)], repeat=len(params))
            yield from ((shape, list(t)) for t in itertools.islice(tails, 130))


def gate_shape(param: str) -> tuple[int, ...] | None:
    """The shape of one gate's matrix or bias: ``Wxr`` (4, 6), ``Whr`` and ``Ur`` (6, 6), ``br`` (6,)."""
    key = plain(param)
    if key.startswith("b"):
        return (6,)
    if key.startswith("u") or (key.startswith("w") and "h" in key):
        return (6, 6)
    return (4, 6) if key.startswith("w") else None


def match_shape(param: str, table: Mapping[str, tuple[int, ...]]) -> tuple[int, ...] | None:
    """The shape for an argument called `param`."""
    key = plain(param)
    if key in table:
        return table[key]
    if param in table:
        return table[param]
    if key in {
        "gamma",
        "scale",
        "weights",
        "weight",
        "kernel",
        "kernels",
        "filters",
        "f",
        "ws",
        "wgt",
    }:
        return table.get("w")
    if key in {"beta", "bias", "biases", "shift"}:
        return table.get("b")
    if len(key) <= 3 and key.startswith("w"):
        return table.get("w")
    return table.get("b") if len(key) <= 2 and key.startswith("b") else None


STATES = re.compile(
    r"^((prev|last|init|initial)_?)?(h|c|hidden|cell|state)(_?(prev|0|t|init|state|last))?$"
)


def split_arguments(forward: Any) -> tuple[list[str], list[str], dict[str, Any], bool]:
    """Input names, parameter names, fixed options, and whether there is a mode flag."""
    inputs: list[str] = []
    params: list[str] = []
    fixed: dict[str, Any] = {}
    mode = False
    for arg in arguments(forward, method=False):
        if arg.role in {"flag", "mode"} or arg.name == "ctx":
            mode = mode or arg.name != "ctx"
            continue
        if is_options(forward, arg):
            fixed[arg.name] = options_of(forward, arg.name)
            mode = mode or "mode" in fixed[arg.name]
        elif not arg.required:
            continue
        elif choices(forward, arg.name):
            fixed[arg.name] = choices(forward, arg.name)[0]
        elif not inputs or STATES.match(arg.name):
            inputs.append(arg.name)
        elif plain(arg.name) in SCALARS and SCALARS[plain(arg.name)] is not None:
            fixed[arg.name] = SCALARS[plain(arg.name)]
        else:
            params.append(arg.name)
    return inputs, params, fixed, mode


def option_sets(forward: Any, backward: Any = None) -> list[dict[str, Any]]:
    """The fixed options of a forward, then the same with one of them changed.

    A default is changed only where the backward can know of it: by an argument or by a cache.
    """
    _, _, fixed, _ = split_arguments(forward)
    sets = [fixed]
    for name, value in fixed.items():
        for key, other in OTHER_OPTIONS.items():
            if isinstance(value, dict) and key in value:
                sets.append({**fixed, name: {**value, key: other}})
            elif plain(name) == key and not isinstance(value, dict):
                sets.append({**fixed, name: other})
    for arg in arguments(forward, method=False):
        if arg.required or not knows(forward, backward, arg.name):
            continue
        if type(arg.default) is int and plain(arg.name) in OTHER_OPTIONS:
            changed = {0: 1, 1: 2}.get(arg.default, 1)
            sets.append({**fixed, arg.name: changed})
        elif type(arg.default) is str:
            others = [c for c in choices(forward, arg.name) if c != arg.default]
            sets += [{**fixed, arg.name: c} for c in others]
        elif type(arg.default) in (int, float):
            sets += [{**fixed, arg.name: v} for v in other_values(arg, arg.default)]
    return sets


def knows(forward: Any, backward: Any, option: str) -> bool:
    """Whether a backward can know an option: it takes it, or what the forward returns beside the output."""
    taken = {a.name for a in arguments(backward, method=False)} if backward is not None else set()
    return backward is None or option in taken or len(returned_names(forward)) > 1


#: What else to try for an option of a function pair.
OTHER_OPTIONS: dict[str, Any] = {"stride": 1, "pad": 0, "padding": 0}


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
        result = live.memory["result"]
        if isinstance(result, tuple) and len(result) == many + 1:
            return result[many]
        return result[many:] if isinstance(result, tuple) else result

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


def slot_for(names: list[str], shape: tuple[int | str, ...]) -> tuple[Slot, ...]:
    """The slots of a function: its first argument."""
    return tuple(Slot(n, shape) for n in names)
