"""Runs one catalogue module in many situations and writes down what happened.

Shared by ``test_bug_catalogue_data.py``.  It knows nothing of the checker: right and buggy code
are driven alike, their records compared, and gradients measured by plain central differences.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Record = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """How to drive one target.

    ``inputs`` maps a name to a shape (``"N"`` is the batch) or to ``(kind, shape, ...)`` with kind
    ``unit``, ``simplex`` or ``index``; ``params`` maps a parameter's dotted path to its gradient's.
    """

    kind: str
    configs: tuple[str, ...]
    inputs: dict[str, Any]
    params: dict[str, str] = field(default_factory=dict)
    flag: str | None = None
    labels: str | None = None
    returns: tuple[str, ...] = ()
    backward: str = ""
    penalty: Callable[[Any], float] | None = None
    eval_first: bool = True


def load(source: str, stem: str) -> dict[str, Any]:
    """The names that a module's source defines."""
    names: dict[str, Any] = {"__name__": f"catalogue_{stem}", "np": np}
    exec(compile(source, f"{stem}.py", "exec"), names)
    return names


def walk(obj: Any, path: str) -> Any:
    """``params.gamma`` -> obj.params["gamma"]; None where it does not exist."""
    for part in path.split("."):
        obj = obj.get(part) if isinstance(obj, dict) else getattr(obj, part, None)
    return obj


def put(obj: Any, path: str, value: np.ndarray) -> None:
    """Write ``value`` where ``walk`` reads."""
    *way, last = path.split(".")
    holder = walk(obj, ".".join(way)) if way else obj
    if isinstance(holder, dict):
        holder[last] = value
    else:
        setattr(holder, last, value)


class Context:
    """What an autograd function is given as ctx."""

    def save_for_backward(self, *arrays: np.ndarray) -> None:
        self.saved_tensors = arrays


class Subject:
    """One object or function pair, driven through `forward` and `backward`."""

    def __init__(self, names: dict[str, Any], row: Row, config: str, params: Record) -> None:
        self.row, self.names, self.config = row, names, config
        np.random.seed(0)
        self.extra: tuple[Any, ...] = ()
        if row.kind in ("pair", "loss_function"):
            self.obj: Any = names[config.split("(")[0]]
            if "(" in config:
                self.extra = (eval(config.split("(", 1)[1].rstrip(")"), dict(names)),)
        else:
            self.obj = eval(config, names)
        for path, value in params.items():
            put(self.obj, path, value.copy())

    def forward(self, inputs: Record, train: bool = True) -> Any:
        np.random.seed(1)
        row, obj, values = self.row, self.obj, list(inputs.values())
        self.labels = inputs.get("labels")
        if row.kind == "pair":
            out, self.cache = obj(*values, *self.extra)
            return out
        if row.kind == "loss_function":
            out, self.cache = obj(*values)
            return out
        if row.kind == "elementwise":
            self.x = values[0]
            return obj(values[0])
        if row.kind == "ctx":
            self.ctx = Context()
            return obj.forward(self.ctx, *values)
        if row.kind == "update":
            return obj.forward_propagation(*values)
        if row.kind == "nnfs_loss":
            self.pred = values[0]
            return obj.calculate(*values)
        flags = {row.flag: train} if row.flag else {}
        result = obj.forward(*values, **flags)
        return obj.output if result is None and hasattr(obj, "output") else result

    def backward(self, g: Any) -> Record:
        """Gradients by name; a gradient that is not there is None."""
        row, obj = self.row, self.obj
        names = row.returns or tuple(n for n in row.inputs if n != "labels")
        if row.kind == "pair":
            result = self.names[row.backward](g, self.cache)
        elif row.kind == "loss_function":
            result = self.cache
        elif row.kind == "elementwise":
            result = obj.gradient(self.x) * g
        elif row.kind == "ctx":
            result = obj.backward(self.ctx, g)
        elif row.kind == "update":
            return self._backward_by_update(g, names[0])
        elif row.kind == "nnfs_loss":
            obj.backward(self.pred, self.labels)
            result = obj.dinputs
        elif row.kind == "fused":
            obj.backward(obj.output, self.labels)
            result = obj.dinputs
        elif row.kind == "fish_loss":
            result = obj.backward(g)
        elif row.kind == "plain_loss":
            result = obj.backward()
        else:
            result = obj.backward(g)
            if result is None and "x" not in row.returns:
                result = getattr(obj, "dinputs", None)
        values = result if isinstance(result, tuple) else (result,)
        grads = dict(zip(names, values, strict=False))
        if row.inputs.get(names[0], ("",))[0] == "index":
            grads = {}
        return grads | {path: walk(obj, where) for path, where in row.params.items()}

    def _backward_by_update(self, g: np.ndarray, name: str) -> Record:
        before = {path: walk(self.obj, path).copy() for path in self.row.params}
        grads = {name: self.obj.backward_propagation(g, 0.5)}
        return grads | {p: (before[p] - walk(self.obj, p)) / 0.5 for p in before}


def draw(spec: Any, n: int, rng: np.random.Generator) -> np.ndarray:
    """Values for one input."""
    kind, shape = ("real", spec) if not isinstance(spec[0], str) or spec[0] == "N" else spec[:2]
    sizes = tuple(n if size == "N" else size for size in shape)
    if kind == "index":
        return rng.integers(0, spec[2], sizes)
    if kind == "unit":
        return rng.uniform(0.05, 0.95, sizes)
    if kind == "simplex":
        raw = rng.uniform(0.2, 1, sizes)
        return raw / raw.sum(axis=-1, keepdims=True)
    return rng.standard_normal(sizes)


def draw_inputs(row: Row, n: int, seed: int = 0) -> Record:
    rng = np.random.default_rng(seed)
    inputs = {k: draw(s, n, rng) for k, s in row.inputs.items() if k != "labels"}
    if row.labels:
        inputs["labels"] = make_labels(row.labels, next(iter(inputs.values())).shape)
    return inputs


def make_labels(kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Fixed labels of the usual format; the last class is among them."""
    n, d = shape
    index = np.arange(n)[::-1] % d if n > 1 else np.array([d - 1])
    if kind == "class":
        return index
    bits = (np.arange(n * d).reshape(shape) % 2 == 0).astype(int)
    return 2 * bits - 1 if kind == "sign" else bits if kind == "binary" else 0.5 + bits


def label_variants(kind: str, labels: np.ndarray, width: int) -> Record:
    """The same labels in every legal format."""
    out: Record = {}
    if kind == "class":
        hot = np.eye(width)[labels]
        for dtype in ("uint8", "int8", "int32", "float64"):
            out[f"index {dtype}"] = labels.astype(dtype)
            out[f"onehot {dtype}"] = hot.astype(dtype)
        out["column"] = labels[:, None]
    else:
        dtypes = ("int8", "int64", "float64") + (("uint8", "bool") if kind == "binary" else ())
        for dtype in dtypes if kind != "real" else ("float64", "uint8", "int64"):
            out[dtype] = labels.astype(dtype)
    return out


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
