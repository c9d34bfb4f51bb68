"""Plain functions: forward/backward pairs, activations with a derivative, losses with a gradient.

Parameters of a pair (``w``, ``b``) are ordinary arguments; the Op holds them as parameters so that
the same laws apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from gradcheck import cases
from gradcheck.conventions.live import Live

#: (pattern of the forward's name, patterns of the backward's); ``{}`` is the common stem.
PAIRS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("{}_forward", ("{}_backward", "{}_back", "{}_bwd", "{}_grad")),
    ("{}_fwd", ("{}_bwd", "{}_backward")),
    ("forward_{}", ("backward_{}",)),
    ("{}_forward_{}", ("{}_backward_{}",)),
    ("{}Forward", ("{}Backward",)),
    ("{}_fprop", ("{}_bprop",)),
    ("{}_loss", ("{}_loss_grad", "{}_loss_backward", "{}_grad", "{}_loss_gradient", "{}_loss_derivative",
                 "{}_loss_prime")),
    ("{}", ("{}_backward", "{}_derivative", "{}_prime", "{}_grad", "{}_gradient", "d_{}", "d{}", "{}_deriv",
            "grad_{}", "{}_der", "{}_back", "{}_d", "{}Derivative", "{}_bwd", "backward_{}", "derivative_{}",
            "{}Backward", "{}_p", "deriv_{}", "{}_vjp", "{}Prime", "{}Gradient", "{}Grad")),
)  # fmt: skip


#: Verbs of a whole network that have no stem in common.
WHOLE: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (f, ("backward", "backprop", "back_prop", "backward_prop", "backward_pass", "back_propagation", "backpropagation",
         "backward_propagation", "back_propagate", "backpropagate", "backward_propagate"))
    for f in ("forward", "forward_pass", "forward_prop", "forward_propagation", "feedforward", "feed_forward",
              "forward_propagate", "forwardprop", "forward_step", "model_forward", "forwardpropagation")
)  # fmt: skip


def pairs(names: list[str]) -> dict[str, tuple[str, str]]:
    """``stem -> (forward, backward)`` for the function names of a file, in their order."""
    found: dict[str, tuple[str, str]] = {}
    taken: set[str] = set()
    have = set(names)
    for pattern, backs in PAIRS:
        regex = re.compile("^" + pattern.replace("{}", "(.+)", 1).replace("{}", "(.+)") + "$")
        for name in names:
            match = regex.match(name)
            if not match or name in taken:
                continue
            for back in backs:
                other = back
                for group in match.groups():
                    other = other.replace("{}", group, 1)
                if other in have and other != name and other not in taken:
                    stem = match.group(1)
                    whole = "_".join(match.groups())
                    found[next(s for s in (stem, whole, name) if s not in found)] = (name, other)
                    taken |= {name, other}
                    break
    for one, others in WHOLE:
        mine = [o for o in others if o in have - taken]
        if one in have - taken and mine:
            found[one] = (one, mine[0])
            taken |= {one, mine[0]}
    for name in names:  # a second backward of the same forward: batchnorm_backward_alt
        match = re.match(r"^(.+)_(?:backward|bwd)_(\w+)$", name)
        if match and name not in taken and match[1] in found:
            found[f"{match[1]}_{match[2]}"] = (found[match[1]][0], name)
    for stem, (forward, backward) in list(
        found.items()
    ):  # backward_propagation_with_regularization
        for name in names:
            match = re.match(rf"^{re.escape(backward)}_(with_\w+|reg\w*|l2\w*)$", name)
            if match and name not in taken:
                found.setdefault(f"{stem}_{match[1]}", (forward, name))
    return dict(sorted(found.items(), key=lambda kv: names.index(kv[1][0])))


def parameter_maker(params: list[str], shapes: list[tuple[int, ...]]) -> Callable[[], Live]:
    """A maker of Live objects that hold a function's parameters."""

    def make() -> Live:
        rng = np.random.default_rng(5)
        return Live(args={p: cases.numbers(rng, s) for p, s in zip(params, shapes, strict=True)})

    return make
