"""Where arrays live in a user's object, and which of them is the gradient of which.

People keep parameters in attributes, dicts, lists, nested objects; a *place* is the path to one
array in that graph.  Parameters and gradients are paired by what their names have in common once
the marks of a gradient (``d``, ``grad``, ``delta``...) are taken off, not by a list of spellings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.types import Array

#: A step is ("attr", name), ("key", key) or ("item", i).
Step = tuple[str, Any]
Place = tuple[Step, ...]

DEPTH = 5
CONTAINERS = {
    "params", "param", "parameters", "parameter", "grads", "grad", "gradients", "gradient",
    "gradis", "paras", "value", "val", "data", "values", "d", "cache", "weights_dict", "variables",
    "trainable", "trainables", "trainable_params", "learnable", "_params", "_grads", "layer",
}  # fmt: skip
MARKS = (
    r"^d_?l_?d_?", r"^dl_?", r"^d_?j_?d_?", r"^grads?_?(wrt_?)?(of_?)?", r"^gradients?_?(wrt_?)?",
    r"^delta_?", r"^der_?", r"^deriv(ative)?_?", r"^d_", r"^d(?=.)", r"^g_", r"^_?grad_?",
    r"_?grads?$", r"_?gradients?$", r"_?deltas?$", r"_d$", r"_derivative$", r"_?dot$", r"_g$",
)  # fmt: skip


def is_numeric(value: object) -> bool:
    """A float array (or ndarray subclass), the only thing a parameter or gradient can be."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def walk(obj: Any, depth: int = DEPTH) -> dict[Place, Array]:
    """Every array reachable from `obj` through attributes, dicts, lists and plain objects."""
    found: dict[Place, Array] = {}
    seen: set[int] = set()

    def visit(value: Any, place: Place, left: int) -> None:
        if isinstance(value, np.ndarray) and value.dtype != object:
            found[place] = value
            if type(value) is np.ndarray:
                return
        if left == 0 or id(value) in seen or isinstance(value, (str, bytes, int, float, type)):
            return
        seen.add(id(value))
        for step, child in children(value):
            visit(child, (*place, step), left - 1)

    visit(obj, (), depth)
    return found


def children(value: Any) -> Iterator[tuple[Step, Any]]:
    """The parts of a container or plain object."""
    if isinstance(value, dict):
        yield from ((("key", k), v) for k, v in list(value.items()))
    elif isinstance(value, (list, tuple)):
        if len(value) <= 64:
            yield from ((("item", i), v) for i, v in enumerate(value))
    elif hasattr(value, "__dict__") and not callable_module(value):
        yield from ((("attr", k), v) for k, v in list(vars(value).items()))
        yield from property_arrays(value)
    elif hasattr(type(value), "__slots__"):
        for name in type(value).__slots__:
            if hasattr(value, name):
                yield ("attr", name), getattr(value, name)


def callable_module(value: Any) -> bool:
    """Modules, functions and methods are not containers of parameters."""
    return type(value).__name__ in {"module", "function", "method", "builtin_function_or_method"}


def property_arrays(value: Any) -> Iterator[tuple[Step, Any]]:
    """Arrays behind properties (``weights``/``grad_weights`` computed on access)."""
    for cls in type(value).__mro__:
        for name, attr in vars(cls).items():
            if isinstance(attr, property) and not name.startswith("__"):
                try:
                    result = getattr(value, name)
                except Exception:  # a property of the user's that cannot be read yet
                    continue
                if isinstance(result, np.ndarray):
                    yield ("attr", name), result


def computed(obj: Any, place: Place) -> bool:
    """Whether an array is made anew by a read-only property: a weight norm's ``W``, no parameter."""
    *path, (kind, key) = place
    owner = type(read(obj, tuple(path)))
    getter = getattr(owner, key, None) if kind == "attr" else None
    if not isinstance(getter, property) or getter.fset is not None:
        return False
    return not np.shares_memory(read(obj, place), read(obj, place))


def read(obj: Any, place: Place) -> Any:
    """The value at a place, or None where the path does not exist (any more)."""
    for kind, key in place:
        try:
            obj = getattr(obj, key) if kind == "attr" else obj[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            return None
    return obj


def write(obj: Any, place: Place, value: Array) -> None:
    """Put an array at a place: by assignment, or in place where assignment is not possible.

    Raises
    ------
    AttributeError, TypeError, ValueError
        The place takes neither.
    """
    *path, (kind, key) = place
    owner = read(obj, tuple(path))
    old = read(obj, place)
    try:
        if kind == "attr":
            setattr(owner, key, value)
        elif isinstance(owner, tuple):
            old[...] = value
        else:
            owner[key] = value
    except AttributeError:
        old[...] = value


def label(place: Place) -> str:
    """The name a user would write: ``W``, ``params['W']``, ``layers[0].W``."""
    text = ""
    for kind, key in place:
        if kind == "attr":
            text += f".{key}" if text else str(key)
        else:
            text += f"[{key!r}]"
    return text or "value"


def words(place: Place) -> tuple[str, tuple[str, ...]]:
    """The telling name of a place (its last name that is no container) and the path before it."""
    names = [str(key) for _, key in place]
    tail = len(names) - 1
    while tail > 0 and names[tail].lower().strip("_") in CONTAINERS:
        tail -= 1
    return names[tail], (*names[:tail], *names[tail + 1 :])


def norm(name: str) -> str:
    """Lower case, no underscores, singular, and the usual words for one thing made one."""
    name = re.sub(r"[^a-z0-9]", "", name.lower())
    for long, short in (("weights", "weight"), ("biases", "bias"), ("kernels", "kernel")):
        name = name.replace(long, short)
    if len(name) > 3 and name.endswith("s") and not name.endswith("ss") and name != "bias":
        name = name[:-1]
    return name


SYNONYMS = ({"w", "weight", "weightmatrix"}, {"b", "bias", "biasvector", "bia"})


def stems(name: str) -> set[str]:
    """What is left of a gradient's name without its marks (several readings are possible)."""
    low = re.sub(r"^_+|_+$", "", name)
    result = set()
    for mark in MARKS:
        rest = re.sub(mark, "", low, count=1, flags=re.IGNORECASE)
        if rest != low and norm(rest):
            result.add(norm(rest))
    return result


def same(a: str, b: str) -> bool:
    """Whether two normalised names mean one thing (``w`` and ``weight``)."""
    return a == b or any(a in s and b in s for s in SYNONYMS)


def is_gradient_place(place: Place) -> bool:
    """Whether some part of the path carries the mark of a gradient as a whole word."""
    return any(
        re.search(r"grad|delta|^d[A-Z_]|^_?d(w|b|weight|bias|gamma|beta|input|x|kernel)", str(key))
        for _, key in place
    )


def score(param: Place, grad: Place) -> int:
    """How well a gradient's place fits a parameter's: 0 not at all, more is better."""
    name, before = words(param)
    other, around = words(grad)
    # params['W'] / grads['W'], params[0] / grads[0], W.value / W.grad
    if name == other and param != grad:
        marked = [k for k in around if re.search(r"grad|^_?d|delta", k, re.IGNORECASE)]
        plain = [k for k in before if re.search(r"grad|delta", k, re.IGNORECASE)]
        siblings = len(around) == len(before) and around[:-1] == before[:-1]
        if marked and not plain:
            return 8 + siblings
    target = norm(name)
    own = [s for s in stems(other) if same(s, target)]
    if not own:
        return 0
    exact = any(s == target for s in own)
    cased = name[:1].isupper() == other.lstrip("_d")[:1].isupper()
    beside = [norm(k) for k in before] == [norm(k) for k in around]
    return 3 + 2 * exact + cased + beside


def pair(params: dict[Place, Array], grads: dict[Place, Array]) -> dict[Place, Place]:
    """Match parameters with gradients: best name first, equal shape breaking ties; one to one."""
    offers = sorted(
        (
            (score(p, g), params[p].shape == grads[g].shape, -len(g), p, g)
            for p in params
            for g in grads
            if p != g
        ),
        key=lambda o: o[:3],
        reverse=True,
    )
    matched: dict[Place, Place] = {}
    taken: set[Place] = set()
    for value, equal, _, p, g in offers:
        if value and p not in matched and g not in taken and g not in matched and p not in taken:
            if not equal and value < 5 and params[p].size != grads[g].size:
                continue
            matched[p] = g
            taken.add(g)
    return matched
