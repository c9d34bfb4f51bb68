"""The functional core as Ops, straight from the registry: nothing has to be recognised.

The classes of the two skins go through the checker as a user's own classes would.
"""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import numpy as np
from gradcheck_reference import registry

from gradcheck import run, targets
from gradcheck.types import LabelSpec, Op, Slot, Subject, worst

ENCODINGS = {
    "index": ("index", "index_column", "onehot"),
    "binary": ("binary",),
    "sign": ("sign",),
    "real": ("real",),
    "simplex": ("simplex",),
}


def slots_of(entry: registry.Entry) -> tuple[Slot, ...]:
    """The differentiable arguments; the size "C" is the checker's "D"."""
    found = []
    for i, (name, shape) in enumerate(entry.inputs.items()):
        domain = entry.domain if i == 0 and entry.domain in ("unit", "simplex") else "real"
        found.append(Slot(name, tuple("D" if n == "C" else n for n in shape), domain))
    if entry.labels == "rows":
        found.append(Slot("index", ("N", "T"), f"index:{next(iter(entry.inputs.values()))[0]}"))
    return tuple(found)


def op_of(entry: registry.Entry) -> Op:
    """A pair of functions as an Op, a loss as the mean over the samples.

    Parameters are inputs like all others.
    """
    forward = registry.build(entry)
    backward = getattr(importlib.import_module(entry.module), entry.backward)
    slots, names = slots_of(entry), list(entry.inputs)
    labelled = entry.labels in ENCODINGS

    def run_forward(live: Any, inputs: dict[str, Any], labels: Any, train: bool) -> Any:
        extra = (labels,) if labelled else ()
        y, live.cache = forward(*(inputs[s.name] for s in slots), *extra)
        live.samples, live.dtype = len(y), y.dtype
        return y.mean() if labelled else y

    def run_backward(live: Any, g: Any, inputs: Any, labels: Any) -> dict[str, Any]:
        if labelled:  # the gradient of the mean
            g = np.full(live.samples, 1 / live.samples, live.dtype)
        grads = backward(g, live.cache)
        return dict(zip(names, grads if isinstance(grads, tuple) else (grads,), strict=True))

    return Op(
        name=entry.name.removesuffix("_forward"),
        kind="loss" if labelled else "function",
        convention="pair",
        make=SimpleNamespace,
        parameters=lambda live: {},
        with_parameters=lambda parameters: SimpleNamespace(),
        forward=run_forward,
        backward=run_backward,
        slots=slots,
        terminal=labelled,
        labels=LabelSpec(ENCODINGS[entry.labels]) if labelled else None,
        built=entry.make,
        gradient_names={name: f"d{name}" for name in names},
    )


def checked(entry: registry.Entry, options: run.Options) -> Subject:
    """One entry under every law that applies."""
    if not entry.backward:
        return checked_class(entry, options)
    verdicts = tuple(run.merge(list(run.check_op(op_of(entry), options, 0))))
    status = worst([v.status for v in verdicts])
    return Subject(entry.target, entry.name, "function", status=status, verdicts=verdicts)


def file_of(entry: registry.Entry) -> str:
    """The file in which a class of the reference stands."""
    module = importlib.import_module(entry.module)
    return str(importlib.import_module(getattr(module, entry.name).__module__).__file__)


def checked_class(entry: registry.Entry, options: run.Options) -> Subject:
    """A class as the checker finds it in its file, built by the registry's expression."""
    loaded = targets.load(targets.parse(file_of(entry))[0])
    np.random.seed(0)
    init = (entry.make,) if "(" in entry.make else ()
    return run.check(loaded, entry.name, run.dataclasses.replace(options, init=init))
