"""Runs one catalogue module in many situations and writes down what happened.

Shared by ``test_bug_catalogue_data.py``.  It knows nothing of the checker: right and buggy code
are driven alike, their records compared, and gradients measured by plain central differences.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from bug_probe_subject import Record, Row, Subject, draw_inputs, label_variants, walk


def draw_params(names: dict[str, Any], row: Row, config: str) -> Record:
    """Every parameter redrawn at order 1: zeros and ones hide bugs."""
    if not row.params:
        return {}
    rng = np.random.default_rng(7)
    subject = Subject(names, row, config, {})
    return {p: rng.standard_normal(walk(subject.obj, p).shape) for p in row.params}


def attempt(record: Record, key: str, action: Callable[[], Any]) -> Any:
    """Run ``action``; its result, exception and warnings are written down under ``key``."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        try:
            result = action()
        except Exception as error:  # the record is compared, so nothing is lost
            result = f"raises {type(error).__name__}"
    record[key] = copy.deepcopy(result)
    if any("overflow" in str(w.message) for w in caught):
        record[key + " warns"] = "overflow"
    return result


def upstream(names: dict[str, Any], row: Row, config: str, params: Record, inputs: Record) -> Any:
    """A random cotangent of the output's shape; a number for a loss."""
    try:
        out = np.asarray(Subject(names, row, config, params).forward(copy.deepcopy(inputs)))
    except Exception:  # a forward that raises has no shape; every later step records it
        return 1.0
    return 1.7 if out.ndim == 0 else np.random.default_rng(3).standard_normal(out.shape)


def both(names: dict[str, Any], row: Row, config: str, params: Record, inputs: Record, g: Any,
         train: bool = True) -> Any:  # fmt: skip
    """Output and gradients of a fresh subject, and whether the arguments survived."""
    subject = Subject(names, row, config, params)
    given, given_g = copy.deepcopy(inputs), copy.deepcopy(g)
    out = copy.deepcopy(subject.forward(given, train))
    kept = copy.deepcopy(getattr(subject.obj, "output", None))
    grads = copy.deepcopy(subject.backward(given_g))
    untouched = {k: bool(np.array_equal(given[k], inputs[k])) for k in inputs}
    untouched["upstream"] = bool(np.array_equal(given_g, g))
    untouched["output"] = same(kept, getattr(subject.obj, "output", None))
    state = {k: v for k, v in vars(subject.obj).items() if k.startswith("running")} if hasattr(
        subject.obj, "__dict__") else {}  # fmt: skip
    extra = {str(i): e for i, e in enumerate(subject.extra)}
    return {"out": out, "grads": grads, "args": untouched, "state": copy.deepcopy(state | extra)}


def observe(names: dict[str, Any], row: Row) -> dict[str, Record]:
    """Everything that was seen, by situation."""
    seen: dict[str, Record] = {}
    for config in row.configs:
        params = draw_params(names, row, config)
        for number, (situation, inputs, factor, train) in enumerate(situations(row)):
            key = f"{config} {number}"
            record = seen.setdefault(situation, {})
            g = upstream(names, row, config, params, inputs)
            g = np.asfortranarray(g) if situation == "layout" and np.ndim(g) else g
            got = attempt(record, key, lambda: both(
                names, row, config, params, inputs, g * factor, train))  # noqa: B023 # fmt: skip
            if situation == "plain" and isinstance(got, dict):
                seen.setdefault("arguments", {})[key] = got["args"]
                seen.setdefault("state", {})[key] = got["state"]
                record[key] = {k: got[k] for k in ("out", "grads")}
        for situation, action in histories(names, row, config, params).items():
            attempt(seen.setdefault(situation, {}), config, action)
    return seen


def situations(row: Row) -> list[tuple[str, Record, float, bool]]:
    """(name, inputs, factor of the cotangent, train) for each single forward and backward."""
    plain = draw_inputs(row, 3)
    real = [k for k, spec in row.inputs.items() if k != "labels" and spec[0] != "index"]

    def changed(change: Callable[[np.ndarray], np.ndarray]) -> Record:
        return plain | {k: change(plain[k]) for k in real}

    def with_zeros(x: np.ndarray) -> np.ndarray:
        x = np.round(x)
        x.flat[:3] = 0
        return x

    out = [("plain", plain, 1.0, True), ("plain", draw_inputs(row, 5, 1), 1.0, True)]
    out += [("zero", plain, 0.0, True), ("scaled", plain, 1e3, True)]
    out += [("batch", draw_inputs(row, 1), 1.0, True)]
    out += [("layout", changed(np.asfortranarray), 1.0, True)]
    out += [("float32", changed(lambda x: x.astype(np.float32)), 1.0, True)]
    domains = {row.inputs[k][0] for k in real}
    first = next(iter(plain))
    if not domains & {"unit", "simplex"}:
        out += [("int", plain | {first: np.round(3 * plain[first]).astype(int)}, 1.0, True)]
        out += [("extremes", changed(lambda x, s=s: x * s), 1.0, True) for s in (1e4, 1e-6, 9.0)]
        out += [("extremes", plain | {first: plain[first] * -1e4}, 1.0, True)]
        out += [("extremes", plain | {first: np.zeros_like(plain[first])}, 1.0, True)]
        out += [("kinks", changed(with_zeros), 1.0, True)]
        if row.labels in ("sign", "real"):
            out += [("kinks", plain | {first: plain["labels"].astype(float)}, 1.0, True)]
    else:
        for dtype in (np.float64, np.float32):
            hard = (np.round(plain[first])).astype(dtype)
            hard.flat[0], hard.flat[1] = 0, 1
            out += [("extremes", plain | {first: hard}, 1.0, True)]
            one = np.zeros_like(hard)
            one[:, -1] = 1
            rows = {"target": one} if "target" in plain else {first: one}
            out += [("extremes", plain | rows, 1.0, True)]
    if row.flag:
        out += [("eval", plain, 1.0, False)]
    if row.labels:
        for n in (3, 4):
            base = draw_inputs(row, n)
            width = base[first].shape[1]
            for name, value in label_variants(row.labels, base["labels"], width).items():
                out += [(f"labels {name}", base | {"labels": value}, 1.0, True)]
        if row.labels != "class":
            thin = {k: v[:, :1] for k, v in plain.items()}
            flat = thin | {"labels": thin["labels"].ravel()}
            out += [("labels flat", flat, 1.0, True)]
    return out


def histories(
    names: dict[str, Any], row: Row, config: str, params: Record
) -> dict[str, Callable[[], Any]]:
    """Situations of more than one call."""
    one, two = draw_inputs(row, 3, 0), draw_inputs(row, 3, 5)
    other = draw_inputs(row, 4, 6)
    g = upstream(names, row, config, params, one)
    g_other = upstream(names, row, config, params, other)

    def fresh() -> Subject:
        return Subject(names, row, config, params)

    def again() -> Any:
        subject = fresh()
        seen = []
        for _ in range(2):
            out = copy.deepcopy(subject.forward(copy.deepcopy(one)))
            seen.append((out, copy.deepcopy(subject.backward(copy.deepcopy(g)))))
            seen.append(copy.deepcopy(subject.backward(copy.deepcopy(g))))
        return seen

    def two_forwards() -> Any:
        subject = fresh()
        subject.forward(copy.deepcopy(one))
        out = copy.deepcopy(subject.forward(copy.deepcopy(other)))
        return out, copy.deepcopy(subject.backward(copy.deepcopy(g_other)))

    def two_instances() -> Any:
        a, b = fresh(), fresh()
        outs = copy.deepcopy([a.forward(copy.deepcopy(one)), b.forward(copy.deepcopy(two))])
        grads = [a.backward(copy.deepcopy(g)), b.backward(copy.deepcopy(g))]
        later = [walk(a.obj, where) for where in row.params.values()]
        return outs, copy.deepcopy(grads), copy.deepcopy(later)

    def aliases() -> Any:
        subject = fresh()
        given, given_g = copy.deepcopy(one), copy.deepcopy(g)
        out = subject.forward(given)
        for value in [*given.values(), out]:
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                value += 1
        grads = subject.backward(given_g)
        if isinstance(given_g, np.ndarray):
            given_g += 1
        shared = [np.shares_memory(np.asarray(out), np.asarray(x)) for x in given.values()]
        return copy.deepcopy(grads), shared

    def eval_after_train() -> Any:
        subject = fresh()
        for inputs in (one, two):
            subject.forward(copy.deepcopy(inputs), True)
        out = copy.deepcopy(subject.forward(copy.deepcopy(one), False))
        return out, copy.deepcopy(subject.backward(copy.deepcopy(g)))

    out: dict[str, Callable[[], Any]] = {
        "again": again,
        "interleaved": two_forwards,
        "instances": two_instances,
        "aliases": aliases,
    }
    if row.flag:
        out["eval"] = eval_after_train
    return out


def same(a: Any, b: Any) -> bool:
    """Equal in type, shape, dtype and, up to rounding, in value."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, np.ndarray | np.generic | float) and isinstance(
        b, np.ndarray | np.generic | float
    ):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        if a.dtype.kind not in "fc":
            return bool(np.array_equal(a, b))
        return bool(np.allclose(a, b, rtol=1e-9, atol=1e-300, equal_nan=True))
    return type(a) is type(b) and bool(a == b)


def differences(right: dict[str, Record], other: dict[str, Record]) -> set[str]:
    """The situations whose records are not the same."""
    return {k for k in right.keys() | other.keys() if not same(right.get(k), other.get(k))}


def wrong_gradients(names: dict[str, Any], row: Row, *, directions: int = 0) -> set[str]:
    """Names of gradients that differ from central differences of the same code's forward.

    Step 1e-5, float64, a random cotangent; a difference above 2e-7 of the largest entry counts.
    Entry by entry, or along some random ``directions``: enough to show that a gradient is wrong.
    """
    wrong: set[str] = set()
    for config in row.configs:
        params = draw_params(names, row, config)
        for seed, n in ((0, 3), (4, 5)):
            inputs = draw_inputs(row, n, seed)
            for train in (True, False) if row.flag else (True,):
                wrong |= _wrong(names, row, config, params, inputs, train, directions)
    return wrong


def _wrong(names: dict[str, Any], row: Row, config: str, params: Record, inputs: Record,
           train: bool, directions: int) -> set[str]:  # fmt: skip
    g = upstream(names, row, config, params, inputs)
    g = 1.0 if row.kind in ("nnfs_loss", "fused", "plain_loss", "loss_function") else g
    subject = Subject(names, row, config, params)
    try:
        subject.forward(copy.deepcopy(inputs), train)
        claimed = copy.deepcopy(subject.backward(copy.deepcopy(g)))
    except Exception:  # code that raises has no right gradient
        return set(row.params) | set(row.returns or row.inputs) - {"labels"}

    def value(name: str, moved: np.ndarray) -> float:
        at_params = params | {name: moved} if name in params else params
        at_inputs = inputs if name in params else inputs | {name: moved}
        s = Subject(names, row, config, at_params)
        out = np.asarray(s.forward(copy.deepcopy(at_inputs), train))
        return float(np.sum(out * g)) + (row.penalty(s.obj) if row.penalty else 0.0)

    wrong = set()
    for name, grad in claimed.items():
        base = params[name] if name in params else inputs[name]
        if not (isinstance(grad, np.ndarray) and grad.shape == base.shape):
            wrong.add(name)
            continue
        for direction in probes(base.shape, directions):
            slope = (
                value(name, base + 1e-5 * direction) - value(name, base - 1e-5 * direction)
            ) / 2e-5
            scale = max(float(np.abs(grad).max(initial=0)), abs(slope), 1e-3)
            if not abs(slope - float(np.sum(grad * direction))) <= 2e-7 * scale:
                wrong.add(name)
    return wrong


def probes(shape: tuple[int, ...], count: int) -> list[np.ndarray]:
    """Random directions, or every unit direction when ``count`` is 0."""
    if count:
        rng = np.random.default_rng(9)
        return [rng.standard_normal(shape) for _ in range(count)]
    size = int(np.prod(shape))
    return list(np.eye(size).reshape(size, *shape))
