"""Drives the small whole models of the bug catalogue."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from bug_probe import Record, attempt


def stored(save: Callable[[Any], None], load: Callable[[Any], None]) -> None:
    """Save to memory and load again."""
    buffer = io.BytesIO()
    save(buffer)
    buffer.seek(0)
    load(buffer)


X, Y = np.random.default_rng(5).standard_normal((7, 4)), np.arange(7) % 3
T = np.random.default_rng(6).standard_normal((7, 3))


def fish_net(names: dict[str, Any]) -> dict[str, Record]:
    def make(seed: int = 0) -> Any:
        np.random.seed(seed)
        net = names["TwoLayerNet"](4, 6, 3, weight_init_std=0.7)
        for key in net.params:
            net.params[key][...] = np.random.randn(*net.params[key].shape)
        return net

    def trained() -> Any:
        net = make()
        for batch in (slice(0, 4), slice(4, 7)):
            grads = net.gradient(X[batch], Y[batch])
            for key in grads:
                net.params[key] -= 0.5 * grads[key]
        return net.loss(X, Y), net.params

    def round_trip() -> Any:
        net, other = make(0), make(1)
        stored(net.save_params, lambda f: other.load_params(f))
        return other.predict(X) - net.predict(X), other.params

    gradient: Record = {}
    attempt(gradient, "g", lambda: make().gradient(X, Y))
    scores: Record = {}
    attempt(scores, "p", lambda: make().predict(X))
    attempt(scores, "a", lambda: (make().accuracy(X, Y), make().accuracy(X, np.eye(3)[Y])))
    moves, trip = {}, {}
    attempt(moves, "m", trained)
    attempt(trip, "t", round_trip)
    return {"model_gradient": gradient, "roles": scores, "model_moves": moves, "trip": trip}


def cs_net(names: dict[str, Any]) -> dict[str, Record]:
    record: Record = {}
    for reg in (0.0, 0.3):
        np.random.seed(0)
        net = names["TwoLayerNet"](4, 6, 3, reg=reg)
        attempt(record, str(reg), lambda: net.loss(X, Y))  # noqa: B023
    return {"model_gradient": record}


def nnfs_model(names: dict[str, Any]) -> dict[str, Record]:
    seen: dict[str, Record] = {k: {} for k in ("gradient", "moves", "trip", "eval", "one")}

    def make(seed: int = 0) -> Any:
        np.random.seed(seed)
        model = names["build_model"]()
        for layer in model.trainable_layers:
            layer.biases = np.random.randn(*layer.biases.shape)
        return model

    def gradient() -> Any:
        model = make()
        output = model.forward(X)
        model.backward(output, T)
        return output, [(la.dweights, la.dbiases) for la in model.layers if hasattr(la, "weights")]

    def moves(size: int | None, validation: Any = None) -> Any:
        model = make()
        model.train(X, T, epochs=2, batch_size=size, validation_data=validation)
        return [(la.weights, la.biases) for la in model.layers if hasattr(la, "weights")]

    def trip() -> Any:
        model, other = make(0), make(1)
        stored(model.save_parameters, other.load_parameters)
        return other.forward(X, training=False), model.forward(X, training=False)

    def evaluation() -> Any:
        model = make()
        got = [model.evaluate(X, T), model.predict(X), model.predict(X), model.training]
        return [*got, moves(3, (X, T))]

    def one_layer() -> Any:
        np.random.seed(0)
        model = names["Model"]()
        model.add(names["Layer_Dense"](4, 3))
        model.set(loss=names["Loss_MeanSquaredError"](), optimizer=names["Optimizer_SGD"]())
        model.finalize()
        model.train(X, T)
        return model.predict(X)

    attempt(seen["gradient"], "g", gradient)
    attempt(seen["moves"], "all", lambda: moves(None))
    attempt(seen["moves"], "partial", lambda: moves(4))
    attempt(seen["trip"], "t", trip)
    attempt(seen["eval"], "e", evaluation)
    attempt(seen["one"], "o", one_layer)
    return seen
