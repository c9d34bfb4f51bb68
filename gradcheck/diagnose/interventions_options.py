"""Interventions on the options of an object: another value, for both calls or for backward alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.signature import arguments, tree_of
from gradcheck.diagnose.measure import claim
from gradcheck.diagnose.rebuild import rebuilt
from gradcheck.diagnose.repairs import quiet
from gradcheck.diagnose.trial import Shown, agreed, fails
from gradcheck.laws.common import cotangent_for, start
from gradcheck.types import Array, Case, Op, Verdict
from gradcheck.usage import pairs_of
from gradcheck.variants import rewritten


def numbers_of(op: Op) -> dict[str, float]:
    """The numeric attributes of the live object."""
    live = op.make()
    held = (
        vars(getattr(live, "obj", live)) if hasattr(getattr(live, "obj", live), "__dict__") else {}
    )
    return {n: v for n, v in held.items() if type(v) in {int, float}}


def switches_of(op: Op) -> dict[str, bool]:
    """The attributes of the live object that are True or False."""
    inner = getattr(op.make(), "obj", None)
    held = vars(inner) if hasattr(inner, "__dict__") else {}
    return {n: v for n, v in held.items() if type(v) is bool}


def altered(op: Op, changes: dict[str, float]) -> Op:
    """The Op whose live objects have some of their attributes set to other numbers."""

    def put(live: Any) -> Any:
        for name, value in changes.items():
            setattr(getattr(live, "obj", live), name, value)
        return live

    construct = op.construct or op.make
    return replace(
        op, make=lambda: put(op.make()), construct=lambda: put(construct()),
        with_parameters=lambda values: put(op.with_parameters(values)),
    )  # fmt: skip


def same_claim(one: Op, other: Op, case: Case, wrt: str) -> bool:
    """Whether two Ops claim the same gradient at a case."""
    try:
        with quiet():
            a, b = claim(one, case).claimed.get(wrt), claim(other, case).claimed.get(wrt)
    except Exception:  # an object with that change cannot be run
        return False
    return a is not None and b is not None and np.array_equal(a, b, equal_nan=True)


def other_option(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same object with one option of another value: forward follows it, backward does not."""
    case, wrt = verdict.case, verdict.wrt
    if (
        case is None
        or verdict.law != "gradient"
        or op.kind not in {"layer", "activation", "loss", "function"}
    ):
        return
    options = arguments_of(op.obj)
    for name, value in numbers_of(op).items():
        if name not in options or type(value) is not float or not value:
            continue
        other = altered(op, {name: 1.25 * value})
        try:
            with quiet():
                here, there = claim(op, case), claim(other, case)
        except Exception:  # not a legal value of that option
            continue
        if np.allclose(here.output, there.output, rtol=1e-9, atol=0):
            continue
        if not np.array_equal(
            here.claimed.get(wrt, ()), there.claimed.get(wrt, ()), equal_nan=True
        ):
            continue
        if still_right_without(op, case, wrt, name):
            text = f"forward uses the option {name} = {value:g}, the gradient of {wrt} does not"
            evidence = f"with {name} = {1.25 * value:g} forward changes and the gradient stays; with {name} = 1 or 0 it agrees"
            yield Shown("option-ignored", text, evidence)


def still_right_without(op: Op, case: Case, wrt: str, name: str) -> bool:
    """Whether the gradient is right where the option does nothing (1 as a factor, 0 as a term)."""
    return any(agreed(altered(op, {name: plain}), case, wrt) for plain in (1.0, 0.0))


def arguments_of(obj: Any) -> set[str]:
    """The names of a constructor's arguments, and of the attributes that hold them (``self.d = dilation``)."""
    function = getattr(obj, "__init__", None)
    code, tree = getattr(function, "__code__", None), tree_of(function)
    if code is None:
        return set()
    names = set(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])
    kept = [n for n in ast.walk(tree) if isinstance(n, ast.Assign)] if tree is not None else []
    return names | {
        target.attr
        for n in kept
        for target, value in pairs_of(n)
        if isinstance(target, ast.Attribute) and getattr(value, "id", None) in names
    }


#: Values with which an option does nothing.
PLAIN = (1, 0)


#: What the number of layers, copies or steps is called.
COUNTED = re.compile(r"^n$|^n_|^num|_n$|count|repeat|times|layers|blocks|steps|heads|copies|depth")


def option_in_backward(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """A whole-number option that is changed between forward and backward: nothing happens.

    Confirmed where forward follows the option, backward gives the same without it, and the gradient
    is right where the option does nothing (stride 1, pad 0, dilation 1).
    """
    case, wrt = verdict.case, verdict.wrt
    if case is None or verdict.law != "gradient" or op.terminal or not isinstance(op.obj, type):
        return
    options = arguments_of(op.obj)
    for name, value in {**numbers_of(op), **switches_of(op)}.items():
        if name not in options or type(value) is float:
            continue
        plains: tuple[int, ...] = PLAIN[1:] if "pad" in name else PLAIN if value != PLAIN[0] else ()
        if type(value) is bool:
            plains = (not value,)
        for plain in (p for p in plains if p != value):
            before, after = changed_between(op, case, wrt, name, None), changed_between(op, case, wrt, name, plain)  # fmt: skip
            if before is None or after is None or not np.array_equal(before, after):
                continue
            if not followed(op, case, name, plain) or not agreed(altered(op, {name: plain}), case, wrt):  # fmt: skip
                continue
            if not same_without(op, case, wrt, name, plain):
                continue
            cause = "stride-ignored" if "stride" in name else "option-ignored"
            counts = COUNTED.search(name) is not None  # with one of them other mistakes hide, too
            yield Shown(
                cause,
                f"forward uses {name} = {value}, the gradient of {wrt} does not",
                f"with {name} = {plain} for backward alone the gradient is the same; "
                f"with {name} = {plain} for both it agrees",
                sure=not counts,
                second="option-ignored" if cause == "stride-ignored" else "missing-chain-factor",
            )
            return


def same_without(op: Op, case: Case, wrt: str, name: str, plain: int) -> bool:
    """Whether the gradient is the one without the option, where both outputs have one shape.

    A backward that uses what forward kept of the option (a mask) reads it no more, and follows it.
    """
    without = altered(op, {name: plain})
    with quiet():
        here, there = claim(op, case), claim(without, case)
    return here.output.shape != there.output.shape or same_claim(op, without, case, wrt)


def changed_between(op: Op, case: Case, wrt: str, name: str, value: int | None) -> Array | None:
    """The claimed gradient with an attribute set between forward and backward."""
    try:
        with quiet():
            live, inputs, _, labels = start(op, case)
            output = op.forward(live, inputs, labels, case.train)
            if value is not None:
                setattr(getattr(live, "obj", live), name, value)
            found = op.backward(live, cotangent_for(op, output, case), inputs, labels).get(wrt)
    except Exception:  # backward cannot run with another value: it uses it
        return None
    return None if found is None else np.array(found)


def followed(op: Op, case: Case, name: str, value: int) -> bool:
    """Whether forward gives something else with another value of an option."""
    try:
        with quiet():
            here, there = claim(op, case).output, claim(altered(op, {name: value}), case).output
    except Exception:  # not a legal value of that option
        return False
    return here.shape != there.shape or not np.allclose(here, there, rtol=1e-9, atol=0)


#: What height and width are called in the names of two options.
SIDES = (("height", "width"), ("h(?=_|$)", "w"), ("(?<=_)h|^h", "w"), ("row", "col"))


def of_two_sizes(
    options: Mapping[str, Any],
) -> Iterator[tuple[str, list[dict[str, Any]], dict[str, Any]]]:
    """Options of two different sizes: their names, the options with both equal, and exchanged."""
    for high, value in options.items():
        sized = re.search("size|shape|stride|pad|pool|window|dilation", high, re.IGNORECASE)
        if sized and isinstance(value, tuple) and len(value) == 2 and value[0] != value[1]:
            yield f"the two of {high}", [{high: (v, v)} for v in value], {high: value[::-1]}
        for a, b in SIDES if type(value) is int else ():
            wide = re.sub(a, b, high, count=1, flags=re.IGNORECASE)
            other = options.get(wide)
            if wide != high and type(other) is int and other != value:
                equal = [{high: v, wide: v} for v in (value, other)]
                yield f"{high} and {wide}", equal, {high: other, wide: value}
                break


def equal_options(op: Op, verdict: Verdict) -> Iterator[Shown]:
    """The same class with a height and a width made equal: right with either value."""
    case, law = verdict.case, verdict.law
    tried = law in {"contract", "gradient", "same_as_reference"}
    if case is None or not tried or not isinstance(op.obj, type):
        return

    def wrong(text: str) -> bool | None:
        other = rebuilt(op, text)
        laws = dict.fromkeys((law, "contract", "gradient"))
        found = [fails(other, one, case, "") for one in laws]
        return True if True in found else None if None in found else False

    for names, equal, exchanged in of_unequal_sizes(op):
        try:
            with quiet():
                cured = all(wrong(text) is False for text in equal)
        except Exception:  # it cannot be built with these options
            continue
        if cured and (refused(op, exchanged) or wrong(exchanged)):
            text = f"right only where {names} are equal"
            shown = "with " + " and with ".join(equal) + " every gradient agrees"
            yield Shown("square-only", text, shown, second="transposed")


def refused(op: Op, text: str) -> bool:
    """Whether what a constructor call makes cannot be run."""
    try:
        with quiet():
            rebuilt(op, text)
    except Exception:  # its forward takes nothing that was tried
        return True
    return False


#: Filters that are not as wide as high: ``np.random.randn(4, 2, 3, 2)``.
FILTERS = re.compile(r"(randn\(\d+, \d+, )(\d+), (?!\2\))(\d+)\)")


def of_unequal_sizes(op: Op) -> Iterator[tuple[str, list[str], str]]:
    """What is unequal, and the constructor calls in which it is equal, and exchanged."""
    args = arguments(getattr(op.obj, "__init__", op.obj))
    for names, equal, exchanged in of_two_sizes(op.options):
        texts = [rewritten(op.built, args, changes) for changes in (*equal, exchanged)]
        yield names, texts[:-1], texts[-1]
    if FILTERS.search(op.built):
        yield (
            "the height and the width of the filters",
            [FILTERS.sub(rf"\1\{k}, \{k})", op.built) for k in (2, 3)],
            FILTERS.sub(r"\1\3, \2)", op.built),
        )
