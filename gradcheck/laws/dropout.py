"""Dropout: what is kept, how it is scaled, and that backward and evaluation follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.guard import one_seed
from gradcheck.laws.common import (
    cotangent_for,
    differs,
    first_difference,
    gradient_name,
    name_of,
    numbers_differ,
    source_text,
    subscript,
    verdict,
)
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict

MANY = 256


#: Random numbers of another draw than the usual one, which is 0.
OTHER_SEED = 7


#: Draws of a random number to be counted, and the passes after which fewer must do.
DRAWS, MOST_PASSES = 1024, 32

#: Standard deviations beyond which a share of kept units is no accident (1 in 5e8).
SIGMAS = 6.0


def large(op: Op, case: Case) -> tuple[Any, Primals, str]:
    """A live object with a large batch of inputs far from zero, and the input's name."""
    many = case.replace(N=MANY)
    primals, _ = cases.draw(op, many)
    name = op.slots[0].name
    inputs = {name: np.where(np.abs(primals[name]) < 0.1, 0.5, primals[name])}
    parameters = {k: v for k, v in primals.items() if k != name}
    return op.with_parameters(parameters), inputs, name


def is_mask(op: Op, case: Case) -> bool:
    """Whether the layer in training multiplies its input by 0 or by one constant, whatever its sign.

    What lets the positive entries through, a rectifier, is no dropout.
    """
    live, inputs, name = large(op, case)
    x = inputs[name]
    output = np.array(op.forward(live, {name: x.copy()}, None, True))
    if output.shape != x.shape or "relu" in name_of(op):
        return False
    ratio = output / x
    kept = ratio[ratio != 0]
    named = "drop" in name_of(op)
    turned = np.asarray(op.forward(large(op, case)[0], {name: -x}, None, True)) / x
    if not named and not np.any((ratio != 0) & (turned != 0)):
        return False
    return 0 < kept.size < ratio.size and (named or not differs(kept, np.full_like(kept, kept[0])))


def dropout(op: Op, case: Case) -> Iterator[Verdict]:
    """Kept values and their scale give the evaluation's expectation; backward uses the same mask."""
    live, inputs, name = large(op, case)
    x = inputs[name]
    output = np.array(op.forward(live, {name: x.copy()}, None, True))
    ratio = output / x
    cot = cotangent_for(op, output, case)
    back = op.backward(live, cot.copy(), {name: x.copy()}, None).get(name)
    if back is not None and differs(back, cot * ratio):
        yield numbers_differ("train_eval", "fail", op, case, gradient_name(op, name), back, cot * ratio,
                             "backward must use the mask of the forward")  # fmt: skip
    yield from frozen_mask(op, case, live, name, x, output)
    in_use = np.array(op.forward(op.make(), {name: x.copy()}, None, False)) / x
    if differs(in_use, np.full_like(in_use, in_use.flat[0])):
        index, got, _ = first_difference(in_use, np.ones_like(in_use))
        text = f"evaluation scales {subscript(name, index)} by {got:.6g}, but should treat every unit alike"
        yield verdict(
            "train_eval", "fail", op, replace(case, train=False), "output", text, index=index
        )
        return
    yield from stale_mask(op, replace(case, train=False), live, name, x, cot)
    scale, expected = float(np.max(ratio)), float(in_use.flat[0])
    keep, draws = counted(op, live, name, x)
    spread = abs(scale) * float(np.sqrt(keep * (1 - keep) / draws))
    if abs(scale * keep - expected) > SIGMAS * spread + 1e-9:
        text = (
            f"training keeps {keep:.3f} of the units, times {scale:.6g}: a mean of {scale * keep:.4g} (± {SIGMAS * spread:.2g}), "
            f"but evaluation gives {expected:.6g}: the scale does not fit the share that is kept"
        )
        yield verdict(
            "train_eval",
            "fail",
            op,
            case,
            name,
            text,
            claimed=scale * keep,
            measured=expected,
            bound=SIGMAS * spread,
        )


def counted(op: Op, live: Any, name: str, x: Array) -> tuple[float, int]:
    """The share of units that training keeps, and how many draws of a random number it is a mean of.

    Where whole channels are dropped, the entries of one are one draw.
    """
    shares, draws, last = [], 0, None
    for seed in range(MOST_PASSES):
        with one_seed(seed):
            kept = np.array(op.forward(live, {name: x.copy()}, None, True)) != 0
        if last is not None and np.array_equal(kept, last):
            break  # nothing is drawn anew
        last = kept
        shares.append(float(np.mean(kept)))
        draws += independent(kept)
        if draws >= DRAWS:
            break
    return float(np.mean(shares)), draws


def independent(kept: Array) -> int:
    """How many draws an array of kept units is: axes along which all are alike count once."""
    alike = [np.all(kept == kept.take([0], axis)) for axis in range(kept.ndim)]
    return int(np.prod([n for n, same in zip(kept.shape, alike, strict=True) if not same]))


def frozen_mask(
    op: Op, case: Case, live: Any, name: str, x: Array, output: Array
) -> Iterator[Verdict]:
    """A second training pass must drop other units, if a new object would with other random numbers."""
    with one_seed(OTHER_SEED):
        again = np.array(op.forward(live, {name: x.copy()}, None, True))
        new = np.array(op.forward(op.make(), {name: x.copy()}, None, True))
    if np.array_equal(again, output) and not np.array_equal(new, output):
        text = "every training pass drops the same units: the mask is drawn once and kept"
        yield verdict("train_eval", "fail", op, case, "output", text)


def stale_mask(op: Op, case: Case, live: Any, name: str, x: Array, cot: Array) -> Iterator[Verdict]:
    """A note where backward in evaluation uses the mask of the training pass before it.

    The books' own layers do, and nobody backpropagates in evaluation to train: so no fail.
    """
    ratio = np.array(op.forward(live, {name: x.copy()}, None, False)) / x
    try:
        back = op.backward(live, cot.copy(), {name: x.copy()}, None).get(name)
    except Exception:  # no backward in evaluation, which is loud
        return
    if back is not None and differs(back, cot * ratio):
        why = "backward after an evaluation still uses the mask of the last training pass"
        yield numbers_differ(
            "train_eval", "note", op, case, gradient_name(op, name), back, cot * ratio, why
        )


#: What an argument is called that gives the share to drop; `p` alone is used for either share.
DROPPED = re.compile(
    r"^(drop(out)?)?(rate|ratio|fraction)$|^drop(out)?$|drop(out)?_?p(rob\w*)?$|^p_?drop"
)


def asked_share(op: Op) -> float | None:
    """The share of units to keep that the constructor was asked for, where its name says so."""
    for name, value in op.options.items():
        key = re.sub(r"[^a-z]", "", name.lower())
        if type(value) not in (int, float) or not 0 < value < 1:
            continue
        if "keep" in key or "retain" in key:
            return float(value)
        if DROPPED.search(key):
            return 1.0 - float(value)
    return None


def kept_share(op: Op, case: Case) -> Iterator[Verdict]:
    """The share of units kept in training is the one the constructor was asked for."""
    asked = asked_share(op)
    if asked is None or not op.has_mode or not is_mask(op, case):
        return
    live, inputs, name = large(op, case)
    kept, draws = counted(op, live, name, inputs[name])
    spread = SIGMAS * float(np.sqrt(asked * (1 - asked) / draws))
    if abs(kept - asked) <= spread:
        return
    yield other_share(op, case, ("roles", "output", "training"), kept, asked, spread)


def other_share(
    op: Op, case: Case, where: tuple[str, str, str], kept: float, asked: float, spread: float
) -> Verdict:
    """Another share is kept than was asked for; `where` are the law, the array, and what it is called."""
    law, wrt, called = where
    text = (
        f"{op.built} keeps {kept:.3f} of the units in {called}, but should keep {asked:.3f} (± {spread:.2g}): "
        f"the rate is the share that is dropped"
    )
    own = re.search(r"keep(?!_?dims)|retain|surviv", source_text(op), re.IGNORECASE)
    status: Status = "note" if own and abs(kept - (1 - asked)) <= spread else "fail"
    return verdict(law, status, op, case, wrt, text, claimed=kept, measured=asked, bound=spread)
