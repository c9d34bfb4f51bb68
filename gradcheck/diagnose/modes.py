"""What a backward reads and draws, and whether the samples of a batch depend on each other."""

from __future__ import annotations

import re
from types import FunctionType

import numpy as np

from gradcheck.diagnose.pieces import functions_by_place, roots
from gradcheck.diagnose.repairs import quiet
from gradcheck.laws.common import start
from gradcheck.types import Op, Verdict


def backward_functions(op: Op) -> list[FunctionType]:
    """The user's backward functions, by name."""
    wanted = roots(op)[1]
    return [f for (name, _), f in functions_by_place(op).items() if name in wanted
            and (not isinstance(op.obj, type) or f.__qualname__.split(".")[0] in mro_names(op.obj))]  # fmt: skip


def mro_names(cls: type) -> set[str]:
    """Names of a class and its bases."""
    return {c.__name__ for c in cls.__mro__}


def by_samples(op: Op, v: Verdict) -> bool:
    """Whether the output of one sample in training depends on another sample of the batch."""
    if v.case is None:
        return False
    try:
        with quiet():
            out = []
            for moved in (0.0, 1.0):
                live, inputs, _, labels = start(op, v.case)
                name = next(k for k, a in inputs.items() if a.dtype.kind == "f")
                x = np.array(inputs[name])
                x[0] += moved
                given = {**inputs, name: x}
                out.append(np.array(op.forward(live, given, labels, True))[1:])
    except Exception:  # it cannot be called like that
        return False
    return bool(out[0].size) and not np.array_equal(out[0], out[1])


#: Names of a mode.
MODE = re.compile(r"^(is_)?(train|training|train_flg|mode|eval|evaluation|testing|inference)$")


def looks_at_mode(op: Op) -> bool:
    """Whether a function of the backward reads the mode: a branch of its own may be wrong then."""
    return any(MODE.match(n) for f in backward_functions(op) for n in read_by(f))


def read_by(function: FunctionType) -> set[str]:
    """The names, attributes and texts that a function reads."""
    code = function.__code__
    texts = {c for c in code.co_consts if isinstance(c, str)}
    return {*code.co_names, *code.co_varnames, *texts}
