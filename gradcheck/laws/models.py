"""Laws of whole models: the gradient through the wiring, every parameter moves, saving restores."""

from __future__ import annotations

import contextlib
import inspect
import io
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
    for name in forgotten(op, case):
        failed = True
        text = (
            f"there is no gradient for {name}, although the loss depends on it: it is never trained"
        )
        yield verdict(law, "fail", op, case, name, text)
    own = list(trained_parameters(op, case))
    yield from own
    if not failed and not own:
        yield verdict(law, "pass", op, case, detail={"largest": largest})


PARAMETERS = frozenset(
    ("weights", "biases", "weight", "bias", "W", "b", "w", "gamma", "beta", "kernel", "filters")
)


def forgotten(op: Op, case: Case) -> Iterator[str]:
    """Parameters of the model or its layers that the loss feels but no gradient belongs to."""
    live, inputs, _, labels = start(op, case)
    known = [id(a) for a in op.parameters(live).values()]
    before = np.array(op.forward(live, inputs, labels, False))
    for name, array in own_arrays(getattr(live, "obj", live)):
        if array.dtype.kind != "f" or id(array) in known or not array.size:
            continue
        array += 0.5
        after = np.array(op.forward(live, inputs, labels, False))
        array -= 0.5
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


def trained_parameters(op: Op, case: Case) -> Iterator[Verdict]:
    """The model's own ``train(X, y)`` changes every parameter, with validation as without."""
    law = "model_moves"
    paths = []
    for validation in (False, True):
        live, inputs, _, labels = start(op, case)
        inner = getattr(live, "obj", live)
        options = training_options(getattr(inner, "train", None))
        if options is None or (validation and "validation_data" not in options):
            break
        x, y = next(iter(inputs.values())).copy(), np.array(labels)
        before = {k: v.copy() for k, v in op.parameters(live).items()}
        given = {k: v for k, v in options.items() if k != "validation_data"}
        if validation:
            given["validation_data"] = (x.copy(), y.copy())
        with seeded(0), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            inner.train(x, y, **given)
            inner.train(x, y, **given)
        paths.append({k: v.copy() for k, v in op.parameters(live).items()})
        still = [k for k, v in before.items() if np.array_equal(paths[-1][k], v)]
        if still:
            text = f"train(X, y) leaves {still[0]} as it was: it is not among what is trained"
            yield verdict(law, "fail", op, case, still[0], text)
            return
    if len(paths) == 2:
        for name, wanted in paths[0].items():
            if differs(paths[1][name], wanted):
                yield numbers_differ(law, "fail", op, case, name, paths[1][name], wanted,
                                     "validation changes what training does: a training flag stays switched off")  # fmt: skip
                return


def flag_restored(op: Op, case: Case) -> Iterator[Verdict]:
    """``evaluate(X, y)`` leaves the model's training flag as it found it."""
    live, inputs, _, labels = start(op, case)
    inner = getattr(live, "obj", live)
    method: Any = getattr(inner, "evaluate", None)
    if training_options(method) is None:
        return
    before = {k: v for k, v in vars(inner).items() if isinstance(v, bool)}
    with seeded(0), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        method(next(iter(inputs.values())).copy(), np.array(labels))
    for name, value in before.items():
        if getattr(inner, name, value) != value:
            text = f"evaluate(X, y) leaves {name} = {not value}, but it was {value}: training goes on in the wrong mode"
            yield verdict("train_eval", "fail", op, case, name, text)


def training_options(method: Any) -> dict[str, Any] | None:
    """Keyword arguments for a short ``train(X, y, ...)``, or None where it wants more."""
    try:
        parameters = list(inspect.signature(method).parameters.values())
    except (TypeError, ValueError):
        return None
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if len(required) != 2:
        return None
    wanted = {
        "epochs": 2,
        "n_epochs": 2,
        "print_every": 1000,
        "verbose": 0,
        "validation_data": None,
    }
    return {p.name: wanted[p.name] for p in parameters if p.name in wanted}


class seeded:
    """Context: NumPy's global generator starts at a seed and is put back after."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __enter__(self) -> None:
        self.state = np.random.get_state()
        np.random.seed(self.seed)

    def __exit__(self, *_: object) -> None:
        np.random.set_state(self.state)


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
