"""Which input shape and which reading of its methods an object runs under."""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe
from gradcheck.conventions import layer_op, layers, places
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.consistency import AGREES, miss, once
from gradcheck.conventions.hypotheses import (
    dims_of,
    hypotheses,
    is_row_or_column,
    is_vector,
    pinned,
    shown_shape,
)
from gradcheck.conventions.lazy import lazily, set_by_data, warmed
from gradcheck.conventions.live import Live, Refused, clone
from gradcheck.conventions.mode_use import follows_mode
from gradcheck.conventions.pairing import (
    Trial,
    more_axes,
    of_parameters,
    of_unknown_shape,
    states_of_other_sizes,
    without_upstream,
)
from gradcheck.conventions.promises import out_of_order
from gradcheck.conventions.regulariser import with_regulariser
from gradcheck.conventions.shapes import NARROWER
from gradcheck.conventions.signature import RATES, arguments, plain, tree_of
from gradcheck.conventions.sources import Source, more_telling
from gradcheck.types import Case, Kind, Op
from gradcheck.variants import constructor_options

ACTIVATIONS = (
    "relu", "sigmoid", "tanh", "softmax", "softplus", "elu", "gelu", "swish", "silu", "mish", "activation",
    "identity", "linear", "leaky", "hardtanh", "logsigmoid", "softsign", "maxout", "selu",
)  # fmt: skip


#: How many more shapes are tried on an object whose input has a gradient of another shape.
PATIENCE = 400


def kind_of(name: str, cls: type) -> Kind:
    """Layer or activation, for the report."""
    if not isinstance(cls, type):
        return "function"
    key = plain(name)
    own = {n for c in cls.__mro__[:-1] for n in vars(c)}
    sized = any(w in key for w in ("dense", "conv", "affine", "norm", "pool", "rnn", "lstm", "gru"))
    return (
        "activation"
        if any(a in key for a in ACTIVATIONS) and not sized and "update" not in own
        else "layer"
    )


def style(op: Op, trial: Trial | None = None) -> str:
    """The convention's name for the report, from where the values are kept."""
    grads = list(op.gradient_names.values())
    if trial and (trial.hidden or any(p[0] == ("attr", "memory") for p in trial.grads.values())):
        return "updating"
    if trial and trial.moved and takes_rate(op, trial):
        return "updating"
    if any(g.startswith(("dinput", "dweight", "dbias", "self.d")) for g in grads):
        return "nnfs"
    if any("[" in g and "returned" not in g for g in grads):
        return "containers"
    return "fish"


def takes_rate(op: Op, trial: Trial) -> bool:
    """Whether a backward that changes the parameters has a step size to do it with."""
    held = vars(getattr(op.make(), "obj", None) or object()) if op.kind != "function" else {}
    given = [a.role for a in arguments(trial.calls.backward_function)]
    return "rate" in given or any(plain(n) in RATES for n in held)


def finish(source: Source, made: Recipe, make: Callable[[], Live], proto: Live, trial: Trial) -> Op:
    """The Op of a successful trial, with its convention's name."""
    if any(s.shape == ("N", "N") for s in trial.slots):
        trial = replace(trial, slots=tuple(replace(s, shape=("N", "D")) for s in trial.slots))
    proto = trial_proto(proto, trial, make)
    op = layer_op.to_op(
        source.name, kind_of(source.name, source.obj), "", make, proto, trial, made.text
    )
    notes = (
        *(f"no gradient found for {m}" for m in trial.missing),
        *(f"not checked: backward returns {u}" for u in trial.unread),
    )
    order = out_of_order(trial.calls.backward_function, source.tree)
    notes += (f"out of order: {order}",) if order else ()
    notes += (trial.remark,) if trial.remark else ()
    notes += tuple(f"the step of {m} is not its gradient times a rate" for m in trial.hidden)
    kind: Kind = "layer" if trial.params and op.kind == "activation" else op.kind
    op = with_regulariser(op) if trial.params and not trial.problem else op
    return replace(op, kind=kind, convention=style(op, trial), obj=source.obj, notes=notes,
                   options=constructor_options(source.obj, made.text),
                   follows_mode=follows_mode(source.obj, trial.calls.forward_function, trial.calls.backward_function),
                   first_layer=returns_nothing(op, trial.calls.backward_function) or of_parameters(op, trial),
                   terminal=op.terminal or without_upstream(trial))  # fmt: skip


def returns_nothing(op: Op, backward: Any) -> bool:
    """Whether a backward that gives parameters their gradients says ``return None`` and nothing else."""
    tree = tree_of(backward) if op.gradient_names else None
    returns = [n for n in ast.walk(tree) if isinstance(n, ast.Return)] if tree is not None else []
    said = [isinstance(n.value, ast.Constant) and n.value.value is None for n in returns]
    return bool(said) and all(said)


def trial_proto(proto: Live, trial: Trial, make: Callable[[], Live]) -> Live:
    """The object parameters are read from: after a first forward where they are made lazily."""
    if not trial.warm and all(places.read(proto, p) is not None for p in trial.params.values()):
        return proto
    return warmed(proto, trial.calls, trial.slots, make)


def best_trial(
    source: Source,
    made: Recipe,
    make: Callable[[], Live],
    proto: Live,
    pair: tuple[str, str],
    shapes: tuple[Any, ...] = (),
    most: int | None = None,
) -> tuple[Trial | None, str]:
    """The first shape and reading under which the object runs, the consistent reading preferred.

    A shape under which neither the input's nor a weight's gradient has the right shape gives way
    to a later one under which all have it: the code may take one sample at a time.  So does one
    that is broadcast to more axes and whose gradient then has another shape.
    """
    dims = dims_of(made, proto)
    why = ""
    broken: Trial | None = None
    misshapen: Trial | None = None
    vector: Trial | None = None
    late = 0
    whole = any(w in plain(source.name) for w in ("reshape", "unflatten", "view"))
    for calls_list, free in itertools.islice(hypotheses(source, proto, pair, dims, shapes), most):
        slots = pinned(free) if whole else free  # the sizes must fit the shape asked for
        ran = vector or misshapen or broken
        if ran is not None and any(t.domain == "positive" for t in slots):
            continue  # it runs on any number: a narrower domain would hide what is wrong there
        trials: list[Trial] = []
        for calls in calls_list:
            try:
                warm = lazily(proto, calls, slots, make)
                fixed = slots if warm is None else pinned(slots)
                fitted = set_by_data(proto, calls, slots, make) if warm is None else None
                among = None if fitted is None else places.walk(proto).keys()
                trial = layers.observe(make, warm or fitted or proto, calls, fixed, among=among)
                trials.append(replace(trial, warm=fitted is not None))
            except Refused as refusal:
                why = more_telling(why, f"input {shown_shape(slots)}: {refusal}")
                break
            except MemoryError:
                raise
            except Exception as error:
                text = f"input {shown_shape(slots)}: {type(error).__name__}: {error}"
                why = more_telling(why, text)
                break
        good = [t for t in trials if not t.problem and t.grads]
        wrong = [wrong_shapes(finish(source, made, make, proto, t)) for t in good[:1]]
        late += misshapen is not None
        crossed = bool(good) and states_of_other_sizes(good[0])
        unfit = bool(good) and len(slots) > 1 and bool(good[0].unread)
        spilled = bool(wrong) and "input" in wrong[0] and more_axes(good[0])
        at_odds = bool(wrong) and ({"input", "weight"} <= wrong[0] or crossed or spilled or unfit)
        if misshapen is None and at_odds:
            misshapen = good[0]
            fewer = narrower(source, made, make, proto, calls_list, misshapen)
            if fewer is not None:
                return settled(fewer, make, proto), ""
            continue
        if late > PATIENCE:
            break
        if crossed:
            continue
        if misshapen is not None and wrong and (wrong[0] or unfit):
            continue
        if good:
            ranked = [
                (distance(source, made, make, proto, t), i) for i, t in enumerate(good) if good[1:]
            ]
            best, i = min(ranked, default=(math.inf, 0))
            chosen = good[i] if best < AGREES else good[0]
            alone = len(slots) == 1 and "N" not in slots[0].shape
            doubtful = alone and (
                "input" in wrong_shapes(finish(source, made, make, proto, chosen))
                or distance(source, made, make, proto, chosen) > AGREES
            )
            square = slots[0].shape == ("N", "N")  # for a forward that takes no other
            if broken is not None and (doubtful or square):
                continue  # forward takes a batch: what fails for one sample as well says nothing
            if vector is None and is_vector(slots) and doubtful:
                vector = chosen  # a row or a column may be meant
                continue
            if vector is not None and not (is_row_or_column(slots) and not doubtful):
                continue
            if alone:
                chosen = as_wide_as_long(make, proto, calls_list, chosen) or chosen
            if len(slots) > 1:
                chosen = narrower(source, made, make, proto, calls_list, chosen) or chosen
            if chosen.missing:
                chosen = longer(source, made, make, proto, calls_list, chosen) or chosen
            if broken is not None and alone:
                text = f"read for one sample: on {shown_shape(broken.slots)} backward raises {broken.problem}"
                chosen = replace(chosen, remark=text)
            return settled(chosen, make, proto), ""
        broken = broken or next(iter(trials), None)
    if vector is None and misshapen is not None and of_unknown_shape(misshapen):
        names = ", ".join(s.name for s in misshapen.slots)
        text = f"backward returns {', '.join(misshapen.unread)}, which fits none of the shapes tried for {names}"
        return None, f"{text}; a class that holds the others as attributes can be checked"
    return vector or misshapen or broken, why


def narrower(
    source: Source,
    made: Recipe,
    make: Callable[[], Live],
    proto: Live,
    readings: list[Calls],
    wide: Trial,
) -> Trial | None:
    """A reading with a second input of fewer axes, where only so every gradient agrees.

    ``hs * h[:, None, :]`` runs for two inputs of one shape as well, and sums over another axis.
    """
    first, *others = wide.slots
    if len(others) != 1 or others[0].shape != first.shape or others[0].domain != "real":
        return None
    if distance(source, made, make, proto, wide) < AGREES:
        return None
    leads = [first.shape, ("N", "T", "D")] if len(first.shape) == 2 else [first.shape]
    # An axis of 1 hides what is wrong along it: it is tried where the gradients have other shapes.
    misfit = bool(wrong_shapes(finish(source, made, make, proto, wide)))
    tails = [
        (w, t)
        for w in leads
        for t in NARROWER.get(len(w), ())
        if misfit or wide.unread or 1 not in t
    ]
    for lead, shape in tails:
        slots = (replace(first, shape=lead), replace(others[0], shape=shape))
        for calls in readings:
            try:
                found = layers.observe(make, proto, calls, slots)
            except Exception:  # whatever it raises: it does not take such inputs
                break
            every = {s.name for s in slots} <= found.grads.keys() and not found.problem
            if every and distance(source, made, make, proto, found) < AGREES:
                return found
    return None


def longer(
    source: Source,
    made: Recipe,
    make: Callable[[], Live],
    proto: Live,
    readings: list[Calls],
    rows: Trial,
) -> Trial | None:
    """A reading with more axes, where so few leave a parameter without a gradient and these none.

    ``x + self.gain * y`` runs on rows too, but ``(dout * y).sum(axis=(0, 1))`` is for (N, T, D).
    """
    slot = rows.slots[0]
    if len(rows.slots) != 1 or len(slot.shape) not in {2, 3} or slot.shape[0] != "N":
        return None
    last = slot.shape[-1]
    more: list[tuple[int | str, ...]] = [("N", "T", last), ("N", "H", "W", last)]
    for shape, calls in itertools.product(more[len(slot.shape) - 2 :], readings):
        try:
            found = layers.observe(make, proto, calls, (replace(slot, shape=shape),))
        except Exception:  # whatever it raises: it does not take such arrays
            continue
        every = not (found.problem or found.missing) and found.params.keys() >= rows.params.keys()
        if every and distance(source, made, make, proto, found) < AGREES:
            return found
    return None


def as_wide_as_long(
    make: Callable[[], Live], proto: Live, readings: list[Calls], alone: Trial
) -> Trial | None:
    """A reading for batches that runs where the batch is as large as a sample, with more gradients.

    One sample alone is then not what the code is for: ``x - x.mean(axis=-1)`` lacks a keepdims.
    """
    slot = alone.slots[0]
    if not is_vector(alone.slots) or not isinstance(slot.shape[0], int):
        return None
    size = slot.shape[0]
    square = (replace(slot, shape=(size, size)),)
    for calls in readings:
        try:
            found = layers.observe(make, proto, calls, square)
        except Exception:  # whatever it raises: it does not take such a batch either
            continue
        more = found.params.keys() > alone.params.keys()
        if not found.problem and not found.missing and more:
            return replace(found, slots=(replace(slot, shape=("N", size)),))
    return None


def settled(trial: Trial, make: Callable[[], Live], proto: Live) -> Trial:
    """The trial with those sizes fixed that the forward takes no other value for (channels, say)."""
    sizes = {n for s in trial.slots for n in s.shape if isinstance(n, str) and n != "N"}
    for size in sorted(sizes):
        other = Case().replace(**{size: dict(Case().sizes)[size] + 1})
        rng = cases.generator(other, 1)
        arrays = [cases.draw_slot(s, other, rng) for s in trial.slots]
        try:
            trial.calls.forward(clone(proto, {}, make), arrays, None, True)
        except Exception:  # whatever it raises: this size is not for it
            fixed = [
                replace(s, shape=tuple(dict(Case().sizes)[n] if n == size else n for n in s.shape))
                for s in trial.slots
            ]
            trial = replace(trial, slots=tuple(fixed))
    return trial


def wrong_shapes(op: Op) -> set[str]:
    """What has a gradient of another shape than its own: ``input``, ``weight`` (2-D) or ``other``."""
    try:
        primals, gradients = once(op, Case())
    except Exception:  # what cannot run is told elsewhere
        return set()
    inputs = {s.name for s in op.slots}
    return {
        "input" if name in inputs else "weight" if primals[name].ndim == 2 else "other"
        for name, g in gradients.items()
        if name in primals and np.shape(g) != primals[name].shape
    }


def distance(
    source: Source, made: Recipe, make: Callable[[], Live], proto: Live, trial: Trial
) -> float:
    """How far this reading is from consistent."""
    try:
        return miss(finish(source, made, make, proto, trial))
    except Refused:
        return math.inf
