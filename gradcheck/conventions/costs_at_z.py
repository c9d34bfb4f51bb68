"""Costs whose gradient is taken in front of the output's activation: ``delta(z, a, y)``.

In *Neural Networks and Deep Learning* (M. Nielsen, chapter 3) a cost is a pair ``fn(a, y)`` and
``delta(z, a, y)``, where ``a = sigmoid(z)`` and delta is the gradient with respect to z.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gradcheck.conventions.live import Live
from gradcheck.conventions.loss_names import value_args
from gradcheck.conventions.losses import Lossy
from gradcheck.conventions.signature import plain
from gradcheck.conventions.sources import Source

BEFORE = {"z", "zs", "zl", "preactivation", "preactivations", "logits", "weightedinput", "net"}
#: The functions of a file that may stand between z and a, most likely first.
ACTIVATIONS = ("sigmoid", "softmax", "tanh", "logistic", "sigm", "act", "activation", "relu")


def asks_for_z(forward: Any, backward: Any) -> bool:
    """Whether the gradient takes z beside the two arguments of the cost."""
    given = [a.name for a in value_args(forward)]
    wanted = [a.name for a in value_args(backward)]
    extra = [n for n in wanted if n not in given]
    return (
        len(given) == 2
        and set(given) < set(wanted)
        and [plain(n) in BEFORE for n in extra] == [True]
    )


def costs_at_z(source: Source, forward: str, backward: str) -> Iterator[tuple[Lossy, str]]:
    """The cost as a function of z under each activation of the file, with a sentence for each."""
    cls = source.obj
    given = [a.name for a in value_args(getattr(cls, forward))]
    wanted = [a.name for a in value_args(getattr(cls, backward))]
    extra = next(n for n in wanted if n not in given)
    for name in (n for n in ACTIVATIONS if callable(source.namespace.get(n))):
        sigma = source.namespace[name]

        def value(live: Live, sigma: Callable[..., Any] = sigma) -> Callable[..., Any]:
            return lambda z, y: getattr(live.obj, forward)(sigma(z), y)

        def slope(live: Live, sigma: Callable[..., Any] = sigma) -> Callable[..., Any]:
            def delta(z: Any, y: Any) -> Any:
                parts = {extra: z, given[0]: sigma(z), given[1]: y}
                return getattr(live.obj, backward)(*(parts[n] for n in wanted))

            return delta

        text = (
            f"{backward} is the gradient with respect to {extra}, with {given[0]} = {name}({extra})"
        )
        yield Lossy(value, slope, value(Live()), slope(Live()), averaged=False, fused=False), text
