"""Accuracies: predictions and labels in, a number in [0, 1] out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.conventions.live import Live, Refused, Skipped, call_quietly
from gradcheck.conventions.loss_names import strong_label
from gradcheck.conventions.signature import arguments, plain
from gradcheck.conventions.sources import Source
from gradcheck.laws.accuracy import is_right, measured, trials
from gradcheck.types import Array, Op


def is_accuracy(cls: Any, key: str, pair: tuple[str, str] | None) -> bool:
    """By its name or that of a base; or a compare in a class that is called something with acc."""
    if pair is not None:
        return "accuracy" in key
    bases = [plain(c.__name__) for c in cls.__mro__[:-1]]
    if any("accuracy" in name for name in bases):
        return True
    words = re.findall(r"[a-z]+", re.sub(r"([A-Z])", r" \1", cls.__name__).lower())
    return "acc" in words and callable(getattr(cls, "compare", None))


def value_of(out: Any) -> float:
    """The accuracy in what was returned (comparisons are averaged)."""
    array = np.asarray(out)
    return float(np.mean(array.astype(np.float64)))


def call_form(obj: Any, cls: Any) -> Callable[[Any, Array, Array], Any]:
    """How to call an accuracy object: calculate, else compare, else the object itself."""
    method = next(
        (
            m
            for m in ("calculate", "compare", "compute", "score", "accuracy")
            if callable(getattr(obj, m, None))
            and len([a for a in arguments(getattr(obj, m)) if a.required]) <= 2
        ),
        "__call__",
    )
    if method == "__call__" and "__call__" not in {n for c in cls.__mro__[:-1] for n in vars(c)}:
        raise Refused("has no calculate, compare or call")

    def call(live_obj: Any, predictions: Array, labels: Array) -> Any:
        if callable(getattr(live_obj, "init", None)):
            required = [a for a in arguments(live_obj.init) if a.required]
            if len(required) == 1:
                call_quietly(live_obj.init, labels)
        for name in ("new_pass", "reset"):
            if callable(getattr(live_obj, name, None)) and not arguments(getattr(live_obj, name)):
                call_quietly(getattr(live_obj, name))
        bound = getattr(live_obj, method)
        named = [a.name for a in arguments(bound) if a.required and a.keyword_only]
        if len(named) == 2:
            given: dict[str, Any] = dict(zip(named, (predictions, labels), strict=True))
            return call_quietly(bound, **given)
        return call_quietly(bound, predictions, labels)

    return call


def is_accuracy_function(name: str, function: Any) -> bool:
    """A function called accuracy that takes predictions and labels, and nothing to ask for them."""
    args = [a for a in arguments(function, method=False) if a.required]
    key = plain(name)
    if "accuracy" not in key or re.search(r"top|numerical|gradient|plot|print", key):
        return False
    keys = [plain(a.name) for a in args]
    labelled = [strong_label(k) or k in {"y", "t", "labels", "truth"} for k in keys]
    return (
        len(args) == 2 and sum(labelled) == 1 and not set(keys) & {"x", "model", "net", "network"}
    )


def accuracy_function_op(source: Source) -> Op:
    """The Op of a function of predictions and labels: the share, the percentage or the number of hits.

    Raises
    ------
    Skipped
        It gives no share of hits for what was tried.
    """
    function = source.obj
    args = [a for a in arguments(function, method=False) if a.required]
    swapped = strong_label(plain(args[0].name)) or plain(args[0].name) in {"y", "t"}

    def forward(live: Live, inputs: dict[str, Array], labels: Array | None, train: bool) -> Any:
        given = (inputs["predictions"], np.asarray(labels))
        value = value_of(call_quietly(function, *(given[::-1] if swapped else given)))
        return {60.0: 0.6, 3.0: 0.6}.get(round(value, 9), value)  # three of five

    key = plain(source.name)
    sure = "regression" if "regress" in key else "binary" if "binary" in key else ""
    for flavour in (sure,) if sure else ("categorical", "binary"):
        op = Op(
            name=source.name, kind="accuracy", convention="functions", make=Live, parameters=lambda _l: {},
            with_parameters=lambda _v: Live(), forward=forward, backward=None,  # type: ignore[arg-type]
            built=f"{source.name}({', '.join(a.name for a in args)})", obj=function, reading=flavour,
        )  # fmt: skip
        if any(is_right(measured(op, p, y)) for _, p, y in trials(flavour)):
            return op
    raise Skipped("gives no share of hits for any form of predictions and labels that was tried")


def accuracy_op(name: str, make: Callable[[], Any], cls: Any, built: str) -> Op:
    """The Op of an accuracy: `forward` takes ``predictions`` and labels and gives the number.

    Raises
    ------
    Refused
        It cannot be called with predictions and labels.
    """
    call = call_form(make(), cls)

    def forward(live: Live, inputs: dict[str, Array], labels: Array | None, train: bool) -> Any:
        return value_of(call(live.obj, inputs["predictions"], np.asarray(labels)))

    refuse: Any = None
    key = plain(name)
    flavour = "regression" if "regress" in key else "binary" if "binary" in key else "categorical"
    return Op(
        name=name, kind="accuracy", convention="nnfs", make=lambda: Live(make()), parameters=lambda _l: {},
        with_parameters=lambda _v: Live(make()), forward=forward, backward=refuse, built=built, obj=cls, reading=flavour,
    )  # fmt: skip
