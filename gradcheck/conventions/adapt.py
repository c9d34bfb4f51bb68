"""From a user's class or function to Ops: which convention, how to build it, how to read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from gradcheck.construct import Recipe, recipe
from gradcheck.conventions.consistency import MORE, agrees, runs_on
from gradcheck.conventions.containers import holds_what_it_is_given, parts_of
from gradcheck.conventions.further_sizes import (
    further_sizes,
    images_too,
    one_axis_more,
    refuses,
    unequal_window,
)
from gradcheck.conventions.live import Live, Refused, Skipped, live_maker
from gradcheck.conventions.pairing import Trial
from gradcheck.conventions.power_iteration import with_fixed_vectors
from gradcheck.conventions.setup import prepared
from gradcheck.conventions.siblings import as_its_siblings
from gradcheck.conventions.signature import arguments, is_abstract, plain, verbs
from gradcheck.conventions.slopes import call_with_arrays
from gradcheck.conventions.sources import Source, builds, maker_of, more_telling
from gradcheck.conventions.trials import best_trial, finish, wrong_shapes
from gradcheck.conventions.wholes import is_network, whole_op
from gradcheck.loading.usages import definition_elsewhere
from gradcheck.types import Op
from gradcheck.variants import constructor_options, variants


def layer_ops(source: Source) -> list[Op]:
    """The Ops of a class with forward and backward: one for each configuration that works.

    Raises
    ------
    Skipped
        It only holds layers, and the layers at hand are wrong by themselves; or its vectors change
        from forward to forward.
    Refused
        It cannot be built or run; the text says what was tried.
    """
    found = [with_fixed_vectors(op) for op in with_slopes(source, ops_by_pairs(source))]
    if source.init is None and isinstance(source.obj, type) and holds_what_it_is_given(source.obj):
        wrong = wrong_parts(source, found[0])
        if wrong:
            raise Skipped(
                f"holds layers, and those at hand are wrong by themselves: check {', '.join(wrong)} first"
            )
    return found


def with_slopes(source: Source, found: list[Op]) -> list[Op]:
    """The Ops, before them that of an array for a number, where backward computes its gradient.

    A vector for a matrix is meant where only so every gradient agrees.
    """
    text = call_with_arrays(source, found[0]) if source.init is None else ""
    if not text:
        return found
    try:
        others = ops_by_pairs(replace(source, init=text))
    except Refused:  # it takes a number only
        return found
    if len(others[0].gradient_names) > len(found[0].gradient_names):
        return [others[0], *found]
    meant = agrees(others[0]) and runs_on(others[0], MORE) and not agrees(found[0])
    return others if meant else found


def wrong_parts(source: Source, op: Op) -> list[str]:
    """The layers in a container that is not right which are not right themselves."""
    if agrees(op):
        return []
    wrong = []
    for name, text in parts_of(op.built, source.name):
        cls = source.namespace.get(name) or definition_elsewhere(name, source.namespace)
        try:
            part = ops_by_pairs(replace(source, name=name, obj=cls, tree=None, init=text))[0]
        except Refused:
            wrong.append(name)
            continue
        if not agrees(part) or (part.has_mode and not agrees(evaluating(part))):
            wrong.append(name)  # what holds it may leave it in evaluation
    return list(dict.fromkeys(wrong))


def evaluating(op: Op) -> Op:
    """The Op in evaluation, whatever it is asked for."""
    return replace(
        op, forward=lambda live, inputs, labels, _: op.forward(live, inputs, labels, False)
    )


def ops_by_pairs(source: Source) -> list[Op]:
    """The Ops of a class, whatever it holds.

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


#: Readings of several inputs that are tried on each of the first three objects, and on each later one.
MOST = (3000, 600)

Broken = tuple[Recipe, Callable[[], Live], Live, Trial]


def ops_of_pair(source: Source, pair: tuple[str, str]) -> list[Op] | tuple[str, Broken | None]:
    """The Ops of one pair of methods; else the problem, and the trial whose backward raised."""
    problem: str = ""
    broken: Broken | None = None
    for i, (made, make) in enumerate(builds(source, source.obj)):
        proto = make()
        trial, why = best_trial(source, made, make, proto, pair, most=MOST[i > 2])
        problem = more_telling(problem, why) if why else problem
        if trial is None:
            continue
        if trial.problem:
            whole = whole_op(source, made, make, proto, pair) if is_network(proto.obj) else None
            if whole is not None:
                return [whole]
            if broken is None or of_another(broken, source.name):
                broken = (made, make, proto, trial)
            continue
        numbers = all(s.domain.startswith("index") for s in trial.slots) and trial.params
        silent = all(s.name not in trial.grads for s in trial.slots) and not numbers
        if silent and (holds_layers(proto.obj) or is_network(proto.obj)):
            whole = whole_op(source, made, make, proto, pair)
            if whole is not None:
                return [whole]
            raise Refused(
                "is a model or holds layers, and its backward gives no gradient of its input: check the "
                "layers it is made of, or the whole model with its loss"
            )
        row = with_biases_as_row(source, made, make, pair, trial)
        if row is not None:
            made, make, trial = row
            proto = make()
        trial = as_its_siblings(source, pair, made, make, trial)
        first = finish(source, made, make, proto, trial)
        return [
            first,
            *other_configurations(source, made, first, pair, trial),
            *further_sizes(source, made, pair, trial, best_trial, finish),
            *unequal_window(source, made, pair, trial, best_trial, finish),
            *one_axis_more(source, made, make, proto, trial, finish),
            *images_too(source, made, make, proto, trial, finish),
        ]
    return problem, broken


#: What `construct` hands over for an argument called `biases`, and the row that a book writes.
BIASES = ("np.random.randn(5)", "np.random.randn(1, 5)")


def with_biases_as_row(
    source: Source, made: Recipe, make: Callable[[], Live], pair: tuple[str, str], trial: Trial
) -> tuple[Recipe, Callable[[], Live], Trial] | None:
    """The object with biases of shape (1, n), where they are handed over and only so have their gradient's shape."""
    if source.init is not None or BIASES[0] not in made.text or "biases" not in trial.params:
        return None
    if wrong_shapes(finish(source, made, make, make(), trial)) != {"other"}:
        return None
    other = recipe(made.text.replace(*BIASES), source.namespace)
    anew = live_maker(other)
    found, _ = best_trial(source, other, anew, anew(), pair)
    if found is None or found.problem or wrong_shapes(finish(source, other, anew, anew(), found)):
        return None
    return other, anew, found


def of_another(broken: Broken, name: str) -> bool:
    """Whether what raised is an object we handed over: its class is at fault, not this one."""
    made, _, _, trial = broken
    at_fault = re.search(r"'(\w+)' object has no attribute", trial.problem)
    return at_fault is not None and at_fault[1] != name and f"{at_fault[1]}(" in made.text


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
    source: Source, base: Recipe, first: Op, pair: tuple[str, str], trial: Trial
) -> Iterator[Op]:
    """The same class with other options; a configuration that cannot be built or run is left out.

    An option that makes the forward raise is the user's own limit (a stride that does not fit),
    unless it is a padding or a larger stride of a window, which every image that took the first
    configuration takes too. A backward that raises after its forward ran is no limit.
    """
    if source.init is not None or "; " in base.text:  # put together in several statements
        return
    shape = tuple(s if s.domain.startswith("index") else s.shape for s in first.slots)
    for made in variants(base, source.obj, source.namespace):
        try:
            make = maker_of(made)
            proto = make()
        except Exception:  # the constructor refuses this option
            continue
        try:
            free = replace(source, shape=None)
            # On the first configuration's shape, if it runs there: what raises in backward is told.
            found, _ = best_trial(free, made, make, proto, pair, shape, most=1)
            found = found or best_trial(free, made, make, proto, pair, shape)[0]
        except Exception:  # this option changes what is read
            continue
        if found is None and windowed(first, made, source.obj) and not refuses(make(), trial):
            found = replace(trial, missing=())
        if found is not None:  # a forward or backward that raises for this option is told as that
            yield finish(source, made, make, proto, found)


def windowed(first: Op, made: Recipe, cls: Any) -> bool:
    """Whether a configuration only pads more or strides further than one of a convolution or pooling."""
    key = plain(first.name)
    if not re.search(r"conv|pool", key) or re.search(r"trans|deconv|unpool", key):
        return False
    changed = {
        k: (first.options.get(k), v)
        for k, v in constructor_options(cls, made.text).items()
        if v != first.options.get(k)
    }
    return bool(changed) and all(
        ("pad" in plain(k) or "stride" in plain(k)) and type(old) is type(new) is int and new > old
        for k, (old, new) in changed.items()
    )
