"""What makes a class an optimizer: its name, or a method that updates parameters by gradients."""

from __future__ import annotations

from typing import Any

from gradcheck.conventions.signature import RATES, arguments, is_abstract, plain

OPTIMIZER_WORDS = (
    "optimizer", "optimiser", "sgd", "adam", "rmsprop", "adagrad", "adadelta", "nesterov", "momentum",
    "gradientdescent", "nadam", "amsgrad", "lion", "optim", "adamw", "rprop", "adabelief", "adabound", "yogi",
)  # fmt: skip
UPDATES = (
    "update_params", "update_param", "update_parameters", "update", "step", "apply_gradients", "optimize",
    "apply", "update_weights", "__call__", "minimize", "_update", "get_update", "get_gradients", "updates",
)  # fmt: skip


def is_optimizer(cls: Any, key: str, pair: tuple[str, str] | None) -> bool:
    """By name, or by an update method in a class without forward and backward."""
    if pair is not None and not any(w in key for w in OPTIMIZER_WORDS[:6]):
        return False
    if any(w in key for w in OPTIMIZER_WORDS):
        return update_method(cls) is not None
    if any(hasattr(cls, u) for u in ("update_params", "update_param", "apply_gradients")):
        return pair is None
    return pair is None and takes_steps(cls)


def takes_steps(cls: Any) -> bool:
    """A class with an update of parameters by gradients: it has a learning rate, or says so."""
    made_of = {plain(a.name) for a in arguments(cls.__init__)} if "__init__" in vars(cls) else set()
    method = update_method(cls)
    if method is None or method in {"__call__", "apply"}:
        return False
    return bool(made_of & RATES) or parameters_and_gradients(getattr(cls, method))


def parameters_and_gradients(method: Any) -> bool:
    """Whether a method's two required arguments are called parameters and gradients."""
    names = [plain(a.name) for a in arguments(method) if a.required]
    if len(names) != 2:
        return False
    gradients = [n for n in names if "grad" in n or n in {"dw", "dparams", "dparam", "g", "gs"}]
    parameters = [n for n in names if n.startswith(("param", "weight", "theta", "var")) or n == "w"]
    return len(gradients) == 1 and [n for n in names if n not in gradients] == parameters


def update_method(cls: Any) -> str | None:
    """The name of the method that takes a step.

    A step whose arguments all have defaults gives way to an update of something that is given: it
    is a step of the whole training, then.
    """
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    found = [n for n in UPDATES if n in own and not is_abstract(getattr(cls, n))]
    for name in found:
        args = arguments(getattr(cls, name))
        if not args or any(a.required for a in args):
            return name
    if found:
        return found[0]
    return next((n for n in UPDATES if n in own), None)
