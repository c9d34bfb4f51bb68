"""Drives optimizers, accuracies, numerical gradients and small models of the catalogue.

``WATCH`` maps (module, target) to a function of the module's names that returns a record by
situation, as ``bug_probe.observe`` does for layers and losses.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from bug_probe import Record, attempt
from bug_probe_models import cs_net, fish_net, nnfs_model

Arrays = dict[str, np.ndarray]
Step = Callable[[Arrays, Arrays], Arrays]


def nnfs_steps(names: dict[str, Any], config: str) -> Step:
    """update_params(layer) of one optimizer; every pair w*, b* is a layer of its own."""
    optimizer = eval(config, names)
    holder = type("Layer", (), {})
    layers: dict[str, Any] = {}

    def step(params: Arrays, grads: Arrays) -> Arrays:
        optimizer.pre_update_params()
        for key in [k for k in params if k[0] == "w"]:
            layer = layers.setdefault(key, holder())
            bias = "b" + key[1:]
            layer.weights, layer.biases = params[key], params[bias]
            layer.dweights, layer.dbiases = grads[key], grads[bias]
            optimizer.update_params(layer)
            params = params | {key: layer.weights, bias: layer.biases}
        optimizer.post_update_params()
        return params

    return step


def dict_steps(names: dict[str, Any], config: str) -> Step:
    optimizer = eval(config, names)

    def step(params: Arrays, grads: Arrays) -> Arrays:
        optimizer.update(params, grads)
        return params

    return step


def list_steps(names: dict[str, Any], config: str) -> Step:
    """update(params, grads) over lists."""
    optimizer = eval(config, names)

    def step(params: Arrays, grads: Arrays) -> Arrays:
        optimizer.update(list(params.values()), list(grads.values()))
        return params

    return step


def function_steps(names: dict[str, Any], config: str) -> Step:
    """(w, dw, config) -> (w, config); the first call leaves config out."""
    rule, kept = names[config], {}

    def step(params: Arrays, grads: Arrays) -> Arrays:
        out = {}
        for key in params:
            state = (kept[key],) if key in kept else ()
            out[key], kept[key] = rule(params[key], grads[key], *state)
        return out

    return step


def single_steps(names: dict[str, Any], config: str) -> Step:
    """update(w, grad) -> w, one object for each parameter."""
    rules: dict[str, Any] = {}

    def step(params: Arrays, grads: Arrays) -> Arrays:
        for key in params:
            rules.setdefault(key, eval(config, names))
        return {key: rules[key].update(params[key], grads[key]) for key in params}

    return step


def run_steps(step: Step, shapes: dict[str, tuple[int, ...]], factor: float, count: int) -> Any:
    """The parameters after each step, and whether the gradients survived."""
    rng = np.random.default_rng(11)
    params = {k: rng.standard_normal(s) for k, s in shapes.items()}
    path, intact = [], []
    for _ in range(count):
        grads = {k: factor * rng.standard_normal(s) for k, s in shapes.items()}
        given = copy.deepcopy(grads)
        params = step(params, given)
        intact.append({k: bool(np.array_equal(given[k], grads[k])) for k in grads})
        path.append(copy.deepcopy(params))
    return {"path": path, "intact": intact}


SHAPES = {"w1": (3, 2), "b1": (1, 2)}
TWINS = {"w1": (3, 2), "b1": (1, 2), "w2": (3, 2), "b2": (1, 2)}


def optimizer(
    steps: Callable[[dict[str, Any], str], Step], *configs: str
) -> Callable[[dict[str, Any]], dict[str, Record]]:
    """Situations of an optimizer: steps, gradients kept, zero gradient, equal shapes, a bowl."""

    def watch(names: dict[str, Any]) -> dict[str, Record]:
        seen: dict[str, Record] = {k: {} for k in ("steps", "grads", "zero", "twins", "bowl")}
        for config in configs:
            got = attempt({}, "", lambda: run_steps(steps(names, config), SHAPES, 1, 5))  # noqa: B023
            seen["steps"][config] = got["path"] if isinstance(got, dict) else got
            seen["grads"][config] = got["intact"] if isinstance(got, dict) else got
            for name, shapes, factor in (("zero", SHAPES, 0), ("twins", TWINS, 1)):
                fresh = attempt({}, "", lambda: run_steps(steps(names, config), shapes, factor, 3))  # noqa: B023
                seen[name][config] = fresh["path"] if isinstance(fresh, dict) else fresh
            seen["bowl"][config] = attempt({}, "", lambda: bowl(steps(names, config)))  # noqa: B023
        return seen

    return watch


def bowl(step: Step) -> float:
    """Height of the bowl x^2/2 after 60 steps, over the height at the start."""
    params = {"w1": np.array([[1.0, -2.0]]), "b1": np.array([[0.5, 1.5]])}
    start = sum(float(np.sum(p**2)) for p in params.values())
    for _ in range(60):
        params = step(params, {k: p.copy() for k, p in params.items()})
    return sum(float(np.sum(p**2)) for p in params.values()) / start


def accuracies(config: str, kind: str) -> Callable[[dict[str, Any]], dict[str, Record]]:
    """One accuracy at every legal format of its labels."""

    def watch(names: dict[str, Any]) -> dict[str, Record]:
        rng = np.random.default_rng(2)
        record: Record = {}
        if kind == "class":
            scores, labels = rng.random((6, 3)), np.array([0, 2, 1, 2, 2, 0])
            cases = [(scores, labels), (scores, labels[:, None]), (scores, np.eye(3)[labels])]
            cases += [(scores, labels.astype(np.uint8)), (scores[:1], labels[:1])]
        else:
            scores = np.array([[0.9], [0.8], [0.7], [0.2], [0.1], [0.6]])
            labels = np.array([[1], [1], [1], [0], [0], [0]])
            if kind == "real":
                labels = scores + np.array([[0], [9], [0], [-9], [0], [1e-9]])
            cases = [(scores, labels), (scores, labels.ravel()), (scores.ravel(), labels)]
        for i, (predictions, y) in enumerate(cases):
            accuracy = eval(config, names)
            attempt(record, str(i), lambda: accuracy.calculate(predictions, y))  # noqa: B023
        return {"accuracy": record}

    return watch


def numerical(name: str, kind: str) -> Callable[[dict[str, Any]], dict[str, Record]]:
    """A numerical gradient on known functions, on integers, and of a function that raises."""

    def cube(x: Any) -> Any:
        return np.sum(x**3) if kind != "number" else x**3

    def watch(names: dict[str, Any]) -> dict[str, Record]:
        function, record = names[name], {}
        points: list[Any] = [np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])]
        points = [0.7, -1.2] if kind == "number" else points
        points += [np.array([[1, 2], [3, -1]])] if kind == "copy" else []
        for i, point in enumerate(points):
            given = copy.deepcopy(point)
            attempt(record, str(i), lambda: function(cube, given))  # noqa: B023
            record[f"x {i}"] = given
        if kind != "number":
            calls = iter(range(3))

            def raises(x: np.ndarray) -> Any:
                return cube(x) if next(calls, None) is not None else 1 / 0

            given = points[0].copy()
            attempt(record, "raises", lambda: function(raises, given))
            record["x raises"] = given
        return {"numerical": record}

    return watch


WATCH: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Record]]] = {
    ("nnfs_optimizers", "Optimizer_SGD"): optimizer(
        nnfs_steps,
        "Optimizer_SGD(0.1)",
        "Optimizer_SGD(0.1, decay=0.1, momentum=0.9)",
        "Optimizer_SGD(0.1, decay=0.1)",
    ),
    ("nnfs_optimizers", "Optimizer_Adagrad"): optimizer(
        nnfs_steps, "Optimizer_Adagrad(0.1)", "Optimizer_Adagrad(0.1, decay=0.1)"
    ),
    ("nnfs_optimizers", "Optimizer_RMSprop"): optimizer(
        nnfs_steps, "Optimizer_RMSprop(0.02)", "Optimizer_RMSprop(0.02, decay=0.1)"
    ),
    ("nnfs_optimizers", "Optimizer_Adam"): optimizer(
        nnfs_steps, "Optimizer_Adam(0.02)", "Optimizer_Adam(0.02, decay=0.1)"
    ),
    **{
        ("fish_optimizers", name): optimizer(dict_steps, f"{name}(0.05)")
        for name in ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam")
    },
    **{
        ("cs231n_optim", name): optimizer(function_steps, name)
        for name in ("sgd", "sgd_momentum", "rmsprop", "adam")
    },
    ("wild_optimizers", "AdamW"): optimizer(dict_steps, "AdamW(lr=0.01, weight_decay=0.1)"),
    ("wild_optimizers", "PackedAdam"): optimizer(list_steps, "PackedAdam()"),
    ("wild_optimizers", "SGDWeightDecay"): optimizer(dict_steps, "SGDWeightDecay(0.1, 0.2)"),
    ("wild_optimizers", "StochasticGradientDescent"): optimizer(
        single_steps, "StochasticGradientDescent(0.05)"
    ),
    ("wild_optimizers", "Rprop"): optimizer(dict_steps, "Rprop()"),
    ("wild_optimizers", "ClippedSGD"): optimizer(dict_steps, "ClippedSGD(0.1)"),
    ("nnfs_accuracy", "Accuracy_Categorical"): accuracies("Accuracy_Categorical()", "class"),
    ("nnfs_accuracy", "Accuracy_Binary"): accuracies("Accuracy_Binary()", "binary"),
    ("nnfs_accuracy", "Accuracy_Regression"): accuracies("Accuracy_Regression()", "real"),
    ("fish_gradient", "numerical_diff"): numerical("numerical_diff", "number"),
    ("fish_gradient", "numerical_gradient"): numerical("numerical_gradient", "in place"),
    ("fish_gradient", "numerical_gradient_copy"): numerical("numerical_gradient_copy", "copy"),
    ("fish_gradient", "numerical_gradient_rows"): numerical("numerical_gradient_rows", "matrix"),
    ("fish_net", "TwoLayerNet"): fish_net,
    ("cs231n_net", "TwoLayerNet"): cs_net,
    ("nnfs_model", "Model"): nnfs_model,
}
