"""Losses written as functions: a pair, or one that returns the loss and its gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from gradcheck.conventions import function_options, functions, losses
from gradcheck.conventions.adapt_functions import bound, pair_of
from gradcheck.conventions.flagged import flag_of
from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.loss_readings import loss_readings
from gradcheck.conventions.signature import arguments
from gradcheck.conventions.sources import Source
from gradcheck.types import Op
from gradcheck.variants import options as other_values


def loss_function_ops(source: Source) -> list[Op]:
    """The Ops of a loss written as functions: a pair, or one that returns loss and gradient.

    Raises
    ------
    Refused
        No reading runs.
    """
    single = bound(source.namespace.get(source.name))
    alone = callable(single) and source.name not in functions.pairs(list(source.namespace))
    alone = alone and flag_of(single) is None
    forward, backward = (unmasked(single), None) if alone else pair_of(source)
    first = loss_function_op(source, forward, backward, {})
    return [first, *other_losses(source, forward, backward)]


def other_losses(source: Source, forward: Any, backward: Any) -> Iterator[Op]:
    """The same loss with one number among its options changed (a delta, a margin); what raises is left out."""
    for arg in arguments(forward, method=False):
        known = backward is None or function_options.knows(forward, backward, arg.name)
        if arg.required or type(arg.default) not in (int, float) or not known:
            continue
        for value in other_values(arg, arg.default):
            try:
                yield loss_function_op(source, forward, backward, {arg.name: value})
            except Refused:
                continue


def loss_function_op(source: Source, forward: Any, backward: Any, options: Mapping[str, Any]) -> Op:
    """The Op of a loss function with some of its options given; `backward` is None for a single one.

    Raises
    ------
    Refused
        No reading runs.
    """
    run = functools.partial(forward, **options) if options else forward
    if backward is None:
        lossy = losses.Lossy(lambda live: recording(live, run), lambda live: lambda: live.memory["gradient"],
                             forward, no_arguments, averaged=False, fused=False)  # fmt: skip
    else:
        cached = returns_cache(forward)
        taken = {a.name for a in arguments(backward, method=False) if not a.required}
        own = {k: v for k, v in options.items() if k in taken}
        back = functools.partial(backward, **own) if own else backward
        lossy = losses.Lossy(
            lambda live: recording(live, run) if cached else run,
            lambda live: with_cache(live, back) if cached else back,
            forward, no_arguments if cached else backward, averaged=False, fused=False,
        )  # fmt: skip
    given = "".join(f", {k}={v!r}" for k, v in options.items())
    found = loss_readings(source, lossy, Live, f"{source.name}(pred, labels{given})")
    if isinstance(found, str):
        raise Refused(found or "no predictions and labels were accepted")
    single = forward if backward is None else bound(source.namespace.get(source.name))
    return replace(found, convention="functions", obj=single, options=dict(options))


def unmasked(function: Any) -> Any:
    """``loss(x, y, mask)`` as a function of x and y, under a mask that leaves out one label of three.

    It goes by the place of a label in the batch (``by_place``): a sample alone has another mask.
    """
    args = arguments(function, method=False)
    needed = [a for a in args if a.required]
    if len(needed) != 3 or not function_options.is_mask(needed[2].name):
        return function

    def masked(x: Any, y: Any) -> Any:
        mask = np.arange(np.size(y)).reshape(np.shape(y)) % 3 != 1
        return function(x, y, mask)

    names = [a.name for a in needed[:2]]
    kinds = [Parameter(n, Parameter.POSITIONAL_OR_KEYWORD) for n in names]
    masked.__signature__ = Signature(kinds)  # type: ignore[attr-defined]
    masked.by_place = True  # type: ignore[attr-defined]
    return masked


def no_arguments() -> None:
    """Stands for a backward that takes nothing."""


def recording(live: Live, function: Any) -> Callable[..., Any]:
    """A loss function whose second result (gradient or cache) is kept for the backward."""

    def call(*args: Any) -> Any:
        result = function(*args)
        if isinstance(result, tuple) and len(result) > 1:
            live.memory["gradient"] = result[1]
            return result[0]
        return result

    return call


def returns_cache(forward: Any) -> bool:
    """Whether the forward of a pair returns (loss, cache)."""
    from gradcheck.conventions.signature import returned_names

    return len(returned_names(forward)) == 2


def with_cache(live: Live, backward: Any) -> Callable[..., Any]:
    """A backward called with what the forward left: ``(dout, cache)`` or ``(cache)``."""

    def call() -> Any:
        needed = [a for a in arguments(backward, method=False) if a.required]
        cached = live.memory["gradient"]
        return backward(1.0, cached) if len(needed) == 2 else backward(cached)

    return call
