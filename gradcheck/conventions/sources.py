"""Where a subject comes from, and how an object of it is built."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.construct import Recipe, recipes
from gradcheck.conventions.argument_roles import OPTIMIZER_NAMES
from gradcheck.conventions.containers import chains, holds_what_it_is_given
from gradcheck.conventions.live import Live, Refused, live_maker
from gradcheck.conventions.signature import arguments
from gradcheck.conventions.stand_ins import Recorder


@dataclass(frozen=True)
class Source:
    """Where the subject comes from: its name, the object, its file's names and syntax tree."""

    name: str
    obj: Any
    namespace: Mapping[str, Any]
    tree: Any = None
    init: str | None = None
    shape: tuple[int, ...] | None = None
    labels: str | None = None


def builds(
    source: Source, cls: Any, limit: int = 40
) -> Iterator[tuple[Recipe, Callable[[], Live]]]:
    """Recipes whose constructor runs, as makers of Live objects.

    Raises
    ------
    Refused
        None runs: the text names what was tried and the last error.
    """
    last, count = "", 0
    filled = () if source.init is not None else tuple(chains(cls, source.name, source.namespace))
    container = isinstance(cls, type) and holds_what_it_is_given(cls)
    for made in itertools.chain(
        filled, recipes(cls, source.name, source.namespace, source.tree, source.init)
    ):
        try:
            made.make()
        except Exception as error:
            last = more_telling(last, f"{made.text} raises {type(error).__name__}: {error}")
            continue
        if container and not any(True for _ in held_by(made.make())):
            last = last or f"{made.text} holds no layers"
            continue  # a container without layers shows nothing
        count += 1
        if any(True for _ in optimizers_in(made.make())):
            yield made, maker_of(made)
        yield made, live_maker(made)
        if count >= limit:
            return
    if not count:
        raise Refused(
            f'cannot be constructed: {last}; give the call with --init "{source.name}({signature_text(cls)})"'
        )


def optimizers_in(obj: Any) -> Iterator[tuple[Any, str]]:
    """The attributes of a layer, and of layers it holds, with an optimizer for arrays of their own."""
    for owner in [obj, *held_by(obj)]:
        for name in sorted(OPTIMIZER_NAMES):
            held = getattr(owner, name, None)
            if held is None or isinstance(held, (str, type)):
                continue
            for verb in ("update", "step", "apply", "get_update", "__call__"):
                method = getattr(held, verb, None)
                if callable(method) and len([a for a in arguments(method) if a.required]) >= 2:
                    yield owner, name
                    break


def held_by(obj: Any, depth: int = 3) -> Iterator[Any]:
    """The objects with a backward of their own in the attributes of an object, and in lists there."""
    values = list(vars(obj).values()) if hasattr(obj, "__dict__") and depth else []
    for value in values:
        for part in value if isinstance(value, (list, tuple)) else [value]:
            if callable(getattr(part, "backward", None)) and not isinstance(part, type):
                yield part
                yield from held_by(part, depth - 1)


def maker_of(made: Recipe) -> Callable[[], Live]:
    """A maker of Live objects with plain gradient descent in place of an optimizer of their own."""

    def make() -> Live:
        obj = made.make()
        for owner, name in list(optimizers_in(obj)):
            setattr(owner, name, Recorder())
        return Live(obj)

    return make


def signature_text(cls: Any) -> str:
    """The constructor's arguments, to show what --init needs."""
    return ", ".join(a.name for a in arguments(getattr(cls, "__init__", cls)) if a.required)


#: What an error says that only means "not this shape".
SHAPE_ERROR = re.compile(
    r"shape|broadcast|matmul|mismatch|dimension|axis|axes|unpack|aligned|index .*out of|IndexError|"
    r"operand|reshape|size|not subscriptable|einstein|einsum",
    re.IGNORECASE,
)


def more_telling(old: str, new: str) -> str:
    """Of two problems the one to show: the first that is not about a shape we guessed wrong."""
    return new if not old or (SHAPE_ERROR.search(old) and not SHAPE_ERROR.search(new)) else old
