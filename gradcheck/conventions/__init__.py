"""Conventions: how people write layers, and how each of them becomes an Op."""

from __future__ import annotations

from gradcheck.conventions.adapt import Source, layer_ops, loss_ops
from gradcheck.conventions.live import Refused
from gradcheck.conventions.optimizers import function_optimizer, optimizer_op
from gradcheck.construct import recipes
from gradcheck.types import Op


def ops_for(source: Source, kind: str) -> list[Op]:
    """The Ops of a recognised subject, one for each configuration.

    Raises
    ------
    Refused
        It cannot be constructed, called or read; the text says what was tried and what to give.
    """
    if kind == "optimizer":
        return [optimizer(source)]
    if kind == "loss" and isinstance(source.obj, type):
        return loss_ops(source)
    if kind == "layer":
        return layer_ops(source)
    raise Refused(f"a {kind} cannot be checked yet")


def optimizer(source: Source) -> Op:
    """The Op of an optimizer class or function."""
    if not isinstance(source.obj, type):
        return function_optimizer(source.name, source.obj)
    last = ""
    for made in recipes(source.obj, source.name, source.namespace, source.tree, source.init):
        try:
            made.make()
        except Exception as error:
            last = f"{made.text} raises {type(error).__name__}: {error}"
            continue
        return optimizer_op(source.name, made.make, source.obj, made.text)
    raise Refused(f"cannot be constructed: {last}; give the call with --init")
