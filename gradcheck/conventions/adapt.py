"""From a user's class or function to Ops: which convention, how to build it, how to read it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import Recipe, recipes
from gradcheck.conventions import layers, losses, places
from gradcheck.conventions.calls import OPTIMIZER_NAMES, Calls, Recorder, class_calls
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.fused import fused_backward, readings_of
from gradcheck.conventions.layers import Trial
from gradcheck.conventions.live import Live, Refused, changed, clone, fingerprint, live_maker
from gradcheck.conventions.recognise import loss_call
from gradcheck.conventions.setup import prepared
from gradcheck.conventions.shapes import shape_hypotheses
from gradcheck.conventions.signature import arguments, is_abstract, plain, verbs
from gradcheck.types import Case, Kind, Op, Slot
from gradcheck.variants import variants

ACTIVATIONS = (
    "relu", "sigmoid", "tanh", "softmax", "softplus", "elu", "gelu", "swish", "silu", "mish", "activation",
    "identity", "linear", "leaky", "hardtanh", "logsigmoid", "softsign", "maxout", "selu",
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where the subject comes from: its name, the object, its file's names and syntax tree."""

    name: str
    obj: Any
    namespace: Mapping[str, Any]
    tree: Any = None
    init: str | None = None
    shape: tuple[int, ...] | None = None
    labels: str | None = None


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
    if trial and any(p[0] == ("attr", "memory") for p in trial.grads.values()):
        return "updating"
    if any(g.startswith(("dinput", "dweight", "dbias", "self.d")) for g in grads):
        return "nnfs"
    if any("[" in g and "returned" not in g for g in grads):
        return "containers"
    return "fish"


def builds(
    source: Source, cls: Any, limit: int = 40
) -> Iterator[tuple[Recipe, Callable[[], Live]]]:
    """Recipes whose constructor runs, as makers of Live objects.

    Raises
    ------
    Refused
        None runs: the text names what was tried and the last error.
    """
    last, count = "", 0
    for made in recipes(cls, source.name, source.namespace, source.tree, source.init):
        try:
            made.make()
        except Exception as error:
            last = more_telling(last, f"{made.text} raises {type(error).__name__}: {error}")
            continue
        count += 1
        if any(True for _ in optimizers_in(made.make())):
            yield made, maker_of(made)
        yield made, live_maker(made)
        if count >= limit:
            return
    if not count:
        raise Refused(
            f'cannot be constructed: {last}; give the call with --init "{source.name}({signature_text(cls)})"'
        )


def optimizers_in(obj: Any) -> Iterator[str]:
    """The attributes of a layer that hold an optimizer for arrays of its own."""
    for name in sorted(OPTIMIZER_NAMES):
        held = getattr(obj, name, None)
        if held is None or isinstance(held, (str, type)):
            continue
        for verb in ("update", "step", "apply", "get_update", "__call__"):
            method = getattr(held, verb, None)
            if callable(method) and len([a for a in arguments(method) if a.required]) >= 2:
                yield name
                break


def maker_of(made: Recipe) -> Callable[[], Live]:
    """A maker of Live objects with plain gradient descent in place of an optimizer of their own."""

    def make() -> Live:
        obj = made.make()
        for name in list(optimizers_in(obj)):
            setattr(obj, name, Recorder())
        return Live(obj)

    return make


def signature_text(cls: Any) -> str:
    """The constructor's arguments, to show what --init needs."""
    return ", ".join(a.name for a in arguments(getattr(cls, "__init__", cls)) if a.required)


def layer_ops(source: Source) -> list[Op]:
    """The Ops of a class with forward and backward: one for each configuration that works.

    Raises
    ------
    Refused
        It cannot be built or run; the text says what was tried.
    """
    pair = verbs(source.obj)
    if pair is None:
        raise Refused("has no forward/backward pair")
    problem, broken = "", None
    for other in forwards(source.obj, pair):
        found = ops_of_pair(source, other)
        if isinstance(found, list):
            return found
        problem, broken = problem or found[0], broken or found[1]
    staged = in_stages(source, pair)
    if staged is not None:
        return [staged]
    if broken:
        return [finish(source, *broken)]
    raise Refused(problem or "no input shape was accepted")


def forwards(cls: type, pair: tuple[str, str]) -> list[tuple[str, str]]:
    """The pair, then the same backward with other forwards: some keep what it needs elsewhere."""
    forward, backward = pair
    needed = len([a for a in arguments(getattr(cls, forward)) if a.required])
    others = [
        name
        for name in dict.fromkeys(n for c in cls.__mro__[:-1] for n in vars(c))
        if name not in pair
        and (name == "__call__" or any(w in plain(name) for w in ("forward", "propagate")))
        and not any(w in plain(name) for w in ("back", "bprop"))
        and callable(getattr(cls, name))
        and not is_abstract(getattr(cls, name))
        and len([a for a in arguments(getattr(cls, name)) if a.required]) == needed
    ]
    return [pair, *((name, backward) for name in others)]


def holds_layers(obj: Any) -> bool:
    """Whether an object is made of others with a forward and a backward, or of a list of them."""
    held = list(vars(obj).values()) if hasattr(obj, "__dict__") else []
    parts = [p for v in held for p in (v if isinstance(v, (list, tuple)) else [v])]
    key = plain(type(obj).__name__)
    if any(w in key for w in ("model", "network", "regress", "classifier")) or key.endswith("net"):
        return True
    listed = any(k in {"layers", "modules"} for k in getattr(obj, "__dict__", {}))
    return listed or any(
        not isinstance(p, type)
        and callable(getattr(p, "forward", None))
        and callable(getattr(p, "backward", None))
        for p in parts
    )


Broken = tuple[Recipe, Callable[[], Live], Live, Trial]


def ops_of_pair(source: Source, pair: tuple[str, str]) -> list[Op] | tuple[str, Broken | None]:
    """The Ops of one pair of methods; else the problem, and the trial whose backward raised."""
    problem: str = ""
    broken: Broken | None = None
    for made, make in builds(source, source.obj):
        proto = make()
        trial, why = best_trial(source, made, make, proto, pair)
        problem = why or problem
        if trial is None:
            continue
        if trial.problem:
            broken = broken or (made, make, proto, trial)
            continue
        if all(s.name not in trial.grads for s in trial.slots) and holds_layers(proto.obj):
            raise Refused(
                "is a model or holds layers, and its backward gives no gradient of its input: check the "
                "layers it is made of, or the whole model with its loss"
            )
        first = finish(source, made, make, proto, trial)
        return [first, *other_configurations(source, made, first, pair)]
    return problem, broken


def in_stages(source: Source, pair: tuple[str, str]) -> Op | None:
    """The Op of a class that needs ``setup(shape)`` or ``initialize(optimizer)`` after construction."""
    for made, _ in builds(source, source.obj, limit=6):
        for text, staged in prepared(made.make):
            full = Recipe(made.text + text, staged, made.dims)
            make = live_maker(full)
            trial, _ = best_trial(source, full, make, make(), pair)
            if trial is not None and not trial.problem:
                return finish(source, full, make, make(), trial)
    return None


def other_configurations(
    source: Source, base: Recipe, first: Op, pair: tuple[str, str]
) -> Iterator[Op]:
    """The same class with other options; a configuration that cannot be built or run is left out.

    An option that makes the forward raise is the user's own limit (a stride that does not fit).
    """
    if source.init is not None:
        return
    shape = tuple(slot.shape for slot in first.slots)
    for made in variants(base, source.obj, source.namespace):
        try:
            make = maker_of(made)
            proto = make()
            fixed = replace(source, shape=None)
            trial, _ = best_trial(fixed, made, make, proto, pair, shape)
        except Exception:  # the constructor refuses this option
            continue
        if trial is not None and not trial.problem:
            yield finish(source, made, make, proto, trial)


def finish(source: Source, made: Recipe, make: Callable[[], Live], proto: Live, trial: Trial) -> Op:
    """The Op of a successful trial, with its convention's name."""
    if any(s.shape == ("N", "N") for s in trial.slots):
        trial = replace(trial, slots=tuple(replace(s, shape=("N", "D")) for s in trial.slots))
    proto = trial_proto(proto, trial, make)
    op = layers.to_op(
        source.name, kind_of(source.name, source.obj), "", make, proto, trial, made.text
    )
    notes = tuple(f"no gradient found for {m}" for m in trial.missing)
    kind: Kind = "layer" if trial.params and op.kind == "activation" else op.kind
    return replace(op, kind=kind, convention=style(op, trial), obj=source.obj, notes=notes)


def trial_proto(proto: Live, trial: Trial, make: Callable[[], Live]) -> Live:
    """The object parameters are read from: after a first forward where they are made lazily."""
    if all(places.read(proto, p) is not None for p in trial.params.values()):
        return proto
    return warmed(proto, trial.calls, trial.slots, make)


def warmed(proto: Live, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live]) -> Live:
    """A clone after one forward on the base case."""
    twin = clone(proto, {}, make)
    rng = cases.generator(Case(), 1)
    calls.forward(twin, [cases.draw_slot(s, Case(), rng) for s in slots], None, True)
    return twin


def lazily(
    proto: Live, calls: Calls, slots: tuple[Slot, ...], make: Callable[[], Live]
) -> Live | None:
    """The object after a first forward if that forward made new parameters, else None."""
    one, two = clone(proto, {}, make), clone(proto, {}, make)
    before = fingerprint(one)
    for twin, seed in ((one, 0), (two, 1)):
        rng = cases.generator(Case(seed=seed), 1)
        calls.forward(twin, [cases.draw_slot(s, Case(seed=seed), rng) for s in slots], None, True)
    new = {
        p: a for p, a in changed(one, before).items() if places.is_numeric(a) and p not in before
    }
    for p, a in new.items():
        other = places.read(two.obj, p)
        if (
            isinstance(other, np.ndarray)
            and np.array_equal(a, other)
            and layers.likely_parameter(p)
        ):
            return one
    return None


def best_trial(
    source: Source,
    made: Recipe,
    make: Callable[[], Live],
    proto: Live,
    pair: tuple[str, str],
    shapes: tuple[Any, ...] = (),
) -> tuple[Trial | None, str]:
    """The first shape and reading under which the object runs, the consistent reading preferred."""
    dims = dims_of(made, proto)
    why = ""
    broken: Trial | None = None
    whole = any(w in plain(source.name) for w in ("reshape", "unflatten", "view"))
    for calls_list, free in hypotheses(source, proto, pair, dims, shapes):
        slots = pinned(free) if whole else free  # the sizes must fit the shape asked for
        trials: list[Trial] = []
        for calls in calls_list:
            try:
                warm = lazily(proto, calls, slots, make)
                fixed = slots if warm is None else pinned(slots)
                trials.append(layers.observe(make, warm or proto, calls, fixed))
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
        if len(good) == 1:
            return good[0], ""
        if good:
            ranked = [(distance(source, made, make, proto, t), i) for i, t in enumerate(good)]
            best, i = min(ranked)
            return (good[i] if best < AGREES else good[0]), ""
        broken = broken or next(iter(trials), None)
    return broken, why


#: What an error says that only means "not this shape".
SHAPE_ERROR = re.compile(
    r"shape|broadcast|matmul|mismatch|dimension|axis|axes|unpack|aligned|index .*out of|IndexError|"
    r"operand|reshape|size|not subscriptable|einstein|einsum",
    re.IGNORECASE,
)


def more_telling(old: str, new: str) -> str:
    """Of two problems the one to show: the first that is not about a shape we guessed wrong."""
    return new if not old or (SHAPE_ERROR.search(old) and not SHAPE_ERROR.search(new)) else old


def pinned(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Slots whose free sizes are fixed, but for the batch: lazily made parameters have this size."""
    sizes = dict(Case().sizes)
    return tuple(
        replace(s, shape=tuple(n if n == "N" or isinstance(n, int) else sizes[n] for n in s.shape))
        for s in slots
    )


def distance(
    source: Source, made: Recipe, make: Callable[[], Live], proto: Live, trial: Trial
) -> float:
    """How far this reading is from consistent."""
    try:
        return miss(finish(source, made, make, proto, trial))
    except Refused:
        return math.inf


def hypotheses(
    source: Source,
    proto: Live,
    pair: tuple[str, str],
    dims: tuple[int, ...],
    shapes: tuple[Any, ...],
) -> Iterator[tuple[list[Calls], tuple[Slot, ...]]]:
    """Readings of the two methods with the input shapes to try them on."""
    readings = list(class_calls(type(proto.obj), *pair))
    names = readings[0].names
    if len(shapes) == len(names):
        yield readings, tuple(Slot(n, s) for n, s in zip(names, shapes, strict=True))
    if source.shape is not None:
        shape: tuple[int | str, ...] = ("N", *source.shape[1:])
        yield readings, tuple(Slot(n, shape) for n in names)
        return
    for shape in declared_shapes(proto.obj) if len(names) == 1 else ():
        yield readings, (Slot(names[0], shape),)
    context = " ".join([source.name, *(c.__name__ for c in type(proto.obj).__mro__[:-1])])
    for slots in shape_hypotheses(context, dims, names):
        yield readings, slots
    if not dims and len(names) == 1:  # softmax without keepdims runs on square input only
        yield readings, (Slot(names[0], ("N", "N")),)
    for slots in shape_hypotheses(context, dims, names):
        yield (
            readings,
            tuple(replace(s, domain="positive") if s.domain == "real" else s for s in slots),
        )


def declared_shapes(obj: Any) -> list[tuple[int | str, ...]]:
    """The input shape an object was given at construction, with samples in front and without."""
    given = []
    for name, value in list(vars(obj).items()) if hasattr(obj, "__dict__") else ():
        key = plain(name)
        sizes = value if "shape" in key and "in" in key and isinstance(value, tuple) else ()
        if 1 < len(sizes) < 4 and all(type(n) is int and 0 < n <= 64 for n in sizes):
            given += [("N", *sizes), sizes]
    return given


def dims_of(made: Recipe, proto: Live) -> tuple[int, ...]:
    """Sizes the object may insist on: those of its parameters, then those in its constructor call."""
    found: list[int] = []
    for place, array in places.walk(proto.obj).items():
        if array.ndim and not places.is_gradient_place(place):
            found += [n for n in array.shape if 1 < n <= 512]
    numbers = (
        [v for v in vars(proto.obj).values() if type(v) is int and 1 < v <= 64]
        if hasattr(proto.obj, "__dict__")
        else []
    )
    return tuple(dict.fromkeys([*found, *made.dims, *numbers]))[:6]


def shown_shape(slots: tuple[Slot, ...]) -> str:
    """Shapes for a message."""
    return ", ".join(str(s.sized(dict(Case().sizes))) for s in slots)


def loss_ops(source: Source) -> list[Op]:
    """The Ops of a loss class under the reading that makes it consistent.

    Raises
    ------
    Refused
        No reading runs.
    """
    pair = verbs(source.obj)
    cls = source.obj
    fused = fused_backward(cls, pair)
    if fused is not None:
        return fused_ops(source, pair, fused)
    call = loss_call(cls)
    if pair is None and call is not None:
        return with_gradient_object(source, call)
    if pair is None:
        raise Refused("has no forward/backward pair")
    forward, backward = pair
    lossy = losses.Lossy(
        lambda live: getattr(live.obj, forward), lambda live: getattr(live.obj, backward),
        getattr(cls, forward), getattr(cls, backward),
        averaged=callable(getattr(cls, "calculate", None)),
        fused=is_fused(cls),
    )  # fmt: skip
    problem = ""
    for made, make in builds(source, cls, limit=4):
        found = loss_readings(source, lossy, make, made.text)
        if isinstance(found, str):
            problem = found or problem
            continue
        others = [] if source.init else list(variants(made, cls, source.namespace))
        return [replace(found, obj=cls), *loss_variants(source, lossy, others)]
    raise Refused(problem or "no labels and predictions were accepted")


def loss_variants(source: Source, lossy: losses.Lossy, others: list[Recipe]) -> Iterator[Op]:
    """The loss with other options; one that cannot be built or read is left out."""
    for made in others:
        try:
            made.make()
        except Exception:  # the constructor refuses this option
            continue
        found = loss_readings(source, lossy, live_maker(made), made.text)
        if not isinstance(found, str):
            yield replace(found, obj=source.obj)


def fused_ops(source: Source, pair: tuple[str, str] | None, backward: str) -> list[Op]:
    """The Op of an activation and loss in one, under the loss it is consistent with.

    Raises
    ------
    Refused
        No reading runs.
    """
    problem, found = "", []
    for lossy, words in readings_of(source.obj, pair, backward):
        for made, make in builds(source, source.obj, limit=2):
            op = loss_readings(source, lossy, make, made.text)
            if isinstance(op, str):
                problem = op or problem
                continue
            found.append(replace(op, obj=source.obj, reading=words))
            break
        if found and miss(found[-1]) < AGREES:
            return found[-1:]
    if not found:
        raise Refused(problem or "no output and labels were accepted")
    return found[:1]


def with_gradient_object(source: Source, call: str) -> list[Op]:
    """A loss that returns an object holding the value and the gradient.

    Raises
    ------
    Refused
        No reading runs.
    """
    cls = source.obj
    lossy = losses.Lossy(
        lambda live: getattr(live.obj, call), lambda live: lambda: gradient_of_value(live.out),
        getattr(cls, call), gradient_of_value, averaged=False, fused=False, object_gradient=True,
    )  # fmt: skip
    problem = ""
    for made, make in builds(source, cls, limit=4):
        found = loss_readings(source, lossy, make, made.text)
        if not isinstance(found, str):
            return [replace(found, obj=cls, convention="objects")]
        problem = found or problem
    raise Refused(problem or "no labels and predictions were accepted")


def gradient_of_value(out: Any = None) -> Any:
    """The gradient in the object a loss returned: its ``backward()``, or an attribute."""
    if callable(getattr(out, "backward", None)):
        result = out.backward()
        if result is not None:
            return result
    for name in ("grad", "gradient", "delta", "dx", "dinputs"):
        if isinstance(getattr(out, name, None), np.ndarray):
            return getattr(out, name)
    return None


def is_fused(cls: type) -> bool:
    """An activation and a loss in one: backward takes the stored output."""
    key = plain(cls.__name__)
    return ("activation" in key and losses.is_loss_name(key)) or (
        "softmax" in key and "loss" in key
    )


def loss_readings(
    source: Source, lossy: losses.Lossy, make: Callable[[], Live], built: str
) -> Op | str:
    """The Op of the most consistent reading, or why there is none.

    The first predictions and labels that run are kept: only what they mean (order, reduction,
    what backward is given) is chosen by consistency.  Other labels are looked at only where the
    name says nothing about them.
    """
    proto, case = make(), Case()
    open_name = losses.hints(source.name) == losses.ANY
    why, kept, one_output = "", None, False
    ranked: list[tuple[float, int, Op]] = []
    for reading in losses.readings(source.name, lossy, source.labels):
        swapped, domain, shape, encoding, form = reading
        other_labels = kept is not None and kept[2] != encoding
        same = kept in (None, (domain, shape, encoding)) or (one_output and not other_labels)
        if not same and not (open_name and len(shape) == 2):
            continue
        try:
            _, value, _, stored = losses.try_reading(make, proto, lossy, reading, case)
        except Refused as refusal:
            why = why or str(refusal)
            continue
        if kept is None:
            kept = (domain, shape, encoding)
            one_output = encoding.startswith("binary") and value.size == 1 and not lossy.averaged
        for reduction in losses.reductions(value, lossy.averaged):
            encodings = losses.accepted_encodings(
                make, proto, lossy, reading, losses.hints(source.name)[1], case
            )
            full = losses.Reading(swapped, domain, shape, encodings, reduction, form)
            op = losses.to_op(
                source.name, convention_of_loss(lossy), make, proto, lossy, full, stored, built
            )
            distance = miss(op)
            op = consistent_labels(op, distance)
            ranked.append((distance, len(ranked), op))
            if distance < AGREES:
                return op
        if len(ranked) > 24:
            break
    if not ranked:
        return why
    return next((op for d, _, op in ranked if math.isfinite(d)), ranked[0][2])


def consistent_labels(op: Op, distance: float) -> Op:
    """The Op without further label shapes under which forward runs but backward does not follow.

    (n, 1) class indices broadcast in ``p[arange(n), y]``; nobody promised that they are legal.
    """
    if op.labels is None or distance >= AGREES:
        return op
    first, *rest = op.labels.encodings
    kept = [e for e in rest if e in {"index", "onehot"} or miss(op, Case(labels=e)) < AGREES]
    return replace(op, labels=replace(op.labels, encodings=(first, *kept)))


def convention_of_loss(lossy: losses.Lossy) -> str:
    """nnfs where backward takes two arguments, fish where it takes none."""
    forms = losses.backward_forms(lossy.backward_function)
    return "nnfs" if forms[0] in {"pair", "stored"} else "fish"
