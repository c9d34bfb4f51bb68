"""Losses over parameters that are variables of their file: ``lossFun(inputs, targets, hprev)``.

The minimal character-level RNN of 2015 is written so: ``Wxh``, ``Whh`` ... lie at the top of the file, and the
function returns the loss with ``dWxh``, ``dWhh`` ... by name.  The parameters are put where the
file keeps them for every call.  Gradients are read as they are before they are clipped.
"""

from __future__ import annotations

import builtins
import functools
import io
import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.conventions import places
from gradcheck.conventions.candidates import first_fitting
from gradcheck.conventions.function_options import STATES
from gradcheck.conventions.live import Live, Refused, arrays_of, call_quietly
from gradcheck.conventions.loss_names import strong_label
from gradcheck.conventions.objective_roles import DATA, TARGETS, VALUE, returned_parts
from gradcheck.conventions.signature import arguments, plain, returned_names, undecorated
from gradcheck.conventions.sources import Source
from gradcheck.types import Array, LabelSpec, Op, Primals, Slot

#: What a text file that is not there is read as: every letter occurs.
TEXT = "the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs\n" * 3


@dataclass(frozen=True)
class Kept:
    """Such a function: its data, its labels, its states, and the place of every gradient."""

    data: str
    labels: str
    states: tuple[str, ...]
    gradients: Mapping[str, int]


def kept_of(function: Any, namespace: Mapping[str, Any]) -> Kept | None:
    """What the arguments and results of a function are, where its parameters are variables of its file."""
    if not isinstance(undecorated(function), FunctionType):
        return None
    returned, parts = returned_names(function), returned_parts(function)
    args = [a.name for a in arguments(function, method=False) if a.required]
    if len(returned) < 3 or len(parts) != len(returned) or not VALUE.search(returned[0]):
        return None
    own = [n for n in names_read(function) if n not in args and at_hand(namespace, n)]
    gradients: dict[str, int] = {}
    for position, name in enumerate(returned[1:], 1):
        match = next((n for n in own if places.norm(n) in places.stems(name)), None)
        exact = next((n for n in own if name in {f"d{n}", f"d_{n}", f"grad_{n}"}), match)
        if exact is not None and exact not in gradients:
            gradients[exact] = position
    states = tuple(n for n in args if STATES.match(n))
    labels = [n for n in args if strong_label(plain(n)) or plain(n) in TARGETS]
    data = [n for n in args if plain(n) in DATA and n not in labels]
    known = len(data) == 1 and len(labels) == 1 and len(args) == 2 + len(states)
    return Kept(data[0], labels[0], states, gradients) if known and len(gradients) > 1 else None


def names_read(function: Any) -> list[str]:
    """The variables of its file that a function reads, inner functions included."""
    found: dict[str, None] = {}
    todo = [undecorated(function).__code__]
    while todo:
        code = todo.pop()
        found |= dict.fromkeys(code.co_names)
        todo += [c for c in code.co_consts if hasattr(c, "co_names")]
    return list(found)


def at_hand(namespace: Mapping[str, Any], name: str) -> bool:
    """Whether a file has this variable, or can compute it."""
    if name in getattr(namespace, "pending", ()):
        return True
    return isinstance(namespace.get(name), (np.ndarray, float))


@contextmanager
def texts_supplied(namespace: Any) -> Iterator[list[str]]:
    """While it lasts, a file that is not there reads as a short text; its name is kept in the list."""
    missing: list[str] = []

    def stand_in(path: Any, mode: str = "r", *args: Any, **keywords: Any) -> Any:
        try:
            return builtins.open(path, mode, *args, **keywords)
        except OSError:
            if "w" in mode or "a" in mode:
                raise
            missing.append(str(path))
            return io.BytesIO(TEXT.encode()) if "b" in mode else io.StringIO(TEXT)

    before = namespace.get("open")
    namespace["open"] = stand_in
    try:
        yield missing
    finally:
        del namespace["open"]
        if before is not None:
            namespace["open"] = before


def resolved(function: Any, kept: Kept, namespace: Any) -> tuple[dict[str, Array], list[str]]:
    """The parameters as the file makes them, and the files that were not there.

    Raises
    ------
    Refused
        A variable cannot be computed; the text names it.
    """
    with texts_supplied(namespace) as missing:
        for name in names_read(function):
            if name in getattr(namespace, "pending", ()):
                try:
                    namespace[name]
                except Exception as error:
                    raise Refused(
                        f"needs {name}, which its file could not make: {type(error).__name__}: {error}"
                    ) from error
    found = {}
    for name in kept.gradients:
        value = np.asarray(namespace[name])
        if value.dtype.kind != "f":
            raise Refused(f"{name} is no array of floats")
        found[name] = np.array(value, dtype=np.float64)
    return found, missing


@contextmanager
def unclipped() -> Iterator[None]:
    """While it lasts, ``np.clip(g, -5, 5)`` does nothing: such bounds are there to clip gradients."""
    own = np.clip

    def clip(a: Any, *bounds: Any, **keywords: Any) -> Any:
        given = [*bounds, *(keywords[k] for k in ("a_min", "a_max", "min", "max") if k in keywords)]
        numbers = [b for b in given[:2] if isinstance(b, (int, float))]
        if len(numbers) == 2 and numbers[0] == -numbers[1]:
            return a
        return own(a, *bounds, **keywords)

    setattr(np, "clip", clip)  # noqa: B010
    try:
        yield
    finally:
        setattr(np, "clip", own)  # noqa: B010


def module_op(source: Source) -> Op:
    """The Op of such a function, on the first data that it takes, consistent ones preferred.

    Raises
    ------
    Refused
        Its parameters cannot be made, or no data was accepted.
    """
    function = source.namespace[source.name]
    kept = kept_of(function, source.namespace)
    if kept is None:
        raise Refused("returns no gradients of variables of its file")
    proto, missing = resolved(function, kept, source.namespace)
    sizes = list(dict.fromkeys(n for a in proto.values() for n in a.shape if n > 1))
    candidates = (
        (", ".join(f"{s.name} {s.shape}" for s in slots),
         functools.partial(reading, source, function, kept, proto, slots, labels))
        for slots, labels in data(kept, sizes)
    )  # fmt: skip
    try:
        op = first_fitting(candidates)
    except Refused as refusal:
        raise Refused(f"{source.name}: {str(refusal) or 'no data was accepted'}") from None
    text = f"{', '.join(dict.fromkeys(missing))} is not there: read as a short text"
    return with_note(op, text) if missing else op


def with_note(op: Op, text: str) -> Op:
    """The Op with one more thing to say about how it is read."""
    return replace(op, reading="; ".join(filter(None, (op.reading, text))))


def data(kept: Kept, sizes: list[int]) -> Iterator[tuple[tuple[Slot, ...], LabelSpec | None]]:
    """Word numbers one after another, then samples in rows with class numbers or one-hot labels."""
    forms: list[Callable[[int], tuple[int, ...]]] = [
        lambda n: (n, 1),
        lambda n: (n,),
        lambda n: (1, n),
    ]
    states = [[Slot(s, form(n)) for s in kept.states] for form in forms for n in sizes]
    for words, held in itertools.product(sizes, states if kept.states else [[]]):
        index = f"index:{words}"
        yield (Slot(kept.data, ("T",), index), Slot(kept.labels, ("T",), index), *held), None
    if kept.states:
        return
    for width, (encoding, classes) in itertools.product(
        sizes, [(e, n) for e in ("index", "onehot", "binary", "real") for n in (*sizes[::-1], 1)]
    ):
        if classes > 1 or encoding in {"binary", "real"}:
            yield (Slot(kept.data, ("N", width)),), LabelSpec((encoding,), classes, wide=True)


def reading(
    source: Source, function: Any, kept: Kept, proto: Mapping[str, Array],
    slots: tuple[Slot, ...], labels: LabelSpec | None,
) -> Op:  # fmt: skip
    """The Op on data of these kinds."""
    scope = undecorated(function).__globals__
    whole = [s.name for s in slots if s.domain.startswith("index")]

    def holding(values: Primals) -> Live:
        return Live(SimpleNamespace(), {k: np.array(values.get(k, v)) for k, v in proto.items()})

    def forward(live: Live, inputs: Primals, target: Array | None, train: bool) -> Array:
        given: dict[str, Any] = {k: v.tolist() if k in whole else v for k, v in inputs.items()}
        if target is not None:
            given[kept.labels] = np.asarray(target)
        before = {k: scope[k] for k in kept.gradients}
        scope.update(live.args)
        try:
            with unclipped():
                live.ret = call_quietly(function, **given)
        finally:
            scope.update(before)
        return np.asarray(arrays_of(live.ret[0])[0], dtype=np.float64).reshape(())

    def backward(live: Live, cot: Array, inputs: Primals, target: Array | None) -> dict[str, Any]:
        return {k: np.asarray(live.ret[i]) for k, i in kept.gradients.items()}

    names = returned_names(function)
    given = ", ".join(a.name for a in arguments(function, method=False) if a.required)
    text = f"a function of {', '.join(kept.gradients)}, variables of its file"
    if "clip" in names_read(function):
        text += "; gradients before they are clipped"
    return Op(
        name=source.name, kind="model", convention="functions", make=lambda: holding({}),
        parameters=lambda live: {k: live.args[k] for k in kept.gradients}, with_parameters=holding,
        forward=forward, backward=backward, slots=slots, labels=labels, terminal=True,
        built=f"{source.name}({given})", obj=function,
        reading=text,
        gradient_names={k: names[i] for k, i in kept.gradients.items()},
    )  # fmt: skip
