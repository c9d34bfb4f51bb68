"""Whether a layer of a model takes part: its result is changed, and the model's output looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown
from gradcheck.laws.common import cotangent_for, start
from gradcheck.types import Array, Op, Verdict

#: The methods in which layers do their work.
VERBS = ("forward", "backward")


def unwired(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """A layer whose result forward throws away, or that backward alone goes through."""
    if verdict.case is None or op.step is not None or op.backward is None:
        return
    if verdict.law not in {"gradient", "model_gradient", "train_eval", "model_moves"}:
        return
    try:
        with quiet():
            names = list(layers_of(inner(op.make())))
            plain = run(op, verdict, "", {})[0] if names else None
    except Exception:  # it does not run here
        return
    for name in names:
        calls = dict.fromkeys((*VERBS, "changed"), 0)
        try:
            with quiet():
                changed, back = run(op, verdict, name, calls)
        except Exception:  # what is changed is no number that can be
            continue
        taken = calls["changed"] if calls["forward"] else back and calls["backward"]
        if not taken:
            continue
        if plain is not None and np.array_equal(changed, plain, equal_nan=True):
            done = (
                "throws its result away"
                if calls["forward"]
                else "does not go through it, backward does"
            )
            text = f"{name} takes no part: forward {done}"
            shown = f"with every result of {name} changed, the output of forward is the same"
            yield Shown("never-wired", text, shown, second="forward-wrong")
            return


def unread(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """A parameter that forward never reads, though backward gives it a gradient."""
    case, wrt = verdict.case, verdict.wrt
    if case is None or op.step is not None or "gradient" not in verdict.law:
        return
    outputs, rng = [], np.random.default_rng(0)
    try:
        with quiet():
            _, inputs, held, labels = start(op, case)
            if wrt not in held:
                return
            for scale in (0.0, 0.7, 1.9):  # not the same shift for all: a softmax does not see it
                other = held[wrt] + scale * rng.normal(size=held[wrt].shape)
                live = op.with_parameters({**held, wrt: other})
                outputs.append(np.array(op.forward(live, inputs, labels, case.train)))
    except Exception:  # these numbers are no legal ones for it
        return
    if all(np.array_equal(o, outputs[0], equal_nan=True) for o in outputs[1:]):
        text = f"forward does not read {wrt}, and backward gives it a gradient"
        shown = f"with other numbers in {wrt} the output is the same to the last digit"
        yield Shown("never-wired", text, shown, second="forward-wrong", late=True)


def run(op: Op, verdict: Verdict, name: str, calls: dict[str, int]) -> tuple[Array, bool]:
    """The output of a fresh object one of whose layers gives something else; whether backward ran."""
    assert verdict.case is not None and op.backward is not None
    live, inputs, _, labels = start(op, verdict.case)
    if name:
        disturb(layers_of(inner(live))[name], calls)
    output = np.array(op.forward(live, inputs, labels, verdict.case.train))
    try:
        op.backward(live, cotangent_for(op, output, verdict.case), inputs, labels)
    except Exception:  # the changed numbers do not fit it; how far it came is known
        return output, calls.get("backward", 0) > 0
    return output, True


def inner(live: Any) -> Any:
    """The user's object."""
    return getattr(live, "obj", live)


def layers_of(obj: Any) -> dict[str, Any]:
    """The objects with a forward and a backward that an object holds, by how they are reached."""
    found: dict[str, Any] = {}
    for key, value in list(getattr(obj, "__dict__", {}).items()):
        held = {f"self.{key}": value}
        if isinstance(value, (list, tuple)):
            held = {f"self.{key}[{i}]": v for i, v in enumerate(value)}
        elif isinstance(value, dict):
            held = {f"self.{key}[{k!r}]": v for k, v in value.items()}
        for name, one in held.items():
            layer = all(callable(getattr(one, verb, None)) for verb in VERBS)
            if layer and hasattr(one, "__dict__") and one not in found.values():
                found[name] = one
    return found


def disturb(layer: Any, calls: dict[str, int]) -> None:
    """Have a layer give other numbers, returned or kept, and count its calls."""
    forward, backward = layer.forward, layer.backward

    def other(*args: Any, **kwargs: Any) -> Any:
        calls["forward"] += 1
        out = forward(*args, **kwargs)
        kept = getattr(layer, "output", None)
        if isinstance(kept, np.ndarray):
            layer.output = 1.5 * kept + 0.25
        given = isinstance(out, (np.ndarray, np.floating, float))
        calls["changed"] += given or isinstance(kept, np.ndarray)
        return 1.5 * out + 0.25 if given else out

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls["backward"] += 1
        return backward(*args, **kwargs)

    layer.forward, layer.backward = other, counted
