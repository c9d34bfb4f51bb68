"""Laws of whole models: the gradient through the wiring, every parameter moves, saving restores."""

from __future__ import annotations

import inspect
import pickle
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    differing,
    differs,
    evaluate,
    gradient_name,
    numbers_differ,
    relabelled,
    start,
    verdict,
)
from gradcheck.laws.gradient import gradient
from gradcheck.laws.model_training import every_sample_trains, trained_parameters
from gradcheck.types import Array, Case, Op, Verdict

GETTERS = (("get_parameters", "set_parameters"), ("get_params", "set_params"), ("get_weights", "set_weights"),
           ("state_dict", "load_state_dict"))  # fmt: skip
SAVERS = (("save_parameters", "load_parameters"), ("save_params", "load_params"), ("save_weights", "load_weights"),
          ("save", "load"), ("save_model", "load_model"))  # fmt: skip
DRAWS = 3


def model_gradient(op: Op, case: Case) -> Iterator[Verdict]:
    """Every parameter's gradient is the derivative of the model's loss, through all its layers."""
    yield from (relabelled(v, "model_gradient") for v in gradient(op, case))
    yield from of_its_own_data(op, case)


def of_its_own_data(op: Op, case: Case) -> Iterator[Verdict]:
    """``gradient(x, t)`` is about the data it is given, whatever the model saw before."""
    law = "model_gradient"
    live, inputs, _, labels = start(op, case)
    method: Any = getattr(getattr(live, "obj", None), "gradient", None)
    try:
        required = [
            p for p in inspect.signature(method).parameters.values() if p.default is p.empty
        ]
    except (TypeError, ValueError):
        return
    if len(required) < 2:
        return
    base = evaluate(op, case)
    _, strange, _, others = start(op, case.replace(seed=case.seed + 7919))
    op.forward(live, strange, others, case.train)
    got = op.backward(live, np.ones(()), inputs, labels)
    for wrt, mine, wanted in differing(op, base, None, got):
        yield numbers_differ(law, "fail", op, case, wrt, mine, wanted,
                             "gradient(x, t) uses what an earlier call left behind")  # fmt: skip
        return


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
    for name in shared_by_objects(op):
        failed = True
        text = (
            f"a second object shares {name} with the first: training one of them trains the other"
        )
        yield verdict(law, "fail", op, case, name, text)
    for name in forgotten(op, case):
        failed = True
        text = (
            f"there is no gradient for {name}, although the loss depends on it: it is never trained"
        )
        yield verdict(law, "fail", op, case, name, text)
    own = [*trained_parameters(op, case)] or [*every_sample_trains(op, case)]
    yield from own
    if not failed and not own:
        yield verdict(law, "pass", op, case, detail={"largest": largest})


PARAMETERS = frozenset(
    ("weights", "biases", "weight", "bias", "W", "b", "w", "gamma", "beta", "kernel", "filters")
)


def shared_by_objects(op: Op) -> list[str]:
    """Parameters that two objects, made one after the other, have in common: ``params={}`` by default."""
    if op.construct is None:
        return []
    lives = [op.construct(), op.construct()]
    one, two = map(op.parameters, lives)  # of both, once the second one is made
    return [k for k, a in one.items() if k in two and a.size and np.shares_memory(a, two[k])][:1]


def forgotten(op: Op, case: Case) -> Iterator[str]:
    """Parameters of the model or its layers that the loss feels but no gradient belongs to."""
    live, inputs, _, labels = start(op, case)
    known = [id(a) for a in op.parameters(live).values()]
    before = np.array(op.forward(live, inputs, labels, False))
    for name, array in own_arrays(getattr(live, "obj", live)):
        if array.dtype.kind != "f" or id(array) in known or not array.size:
            continue
        kept = array.copy()  # a softmax does not feel one number added to every score
        array += np.random.default_rng(0).uniform(0.3, 0.9, size=array.shape)
        after = np.array(op.forward(live, inputs, labels, False))
        array[...] = kept
        if differs(after, before):
            yield name


def own_arrays(inner: Any) -> Iterator[tuple[str, Array]]:
    """Arrays under a parameter's name in the model's dicts and in the layers of its lists."""
    for holder, value in list(vars(inner).items()):
        if isinstance(value, dict) and holder.lower() in {"params", "parameters", "weights"}:
            yield from (
                (f"{holder}[{k!r}]", a) for k, a in value.items() if isinstance(a, np.ndarray)
            )
        parts = (
            value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        )
        for i, layer in enumerate(parts):
            for name, array in list(getattr(layer, "__dict__", {}).items()):
                if name in PARAMETERS and isinstance(array, np.ndarray):
                    yield f"{holder}[{i}].{name}", array


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
            old, new = op.parameters(live), op.parameters(fresh)
            lost = [k for k in old if k in new and differs(new[k], old[k])]
            why = f"the model after {names[0]} and {names[1]} must evaluate as before"
            why += f"; {', '.join(lost)} came back changed" if lost else ""
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
