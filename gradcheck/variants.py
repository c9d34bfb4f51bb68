"""Other configurations of an object: options on and off, other strides and paddings.

A bug in code that only runs with ``momentum=0.9`` or ``pad=0`` is invisible at the defaults.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.construct import Recipe, recipe
from gradcheck.conventions.loss_names import IGNORED
from gradcheck.conventions.signature import Arg, arguments, plain, tree_of, verbs

#: Words in an option's name -> values to try that differ from what is there.
VALUES: tuple[tuple[tuple[str, ...], tuple[Any, ...]], ...] = (
    (("stride",), (1, 2, 3)),
    (("pad",), (0, 1)),
    (("dilation",), (2,)),
    (("nesterov", "amsgrad", "centered", "bias", "affine", "scale", "shift", "average", "inclusive"), (True, False)),
    (("momentum", "rho"), (0.9,)),
    (("decay",), (0.1,)),
    (("regularizer", "regulariser", "l1", "l2", "reg", "lambda", "penalty"), (0.3,)),
    (("axis",), (-1, 1)),
)  # fmt: skip
REGULARISERS = ("regulari", "l1", "l2")
#: Options that shape a curve: a slope, a width, a temperature; also where their default is whole.
CURVES = {
    "alpha", "slope", "negativeslope", "leak", "leakage", "leakiness", "delta", "margin", "temperature", "temp",
    "beta", "gamma", "threshold", "theta",
}  # fmt: skip
CLASS_WEIGHTS = {
    "classweights",
    "classweight",
    "weightperclass",
    "weightsperclass",
    "labelweights",
    "weights",
}
#: Flags that ask for the caller's array to be overwritten: doing so is no bug.
OVERWRITING = {"inplace", "overwrite", "overwritex", "overwriteinput"}
#: Numbers that change how weights begin or how fast they are trained, not what is computed.
TRAINING = ("lr", "learn", "eta", "eps", "std", "init", "weightscale", "seed", "sigma0")
#: Options that are 0 because what they turn on is no part of the function, or is drawn at random.
OFF = (
    "clip",
    "noise",
    "jitter",
    "tol",
    "min",
    "max",
    "low",
    "high",
    "time",
    "start",
    "offset",
    "loc",
    "mean",
)
LIMIT = 5


def variants(base: Recipe, cls: Any, namespace: Mapping[str, Any]) -> Iterator[Recipe]:
    """Recipes near `base`: all regularisers on, then half of them, then one option changed at a time."""
    try:
        call = ast.parse(base.text, mode="eval").body
    except SyntaxError:
        return
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return  # a factory has arguments of its own
    args = arguments(getattr(cls, "__init__", cls))
    given = given_values(call, args)
    regularisers = {
        a.name: round(0.2 + 0.15 * i, 2) for i, a in enumerate(args) if is_off_regulariser(a)
    }
    curves = verbs(cls) is not None if isinstance(cls, type) else True  # no optimizer's constants
    texts = []
    for chosen in (regularisers, *halves(regularisers)):
        if chosen:
            texts.append(rewritten(base.text, args, chosen))
    texts += [rewritten(base.text, args, c) for c in unequal(args, given)]
    for arg in args:
        if arg.name in regularisers or (arg.required and arg.name not in given):
            continue
        current = given.get(arg.name, arg.default)
        for value in (*options(arg, current, curves), *compared_strings(cls, arg, current)):
            beside = {k: v for k, v in needed_by(arg, args, given).items() if k != arg.name}
            texts.append(rewritten(base.text, args, {arg.name: value, **beside}))
    for text in [t for t in dict.fromkeys(texts) if t and t != base.text][:LIMIT]:
        yield recipe(text, namespace)


#: What height and width of a window are called.
SIDES = (("height", "width"), ("_h$", "_w"), ("^h_", "w_"), ("^(k|p|f)h$", r"\1w"))


def unequal(args: list[Arg], given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A window of two sides, where both are the same by default: ``pool_w=3``, ``kernel=(3, 2)``."""
    values = {a.name: given.get(a.name, a.default) for a in args}
    for name, value in values.items():
        for high, wide in SIDES:
            other = re.sub(high, wide, name)
            same = type(value) is int and value > 1 and values.get(other) == value
            if other != name and same and not re.search("stride|pad|in|image|img", name):
                yield {other: value + 1}
                return
        square = isinstance(value, tuple) and len(value) == 2 and value[0] == value[1] != 1
        sized = re.search("kernel|pool|window|filter|^k", name) and not re.search(
            "stride|pad", name
        )
        if square and type(value[0]) is int and sized:
            yield {name: (value[0], value[1] - 1)}
            return


def needed_by(arg: Arg, args: list[Arg], given: Mapping[str, Any]) -> dict[str, Any]:
    """What must be on for an option to mean anything: Nesterov's step is the plain one without momentum."""
    if not plain(arg.name).endswith(("nesterov", "dampening")):
        return {}
    off = [a for a in args if plain(a.name) in {"momentum", "mu", "beta"}]
    return {a.name: 0.9 for a in off if given.get(a.name, a.default) in (0, 0.0)}


def halves(given: Mapping[str, float]) -> tuple[dict[str, float], ...]:
    """Of L1 and L2 of weights and biases, one of each kind and one for each: one may ask for another."""
    if len(given) < 2:
        return ()
    second = {k: v for i, (k, v) in enumerate(given.items()) if (i ^ (i >> 1)) & 1}
    return second, {k: v for k, v in given.items() if k not in second}


def is_off_regulariser(arg: Arg) -> bool:
    """An L1/L2 strength that is 0 by default."""
    key = plain(arg.name)
    return (
        not arg.required
        and arg.default in (0, 0.0)
        and type(arg.default) in (int, float)
        and any(w in key for w in REGULARISERS)
    )


def options(arg: Arg, current: Any, curves: bool = True) -> Iterator[Any]:
    """Values worth trying for one argument beside the current one; `curves` says whether of any number."""
    key = plain(arg.name)
    if current is None and not arg.required and key in CLASS_WEIGHTS:
        yield [0.5, 1.5, 2.0, 0.7]
        return
    if current is None and not arg.required and key in IGNORED:
        yield 1
        return
    if current is None and not arg.required and key in {"stride", "strides"}:
        yield 1
        return
    if type(current) is bool and not arg.required and arg.flag is None:
        if key not in OVERWRITING:
            yield not current
        return
    for names, values in VALUES:
        if any(n in key for n in names):
            for value in values:
                numeric = type(current) in (int, float) and type(value) is not bool
                if value != current and (numeric or type(value) is type(current)):
                    yield value
            return
    if not curves and current in (0, 1) and re.search("keep|drop", key):
        yield 0.6  # a model that drops no units by default
    if curves and (key in CURVES or not any(w in key for w in TRAINING)):
        yield from other_number(key, current)


def other_number(key: str, current: Any) -> Iterator[float]:
    """A number unlike the current one, of its size: for slopes, widths, rates and temperatures.

    A constant that backward has hard-coded is invisible while the option has its default value.
    """
    counted = type(current) is int and key in CURVES and current > 0
    off = type(current) is float and current == 0 and not any(w in key for w in OFF)
    if not counted and not off and not (type(current) is float and current >= 1e-3):
        return
    value = 0.35 if current <= 1 else round(1.7 * current, 3)
    yield value if value != current else 0.45


def compared_strings(cls: Any, arg: Arg, current: Any) -> list[str]:
    """Other strings that the class compares a string option with: ``reduction == "sum"``."""
    tree = tree_of(cls) if isinstance(current, str) else None
    found: list[str] = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Compare) and arg.name in ast.unparse(node.left):
            for constant in ast.walk(node):
                value = getattr(constant, "value", None)
                if isinstance(constant, ast.Constant) and isinstance(value, str):
                    found.append(value)
    return [v for v in dict.fromkeys(found) if v != current]


def constructor_options(cls: Any, text: str) -> dict[str, Any]:
    """The literal arguments of a constructor call given as text, and the defaults of the rest."""
    args = arguments(getattr(cls, "__init__", cls))
    defaults = {a.name: a.default for a in args if not a.required}
    try:
        call = ast.parse(text, mode="eval").body
    except SyntaxError:
        return defaults
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return defaults  # a class method has arguments of its own
    return defaults | given_values(call, args)


def given_values(call: ast.Call, args: list[Arg]) -> dict[str, Any]:
    """The literal arguments of a call, by name."""
    found: dict[str, Any] = {}
    pairs = [
        *zip([a.name for a in args], call.args, strict=False),
        *((k.arg, k.value) for k in call.keywords),
    ]
    for name, node in pairs:
        try:
            found[str(name)] = ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError):
            found[str(name)] = None
    return found


def rewritten(text: str, args: list[Arg], changes: Mapping[str, Any]) -> str:
    """The call with some arguments changed or added."""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    names = [a.name for a in args]
    for name, value in changes.items():
        node = ast.parse(repr(value), mode="eval").body
        position = names.index(name)
        if position < len(call.args):
            call.args[position] = node
            continue
        call.keywords = [k for k in call.keywords if k.arg != name]
        call.keywords.append(ast.keyword(arg=name, value=node))
    return ast.unparse(call)
