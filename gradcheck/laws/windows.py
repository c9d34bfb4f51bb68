"""Convolutions and poolings: the size of what they give, and the reference's numbers."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.errors import is_refusal
from gradcheck.laws.common import differs, evaluate, name_of, numbers_differ, verdict
from gradcheck.types import Array, Case, Op, Primals, Status, Verdict

PACKAGE = "gradcheck_reference.functional"
#: A multiple of the usual strides: an image that much larger leaves the same remainder.
STEP = 12
#: Names of layers that slide a window over images and give images.
WINDOW = re.compile(r"conv|pool")
OTHER = re.compile(
    r"trans|deconv|unpool|upsampl|depthtospace|global|adaptive|1d|3d|backward|spatialpyramid"
)


def output_sizes(op: Op, case: Case, primals: Primals) -> Iterator[Verdict]:
    """The height of an image sets the height of the output and nothing else; so does the width.

    That holds for any kernel, stride, padding and rounding; a height that stands where the width
    should is right for squares only.
    """
    axes = image_axes(op, primals)
    if axes is None:
        return
    name = op.slots[0].name
    x = primals[name]
    shape = np.shape(op.vjp(primals, None, case.train)[0])
    if len(shape) != 4 or made_for(op, tuple(x.shape[a] for a in axes)):
        return
    small = list(padding_counts(op, case, x, shape))
    if small:
        yield from small
        return
    step = growth(op)
    for axis, word in zip(axes, ("height", "width"), strict=True):
        larger = tuple(n + step if i == axis else n for i, n in enumerate(x.shape))
        try:
            changed = {**primals, name: cases.numbers(cases.generator(case, 12), larger)}
            got = np.shape(op.vjp(changed, None, case.train)[0])
        except Exception as error:
            if not is_refusal(error):
                text = f"forward raises {type(error).__name__} for {name} of shape {larger}, but takes {x.shape}: {error}"
                yield verdict("contract", "fail", op, case, "size", text)
                return
            continue
        wanted = tuple(got[i] if i == axis else n for i, n in enumerate(shape))
        if got != wanted:
            text = (
                f"output.shape = {got} for {name} of shape {larger}, but should be {wanted}: only the {word} of "
                f"{name} has grown, from {x.shape}, where output.shape is {shape}"
            )
            yield verdict("contract", "fail", op, case, "size", text)
            return


#: What the height and the width of a pooling window are called, together and apart.
SIDES = (("pool_h", "pool_height", "ph", "kernel_h", "pool_size", "kernel_size", "size", "ksize", "k"),
         ("pool_w", "pool_width", "pw", "kernel_w", "pool_size", "kernel_size", "size", "ksize", "k"))  # fmt: skip


def padding_counts(op: Op, case: Case, x: Array, shape: tuple[int, ...]) -> Iterator[Verdict]:
    """Padding makes a pooling larger: ``(H + 2 pad - h) // stride + 1``, not ``(H - h) // stride + 1``."""
    inner = getattr(op.make(), "obj", None)
    sides = [number(op, inner, names) for names in SIDES]
    stride, pad = number(op, inner, ("stride", "s")), number(op, inner, ("pad", "padding", "p"))
    if "pool" not in name_of(op) or op.slots[0].shape[2:] != ("H", "W") or not stride or not pad:
        return
    for axis, side, word in zip((2, 3), sides, ("height", "width"), strict=True):
        if side is None:
            return
        bare, room = x.shape[axis] - side, x.shape[axis] - side + 2 * pad
        wanted = lengths(room, stride)
        if shape[axis] not in wanted and shape[axis] in lengths(bare, stride):
            text = (
                f"output.shape = {shape}, but its {word} should be {min(wanted)}: the padding of {pad} is not counted "
                f"in ({x.shape[axis]} + 2 * {pad} - {side}) // {stride} + 1"
            )
            yield verdict("contract", "fail", op, case, "size", text)
            return


def made_for(op: Op, size: tuple[int, ...]) -> bool:
    """Whether the constructor was given the height and the width of its images."""
    given = [n for v in op.options.values() for n in (v if isinstance(v, (tuple, list)) else (v,))]
    return all(n in given for n in size)


def growth(op: Op) -> int:
    """How much larger an image may be made: a multiple of the strides, and of the window it tiles."""
    inner = getattr(op.make(), "obj", None)
    held = list(vars(inner).values()) if hasattr(inner, "__dict__") else []
    numbers = [n for v in held for n in (v if isinstance(v, tuple) else (v,)) if type(n) is int]
    return math.lcm(STEP, *(n for n in numbers if 1 < n < 12))


def image_axes(op: Op, primals: Primals) -> tuple[int, int] | None:
    """The axes of height and width of the one input, or None where it is no image for a window."""
    name = name_of(op)
    if not WINDOW.search(name) or OTHER.search(name) or len(op.slots) != 1 or op.labels is not None:
        return None
    slot = op.slots[0]
    x = primals[slot.name]
    if x.ndim != 4 or slot.shape[0] != "N":
        return None
    if "H" in slot.shape and "W" in slot.shape:
        return slot.shape.index("H"), slot.shape.index("W")
    kernels = [v for k, v in primals.items() if k != slot.name and v.ndim == 4]
    if not kernels:
        return (2, 3) if "pool" in name and slot.shape[1] == "C" else None
    if kernels[0].shape[1] == x.shape[1]:
        return 2, 3
    return (1, 2) if kernels[0].shape[2] == x.shape[3] else None


#: What else a layer with a convolution in its name may do: ``conv_relu_pool``.
BESIDE = re.compile(
    r"elu|pool|norm|bn|sigmoid|tanh|softmax|swish|block|resid|drop|act|mish|unit|net|module|branch"
)


def activated(inner: Any) -> bool:
    """Whether an object holds an activation of its own, as ``Conv2D(4, 3, activation="relu")`` does."""
    held = vars(inner) if hasattr(inner, "__dict__") else {}
    names = {n: v for n, v in held.items() if re.match(r"_?(act|nonlin|sigma$)", n.lower())}
    idle = (None, False, "", "linear", "identity", "none")
    return any(
        not any(v is i or (isinstance(v, str) and v.lower() == i) for i in idle)
        for v in names.values()
    )


def convolution(op: Op, case: Case, name: str) -> Verdict | None:
    """A 2-D convolution over (N, C, H, W) with (F, C, h, w) kernels, stride and padding from the object."""
    if "conv" not in name or re.search(r"trans|deconv|depth|separable|1d|3d|group|dilat", name):
        return None
    live = op.make()
    if BESIDE.search(name) or activated(getattr(live, "obj", None)):
        return None
    found = op.parameters(live)
    kernels = [v for v in found.values() if v.ndim == 4]
    inner = getattr(live, "obj", None)
    stride, padding = (
        number(op, inner, names) for names in (("stride", "s"), ("pad", "padding", "p"))
    )
    if (
        len(op.slots) != 1
        or len(op.slots[0].shape) != 4
        or len(kernels) != 1
        or None in (stride, padding)
        or spread(op, inner)
    ):
        return None
    primals, labels = cases.draw(op, case)
    x = primals[op.slots[0].name]
    w = next(primals[k] for k, v in found.items() if v.ndim == 4)
    rest = [primals[k] for k in found if found[k].ndim != 4]
    if x.shape[1] != w.shape[1] or len(rest) > 1 or any(r.size != len(w) for r in rest):
        return None
    got = evaluate(op, case, primals, labels).output
    wrong = wrong_size(op, case, x, w, got, stride, padding)  # type: ignore[arg-type]
    if wrong is not None:
        return wrong
    forward = importlib.import_module(f"{PACKAGE}.convolution").conv2d_forward
    bias = rest[0].reshape(-1) if rest else np.zeros(len(w))
    outputs = [
        forward(x, k, bias, stride=stride, padding=padding)[0] for k in (w, w[..., ::-1, ::-1])
    ]
    if any(not differs(got, y, 1e-7) for y in outputs):
        return verdict("same_as_reference", "pass", op, case, detail={"reference": "conv2d"})
    status: Status = "fail" if got.size == outputs[0].size else "note"
    why = f"the reference's conv2d of the same input, stride {stride} and padding {padding}"
    return numbers_differ("same_as_reference", status, op, case, "output", got, outputs[0], why)


def spread(op: Op, inner: Any) -> bool:
    """Whether its kernels are dilated or grouped: another convolution than the one compared with."""
    held = {**op.options, **(vars(inner) if hasattr(inner, "__dict__") else {})}
    return any(
        re.search(r"dilat|groups", k) and v not in (None, 1, (1, 1))
        for k, v in held.items()
        if isinstance(v, (int, tuple, type(None)))
    )


def number(op: Op, inner: Any, names: tuple[str, ...]) -> int | None:
    """A whole number an object holds, or was given, under one of these names."""
    held = [getattr(inner, n, None) for n in names] + [op.options.get(n) for n in names]
    return next((v for v in held if type(v) is int), None)


def lengths(room: int, stride: int) -> set[int]:
    """How many windows fit where the first leaves this room, rounded down and up."""
    return {room // stride + 1, -(-room // stride) + 1}


def wrong_size(
    op: Op, case: Case, x: Array, w: Array, got: Array, stride: int, padding: int
) -> Verdict | None:
    """A fail where height or width is neither (H + 2 pad - h) / stride + 1 rounded down nor up."""
    if got.ndim != 4:
        return None
    for axis, word in ((2, "height"), (3, "width")):
        room = x.shape[axis] + 2 * padding - w.shape[axis]
        if got.shape[axis] in lengths(room, stride):
            continue
        text = (
            f"output.shape = {got.shape}, but its {word} should be {room // stride + 1}: ({x.shape[axis]} + 2 * {padding} "
            f"- {w.shape[axis]}) // {stride} + 1"
        )
        return verdict("same_as_reference", "fail", op, case, "output", text)
    return None
