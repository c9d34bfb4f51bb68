"""Laws of an optimizer's step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gradcheck import cases
from gradcheck.laws.common import (
    differs,
    first_difference,
    name_of,
    numbers_differ,
    subscript,
    verdict,
)
from gradcheck.types import Array, Case, Op, Primals, Verdict

STEPS = 4


def problem(op: Op, case: Case) -> tuple[Primals, list[Primals]]:
    """Parameters of two shapes (one where the form takes a single array) and gradients per step."""
    rng = cases.generator(case, 6)
    single = op.reading.endswith(
        ("(arrays)", "(arrays_swapped)", "(function)", "(named_array)", "(array_named)")
    )
    shapes = {"W": (4, 5)} if single else {"W": (4, 5), "b": (1, 5)}
    params = {k: cases.numbers(rng, s) for k, s in shapes.items()}
    return params, [{k: cases.numbers(rng, s) for k, s in shapes.items()} for _ in range(STEPS)]


def gradient_untouched(op: Op, case: Case) -> Iterator[Verdict]:
    """An optimizer's step leaves the gradient arrays as they were."""
    law = "gradient_untouched"
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    params, steps = problem(op, case)
    live, edited = op.make(), set()
    for t, grads in enumerate(steps):
        given = {k: g.copy() for k, g in grads.items()}
        params = {k: np.array(v) for k, v in op.step(live, params, given).items()}
        for name, array in given.items():
            if name not in edited and not np.array_equal(array, grads[name], equal_nan=True):
                edited.add(name)
                index, got, was = first_difference(array, grads[name])
                text = (
                    f"step {t + 1} edits the gradient it is given: {subscript('d' + name, index)} = "
                    f"{got:.6g}, but was {was:.6g} before the step"
                )
                yield verdict(
                    law,
                    "fail",
                    op,
                    case,
                    name,
                    text,
                    index=index,
                    claimed=got,
                    measured=was,
                    bound=0.0,
                )
    if not edited:
        yield verdict(law, "pass", op, case, detail={"steps": STEPS})


def bowl_descends(op: Op, case: Case) -> Iterator[Verdict]:
    """On a quadratic bowl the parameters come nearer to the minimum."""
    law = "bowl_descends"
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    params, _ = problem(op, case)
    start = sum(float(np.sum(p**2)) for p in params.values())
    live = op.make()
    lowest = start
    for _ in range(300):
        grads = {k: 0.5 * p for k, p in params.items()}
        params = {k: np.array(v) for k, v in op.step(live, params, grads).items()}
        lowest = min(lowest, sum(float(np.sum(p**2)) for p in params.values()))
    end = sum(float(np.sum(p**2)) for p in params.values())
    if not np.isfinite(end) or lowest >= start:
        yield verdict(law, "fail", op, case, "W", f"after 300 steps on a quadratic bowl |w|² = {end:.4g}, but should be below {start:.4g}",
                      claimed=end, measured=start)  # fmt: skip
    else:
        yield verdict(law, "pass", op, case, detail={"start": start, "end": end})


def zero_gradient_rests(op: Op, case: Case) -> Iterator[Verdict]:
    """A fresh optimizer given a zero gradient leaves the parameters where they are."""
    law = "zero_gradient_rests"
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    params, _ = problem(op, case)
    zeros = {k: np.zeros_like(v) for k, v in params.items()}
    after = op.step(op.make(), {k: v.copy() for k, v in params.items()}, zeros)
    failed = False
    for name, value in after.items():
        if differs(value, params[name]):
            failed = True
            ratio = np.asarray(value) / params[name]
            decays = bool(
                np.all(np.isfinite(ratio)) and np.ptp(ratio) < 1e-6 and 0.5 < ratio.flat[0] < 1
            )
            why = "weight decay shrinks it" if decays else "the gradient is zero"
            yield numbers_differ(
                law, "note" if decays else "fail", op, case, name, value, params[name], why
            )
    if not failed:
        yield verdict(law, "pass", op, case)


def path_of_w(op: Op, params: Primals, steps: list[Primals], scale: float, alike: bool) -> Array:
    """W after all steps, the gradients of b being scaled; `alike` gives b the shape of W."""
    assert op.step is not None

    def shaped(v: Array) -> Array:
        return np.array(np.broadcast_to(v, params["W"].shape)) if alike else v.copy()

    live, now = op.make(), {k: shaped(v) for k, v in params.items()}
    for grads in steps:
        scaled = {k: g.copy() if k == "W" else scale * shaped(g) for k, g in grads.items()}
        now = {k: np.array(v) for k, v in op.step(live, now, scaled).items()}
    return now["W"]


def state_per_parameter(op: Op, case: Case) -> Iterator[Verdict]:
    """A parameter's path does not depend on which other parameters are trained beside it."""
    law = "state_per_parameter"
    if op.step is None:
        yield verdict(law, "skipped", op, case, what="not an optimizer")
        return
    params, steps = problem(op, case)
    if "clip" in name_of(op):
        yield verdict(law, "skipped", op, case, what="clipping by the norm couples the parameters")
        return
    if len(params) < 2:
        yield verdict(law, "skipped", op, case, what="the step takes one array at a time")
        return
    paths: list[Array] = []
    for alike in (False, True):  # state kept by shape shows where the shapes are the same
        try:
            now = [path_of_w(op, params, steps, scale, alike) for scale in (1.0, 3.0)]
        except ValueError:
            if not alike:
                raise
            break  # its state was made for the shapes given at construction
        paths = now
        if differs(paths[0], paths[1]):
            break
    if differs(paths[0], paths[1]):
        yield numbers_differ(
            law,
            "fail",
            op,
            case,
            "W",
            paths[1],
            paths[0],
            "the path of W changes with the gradient of b",
        )
    else:
        yield verdict(law, "pass", op, case)
