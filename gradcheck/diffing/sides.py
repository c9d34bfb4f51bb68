"""The two sides of a comparison: built alike, and given the same numbers.

The reference is a target like any other (``gradcheck_reference.nnfs:Layer_Dense``,
``file.py::Name``). Without one, the class of the same role is looked for among the references:
the nearest by name whose forward gives the same values, else the nearest by name.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import run, targets
from gradcheck.conventions import Refused, ops_for
from gradcheck.conventions.places import norm
from gradcheck.conventions.recognise import Planned
from gradcheck.conventions.signature import plain
from gradcheck.types import Array, Op, Primals

#: Modules whose classes are references, the first that fits wins.
REFERENCES = ("gradcheck_reference.nnfs", "gradcheck_reference.fish")

#: How alike two names have to be, from 0 to 1, where the forwards do not settle it.
ALIKE = 0.75

#: How many references are tried for one class; each costs about a tenth of a second.
NEAREST = 30

#: And these, whatever the class is called.
USUAL = (
    "Layer_Dense", "Activation_ReLU", "Activation_Sigmoid", "Activation_Softmax", "Activation_Tanh",
    "Loss_CategoricalCrossentropy", "Loss_BinaryCrossentropy", "Loss_MeanSquaredError",
    "Optimizer_SGD", "Convolution", "SoftmaxWithLoss",
)  # fmt: skip

_DROPPED = ("layer", "activation", "loss", "optimizer", "optimiser", "function", "my")
_SAME_ROLE = {
    "affine": "dense", "linearlayer": "dense", "fullyconnected": "dense", "fc": "dense",
    "logistic": "sigmoid", "bce": "binarycrossentropy", "cce": "categoricalcrossentropy",
    "crossentropy": "categoricalcrossentropy", "mse": "meansquarederror",
    "mae": "meanabsoluteerror", "softmaxwith": "softmaxcategoricalcrossentropy",
    "softmaxcrossentropy": "softmaxcategoricalcrossentropy", "conv": "convolution",
    "conv2d": "convolution", "batchnorm": "batchnormalization", "gradientdescent": "sgd",
    "maxpool": "pooling", "maxpooling": "pooling", "svm": "multiclasshinge",
}  # fmt: skip
_SAME_SETTING = {"lr": "learningrate", "eta": "learningrate", "eps": "epsilon", "rho": "decayrate"}


@dataclass(frozen=True)
class Side:
    """One object of a comparison: how it is called, and the Op it became."""

    text: str
    op: Op


class NoReference(Exception):
    """There is nothing to compare with; the text says what was looked for and the next step."""


def role_name(name: str) -> str:
    """A class name without decoration, in the words of the references.

    Examples
    --------
    >>> role_name("Layer_Dense"), role_name("Affine"), role_name("MyConv2D")
    ('dense', 'dense', 'convolution')
    """
    key = plain(name)
    for word in _DROPPED:
        shorter = key.replace(word, "")
        key = shorter or key
    return _SAME_ROLE.get(key, key)


def likeness(a: str, b: str) -> float:
    """How alike the roles of two names are, from 0 to 1."""
    return difflib.SequenceMatcher(None, role_name(a), role_name(b)).ratio()


def settings(obj: Any, built: str) -> dict[str, str]:
    """What an object was built with: arguments by plain name, as source text.

    Defaults are included, a dict of options (``conv_param={'stride': 2}``) is opened, and what is
    no literal is left out.
    """
    call = _call_of(built)
    try:
        parameters = list(inspect.signature(obj).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    if not isinstance(call, ast.Call):
        return {}
    given = {p.name: repr(p.default) for p in parameters if p.default is not p.empty}
    names = [p.name for p in parameters]
    given |= {n: ast.unparse(a) for n, a in zip(names, call.args, strict=False)}
    given |= {k.arg: ast.unparse(k.value) for k in call.keywords if k.arg}
    for value in list(given.values()):
        options = _literal(value)
        if isinstance(options, dict):
            given |= {str(k): repr(v) for k, v in options.items()}
    return {setting_name(k): v for k, v in given.items() if _literal(v) is not _NO}


def _call_of(built: str) -> ast.expr | None:
    """The call in a text such as ``conv_forward(x, w(4, 2), conv_param={'pad': 1})``, or None."""
    try:
        return ast.parse(built, mode="eval").body
    except SyntaxError:
        return None


def setting_name(name: str) -> str:
    """The name of a constructor argument in the words of the references."""
    return _SAME_SETTING.get(plain(name), plain(name))


_NO = object()


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _NO


def _parameter_names(obj: Any) -> list[str]:
    try:
        return list(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return []


def calls_alike(name: str, obj: Any, mine: Op) -> Iterator[str | None]:
    """Ways to build `obj` with the settings of `mine`, best first; None stands for any way."""
    known = settings(mine.obj, mine.built)
    try:
        parameters = list(inspect.signature(obj).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    found = {
        p.name: known[setting_name(p.name)] for p in parameters if setting_name(p.name) in known
    }
    missing = [
        p for p in parameters
        if p.default is p.empty and p.name not in found and p.kind is p.POSITIONAL_OR_KEYWORD
    ]  # fmt: skip
    if found and not missing:
        defaults = {p.name: repr(p.default) for p in parameters}
        said = [f"{k}={v}" for k, v in found.items() if defaults[k] != v]
        yield f"{name}({', '.join(said)})"
    if "(" in mine.built:
        yield f"{name}({mine.built.partition('(')[2]}"
    yield None


def find_reference() -> None:
    """Make ``gradcheck_reference`` importable in a checkout that is not installed."""
    checkout = Path(__file__).parents[2] / "reference"
    if importlib.util.find_spec("gradcheck_reference") is None and checkout.is_dir():
        sys.path.append(str(checkout))


def references(name: str, convention: str = "") -> list[str]:
    """The references nearest to a name, the nearest first; of equals, the same style."""
    find_reference()
    found = [(module, n) for module in REFERENCES for n in importlib.import_module(module).__all__]

    def far(entry: tuple[str, str]) -> tuple[float, bool]:
        return -likeness(name, entry[1]), not entry[0].endswith(f".{convention}")

    ranked = sorted(found, key=far)
    usual = [entry for entry in ranked[NEAREST:] if entry[1] in USUAL]
    return [f"{module}:{n}" for module, n in (*ranked[:NEAREST], *usual)]


def comparable(mine: str, other: str) -> bool:
    """Whether two kinds can be laid side by side; a pair of functions may be anything."""
    steps = {"optimizer"}
    maps = {"layer", "activation", "function", "loss"}
    return mine == other or (mine in maps and other in maps) or {mine, other} <= steps


def load_side(text: str, mine: Op, init: str | None = None) -> Iterator[Side]:
    """The object of a target, built as alike to `mine` as can be; every way that works.

    Raises
    ------
    NoReference
        The target cannot be loaded, or holds nothing of that name that can be built.
    """
    find_reference()
    try:
        target = targets.parse(text)[0]
        if target.name is None:
            target = targets.parse(f"{text}{':' if target.module else '::'}{mine.name}")[0]
        loaded = targets.load(target)
    except targets.TargetError as error:
        raise NoReference(str(error)) from error
    planned = next((p for p in run.plan(loaded) if target.name in run.aliases(p)), None)
    if planned is None or planned.reason:
        reason = planned.reason if planned else "not a class or function pair with a backward"
        raise NoReference(f"{target}: {reason}")
    labelled = planned.kind != "loss" or mine.labels is not None
    if not comparable(mine.kind, planned.kind) or not labelled:
        raise NoReference(f"{target} is of kind {planned.kind}, {mine.name} of kind {mine.kind}")
    alike = calls_alike(planned.name, loaded.namespace.get(planned.name), mine)
    ways = [init] if init else list(dict.fromkeys(alike))
    last, built = "", False
    for way in ways:
        try:
            op = _built(loaded, planned, way)
        except (Refused, SyntaxError, NameError) as refusal:
            last = str(refusal)
            continue
        built = True
        if way is None and (call := with_options(op, mine)):
            with contextlib.suppress(Refused, SyntaxError, NameError):
                yield Side(str(target), _built(loaded, planned, call))
        yield Side(str(target), op)
    if not built:
        raise NoReference(f"{target}: {last}")


def _built(loaded: targets.Loaded, planned: Planned, init: str | None) -> Op:
    options = run.Options(init=(init,) if init else ())
    return ops_for(run.source_of(loaded, planned, options), planned.kind)[0]


def with_options(op: Op, mine: Op) -> str:
    """The call that built `op` with the options of `mine` added, or "" where there are none."""
    known, given = settings(mine.obj, mine.built), settings(op.obj, op.built)
    names = {setting_name(p): p for p in _parameter_names(op.obj)}
    added = {names[k]: v for k, v in known.items() if k in names and given.get(k, v) != v}
    if not added or not op.built.endswith(")"):
        return ""
    return f"{op.built[:-1]}, {', '.join(f'{k}={v}' for k, v in added.items())})"


# ---- the same numbers on both sides -------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    """How one primal of mine becomes one of the reference: its name there, its shape, turned."""

    name: str
    shape: tuple[int, ...]
    turned: bool = False

    def there(self, array: Array) -> Array:
        """My array as the reference wants it."""
        return np.array(array.T if self.turned else array).reshape(self.shape)

    def back(self, array: Array, mine: tuple[int, ...]) -> Array:
        """A gradient of the reference as mine has it; as it is where the sizes differ."""
        array = np.asarray(array)
        array = array.T if self.turned else array
        return array.reshape(mine) if array.size == int(np.prod(mine)) else array


def fit(mine: Op, reference: Op, primals: Primals) -> dict[str, Fit]:
    """Match inputs by position, and parameters by shape and name.

    Parameters
    ----------
    primals
        The inputs and parameters of `mine`.

    Raises
    ------
    NoReference
        The numbers of inputs differ, or a parameter has no counterpart.
    """
    inputs = [s.name for s in mine.slots]
    if len(inputs) != len(reference.slots):
        raise NoReference(
            f"{mine.name} has {len(inputs)} inputs, {reference.name} has {len(reference.slots)}"
        )
    fits = {a: Fit(b.name, primals[a].shape) for a, b in zip(inputs, reference.slots, strict=True)}
    free = dict(reference.parameters(reference.make()))
    for name in (k for k in primals if k not in fits):
        fits[name] = _counterpart(mine.name, name, primals[name], free)
        del free[fits[name].name]
    return fits


def _counterpart(subject: str, name: str, array: Array, free: Mapping[str, Array]) -> Fit:
    possible = [f for key, other in free.items() if (f := _shapes_fit(key, array, other))]
    if not possible:
        theirs = ", ".join(f"{k} {v.shape}" for k, v in free.items()) or "none left"
        raise NoReference(
            f"{subject}: parameter {name} {array.shape} has no counterpart (of: {theirs})"
        )
    own = norm(name)

    def alike(f: Fit) -> tuple[bool, bool, bool]:
        return norm(f.name) == own, norm(f.name)[:1] == own[:1], not f.turned

    return max(possible, key=alike)


def _shapes_fit(key: str, mine: Array, other: Array) -> Fit | None:
    if np.squeeze(mine).shape == np.squeeze(other).shape:
        return Fit(key, other.shape)
    if mine.T.shape == other.shape:
        return Fit(key, other.shape, turned=True)
    return None
