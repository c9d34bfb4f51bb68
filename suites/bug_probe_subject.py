"""Drives one class or function pair of the bug catalogue through forward and backward."""

from __future__ import annotations

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
