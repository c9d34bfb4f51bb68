"""The types every part of gradcheck speaks: Op, Case, Law, Verdict, Subject.

    object --Convention--> Op --Law--> Verdict --> report     (a Case supplies shapes, values, labels)

Nothing here computes a derivative or knows a style of layer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Primals = dict[str, Array]
Pullback = Callable[[Array], Primals]

Status = Literal["pass", "fail", "inconclusive", "note", "error", "skipped"]
Kind = Literal[
    "layer", "activation", "loss", "optimizer", "accuracy", "model", "function", "unknown"
]

#: Worst first: the status of a subject is the first of these that one of its verdicts has.
SEVERITY: tuple[Status, ...] = ("error", "fail", "inconclusive", "note", "pass", "skipped")


#: Free sizes, all different and different from the sizes that `construct` guesses.
SIZES: tuple[tuple[str, int], ...] = (
    ("N", 3), ("C", 2), ("D", 8), ("H", 6), ("W", 7), ("T", 5)
)  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """One differentiable input: its name, its shape, and the values it may take.

    Attributes
    ----------
    shape
        A string stands for a size that is free (``"N"`` is always the batch); a number is what
        this object insists on, as the 4 of ``Dense(4, 3)``.
    domain
        ``real``; ``positive``; ``unit`` (inside (0, 1)); ``simplex`` (rows sum to 1);
        ``index:K`` (whole numbers below K, not differentiable), ``index:K/P`` (the same
        without P, the number of padding); ``index:mask`` (truth values).
    """

    name: str
    shape: tuple[int | str, ...]
    domain: str = "real"

    def sized(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape with every free size replaced by its number."""
        return tuple(sizes[n] if isinstance(n, str) else n for n in self.shape)


@dataclass(frozen=True)
class LabelSpec:
    """The labels a loss or accuracy takes.

    ``encodings`` are those its forward accepted, best first: ``index`` (n,), ``index_column``
    (n, 1), ``onehot`` (n, C), ``mask`` (the same as bool, where nothing else indexes), ``binary`` (0/1, the predictions' shape), ``binary_flat`` (n,),
    ``sign`` (-1/1), ``real`` (the predictions' shape), ``real_flat`` (n,), ``simplex``.
    ``wide`` says that the labels have `classes` columns although the input has another number.
    ``ignored`` is the class number whose samples do not count (``ignore_index``), or None.
    ``each`` says that every word of a sample has a label of its own.
    """

    encodings: tuple[str, ...]
    classes: int | str = "D"
    wide: bool = False
    ignored: int | None = None
    each: bool = False


#: The encodings that labels may have.
ENCODINGS = (
    "index", "index_column", "onehot", "mask", "binary", "binary_flat", "sign", "real", "real_flat", "simplex",
)  # fmt: skip
#: What the fields of a `Case` that are words may say.
CHOICES = {
    "dtype": ("float64", "float32"),
    "layout": ("C", "F", "strided", "negative", "readonly"),
    "labels": ("", *ENCODINGS),
    "label_dtype": ("int64", "int32", "int8", "uint8", "bool", "float64", "float32"),
    "train": ("True", "False"),
}


@dataclass(frozen=True)
class Case:
    """Everything needed to repeat one evaluation.  ``token`` and ``parse`` are inverses."""

    seed: int = 0
    sizes: tuple[tuple[str, int], ...] = SIZES
    dtype: str = "float64"
    layout: str = "C"
    labels: str = ""
    label_dtype: str = "int64"
    train: bool = True
    scale: float = 1.0
    config: int = 0

    def token(self) -> str:
        """A short text for ``--replay``: only what differs from the default, `key=value,...`."""
        parts = [f"seed={self.seed}"]
        default = Case()
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)
            if f.name == "seed" or value == getattr(default, f.name):
                continue
            if f.name == "sizes":
                parts += [f"{k}={n}" for k, n in value if dict(default.sizes).get(k) != n]
            else:
                parts.append(f"{f.name}={value}")
        return ",".join(parts)

    @classmethod
    def parse(cls, token: str) -> Case:
        """Read a token.

        Raises
        ------
        ValueError
            A part is not ``key=value`` with a known key.
        """
        known = {f.name: f for f in dataclasses.fields(cls)}
        sizes = dict(cls().sizes)
        changes: dict[str, Any] = {}
        for part in filter(None, token.split(",")):
            key, sep, text = part.partition("=")
            if not sep:
                raise ValueError(f"replay token: {part!r} is not key=value")
            if key in known and key != "sizes":
                changes[key] = cls._value(key, text)
            elif key.isalpha() and key[0].isupper() and text.isdigit() and int(text):
                sizes[key] = int(text)
            elif key.isalpha() and key[0].isupper():
                raise ValueError(f"{part!r} gives no size: a whole number above 0")
            else:
                raise ValueError(f"replay token: unknown key {key!r}")
        return cls(sizes=tuple(sizes.items()), **changes)

    @classmethod
    def _value(cls, key: str, text: str) -> Any:
        """What a token gives for one field, as the type that the field has."""
        default, known = getattr(cls(), key), CHOICES.get(key)
        if known is not None and text not in known:
            raise ValueError(f"{key}={text}, but {key} is one of {', '.join(filter(None, known))}")
        if isinstance(default, bool):
            return text == "True"
        if isinstance(default, int) and not text.isdigit():
            raise ValueError(f"{key}={text}, but {key} is a whole number, 0 or more")
        return type(default)(text)

    def replace(self, **changes: Any) -> Case:
        """A copy with some fields changed; single sizes are given as ``N=1``."""
        sizes = dict(self.sizes)
        sizes |= {k: changes.pop(k) for k in list(changes) if k[0].isupper()}
        return dataclasses.replace(self, sizes=tuple(sizes.items()), **changes)


@dataclass(frozen=True)
class Op:
    """One thing under test in standard terms: named primals in, an output and a pullback out.

    The functions below take a live object (`make`, or `with_parameters`) and hand arrays over
    without copying, so that laws about mutation and state see what a user's own call would see.
    `vjp` is the pure view of the same object: copies in, copies out.

    Attributes
    ----------
    built
        How the object was constructed, in a form that can be pasted back.
    reading
        What had to be assumed about its meaning ("mean of the per-sample losses"), or "".
    slots
        The differentiable inputs; parameters are found on the object by `parameters`.
    labels
        Non-differentiable targets, or None.
    terminal
        True where the backward takes no upstream gradient (a loss): the cotangent is 1.
    first_layer
        True where backward ends with ``return None``: it gives no gradient of its input.
    make
        ``() -> object``: fresh, as the user's code leaves it, independent of every other one.
    parameters
        ``(object) -> {name: live array}``.
    with_parameters
        ``({name: array}) -> object``: fresh, holding these arrays.
    forward
        ``(object, inputs, labels, train) -> output`` as the user's code returns or stores it.
    backward
        ``(object, cotangent, inputs, labels) -> {primal name: gradient}``; a missing gradient is
        absent or None.
    penalty
        Regularisation terms the backward adds although the forward does not: ``(object) -> float``.
    step
        Optimizers only: ``(object, {name: array}, {name: gradient}) -> {name: array after}``.
    plainly
        A context in which the user's code runs without its epsilons (``log(y + 1e-7)``), or None.
    reset
        Clears accumulated gradients (``zero_grad``), or None.
    kept
        The output arrays that the object keeps after a forward, by name.
    options
        What the constructor (or the option dict of a function pair) was given, and the defaults
        of the rest, by name; literals only.
    follows_mode
        False where the source of backward shows that it never looks at the mode.
    laws
        The only laws that are tried on it, all that apply where empty: of a further size or shape.
    construct
        Like `make`, but always by running the constructor again (`make` may copy an object, and a
        copy cannot show that two instances share state).
    """

    name: str
    kind: Kind
    convention: str
    make: Callable[[], Any]
    parameters: Callable[[Any], Primals]
    with_parameters: Callable[[Primals], Any]
    forward: Callable[[Any, Primals, Array | None, bool], Any]
    backward: Callable[[Any, Array, Primals, Array | None], Mapping[str, Any]]
    slots: tuple[Slot, ...] = ()
    labels: LabelSpec | None = None
    terminal: bool = False
    first_layer: bool = False
    penalty: Callable[[Any], float] | None = None
    step: Callable[[Any, Primals, Primals], Primals] | None = None
    reset: Callable[[Any], None] | None = None
    kept: Callable[[Any], Primals] | None = None
    construct: Callable[[], Any] | None = None
    plainly: Callable[[], AbstractContextManager[None]] | None = None
    has_mode: bool = False
    built: str = ""
    reading: str = ""
    notes: tuple[str, ...] = ()
    obj: Any = None
    line: int | None = None
    gradient_names: Mapping[str, str] = field(default_factory=dict)
    upstream: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    follows_mode: bool = True
    laws: tuple[str, ...] = ()

    def vjp(
        self, primals: Primals, labels: Array | None = None, train: bool = True
    ) -> tuple[Array, Pullback]:
        """Output and pullback at `primals` (inputs and parameters by name); pure.

        The pullback runs a forward of its own on a fresh object first, so it may be called any
        number of times, whatever state the user's code keeps.
        """
        names = {slot.name for slot in self.slots}

        def run() -> tuple[Any, Array, Primals, Array | None]:
            inputs = {k: np.array(v) for k, v in primals.items() if k in names}
            target = None if labels is None else np.array(labels)
            live = self.with_parameters({k: v for k, v in primals.items() if k not in names})
            out = np.array(self.forward(live, inputs, target, train))
            return live, out, inputs, target

        first: list[Any] = [run()]
        output = first[0][1]

        def pullback(cotangent: Array) -> Primals:
            live, _, inputs, target = first.pop() if first else run()
            grads = self.backward(live, np.array(cotangent), inputs, target)
            return {k: np.array(g) for k, g in grads.items() if g is not None}

        return output, pullback


@dataclass(frozen=True)
class Entry:
    """One entry of a gradient: what the code claims, and what was measured, ± bound."""

    index: tuple[int, ...]
    claimed: float
    measured: float
    bound: float


@dataclass(frozen=True)
class Cause:
    """A cause that an experiment confirmed: id, one sentence, the fix, and the line if found."""

    id: str
    text: str
    evidence: str
    fix: str = ""
    line: int | None = None
    source: str = ""


@dataclass(frozen=True)
class Verdict:
    """What one law found about one subject, with its evidence.

    ``resolution`` is the smallest relative error that a pass would have caught.
    """

    law: str
    status: Status
    wrt: str = ""
    message: str = ""
    resolution: float | None = None
    wrong: int | None = None
    size: int | None = None
    index: tuple[int, ...] | None = None
    claimed: float | None = None
    measured: float | None = None
    bound: float | None = None
    entries: tuple[Entry, ...] = ()
    cause: Cause | None = None
    case: Case | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


Law = Callable[[Op, Case], Iterator[Verdict]]


@dataclass(frozen=True)
class Subject:
    """One checked class or function with its verdicts: a row of every report."""

    target: str
    name: str
    kind: Kind
    convention: str = ""
    status: Status = "skipped"
    reason: str = ""
    built: str = ""
    line: int | None = None
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    forward_calls: int = 0


def worst(statuses: list[Status]) -> Status:
    """The status that decides: the worst one; `skipped` when there is none."""
    return min(statuses, key=SEVERITY.index, default="skipped")
