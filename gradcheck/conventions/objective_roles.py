"""What the arguments of an objective are: parameters, data, labels, sizes, strengths.

An objective is a function, or a cost beside a gradient, of parameters and data together:
``svm_loss(W, X, y, reg) -> (loss, dW)``, ``cost(theta, X, y)`` beside ``gradient(theta, X, y)``,
``nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_)``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.conventions import functions, places
from gradcheck.conventions.gradient_dicts import keys_of, opened
from gradcheck.conventions.loss_names import strong_label
from gradcheck.conventions.regulariser import name_words
from gradcheck.conventions.signature import (
    PENALTIES,
    Arg,
    arguments,
    plain,
    returned_names,
    tree_of,
)

DATA = {
    "x", "inputs", "input", "data", "features", "images", "xs", "samples", "examples", "xbatch", "xtrain", "trainx",
}  # fmt: skip
TARGETS = {"y", "t", "ys", "ytrain", "ybatch", "trainy"}
#: What a vector that holds all parameters is called.
FLAT = {"theta", "thetas", "params", "nnparams", "param", "initialtheta", "initialparams", "parameters", "flat",
        "nnweights", "weightvector", "thetavec", "thetavector", "paramvector", "rolledparams", "opttheta"}  # fmt: skip
#: What the value of an objective is called where it is returned.
VALUE = re.compile(
    r"^(j|cost|loss|f|err|error|obj|objective|value|total)(val|value|s|total)?$|cost|loss|^J"
)
COST = re.compile(r"(cost|loss|objective)(function|func|fn)?|^j$", re.IGNORECASE)
STRENGTH = 0.1
#: Sizes by what a name says of them, in the order in which data run through a network.
SIZES: tuple[tuple[str, int], ...] = (
    (r"num_?labels|class|out(put)?|n_?y\b|n_?labels|^k$|^c$", 5),
    (r"hid(den)?|layer_?2|n_?h\b|^h$|n_?hid", 6),
    (r"in(put)?|visib|feat|dim|^d$|^n$|n_?x\b|n_?inp", 4),
)  # fmt: skip
SIZE = re.compile(
    r"size|num|^n_|^n[A-Z]|classes|visible|hidden|features|units|neurons|_dim$|^dim$|^[KHDC]$"
)
#: Numbers that an objective takes beside the strength of a penalty.
NUMBERS = {"beta": 0.7, "rho": 0.2, "sparsityparam": 0.2, "sparsity": 0.2, "sparsitytarget": 0.2, "delta": 1.0,
           "margin": 1.0, "c": 0.8, "sparsityparameter": 0.2, "desiredactivation": 0.2, "epsilon": 1e-5}  # fmt: skip


@dataclass(frozen=True)
class Roles:
    """The arguments of an objective by what they are, and the place of every gradient.

    Attributes
    ----------
    data, labels
        Their names; "" where there are none.
    gradients
        For every parameter the place of its gradient among what is returned; 0 is the loss.
    fixed
        Strengths of penalties and other numbers.
    sizes
        Numbers of units by the names of the arguments that hold them, the first layer first.
    widths
        The argument that holds all numbers of units, or "".
    call
        ``(**arguments) -> (loss, gradients...)``.
    rated
        The argument that says which entries of a table of ratings, then the data, are there.
    """

    data: str
    labels: str
    gradients: Mapping[str, int]
    fixed: Mapping[str, float]
    sizes: Mapping[str, int]
    widths: str
    call: Callable[..., Any]
    rated: str = ""

    @property
    def flat(self) -> bool:
        """Whether the only parameter holds all of a network's numbers."""
        return len(self.gradients) == 1 and plain(next(iter(self.gradients))) in FLAT


def roles_of(function: Any) -> Roles | None:
    """The roles of the arguments of a function that returns loss and gradients, else None."""
    returned, keys = returned_names(function), keys_of(function)
    if len(returned) < 2 or not callable(function):
        return None
    if keys:
        found = sorted_arguments(function, [f"d{name}" for name in keys.values()], [])
        call = opened(function, keys)
        return None if found is None or not found[1] else Roles(*found, call)
    if len([a for a in arguments(function, method=False) if a.required]) < 2:
        return None
    parts = returned_parts(function)
    found = sorted_arguments(function, returned[1:], parts[1:])
    if found is None:
        table = ratings_of(function, returned, parts)
        if table is not None:
            return table
    if found is None and unnamed(function, parts):
        found = sorted_arguments(function, ["grad"], [])
    if found is None:
        return None
    data, labels, gradients, fixed, sizes, widths = found
    if not labels and not (VALUE.search(returned[0]) and data):
        return None
    return Roles(data, labels, gradients, fixed, sizes, widths, function)


def ratings_of(function: Any, returned: list[str], parts: list[ast.expr]) -> Roles | None:
    """The roles of ``cofiCostFunc(params, Y, R, num_users, num_movies, num_features, lambda_)``."""
    args = arguments(function, method=False)
    names = {plain(a.name): a.name for a in args if a.required}
    sized = [a.name for a in args if a.required and is_size(a.name) and not is_strength(a)]
    flat = [n for key, n in names.items() if key in FLAT]
    if not {"y", "r"} <= set(names) or len(sized) != 3 or len(flat) != 1 or len(returned) != 2:
        return None
    if not is_gradient_of(returned[1], flat[0], parts[1]):
        return None
    known = (("user", 3), ("feature", 2), ("", 5))  # what is rated is called anything
    sizes = {n: next(size for word, size in known if word in n.lower()) for n in sized}
    fixed = {a.name: STRENGTH for a in args if is_strength(a)}
    if len(set(sizes.values())) != 3 or len(fixed) + 6 < len([a for a in args if a.required]):
        return None
    return Roles(names["y"], "", {flat[0]: 1}, fixed, sizes, "", function, names["r"])


def unnamed(function: Any, parts: list[ast.expr]) -> bool:
    """``return err @ err / 2, X.T @ err`` of a function that is called a cost."""
    called = COST.search(getattr(function, "__name__", "")) is not None
    return called and len(parts) == 2 and isinstance(parts[1], (ast.BinOp, ast.Call))


def roles_of_pair(cost: Any, gradient: Any) -> Roles | None:
    """The roles of the arguments of a cost and of a gradient of the same arguments, else None."""
    own, other = ({a.name for a in arguments(f, method=False)} for f in (cost, gradient))
    needed = {a.name for f in (cost, gradient) for a in arguments(f, method=False) if a.required}
    if len(needed) < 3 or not needed <= own & other:
        return None
    names = returned_names(gradient) or [returned_name(gradient)]
    found = sorted_arguments(cost, names, returned_parts(gradient))
    if found is None or not found[1]:
        return None

    def both(**given: Any) -> Any:
        value = cost(**{k: v for k, v in given.items() if k in own})
        slope = gradient(**{k: v for k, v in given.items() if k in other})
        value = value[0] if isinstance(value, tuple) else value
        return (value, *slope) if isinstance(slope, tuple) else (value, slope)

    data, labels, gradients, fixed, sizes, widths = found
    return Roles(data, labels, gradients, fixed, sizes, widths, both)


def roles_of_line(forward: Any, backward: Any) -> Roles | None:
    """The roles where two numbers go in and one derivative comes out, else None.

    ``forward_propagation(x, theta)`` with ``backward_propagation(x, theta) -> dtheta``.
    """
    names = [
        [a.name for a in arguments(f, method=False) if a.required] for f in (forward, backward)
    ]
    told = returned_name(backward)
    own = [n for n in names[0] if places.norm(n) in places.stems(told)]
    if (
        len(names[0]) != 2
        or set(names[0]) != set(names[1])
        or len(own) != 1
        or plain(own[0]) not in FLAT
    ):
        return None

    def both(**given: Any) -> Any:
        return forward(**given), backward(**given)

    data = next(n for n in names[0] if n != own[0])
    return Roles(data, "", {own[0]: 1}, {}, {}, "", both)


#: Data, labels, gradients, numbers, sizes and widths.
Sorted = tuple[str, str, dict[str, int], dict[str, float], dict[str, int], str]


def sorted_arguments(function: Any, returned: list[str], parts: list[ast.expr]) -> Sorted | None:
    """Data, labels, gradients, numbers, sizes and widths among the arguments; None where some have no role."""
    args = arguments(function, method=False)
    required = [a for a in args if a.required]
    widths = [
        a.name
        for a in required
        if plain(a.name) in {"dimensions", "dims", "layersizes", "layers", "sizes"}
    ]
    sized = [a.name for a in required if is_size(a.name) and not is_strength(a)]
    open_ = [a for a in required if a.name not in {*widths, *sized}]
    data = [a.name for a in open_ if plain(a.name) in DATA]
    labels = [a.name for a in open_ if strong_label(plain(a.name))]
    labels = labels or [a.name for a in open_ if plain(a.name) in TARGETS]
    if len(data) != 1 or len(labels) > 1 or data == labels or len(widths) > 1:
        return None
    if not labels and not sized:
        return None
    others = [a for a in open_ if a.name not in {*data, *labels}]
    gradients = {}
    for position, name in enumerate(returned, 1):
        part = parts[position - 1] if position <= len(parts) else None
        own = next((a.name for a in others if is_gradient_of(name, a.name, part)), None)
        if own is None or own in gradients:
            return None
        gradients[own] = position
    rest = [a for a in others if a.name not in gradients]
    given = {a.name: number(a, bool(sized or widths)) for a in rest}
    fixed = {k: v for k, v in given.items() if v is not None}
    if not gradients or fixed != given:
        return None
    spare = [a for a in args if not a.required and is_strength(a) and a.default in (0, 0.0)]
    fixed |= dict.fromkeys((a.name for a in spare), STRENGTH)
    return data[0], (labels or [""])[0], gradients, fixed, numbered(sized), (widths or [""])[0]


def is_size(name: str) -> bool:
    """A number of units, classes or features."""
    if plain(name) in DATA | FLAT or strong_label(plain(name).replace("labels", "")):
        return False
    return SIZE.search(name) is not None


def number(arg: Arg, sized: bool) -> float | None:
    """What an argument that is no array is given; None where that cannot be told.

    A cost takes no step: where it takes a rate, that is the strength of its penalty.
    """
    if is_strength(arg) or (sized and arg.role == "rate") or "learningrate" in plain(arg.name):
        return STRENGTH
    return NUMBERS.get(plain(arg.name))


def numbered(names: list[str]) -> dict[str, int]:
    """A number for every size, the first layer first; names that say nothing get 6, 7, ..."""
    found: dict[str, int] = {}
    for name in names:
        fits = [n for pattern, n in SIZES if re.search(pattern, name, re.IGNORECASE)]
        value = fits[0] if fits else 6
        while value in found.values():
            value += 2
        found[name] = value
    order = {4: 0, 6: 1, 8: 2, 10: 3, 5: 9, 7: 10}
    return dict(sorted(found.items(), key=lambda kv: order.get(kv[1], 4)))


def is_gradient_of(name: str, argument: str, part: ast.expr | None = None) -> bool:
    """``dW`` of ``W``, ``weight_gradient`` of ``weights``, ``grad`` of the only parameter."""
    target = places.norm(argument)
    if any(places.same(stem, target) for stem in places.stems(name)):
        return True
    alone = target in {"w", "weight"} or plain(argument) in FLAT
    if plain(name) in {"grad", "gradient", "grads", "dw", "dtheta", "g"}:
        return alone
    inside = [n.id for n in ast.walk(part) if isinstance(n, ast.Name)] if part is not None else []
    return plain(argument) in FLAT and any(
        re.search(r"grad|^d[A-Z_]|delta|^g\d*$", n) for n in inside
    )


def is_strength(arg: Arg) -> bool:
    """A regularisation strength."""
    words = name_words(arg.name)
    return bool(set(words) & PENALTIES) or any(w.startswith("reg") for w in words)


def returned_parts(function: Any) -> list[ast.expr]:
    """The expressions of the last ``return a, b``, or the one of ``return a``."""
    tree = tree_of(function)
    found: list[ast.expr] = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Return) and node.value is not None:
            found = list(node.value.elts) if isinstance(node.value, ast.Tuple) else [node.value]
    return found


def returned_name(function: Any) -> str:
    """The name in ``return grad``; "grad" where a single expression is returned."""
    parts = returned_parts(function)
    return parts[0].id if len(parts) == 1 and isinstance(parts[0], ast.Name) else "grad"


def cost_and_gradient(namespace: Mapping[str, Any], name: str) -> tuple[Any, Any] | None:
    """A cost by its name with the gradient of the same arguments: ``costReg``, ``gradientReg``; else None.

    Any other pair of names will do (``nll``, ``nll_grad``).
    """
    cost = namespace.get(name)
    match = COST.search(name)
    if not callable(cost) or isinstance(cost, type):
        return None
    if match is None:
        named = functions.pairs(list(namespace)).values()
        paired = [namespace[b] for f, b in named if f == name]
        return next(((cost, g) for g in paired if roles_of_pair(cost, g) is not None), None)
    before, after = plain(name[: match.start()]), plain(name[match.end() :])
    wanted = {
        before + word + after
        for word in ("gradient", "grad", "gradients", "gradientfunction", "derivative")
    }
    wanted |= {
        "gradient" + before + after,
        "grad" + before + after,
        plain(name) + "gradient",
        plain(name) + "grad",
    }
    for other, function in namespace.items():
        fits = plain(other) in wanted and callable(function) and not isinstance(function, type)
        if fits and roles_of_pair(cost, function) is not None:
            return cost, function
    return None
