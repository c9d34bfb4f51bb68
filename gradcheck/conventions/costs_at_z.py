"""Costs whose gradient is taken in front of the output's activation: ``delta(z, a, y)``.

In *Neural Networks and Deep Learning* (M. Nielsen, chapter 3) a cost is a pair ``fn(a, y)`` and
``delta(z, a, y)``, where ``a = sigmoid(z)`` and delta is the gradient with respect to z.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.conventions.live import Live
from gradcheck.conventions.losses import Lossy
from gradcheck.conventions.signature import arguments, plain
from gradcheck.conventions.sources import Source

BEFORE = {"z", "zs", "zl", "preactivation", "preactivations", "logits", "weightedinput", "net"}
#: The functions of a file that may stand between z and a, most likely first.
ACTIVATIONS = ("sigmoid", "softmax", "tanh", "logistic", "sigm", "act", "activation", "relu")
#: What the argument is called that brings the activation along, as in ``grad(y, y_pred, z, act_fn)``.
BROUGHT = {"actfn", "activation", "actfunc", "activationfn", "activationfunction"}


class Sigmoid:
    """An activation to hand over, with its derivative under the usual names.

    Not the identity: its derivative of 1 would hide that a gradient leaves the activation out.
    """

    def __call__(self, z: Any) -> Any:
        return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(z)))

    def grad(self, z: Any) -> Any:
        a = self(z)
        return a * (1.0 - a)

    fn = forward = __call__
    gradient = derivative = prime = backward = grad


def names_of(function: Any) -> list[str]:
    """The arguments that carry arrays or an activation."""
    return [a.name for a in arguments(function) if a.required]


def asks_for_z(forward: Any, backward: Any) -> bool:
    """Whether the gradient takes z, and maybe the activation, beside the cost's two arguments."""
    given, wanted = names_of(forward), names_of(backward)
    extra = [plain(n) for n in wanted if n not in given]
    rest = [n for n in extra if n not in BEFORE]
    return (
        len(given) == 2
        and set(given) < set(wanted)
        and len(extra) == len(rest) + 1
        and (not rest or (len(rest) == 1 and rest[0] in BROUGHT))
    )


def costs_at_z(source: Source, forward: str, backward: str) -> Iterator[tuple[Lossy, str]]:
    """The cost as a function of z under each activation of the file, with a sentence for each."""
    cls = source.obj
    given, wanted = names_of(getattr(cls, forward)), names_of(getattr(cls, backward))
    extra = next(n for n in wanted if n not in given and plain(n) in BEFORE)
    brought = next((n for n in wanted if n not in {*given, extra}), "")
    roles = {a.name: a.role for a in arguments(getattr(cls, forward))}
    a, y = given[::-1] if roles[given[0]] == "labels" else given
    known = {n: source.namespace.get(n) for n in ACTIVATIONS}
    for name, sigma in {"sigmoid": Sigmoid()}.items() if brought else known.items():
        if not callable(sigma):
            continue

        def parts(z: Any, labels: Any, sigma: Callable[..., Any] = sigma) -> dict[str, Any]:
            return {extra: z, a: sigma(z), y: labels, brought: sigma}

        def value(live: Live, parts: Callable[..., Any] = parts) -> Callable[..., Any]:
            return lambda z, y: getattr(live.obj, forward)(*map(parts(z, y).get, given))

        def slope(live: Live, parts: Callable[..., Any] = parts) -> Callable[..., Any]:
            return lambda z, y: getattr(live.obj, backward)(*map(parts(z, y).get, wanted))

        text = f"{backward} is the gradient with respect to {extra}, with {a} = {name}({extra})"
        yield Lossy(value, slope, value(Live()), slope(Live()), averaged=False, fused=False), text
