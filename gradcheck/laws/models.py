"""Laws of whole models: the gradient through the wiring, every parameter moves, saving restores."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    differs,
    evaluate,
    gradient_name,
    numbers_differ,
    relabelled,
    start,
    verdict,
)
from gradcheck.laws.gradient import gradient
from gradcheck.types import Case, Op, Verdict

GETTERS = (("get_parameters", "set_parameters"), ("get_params", "set_params"), ("get_weights", "set_weights"),
           ("state_dict", "load_state_dict"))  # fmt: skip
SAVERS = (("save_parameters", "load_parameters"), ("save_params", "load_params"), ("save_weights", "load_weights"),
          ("save", "load"), ("save_model", "load_model"))  # fmt: skip
DRAWS = 3


def model_gradient(op: Op, case: Case) -> Iterator[Verdict]:
    """Every parameter's gradient is the derivative of the model's loss, through all its layers."""
    yield from (relabelled(v, "model_gradient") for v in gradient(op, case))


def model_moves(op: Op, case: Case) -> Iterator[Verdict]:
    """Every parameter has a gradient that is not zero for all data: each layer is wired in."""
    law = "model_moves"
    largest: dict[str, float] = {}
    for k in range(DRAWS):
        where = case.replace(seed=case.seed + k)
        primals, labels = cases.draw(op, where)
        found = evaluate(op, where, primals, labels).gradients
        for name in op.parameters(op.make()):
            value = found.get(name)
            size = float(np.max(np.abs(value), initial=0.0)) if value is not None else float("nan")
            largest[name] = max(largest.get(name, 0.0), size) if size == size else float("nan")
    failed = False
    for name, size in largest.items():
        if not size > 0:
            failed = True
            why = "is 0 for every data tried" if size == 0 else "is missing"
            text = f"{gradient_name(op, name)} {why}: {name} never moves; its layer is not wired in"
            yield verdict(law, "fail", op, case, name, text)
    for name in forgotten(op, case):
        failed = True
        text = (
            f"there is no gradient for {name}, although the loss depends on it: it is never trained"
        )
        yield verdict(law, "fail", op, case, name, text)
    if not failed:
        yield verdict(law, "pass", op, case, detail={"largest": largest})


def forgotten(op: Op, case: Case) -> Iterator[str]:
    """Entries of the model's dicts of parameters that the loss feels but no gradient belongs to."""
    live, inputs, _, labels = start(op, case)
    known = [id(a) for a in op.parameters(live).values()]
    before = np.array(op.forward(live, inputs, labels, False))
    inner = getattr(live, "obj", live)
    for holder, values in list(vars(inner).items()):
        if not isinstance(values, dict) or "grad" in holder.lower():
            continue
        for key, array in values.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or id(array) in known:
                continue
            if not any(id(values.get(k)) in known for k in values):
                continue  # not the dict that holds the parameters
            array += 0.5
            after = np.array(op.forward(live, inputs, labels, False))
            array -= 0.5
            if differs(after, before):
                yield f"{holder}[{key!r}]"


def model_roundtrip(op: Op, case: Case) -> Iterator[Verdict]:
    """A model that is saved and loaded evaluates as before."""
    law = "model_roundtrip"
    live, inputs, _, labels = start(op, case)
    inner = getattr(live, "obj", live)
    ways = [*pairs_of(inner, GETTERS, through_memory), *pairs_of(inner, SAVERS, through_file)]
    if not ways:
        yield verdict(law, "skipped", op, case, what="has no pair of methods that save and load")
        return
    wanted = np.array(op.forward(live, inputs, labels, False))
    failed = False
    for names, way in ways:
        primals, _ = cases.draw(op, case.replace(seed=case.seed + 1))
        slots = {s.name for s in op.slots}
        fresh = op.with_parameters({k: v for k, v in primals.items() if k not in slots})
        try:
            result = way(inner, getattr(fresh, "obj", fresh), names)
        except (pickle.PicklingError, AttributeError) as error:
            if "pickle" in str(error).lower():
                continue  # a class loaded from a file by hand cannot be pickled: our doing
            raise
        if isinstance(result, type(inner)) and hasattr(fresh, "obj"):
            fresh.obj = result
        got = np.array(op.forward(fresh, inputs, labels, False))
        if differs(got, wanted):
            failed = True
            why = f"the model after {names[0]} and {names[1]} must evaluate as before"
            yield numbers_differ(law, "fail", op, case, "loss", got, wanted, why)
    if not failed:
        yield verdict(law, "pass", op, case, detail={"ways": [" / ".join(n) for n, _ in ways]})


Way = Callable[[Any, Any, tuple[str, str]], Any]


def pairs_of(
    inner: Any, table: tuple[tuple[str, str], ...], way: Way
) -> list[tuple[tuple[str, str], Way]]:
    """The pairs of methods that an object has."""
    return [(p, way) for p in table if all(callable(getattr(inner, n, None)) for n in p)]


def through_memory(old: Any, new: Any, names: tuple[str, str]) -> Any:
    """Get from the one, set in the other."""
    values = getattr(old, names[0])()
    return getattr(new, names[1])(values)


def through_file(old: Any, new: Any, names: tuple[str, str]) -> Any:
    """Save the one to a temporary file, load it in the other."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.npz")
        getattr(old, names[0])(path)
        if not Path(path).exists():  # the code chose an ending of its own
            path = str(next(iter(Path(folder).iterdir()), path))
        return getattr(new, names[1])(path)
