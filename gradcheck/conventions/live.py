"""A user's object at work: cloned with other parameters, called, and read without copies."""

from __future__ import annotations

import abc
import copy
import copyreg
import functools
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, Literal, cast

import numpy as np

from gradcheck.construct import Recipe
from gradcheck.conventions import places
from gradcheck.conventions.generators import generators_near
from gradcheck.conventions.places import Place
from gradcheck.guard import seeded
from gradcheck.types import Array, Primals

OUTPUT_NAMES = (
    "output", "outputs", "out", "y", "Y", "a", "A", "activation", "activations", "result", "z", "Z",
    "_output", "_out", "h", "value", "loss",
)  # fmt: skip


class Refused(Exception):
    """This object cannot be read under this convention; the text says why."""


class Guessed(Refused):
    """The user's code refused an argument whose value was a guess of ours."""


class NotFinite(Refused):
    """The forward has no finite result for numbers of either sign: its domain is smaller."""


class Skipped(Refused):
    """There is nothing to check here; the text says why."""


@dataclass
class Live:
    """One live object.

    Attributes
    ----------
    obj
        The user's instance, or None for plain functions.
    args
        Parameters of plain functions (``w``, ``b``), which no object holds.
    out, ret
        What forward and backward returned, as they returned it.
    memory
        What else the calls have to remember (the cache of a function pair, parameters before an
        update).
    """

    obj: Any = None
    args: dict[str, Any] = field(default_factory=dict)
    out: Any = None
    ret: Any = None
    memory: dict[str, Any] = field(default_factory=dict)


def live_maker(made: Recipe) -> Callable[[], Live]:
    """A maker of Live objects from a recipe."""
    return lambda: Live(made.make())


def clone(proto: Live, values: Mapping[Place, Array], make: Callable[[], Live]) -> Live:
    """A copy of `proto` with other arrays at some places, every alias of them included.

    deepcopy's memo is told that the old array has been copied already, into the new one: so
    ``self.W``, ``self.params["W"]`` and a list of parameters all come to hold the same array.
    """
    memo: dict[int, Any] = {}
    later: list[tuple[Place, Array]] = []
    for place, value in values.items():
        old = places.read(proto, place)
        if type(old) is np.ndarray and id(old) not in memo:
            memo[id(old)] = np.array(value)
        else:
            later.append((place, value))
    try:
        twin = with_modules(proto, memo)
    except Exception:  # an attribute that cannot be copied (a generator, a lock)
        twin, later = make(), list(values.items())
    for place, value in later:
        held = places.read(twin, place)
        if (
            isinstance(held, np.ndarray)
            and type(held) is not np.ndarray
            and held.shape == value.shape
        ):
            held[...] = value  # an ndarray subclass keeps its own attributes (.grad)
        else:
            places.write(twin, place, np.array(value))
    for place, value in values.items():
        held = places.read(twin, place)
        if held is None or np.shape(held) != np.shape(value):
            raise Refused(f"{places.label(place[1:])} does not keep the value it is given")
        if memo.get(id(places.read(proto, place))) is held:
            continue
        if not np.array_equal(held, value):  # computed on access, or a view of another array
            held[...] = value
    return twin


def with_modules(proto: Live, memo: dict[int, Any]) -> Live:
    """A deep copy in which a layer inside may hold a module too: ``self.xp = numpy``."""
    kept = dict(memo)
    try:
        return cast("Live", twin_of(proto, memo))
    except TypeError as error:
        if "module" not in str(error):
            raise
    memo.clear()
    memo.update({id(m): m for m in list(sys.modules.values())})
    memo.update(kept)
    return copy.deepcopy(proto, memo)


#: Set for classes that a Python statement made, in ``type.__flags__`` (Py_TPFLAGS_HEAPTYPE).
HEAP_TYPE = 1 << 9
#: What a copy may share: nothing in them changes.
ATOMS = frozenset({
    type(None), bool, int, float, complex, str, bytes, type, FunctionType, ModuleType,
    np.bool_, np.int32, np.int64, np.float32, np.float64,
})  # fmt: skip


def twin_of(value: Any, memo: dict[int, Any]) -> Any:
    """``copy.deepcopy(value, memo)``, three times as fast for what layers are mostly made of.

    A numerical gradient copies the user's object before every forward call, and most forward
    calls on the small arrays of a check take less time than `copy.deepcopy`.
    """
    cls: Any = type(value)
    twin: Any
    if cls in ATOMS:
        return value
    if id(value) in memo:
        return memo[id(value)]
    if cls is np.ndarray and not value.dtype.hasobject:
        memo[id(value)] = twin = value.copy(order="K")
    elif cls is dict:
        memo[id(value)] = twin = {}
        twin.update({twin_of(k, memo): twin_of(v, memo) for k, v in value.items()})
    elif cls is list:
        memo[id(value)] = twin = []
        twin.extend([twin_of(v, memo) for v in value])
    elif copied_by_attributes(cls):
        memo[id(value)] = twin = cls.__new__(cls)
        vars(twin).update({k: twin_of(v, memo) for k, v in vars(value).items()})
    else:
        return copy.deepcopy(value, memo)
    return twin


@functools.lru_cache(maxsize=1024)
def copied_by_attributes(cls: type) -> bool:
    """Whether `copy.deepcopy` makes a new object of a class and copies its ``__dict__``, no more."""
    own = [vars(c) for c in cls.__mro__[:-1]]
    hooks = {"__deepcopy__", "__copy__", "__getstate__", "__setstate__", "__reduce__", "__reduce_ex__",
             "__getnewargs__", "__getnewargs_ex__", "__new__", "__getattr__", "__getattribute__"}  # fmt: skip
    return (
        type(cls) in (type, abc.ABCMeta)
        and not any(hooks & set(space) or space.get("__slots__") for space in own)
        and any("__dict__" in space for space in own)
        and cls not in copyreg.dispatch_table
        and all(getattr(c, "__flags__", 0) & HEAP_TYPE for c in cls.__mro__[:-1])
    )


def arrays_of(value: Any) -> list[Array]:
    """The float arrays in what a call returned (numbers count as 0-d arrays)."""
    if value is None or isinstance(value, (str, bytes, bool, dict)):
        return []
    if isinstance(value, (tuple, list)) and any(
        isinstance(v, (np.ndarray, np.generic, tuple, list, dict)) or v is None for v in value
    ):
        return [a for v in value for a in arrays_of(v)]
    inner = getattr(value, "data", None)
    if isinstance(inner, np.ndarray) and not isinstance(value, np.ndarray):
        value = inner
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        return []
    return [array] if array.dtype.kind in "fiub" else []


def fingerprint(live: Live) -> dict[Place, tuple[int, bytes]]:
    """Identity and content of every array, to see later what a call has changed."""
    return {p: (id(a), a.tobytes()) for p, a in places.walk(live.obj).items()}


def changed(live: Live, before: Mapping[Place, tuple[int, bytes]]) -> dict[Place, Array]:
    """The arrays of the object that are new or differ from the fingerprint."""
    return {
        p: a for p, a in places.walk(live.obj).items()
        if p not in before or before[p][1] != a.tobytes() or before[p][0] != id(a)
    }  # fmt: skip


def stored_output(live: Live, new: Mapping[Place, Array], inputs: Iterable[Array]) -> Place | None:
    """The place where a forward that returns nothing has put its output."""
    mine = list(inputs)
    candidates = [
        p for p, a in new.items()
        if a.dtype.kind == "f" and not any(a is x or same_data(a, x) for x in mine)
    ]  # fmt: skip
    for depth in sorted({len(p) for p in candidates}):  # its own before those of the parts inside
        for name in OUTPUT_NAMES:
            named = [p for p in candidates if len(p) == depth and p[-1][1] == name]
            if named:
                return named[-1]  # of parts, the last one's
    if candidates:
        return candidates[-1]
    return next((p for n in OUTPUT_NAMES for p in new if p[-1][1] == n), None)  # the identity


def same_data(a: Array, b: Array) -> bool:
    """Equal shape and content (a stored copy of an input)."""
    return a.shape == b.shape and np.array_equal(a, b)


def call_quietly(function: Callable[..., Any], *args: Any, seed: int = 0, **kwargs: Any) -> Any:
    """Call user code with every random generator at a fixed seed and floating-point warnings off.

    A fixed seed makes a dropout mask repeat over the evaluations of a numerical derivative.
    Backward gets another seed than forward, so that a mask drawn again there is another mask.
    A function given to ``np.errstate(call=...)`` around the call is told of overflows.
    """
    start = seeded(seed)
    for number, generator in enumerate(generators_near(function)):
        own = start.seed + 1000 * number  # two of them draw different masks
        if isinstance(generator, np.random.Generator):
            generator.bit_generator.state = type(generator.bit_generator)(own).state
        else:
            generator.seed(own)
    over: Literal["call", "ignore"] = "ignore" if np.geterrcall() is None else "call"
    with start, np.errstate(all="ignore", over=over), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def split(flat: Array, shapes: list[tuple[int, ...]]) -> list[Array]:
    """Cut a flat array into arrays of these shapes."""
    sizes = [int(np.prod(s)) for s in shapes]
    ends = np.cumsum(sizes)
    return [flat[e - n : e].reshape(s) for n, e, s in zip(sizes, ends, shapes, strict=True)]


def join(arrays: list[Array]) -> Array:
    """One array as it is; several as one flat array."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.ravel(a) for a in arrays])


def kept_outputs(live: Live) -> Primals:
    """The arrays an object keeps under a name that means its output."""
    found = places.walk(live.obj, 2)
    return {
        places.label(p): a
        for p, a in found.items()
        if p and p[-1][1] in OUTPUT_NAMES and not places.is_gradient_place(p)
    }


def raised_inside(error: BaseException, cls: Any) -> bool:
    """Whether an exception comes from a line of the module of a class, not from calling it wrongly."""
    step = error.__traceback__
    while step is not None:
        if step.tb_frame.f_globals.get("__name__") == cls.__module__:
            return True
        step = step.tb_next
    return False
