"""What the option arguments of functions hold, and what else to try for them."""

from __future__ import annotations

import ast
import re
from typing import Any

from gradcheck.conventions.signature import Arg, arguments, choices, plain, returned_names, tree_of
from gradcheck.variants import options as other_values

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
    "pool": 2, "window": 2, "windowsize": 2, "ksize": 3, "size": 2,
    "dropoutrate": 0.4, "droprate": 0.4, "leak": 0.3, "negativeslope": 0.3, "temperature": 1.5, "groups": 2,
    "g": 2, "delta": 1.2, "margin": 1.0, "beta": None, "axis": -1, "dropp": 0.4, "reg": 0.1,
    "lo": -0.6, "low": -0.6, "lower": -0.6, "minval": -0.6, "minvalue": -0.6, "amin": -0.6,
    "hi": 0.9, "high": 0.9, "upper": 0.9, "maxval": 0.9, "maxvalue": 0.9, "amax": 0.9, "drop": 0.4,
}  # fmt: skip


STATES = re.compile(
    r"^((prev|last|init|initial)_?)?(h|c|s|hidden|cell|state)(_?(prev|0|t|init|state|last))?$"
    r"|^a_?(prev|0|init|last)$|^(prev|last|init)_?a$"
)


def is_state(name: str, forward: Any) -> bool:
    """Whether an argument is a recurrent state; ``s`` and ``c`` alone are in recurrent functions only."""
    called = getattr(forward, "__name__", "").lower()
    if name in {"s", "c"} and not re.search("rnn|lstm|gru|cell|step|recurrent|forward$", called):
        return False
    return STATES.match(name) is not None


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
        elif not inputs or is_state(arg.name, forward):
            inputs.append(arg.name)
        elif plain(arg.name) in SCALARS and SCALARS[plain(arg.name)] is not None:
            fixed[arg.name] = SCALARS[plain(arg.name)]
        else:
            params.append(arg.name)
    data = [p for p in params if plain(p) in DATA]
    if data and plain(inputs[0]) in WEIGHTS:  # `predict(w, X)`
        inputs[0], params = data[0], [inputs[0], *(p for p in params if p != data[0])]
    return inputs, params, fixed, mode


#: What everybody calls the data and the weights, whichever comes first.
DATA = frozenset({"x", "inputs", "input", "data", "features"})
WEIGHTS = frozenset({"w", "weights", "weight", "theta", "params", "coef"})


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


#: Names of the two sides of a window, and of its step.
SIDES, STEPS = {"poolheight", "poolwidth", "poolh", "poolw", "ph", "pw"}, {"stride", "strides"}


def plainer(fixed: dict[str, Any]) -> list[dict[str, Any]]:
    """Options that more code takes than ours: square windows that tile an image, then strides of 1.

    Shortcuts for pooling are written for windows as far apart as they are wide, and fast
    convolutions refuse a stride that leaves a remainder.
    """
    tiles = {n: tiling(v) if isinstance(v, dict) else v for n, v in fixed.items()}
    if {plain(n) for n in fixed} & SIDES:
        tiles = tiling(fixed)
    steps = {n: with_step_one(v) if isinstance(v, dict) else v for n, v in tiles.items()}
    if "pad" in fixed or "padding" in fixed:
        steps = with_step_one(tiles)
    found: list[dict[str, Any]] = []
    for options in (tiles, steps):
        if options != fixed and options not in found:
            found.append(options)
    return found


def tiling(options: dict[str, Any]) -> dict[str, Any]:
    """The same with every side of a window, and its step, 2."""
    if not {plain(k) for k in options} & SIDES:
        return options
    return {k: 2 if plain(k) in SIDES | STEPS else v for k, v in options.items()}


def with_strides_of_one(fixed: dict[str, Any]) -> dict[str, Any]:
    """All options with a convolution's step 1, under which no size is lost to a remainder."""
    return {
        n: with_step_one(v) if isinstance(v, dict) else v for n, v in with_step_one(fixed).items()
    }


def with_step_one(options: dict[str, Any]) -> dict[str, Any]:
    """The same with a convolution's step 1."""
    if not {plain(k) for k in options} & {"pad", "padding"}:
        return options
    return {k: 1 if plain(k) in STEPS else v for k, v in options.items()}
