"""For every function of the reference's core: how to draw its arguments, and PyTorch's answer.

A row is a function of a random generator that returns a `Draw`. The names are those of the core,
without ``_forward`` and ``_backward``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as tf
from gradcheck_reference.functional import (
    activations,
    convolution,
    dense,
    dropout,
    losses,
    norms,
    pooling,
)


@dataclass(frozen=True)
class Draw:
    """Arguments to differentiate by, other arguments, and the same function in PyTorch.

    `zero` holds the positions of arguments whose gradient is 0 in exact arithmetic.
    """

    arrays: list[np.ndarray]
    theirs: Callable[..., torch.Tensor]
    extra: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    zero: tuple[int, ...] = ()


def relative(ours: np.ndarray, theirs: np.ndarray, size: float = 0.0) -> float:
    """The largest error over the largest entry; 0 where both are equal.

    A gradient that cancels to less than a thousandth of its cotangent or of the other gradients
    (a saturated softmax) has lost the digits below 1e-15 of those in PyTorch as well: it is
    measured against their `size`.

    Raises
    ------
    AssertionError
        The shapes differ.
    """
    if np.shape(ours) != np.shape(theirs):
        raise AssertionError(f"shape {np.shape(ours)}, but should be {np.shape(theirs)}")
    error = np.abs(ours - theirs).max(initial=0.0)
    return float(error / max(np.abs(theirs).max(), 1e-3 * size)) if error else 0.0


def layout(rng: np.random.Generator, a: np.ndarray) -> np.ndarray:
    """The same values in C order, Fortran order, or as every second element of a larger array."""
    kind = rng.integers(3)
    if kind == 0 or a.ndim == 0:
        return a
    if kind == 1:
        return np.asfortranarray(a)
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def functions(name: str) -> tuple[Callable[..., Any], Callable[..., Any], Row]:
    """Forward, backward and the way to draw arguments."""
    module, draw = ROWS[name]
    return getattr(module, f"{name}_forward"), getattr(module, f"{name}_backward"), draw


def as_tuple(grads: Any) -> tuple[np.ndarray, ...]:
    return grads if isinstance(grads, tuple) else (grads,)


def compare(name: str, seed: int) -> Iterator[tuple[str, float]]:
    """The relative errors of the output and of every gradient, for one random draw.

    Raises
    ------
    AssertionError
        An argument was edited, or a shape is wrong.
    """
    forward, backward, draw = functions(name)
    rng = np.random.default_rng(seed)
    d = draw(rng)
    arrays = [layout(rng, a) for a in d.arrays]
    before = [a.copy() for a in arrays]
    y, cache = forward(*arrays, *d.extra, **d.options)
    g = layout(rng, rng.normal(size=y.shape))
    g_before = g.copy()
    grads = as_tuple(backward(g, cache))
    for a, b in zip([*arrays, g], [*before, g_before], strict=True):
        if not np.array_equal(a, b):
            raise AssertionError(f"{name} edited an argument, seed {seed}")

    tensors = [torch.tensor(a, requires_grad=True) for a in d.arrays]
    theirs = d.theirs(*tensors)
    theirs.backward(torch.tensor(g_before))
    yield "output", relative(y, theirs.detach().numpy())
    size = max(np.abs(a).max() for a in (g, *(t.grad.numpy() for t in tensors)))
    for i, (grad, t) in enumerate(zip(grads, tensors, strict=True)):
        if i in d.zero:
            yield f"gradient {i}", float(np.abs(grad).max() / size)
        else:
            yield f"gradient {i}", relative(grad, t.grad.numpy(), size)


Row = Callable[[np.random.Generator], Draw]
ROWS: dict[str, tuple[ModuleType, Row]] = {}


def row(module: ModuleType, name: str) -> Callable[[Row], Row]:
    def add(draw: Row) -> Row:
        ROWS[name] = (module, draw)
        return draw

    return add


def size(r: np.random.Generator, low: int = 1, high: int = 7) -> int:
    return int(r.integers(low, high))


def shape(r: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(n) for n in r.integers(1, 6, size=r.integers(1, 4)))


def normal(r: np.random.Generator, *dims: int) -> np.ndarray:
    return r.normal(size=dims)


def tensor(a: Any) -> torch.Tensor:
    return torch.tensor(np.ascontiguousarray(a), dtype=torch.float64)


def rows_of(g: torch.Tensor) -> torch.Tensor:
    return g.reshape(len(g), -1).mean(dim=1)


@row(dense, "dense")
def _(r):
    n, d, m = size(r), size(r), size(r)
    lead = (n,) if r.random() < 0.7 else (n, size(r))
    b = normal(r, m) if r.random() < 0.5 else normal(r, 1, m)
    return Draw([normal(r, *lead, d), normal(r, d, m), b], lambda x, W, b: x @ W + b)


@row(dense, "reshape")
def _(r):
    n, a, b = size(r), size(r), size(r)
    return Draw([normal(r, n, a * b)], lambda x: x.reshape(n, a, b), ((a, b),))


@row(dense, "flatten")
def _(r):
    return Draw([normal(r, *shape(r), size(r))], lambda x: x.flatten(1))


for name, theirs in {
    "linear": lambda x: x * 1,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
}.items():
    ROWS[name] = (activations, lambda r, f=theirs: Draw([3 * normal(r, *shape(r))], f))


@row(dropout, "dropout")
def _(r):
    s = shape(r)
    mask = dropout.dropout_mask(s, 0.4, r, "float64") / 0.6
    return Draw([normal(r, *s)], lambda x: x * tensor(mask), (mask,))


def class_labels(r: np.random.Generator, n: int, c: int) -> tuple[np.ndarray, torch.Tensor]:
    """Class indices or one-hot rows in any dtype, and the indices for PyTorch."""
    index = r.integers(0, c, size=n)
    dtype = r.choice(["uint8", "int64", "int8", "float32", "float64"])
    forms = [index, np.eye(c)[index]] + ([index[:, None]] if c > 1 else [])
    return forms[r.integers(len(forms))].astype(dtype), torch.tensor(index)


@row(losses, "categorical_crossentropy")
def _(r):
    n, c = size(r), size(r, 2)
    labels, index = class_labels(r, n, c)
    p = r.dirichlet(np.ones(c), size=n)
    return Draw(
        [p],
        lambda p: tf.nll_loss(p.clamp(1e-7, 1 - 1e-7).log(), index, reduction="none"),
        (labels,),
    )


@row(losses, "softmax_crossentropy")
def _(r):
    n, c = size(r), size(r)
    labels, index = class_labels(r, n, c)
    return Draw(
        [3 * normal(r, n, c)], lambda x: tf.cross_entropy(x, index, reduction="none"), (labels,)
    )


def binary_labels(r: np.random.Generator, n: int, j: int) -> np.ndarray:
    y = r.integers(0, 2, size=(n, j)).astype(r.choice(["uint8", "int64", "bool", "float64"]))
    return y[:, 0] if j == 1 and r.random() < 0.5 else y


@row(losses, "binary_crossentropy")
def _(r):
    n, j = size(r), size(r, 1, 4)
    y = binary_labels(r, n, j)
    t = tensor(y).reshape(n, j)
    return Draw(
        [r.uniform(0.01, 0.99, size=(n, j))],
        lambda p: rows_of(tf.binary_cross_entropy(p, t, reduction="none")),
        (y,),
    )


@row(losses, "sigmoid_crossentropy")
def _(r):
    n, j = size(r), size(r, 1, 4)
    y = binary_labels(r, n, j)
    t = tensor(y).reshape(n, j)
    return Draw(
        [3 * normal(r, n, j)],
        lambda x: rows_of(tf.binary_cross_entropy_with_logits(x, t, reduction="none")),
        (y,),
    )


def regression(f: Callable[..., torch.Tensor]) -> Row:
    def draw(r: np.random.Generator) -> Draw:
        n, j = size(r), size(r, 1, 4)
        y = normal(r, n, j)
        t = tensor(y)
        flat = y[:, 0] if j == 1 and r.random() < 0.5 else y
        return Draw([normal(r, n, j)], lambda p: rows_of(f(p, t)), (flat,))

    return draw


ROWS["mean_squared_error"] = (losses, regression(lambda p, t: (p - t) ** 2))
ROWS["mean_absolute_error"] = (losses, regression(lambda p, t: (p - t).abs()))


# Three values at least in every mean: with two, xhat is -1 and 1 whatever x is, the gradient is
# zero but for rounding, and a relative error means nothing.
def image(r: np.random.Generator, channels: int) -> np.ndarray:
    if r.random() < 0.4:
        return normal(r, size(r, 3), channels)
    return normal(r, size(r, 3), channels, size(r), size(r))


@row(norms, "batch_norm")
def _(r):
    c = size(r)
    gamma, beta = normal(r, c), normal(r, c)
    if r.random() < 0.3:
        mean, var = normal(r, c), r.uniform(0.5, 2, c)
        return Draw(
            [image(r, c), gamma, beta],
            lambda x, g, b: tf.batch_norm(x, tensor(mean), tensor(var), g, b, False, 0, 1e-5),
            options={"statistics": (mean, var)},
        )
    return Draw(
        [image(r, c), gamma, beta],
        lambda x, g, b: tf.batch_norm(x, None, None, g, b, True, 0, 1e-5),
    )


@row(norms, "layer_norm")
def _(r):
    d = size(r, 3)
    x = normal(r, *shape(r), d)
    return Draw([x, normal(r, d), normal(r, d)], lambda x, g, b: tf.layer_norm(x, (d,), g, b, 1e-5))


@row(norms, "rms_norm")
def _(r):
    d = size(r, 3)
    return Draw([normal(r, *shape(r), d), normal(r, d)], lambda x, g: tf.rms_norm(x, (d,), g, 1e-6))


@row(norms, "group_norm")
def _(r):
    k = size(r, 1, 4)
    c = k * size(r, 3, 5)
    return Draw(
        [image(r, c), normal(r, c), normal(r, c)],
        lambda x, g, b: tf.group_norm(x, k, g, b, 1e-5),
        options={"groups": k},
    )


def pairs(r: np.random.Generator, low: int, high: int) -> int | tuple[int, int]:
    if r.random() < 0.5:
        return size(r, low, high)
    return size(r, low, high), size(r, low, high)


@row(convolution, "conv2d")
def _(r):
    c, o = size(r, 1, 4), size(r, 1, 4)
    options = {"stride": pairs(r, 1, 4), "padding": pairs(r, 0, 3), "dilation": pairs(r, 1, 3)}
    W = normal(r, o, c, size(r, 1, 4), size(r, 1, 4))
    x = normal(r, size(r, 1, 4), c, size(r, 5, 9), size(r, 5, 9))
    return Draw([x, W, normal(r, o)], lambda *a: tf.conv2d(*a, **options), options=options)


@row(convolution, "conv1d")
def _(r):
    c, o = size(r, 1, 4), size(r, 1, 4)
    options = {"stride": size(r, 1, 4), "padding": size(r, 0, 3), "dilation": size(r, 1, 3)}
    x, W = normal(r, size(r, 1, 4), c, size(r, 5, 9)), normal(r, o, c, size(r, 1, 4))
    return Draw([x, W, normal(r, o)], lambda *a: tf.conv1d(*a, **options), options=options)


@row(convolution, "conv_transpose2d")
def _(r):
    c, o = size(r, 1, 4), size(r, 1, 4)
    options = {"stride": pairs(r, 1, 4), "padding": pairs(r, 0, 2), "dilation": pairs(r, 1, 3)}
    x = normal(r, size(r, 1, 4), c, size(r, 3, 6), size(r, 3, 6))
    W = normal(r, c, o, size(r, 1, 4), size(r, 1, 4))

    def theirs(x, W, b):
        return tf.conv_transpose2d(
            x,
            W,
            b,
            stride=options["stride"],
            padding=options["padding"],
            dilation=options["dilation"],
        )

    return Draw([x, W, normal(r, o)], theirs, options=options)


def pooled(f: Callable[..., torch.Tensor]) -> Row:
    def draw(r: np.random.Generator) -> Draw:
        kernel = (size(r, 2, 4), size(r, 2, 4))
        options = {
            "kernel": kernel,
            "stride": None if r.random() < 0.3 else pairs(r, 1, 4),
            "padding": size(r, 0, 2),
        }
        x = normal(r, size(r, 1, 4), size(r, 1, 4), size(r, 4, 9), size(r, 4, 9))
        return Draw(
            [x], lambda x: f(x, kernel, options["stride"], options["padding"]), options=options
        )

    return draw


ROWS["max_pool2d"] = (pooling, pooled(tf.max_pool2d))
ROWS["avg_pool2d"] = (pooling, pooled(tf.avg_pool2d))


def any_image(r: np.random.Generator) -> np.ndarray:
    return normal(r, *r.integers(1, 5, size=4))


@row(pooling, "global_avg_pool")
def _(r):
    return Draw([any_image(r)], lambda x: x.mean(dim=(2, 3)))


@row(pooling, "global_max_pool")
def _(r):
    return Draw([any_image(r)], lambda x: x.amax(dim=(2, 3)))


@row(pooling, "upsample")
def _(r):
    k = size(r, 1, 4)
    return Draw([any_image(r)], lambda x: tf.interpolate(x, scale_factor=k), options={"factor": k})
