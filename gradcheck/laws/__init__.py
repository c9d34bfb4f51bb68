"""The laws: plain functions ``(Op, Case) -> Iterator[Verdict]``; the name is the id everywhere."""

from __future__ import annotations

from gradcheck.laws import basic, gradient, optimizer
from gradcheck.types import Law

LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        basic.contract,
        gradient.gradient,
        basic.inputs_unchanged,
        basic.repeatable,
        basic.linear_in_cotangent,
        basic.zero_cotangent,
        optimizer.gradient_untouched,
        optimizer.zero_gradient_rests,
        optimizer.state_per_parameter,
        optimizer.bowl_descends,
    )
}

OPTIMIZER_LAWS = frozenset(
    (
        "gradient_untouched",
        "optimizer_steps",
        "zero_gradient_rests",
        "state_per_parameter",
        "bias_correction",
        "decay",
        "bowl_descends",
    )
)
