"""What a model does with its training flag, its data and its parameters while it trains."""

from __future__ import annotations

import contextlib
import inspect
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.guard import seeded
from gradcheck.laws.common import differs, numbers_differ, start, verdict
from gradcheck.types import Array, Case, Op, Primals, Verdict


def trained_parameters(op: Op, case: Case) -> Iterator[Verdict]:
    """The model's own ``train(X, y)`` changes every parameter, with validation as without."""
    law = "model_moves"
    paths = []
    for validation in (False, True):
        live, inputs, _, labels = start(op, case)
        inner = getattr(live, "obj", live)
        method = getattr(inner, "train", None)
        options, sizes = training_options(method), size_argument(method)
        if labels is None:
            break  # a network that ends in its output: which targets it trains on is not known
        if options is None or (validation and "validation_data" not in options):
            break
        x, y = next(iter(inputs.values())).copy(), np.array(labels)
        before = {k: v.copy() for k, v in op.parameters(live).items()}
        given = {k: v for k, v in options.items() if k != "validation_data"}
        if sizes is not None:
            given[sizes] = len(x)  # a smaller last batch is a question of its own
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
    if training_options(method) is None or labels is None:
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
        "num_epochs": 2,
        "print_every": 1000,
        "verbose": 0,
        "validation_data": None,
    }
    return {p.name: wanted[p.name] for p in parameters if p.name in wanted}


#: What the size of a batch is called.
BATCH_SIZES = ("batch_size", "batchsize", "batch", "minibatch_size", "mini_batch_size", "bs")
#: Batches drawn at random leave a sample out by chance: so often in a row is no chance.
SEEDS = 10


def every_sample_trains(op: Op, case: Case) -> Iterator[Verdict]:
    """``train(X, y, batch_size=2)`` of five samples uses the fifth, as one batch of five does."""
    case = case.replace(N=5)
    live, inputs, _, labels = start(op, case)
    method: Any = getattr(getattr(live, "obj", live), "train", None)
    options, sizes = training_options(method), size_argument(method)
    if options is None or sizes is None or labels is None:
        return
    options.pop("validation_data", None)
    x, y = next(iter(inputs.values())), np.array(labels)
    other = x.copy()
    other[-1] = x[-1][::-1] + 1.0

    def moves(size: int, seed: int) -> bool:
        ends = [trained(op, case, given, y, seed, options | {sizes: size}) for given in (x, other)]
        return any(differs(ends[0][k], ends[1][k]) for k in ends[0])

    if moves(len(x), 0) and not any(moves(2, seed) for seed in range(SEEDS)):
        first = next(iter(op.parameters(live)))
        text = (
            f"train(X, y, {sizes}=2) of {len(x)} samples gives the same {first} whatever the last sample is, "
            f"where {sizes}={len(x)} does not: the last, smaller batch never trains"
        )
        yield verdict("model_moves", "fail", op, case, first, text)


def size_argument(method: Any) -> str | None:
    """The keyword for the size of a batch."""
    try:
        names = list(inspect.signature(method).parameters)
    except (TypeError, ValueError):
        return None
    return next((n for n in BATCH_SIZES if n in names), None)


def trained(op: Op, case: Case, x: Array, y: Array, seed: int, options: dict[str, Any]) -> Primals:
    """The parameters of a fresh model after training."""
    live, _, _, _ = start(op, case)
    with seeded(seed), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        getattr(live, "obj", live).train(x.copy(), y.copy(), **options)
    return {k: v.copy() for k, v in op.parameters(live).items()}


def answering(model: Any) -> tuple[str, Any] | None:
    """The method that gives a prediction or scores for data alone; None without one."""
    for name in ("predict", "loss"):
        method = getattr(model, name, None)
        try:
            parameters = list(inspect.signature(method).parameters.values())  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
        needed = [p for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
        labels = len(parameters) > 1 and parameters[1].default is None
        if len(needed) == 1 and (name == "predict" or labels):
            return name, method
    return None


def predicts_alike(op: Op, case: Case) -> Iterator[Verdict]:
    """``predict(X)`` gives the same answer again: what is drawn at random in training is off.

    So do the scores of ``loss(X)``, where labels may be left out.
    """
    live, inputs, _, labels = start(op, case)
    found = answering(getattr(live, "obj", live))
    if found is None:
        return
    called, method = found
    op.forward(live, inputs, labels, False)  # a model that is switched is in evaluation after it
    answers = []
    for seed in (0, 1):
        with seeded(seed), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            answers.append(np.array(method(next(iter(inputs.values())).copy())))
    if answers[0].dtype.kind == "f" and differs(answers[1], answers[0]):
        why = f"{called}(X) called again gives another answer: it runs in training mode"
        yield numbers_differ("train_eval", "fail", op, case, "output", answers[1], answers[0], why)
