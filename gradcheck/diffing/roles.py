"""Which reference has the role of a class, and what an object was built with."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from gradcheck.conventions.signature import plain

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


def parameter_names(obj: Any) -> list[str]:
    try:
        return list(inspect.signature(obj).parameters)
    except (TypeError, ValueError):
        return []


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
