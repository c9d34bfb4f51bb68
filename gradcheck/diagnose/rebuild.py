"""An Op read anew: where backward raised, its gradients could not be found before."""

from __future__ import annotations

from gradcheck.conventions import Source, ops_for
from gradcheck.diagnose.pieces import functions_by_place
from gradcheck.types import Op


def rebuilt(op: Op, init: str | None = None) -> Op:
    """The Op of the same object, adapted to its code as it is now; with `init`, of that constructor call.

    Raises
    ------
    Refused
        It cannot be read.
    """
    space = next(iter(functions_by_place(op).values())).__globals__
    obj = space.get(op.name, op.obj)
    kind = op.kind if op.kind in {"loss", "optimizer", "accuracy", "model", "function"} else "layer"
    return ops_for(Source(op.name, obj, space, init=init), kind)[0]
