"""Functions with hand-derived vjps on which the guards of the numerics engine were tuned.

Every entry keeps the dtype it is given. Arrays are 4 x 6 unless the function needs another shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from registry import Function

Array = Any

_rng = np.random.default_rng(20240501)
W = _rng.normal(size=(6, 5)) / 2
W1, W2 = _rng.normal(size=(6, 16)) / 2, _rng.normal(size=(16, 3)) / 4
KERNEL = _rng.normal(size=3)
KERNEL2 = _rng.normal(size=(3, 3)) / 2
TARGET = _rng.normal(size=(4, 6))
LABELS = _rng.integers(0, 6, 4)
ONEHOT = np.eye(6)[LABELS]
BITS = _rng.integers(0, 2, (4, 6)).astype(float)
UP = _rng.normal(size=(8, 6)) / 2
REC = _rng.normal(size=(5, 5)) / 3
INP = _rng.normal(size=(3, 5)) / 2


def like(a: Any, x: Array) -> Array:
    """A constant in the precision of x."""
    return np.asarray(a, x.dtype)


def normal(shape: tuple[int, ...] = (4, 6), shift: float = 0.0) -> Callable[[Any], Array]:
    return lambda rng: rng.normal(size=shape) + shift


def uniform(low: float, high: float) -> Callable[[Any], Array]:
    return lambda rng: rng.uniform(low, high, size=(4, 6))


def elementwise(
    f: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    sample: Callable[[Any], Array] | None = None,
) -> Function:
    return Function(sample or normal(), f, lambda x, gy: gy * slope(x))


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_vjp(x: Array, gy: Array) -> Array:
    p = softmax(x)
    return p * (gy - (gy * p).sum(-1, keepdims=True))


def log_softmax(x: Array) -> Array:
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def cross_entropy(x: Array) -> Array:
    return np.asarray(-(log_softmax(x) * like(ONEHOT, x)).sum() / 4, x.dtype)


def logsumexp(x: Array) -> Array:
    m = x.max(-1)
    return m + np.log(np.exp(x - m[..., None]).sum(-1))


def normalise(axis: int) -> tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]:
    """Subtract the mean and divide by the standard deviation along an axis."""

    def parts(x: Array) -> tuple[Array, Array]:
        centred = x - x.mean(axis, keepdims=True)
        inverse = 1 / np.sqrt((centred * centred).mean(axis, keepdims=True) + like(1e-5, x))
        return centred, inverse

    def f(x: Array) -> Array:
        centred, inverse = parts(x)
        return centred * inverse

    def vjp(x: Array, gy: Array) -> Array:
        centred, inverse = parts(x)
        unit = centred * inverse
        along = (gy * unit).mean(axis, keepdims=True)
        return inverse * (gy - gy.mean(axis, keepdims=True) - unit * along)

    return f, vjp


def rms_norm(x: Array) -> Array:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + like(1e-6, x))


def rms_norm_vjp(x: Array, gy: Array) -> Array:
    inverse = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + like(1e-6, x))
    along = (gy * x).mean(-1, keepdims=True)
    return gy * inverse - x * inverse**3 * along


def gelu(x: Array) -> Array:
    inner = like(math.sqrt(2 / math.pi), x) * (x + like(0.044715, x) * x**3)
    return like(0.5, x) * x * (1 + np.tanh(inner))


def gelu_slope(x: Array) -> Array:
    k, a = like(math.sqrt(2 / math.pi), x), like(0.044715, x)
    t = np.tanh(k * (x + a * x**3))
    return like(0.5, x) * (1 + t) + like(0.5, x) * x * (1 - t * t) * k * (1 + 3 * a * x * x)


def conv1d(x: Array) -> Array:
    k = like(KERNEL, x)
    return x[:, :-2] * k[0] + x[:, 1:-1] * k[1] + x[:, 2:] * k[2]


def conv1d_vjp(x: Array, gy: Array) -> Array:
    g = np.zeros_like(x)
    for i, w in enumerate(like(KERNEL, x)):
        g[:, i : i + gy.shape[1]] += gy * w
    return g


def conv2d(x: Array) -> Array:
    k = like(KERNEL2, x)
    n, m = x.shape[0] - 2, x.shape[1] - 2
    return sum(x[i : i + n, j : j + m] * k[i, j] for i in range(3) for j in range(3))


def conv2d_vjp(x: Array, gy: Array) -> Array:
    g, k = np.zeros_like(x), like(KERNEL2, x)
    for i in range(3):
        for j in range(3):
            g[i : i + gy.shape[0], j : j + gy.shape[1]] += gy * k[i, j]
    return g


def pairs(x: Array) -> Array:
    return x.reshape(4, 3, 2)


def max_pool_vjp(x: Array, gy: Array) -> Array:
    p = pairs(x)
    return (gy[..., None] * (p == p.max(-1, keepdims=True))).reshape(x.shape)


def attention(x: Array) -> Array:
    return softmax(x @ x.T * like(1 / math.sqrt(6), x)) @ x


def attention_vjp(x: Array, gy: Array) -> Array:
    k = like(1 / math.sqrt(6), x)
    p = softmax(x @ x.T * k)
    gp = gy @ x.T
    gs = p * (gp - (gp * p).sum(-1, keepdims=True)) * k
    return p.T @ gy + gs @ x + gs.T @ x


def mlp(x: Array) -> Array:
    return np.tanh(x @ like(W1, x)) @ like(W2, x)


def mlp_vjp(x: Array, gy: Array) -> Array:
    h = np.tanh(x @ like(W1, x))
    return ((gy @ like(W2, x).T) * (1 - h * h)) @ like(W1, x).T


def relu_mlp(x: Array) -> Array:
    return np.maximum(x @ like(W1, x), 0) @ like(W2, x)


def relu_mlp_vjp(x: Array, gy: Array) -> Array:
    return ((gy @ like(W2, x).T) * (x @ like(W1, x) > 0)) @ like(W1, x).T


def cubic_root(x: Array) -> Array:
    """The real root of y**3 + y = x by Newton's method."""
    y = x * like(0.5, x)
    for _ in range(12):
        y = y - (y**3 + y - x) / (3 * y * y + 1)
    return y


def recurrent(x: Array) -> Array:
    h = np.zeros(5, x.dtype)
    for t in range(x.shape[0]):
        h = np.tanh(x[t] @ like(INP, x) + h @ like(REC, x))
    return h


def recurrent_vjp(x: Array, gy: Array) -> Array:
    states = [np.zeros(5, x.dtype)]
    for t in range(x.shape[0]):
        states.append(np.tanh(x[t] @ like(INP, x) + states[-1] @ like(REC, x)))
    g, gh = np.zeros_like(x), gy
    for t in reversed(range(x.shape[0])):
        ga = gh * (1 - states[t + 1] ** 2)
        g[t] = ga @ like(INP, x).T
        gh = ga @ like(REC, x).T
    return g


def huber(x: Array) -> Array:
    a = np.abs(x)
    return np.where(a < 1, like(0.5, x) * x * x, a - like(0.5, x))


def binary_cross_entropy(x: Array) -> Array:
    t = like(BITS, x)
    return np.asarray(-(t * np.log(x) + (1 - t) * np.log(1 - x)).mean(), x.dtype)


def binary_cross_entropy_vjp(x: Array, gy: Array) -> Array:
    t = like(BITS, x)
    return gy * (-t / x + (1 - t) / (1 - x)) / like(x.size, x)


_layer, _layer_vjp = normalise(-1)
_batch, _batch_vjp = normalise(0)

FUNCTIONS: dict[str, Function] = {
    "linear": Function(normal(), lambda x: x @ like(W, x), lambda x, gy: gy @ like(W, x).T),
    "relu": elementwise(lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype)),
    "leaky_relu": elementwise(
        lambda x: np.where(x > 0, x, x * like(0.1, x)),
        lambda x: np.where(x > 0, like(1, x), like(0.1, x)),
    ),
    "elu": elementwise(
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, like(1, x), np.exp(np.minimum(x, 0))),
    ),
    "abs": elementwise(np.abs, np.sign),
    "sigmoid": elementwise(sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),
    "tanh": elementwise(np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "exp": elementwise(np.exp, np.exp),
    "log": elementwise(np.log, lambda x: 1 / x, uniform(0.05, 4)),
    "sqrt": elementwise(np.sqrt, lambda x: 1 / (2 * np.sqrt(x)), uniform(0.05, 4)),
    "reciprocal": elementwise(lambda x: 1 / x, lambda x: -1 / (x * x), uniform(0.05, 4)),
    "fifth_power": elementwise(lambda x: x**5, lambda x: 5 * x**4),
    "fast_sine": elementwise(
        lambda x: np.sin(like(20, x) * x), lambda x: like(20, x) * np.cos(like(20, x) * x)
    ),
    "softplus": elementwise(lambda x: np.logaddexp(like(0, x), x), sigmoid),
    "swish": elementwise(
        lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))
    ),
    "gelu": elementwise(gelu, gelu_slope),
    "huber": elementwise(huber, lambda x: np.clip(x, -1, 1)),
    "cancellation": elementwise(lambda x: (like(1e3, x) + x * x) - like(1e3, x), lambda x: 2 * x),
    "cubic_root": elementwise(cubic_root, lambda x: 1 / (3 * cubic_root(x) ** 2 + 1)),
    "softmax": Function(normal(), softmax, softmax_vjp),
    "log_softmax": Function(
        normal(), log_softmax, lambda x, gy: gy - softmax(x) * gy.sum(-1, keepdims=True)
    ),
    "cross_entropy": Function(
        normal(), cross_entropy, lambda x, gy: gy * (softmax(x) - like(ONEHOT, x)) / 4
    ),
    "binary_cross_entropy": Function(
        uniform(0.02, 0.98), binary_cross_entropy, binary_cross_entropy_vjp
    ),
    "mean_squared_error": Function(
        normal(),
        lambda x: np.asarray(((x - like(TARGET, x)) ** 2).mean(), x.dtype),
        lambda x, gy: gy * 2 * (x - like(TARGET, x)) / like(x.size, x),
    ),
    "mean_absolute_error": Function(
        normal(),
        lambda x: np.asarray(np.abs(x - like(TARGET, x)).mean(), x.dtype),
        lambda x, gy: gy * np.sign(x - like(TARGET, x)) / like(x.size, x),
    ),
    "layer_norm": Function(normal(), _layer, _layer_vjp),
    "batch_norm": Function(normal(), _batch, _batch_vjp),
    "layer_norm_offset": Function(normal(shift=50.0), _layer, _layer_vjp),
    "rms_norm": Function(normal(), rms_norm, rms_norm_vjp),
    "conv1d": Function(normal(), conv1d, conv1d_vjp),
    "conv2d": Function(normal((6, 7)), conv2d, conv2d_vjp),
    "max_pool": Function(normal(), lambda x: pairs(x).max(-1), max_pool_vjp),
    "mean_pool": Function(
        normal(), lambda x: pairs(x).mean(-1), lambda x, gy: np.repeat(gy / 2, 2, -1)
    ),
    "logsumexp": Function(normal(), logsumexp, lambda x, gy: gy[:, None] * softmax(x)),
    "row_norm": Function(
        normal(),
        lambda x: np.sqrt((x * x).sum(-1)),
        lambda x, gy: (gy / np.sqrt((x * x).sum(-1)))[:, None] * x,
    ),
    "attention": Function(normal(), attention, attention_vjp),
    "tanh_mlp": Function(normal(), mlp, mlp_vjp),
    "relu_mlp": Function(normal(), relu_mlp, relu_mlp_vjp),
    "recurrent": Function(normal((6, 3)), recurrent, recurrent_vjp),
    "cumulative_sum": Function(
        normal(),
        lambda x: np.cumsum(x, -1),
        lambda x, gy: np.ascontiguousarray(np.cumsum(gy[:, ::-1], -1)[:, ::-1]),
    ),
    "quadratic_form": Function(
        normal((8,)),
        lambda x: np.asarray(((like(UP, x).T @ x) ** 2).sum(), x.dtype),
        lambda x, gy: gy * 2 * (like(UP, x) @ (like(UP, x).T @ x)),
    ),
}
