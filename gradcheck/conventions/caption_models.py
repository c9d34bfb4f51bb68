"""Models of sequences: ``loss(features, captions) -> (loss, grads)``, where captions are word numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import recipes
from gradcheck.conventions import places
from gradcheck.conventions.consistency import miss
from gradcheck.conventions.live import Live, Refused, call_quietly, clone, live_maker
from gradcheck.conventions.models import by_key, loss_of
from gradcheck.conventions.signature import arguments, plain
from gradcheck.conventions.sources import Source
from gradcheck.conventions.whole_models import returns_gradients
from gradcheck.types import Array, Case, Op, Primals, Slot

CAPTIONS = {"captions", "caption", "tokens", "sequences", "sentences", "tokenids", "seqs", "words"}


def takes_captions(cls: Any) -> bool:
    """Whether a class's ``loss`` takes features and word numbers and returns gradients by name."""
    loss = getattr(cls, "loss", None)
    names = [plain(a.name) for a in arguments(loss) if a.required] if callable(loss) else []
    return len(names) == 2 and names[1] in CAPTIONS and returns_gradients(loss)


def caption_op(source: Source) -> Op:
    """The Op of such a model: its loss as a function of its parameters.

    Raises
    ------
    Refused
        It cannot be built or run; the text names the first problem.
    """
    problem = ""
    first: Op | None = None
    for made in recipes(source.obj, source.name, source.namespace, source.tree, source.init):
        try:
            proto = Live(made.make())
        except Exception as error:
            problem = problem or f"{made.text} raises {type(error).__name__}: {error}"
            continue
        for slots in slots_of(source.obj, proto):
            try:
                op = reading(source, proto, made, slots)
            except Refused as refusal:
                problem = str(refusal)
                continue
            if miss(op, only=next(iter(op.gradient_names))) < 1e-3:
                return op
            first = first or op
        if first is not None:
            return first
    raise Refused(problem or "no features and captions were accepted")


def slots_of(cls: Any, proto: Live) -> Iterator[tuple[Slot, Slot]]:
    """Features of each size among the parameters, and captions below the size of the vocabulary."""
    features, captions = (a.name for a in arguments(cls.loss) if a.required)
    arrays = [a for a in places.walk(proto.obj).values() if a.ndim == 2]
    inner = vars(proto.obj) if hasattr(proto.obj, "__dict__") else {}
    counts = [len(v) for v in inner.values() if isinstance(v, Mapping) and v and is_vocabulary(v)]
    words = counts[0] if counts else max((a.shape[0] for a in arrays), default=2)
    for size in dict.fromkeys(n for a in arrays for n in a.shape):
        yield Slot(features, ("N", size)), Slot(captions, ("N", "T"), f"index:{words}")


def is_vocabulary(value: Mapping[Any, Any]) -> bool:
    """A dict from words to numbers."""
    return all(isinstance(k, str) and isinstance(v, (int, np.integer)) for k, v in value.items())


def reading(source: Source, proto: Live, made: Any, slots: tuple[Slot, Slot]) -> Op:
    """The Op for features of this size.

    Raises
    ------
    Refused
        The loss does not run, is not finite, or returns no gradient with a parameter's name.
    """
    make, case = live_maker(made), Case()
    rng = cases.generator(case, 1)
    given = {s.name: cases.draw_slot(s, case, rng) for s in slots}
    live = clone(proto, {}, make)

    def run(live: Live, inputs: Primals) -> Array:
        result = call_quietly(live.obj.loss, *(np.array(inputs[s.name]) for s in slots))
        live.ret = result[-1]
        return loss_of(result)

    try:
        value = run(live, given)
    except Exception as error:
        text = f"{slots[0].name} {given[slots[0].name].shape}: {type(error).__name__}: {error}"
        raise Refused(text) from error
    own = {p: a for p, a in places.walk(proto.obj).items() if places.is_numeric(a) and a.size}
    pairs = by_key(own, {p: a for p, a in places.walk(live).items() if p[0] == ("attr", "ret")})
    if not np.all(np.isfinite(value)) or not pairs:
        raise Refused("loss is not finite, or its gradients have the names of no parameters")

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        return {k: places.read(live, g) for k, (_, g) in pairs.items()}

    def with_parameters(values: Primals) -> Live:
        return clone(proto, {(("attr", "obj"), *pairs[k][0]): v for k, v in values.items()}, make)

    return Op(
        name=source.name, kind="model", convention="fish", make=lambda: clone(proto, {}, make),
        parameters=lambda live: {k: places.read(live.obj, p) for k, (p, _) in pairs.items()},
        with_parameters=with_parameters, forward=lambda live, inputs, labels, train: run(live, inputs),
        backward=backward, slots=slots, terminal=True, built=made.text, obj=source.obj,
        gradient_names={k: f"grads[{k!r}]" for k in pairs},
    )  # fmt: skip
