"""Whether a class's derivative takes the input or the output, as far as the file's other classes tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from gradcheck.construct import Recipe
from gradcheck.conventions import layers
from gradcheck.conventions.calls import class_calls
from gradcheck.conventions.consistency import AGREES
from gradcheck.conventions.live import Live, Refused
from gradcheck.conventions.pairing import Trial
from gradcheck.conventions.signature import arguments, verbs
from gradcheck.conventions.sources import Source, builds
from gradcheck.conventions.trials import distance
from gradcheck.types import Slot

AT_INPUT, AT_OUTPUT = "derivative at the input", "written in the output"


def as_its_siblings(
    source: Source, pair: tuple[str, str], made: Recipe, make: Callable[[], Live], trial: Trial
) -> Trial:
    """The trial, read at the input where its name says so and every telling class of the file does it.

    ``gradient(x)`` that returns ``x * (1 - x)`` is right where it is given the output, and whoever
    calls the activations of a file calls all of them alike.
    """
    named = [a.name for a in arguments(trial.calls.backward_function) if a.required][:1]
    if not trial.calls.reading.endswith(AT_OUTPUT) or not set(named) <= set(trial.calls.names):
        return trial
    votes = dict(sibling_votes(source, pair))
    if not votes or set(votes.values()) != {AT_INPUT}:
        return trial
    for calls in class_calls(source.obj, *pair):
        if calls.reading.endswith(AT_INPUT):
            told = replace(calls, reading=f"{calls.reading}, as in {', '.join(votes)}")
            return layers.observe(make, make(), told, trial.slots)
    return trial


def sibling_votes(source: Source, pair: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """The other classes of the file with these two methods, and the one reading that fits each."""
    module = getattr(source.obj, "__module__", None)
    for name, other in source.namespace.items():
        if not isinstance(other, type) or other is source.obj or other.__module__ != module:
            continue
        if verbs(other) == pair:
            fitting = list(
                consistent_readings(replace(source, name=name, obj=other, init=None), pair)
            )
            if len(fitting) == 1:
                yield name, fitting[0]


def consistent_readings(source: Source, pair: tuple[str, str]) -> Iterator[str]:
    """The elementwise readings under which a class's derivative is that of its forward."""
    try:
        made, make = next(builds(source, source.obj, limit=1))
    except (Refused, StopIteration):
        return
    for calls in class_calls(source.obj, *pair):
        kind = next((k for k in (AT_INPUT, AT_OUTPUT) if calls.reading.endswith(k)), "")
        if not kind or len(calls.names) != 1:
            continue
        try:
            trial = layers.observe(make, make(), calls, (Slot(calls.names[0], ("N", "D")),))
        except Refused:
            continue
        if not trial.problem and distance(source, made, make, make(), trial) < AGREES:
            yield kind
