"""The laws: plain functions ``(Op, Case) -> Iterator[Verdict]``; the name is the id everywhere."""

from __future__ import annotations

from gradcheck.laws import (
    batch,
    contract,
    cotangent,
    decay,
    extremes,
    gradient,
    kinks,
    labels,
    memory,
    models,
    modes,
    mutation,
    numerics,
    numgrad,
    optimizer,
    optimizer_state,
    reference,
    roles,
    steps,
)
from gradcheck.types import Law, Op

LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        contract.contract,
        gradient.gradient,
        mutation.inputs_unchanged,
        mutation.repeatable,
        cotangent.linear_in_cotangent,
        cotangent.zero_cotangent,
        labels.label_formats,
        memory.layout,
        batch.batch,
        memory.cached_input,
        memory.interleaved,
        numerics.dtype,
        extremes.extremes,
        kinks.kinks,
        modes.train_eval,
        roles.roles,
        reference.same_as_reference,
        models.model_gradient,
        models.model_moves,
        models.model_roundtrip,
        optimizer.gradient_untouched,
        steps.optimizer_steps,
        optimizer.zero_gradient_rests,
        optimizer_state.state_per_parameter,
        steps.bias_correction,
        decay.decay,
        optimizer.bowl_descends,
        numgrad.numerical_gradient,
    )
}


#: Where the gradient is wrong at a plain point already, these would only say so again.
AFTER_GRADIENT = frozenset(("batch", "dtype", "extremes", "kinks"))


#: What an option cannot change: tried on the first configuration only.
FIRST_CONFIGURATION = frozenset(
    ("cached_input", "dtype", "extremes", "interleaved", "kinks", "zero_cotangent")
)


def group(op: Op) -> str:
    """Which laws an Op obeys: ``vjp``, ``tape``, ``model``, ``optimizer``, ``numgrad``, ``accuracy``."""
    if op.step is not None:
        return "optimizer"
    if op.convention == "numerical gradient":
        return "numgrad"
    if op.convention == "tape":
        return "tape"
    return op.kind if op.kind in {"accuracy", "model"} else "vjp"


def family(law: str) -> tuple[str, ...]:
    """The groups of Ops that a law is about."""
    if law in OPTIMIZER_LAWS:
        return ("optimizer",)
    if law.startswith("model_"):
        return ("model",)
    if law in TAPE_LAWS:
        return ("vjp", "model", "tape")[:: 1 if law in {"contract", "inputs_unchanged"} else 2]
    if law in {"repeatable", "label_formats", "train_eval"}:
        return ("vjp", "model")
    return {"numerical_gradient": ("numgrad",), "roles": ("vjp", "accuracy", "model")}.get(
        law, ("vjp",)
    )


#: Of an operation on a tape, whose graph is built anew for every evaluation.
TAPE_LAWS = frozenset(("contract", "gradient", "inputs_unchanged", "kinks"))

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
