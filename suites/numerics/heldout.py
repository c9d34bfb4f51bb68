"""Functions set aside: the numerics engine is measured on them and was never tuned on them.

Written by a second author from the standard definitions, without sight of the engine.  Every entry
is a `Function(sample, f, vjp)` of one array; functions of several arrays take them packed into one.
``f`` and ``vjp`` compute in the dtype they are given, so that float32 rounding is the user's own.
``sample`` draws legal but often awkward points: saturation, near-ties, points close to a kink,
scales from 1e-6 to 1e6, large offsets.  No point lies exactly on a kink.

A wrong derivative here would be counted as a false alarm: each one was compared with long-double
finite differences when it was written.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from registry import Function

Array = npt.NDArray[np.floating]
Sampler = Callable[[np.random.Generator], Array]

FUNCTIONS: dict[str, Function] = {}


def _fixed(seed: int, *shape: int) -> Array:
    """Constant coefficients of a function: the same in every run."""
    return np.random.default_rng(seed).normal(size=shape)


def _add(name: str, sample: Sampler, f: Callable, vjp: Callable) -> None:
    FUNCTIONS[name] = Function(sample, f, vjp)


def _normal(*shape: int, scale: float = 1.0, loc: float = 0.0) -> Sampler:
    return lambda rng: loc + scale * rng.normal(size=shape)


def _sigmoid(z: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * z))


def _softplus(z: Array) -> Array:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _softmax_vjp(p: Array, gp: Array) -> Array:
    return p * (gp - (gp * p).sum(axis=-1, keepdims=True))


# --- element by element -------------------------------------------------------------------------


def _mish_vjp(x: Array, gy: Array) -> Array:
    t = np.tanh(_softplus(x))
    return gy * (t + x * (1 - t * t) * _sigmoid(x))


_add("mish", _normal(4, 6, scale=3.0), lambda x: x * np.tanh(_softplus(x)), _mish_vjp)


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _selu(x: Array) -> Array:
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def _selu_vjp(x: Array, gy: Array) -> Array:
    return gy * SELU_SCALE * np.where(x > 0, 1, SELU_ALPHA * np.exp(np.minimum(x, 0)))


_add("selu", _normal(4, 6, scale=2.0), _selu, _selu_vjp)


def _near_three(rng: np.random.Generator) -> Array:
    x = 3 * rng.normal(size=(4, 6))
    x[0] = [3.01, 2.99, -3.01, -2.99, 3.2, -2.8]
    return x + 1e-3 * rng.uniform(size=x.shape)


def _hard_swish_vjp(x: Array, gy: Array) -> Array:
    slope = np.where(x > 3, 1, np.where(x < -3, 0, (2 * x + 3) / 6))
    return (gy * slope).astype(x.dtype)


_add("hard_swish", _near_three, lambda x: x * np.clip(x + 3, 0, 6) / 6, _hard_swish_vjp)


SPLINE = _fixed(1, 12)


def _spline_parts(x: Array) -> tuple[Array, npt.NDArray[np.intp]]:
    cell = np.clip(np.floor(x).astype(np.intp), -4, 4)
    return x - cell.astype(x.dtype), cell + 4


def _spline(x: Array) -> Array:
    """A uniform cubic B-spline: its third derivative jumps at every whole number."""
    u, i = _spline_parts(x)
    c = SPLINE.astype(x.dtype)
    weights = ((1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3)
    return sum(w * c[i + k] for k, w in enumerate(weights)) / 6


def _spline_vjp(x: Array, gy: Array) -> Array:
    u, i = _spline_parts(x)
    c = SPLINE.astype(x.dtype)
    slopes = (-3 * (1 - u) ** 2, 9 * u**2 - 12 * u, -9 * u**2 + 6 * u + 3, 3 * u**2)
    return gy * sum(w * c[i + k] for k, w in enumerate(slopes)) / 6


_add("cubic_spline", lambda rng: rng.uniform(-4, 4, size=(4, 6)), _spline, _spline_vjp)


def _log_cosh(x: Array) -> Array:
    a = np.abs(x)
    return a + np.log1p(np.exp(-2 * a)) - float(np.log(2.0))


_add("log_cosh", _normal(4, 6, scale=8.0), _log_cosh, lambda x, gy: gy * np.tanh(x))
_add("x_abs_x", _normal(4, 6), lambda x: x * np.abs(x), lambda x, gy: gy * 2 * np.abs(x))
_add(
    "softplus_far_out",
    lambda rng: rng.normal(size=(4, 6)) + rng.choice([-40.0, -8.0, 0.0, 8.0, 40.0], size=(4, 6)),
    lambda x: np.log1p(np.exp(x)),
    lambda x, gy: gy / (1 + np.exp(-x)),
)
_add(
    "offset_cancellation",
    _normal(4, 6),
    lambda x: (1e4 + x) - 1e4,
    lambda x, gy: gy,
)
_add(
    "expm1_ratio_by_subtraction",
    lambda rng: rng.uniform(0.01, 1.0, size=(4, 6)),
    lambda x: (np.exp(x) - 1) / x,
    lambda x, gy: gy * (x * np.exp(x) - np.expm1(x)) / (x * x),
)
_add(
    "sine_of_tiny_inputs",
    _normal(4, 6, scale=1e-6),
    lambda x: np.sin(1e6 * x),
    lambda x, gy: gy * 1e6 * np.cos(1e6 * x),
)
_add(
    "tanh_of_huge_inputs",
    _normal(4, 6, scale=1e6),
    lambda x: np.tanh(x / 1e6),
    lambda x, gy: gy * (1 - np.tanh(x / 1e6) ** 2) / 1e6,
)


def _many_scales(rng: np.random.Generator) -> Array:
    return rng.normal(size=(4, 6)) * 10.0 ** rng.integers(-6, 7, size=(4, 6))


_add(
    "log1p_square_over_many_scales",
    _many_scales,
    lambda x: np.log1p(x * x),
    lambda x, gy: gy * 2 * x / (1 + x * x),
)


def _logistic_map(x: Array) -> Array:
    """Six steps of 3.7 x (1 - x): polynomial of degree 64, slopes of either sign up to hundreds."""
    for _ in range(6):
        x = 3.7 * x * (1 - x)
    return x


def _logistic_map_vjp(x: Array, gy: Array) -> Array:
    g = gy
    for _ in range(6):
        g = g * (3.7 * (1 - 2 * x))
        x = 3.7 * x * (1 - x)
    return g


_add(
    "logistic_map",
    lambda rng: rng.uniform(0.05, 0.95, size=(4, 6)),
    _logistic_map,
    _logistic_map_vjp,
)


TABLE = _fixed(2, 101)


def _table(x: Array) -> Array:
    """Linear interpolation in a table of step 0.1: a kink within 0.05 of every point."""
    position = 10 * (x + 5)
    i = np.clip(np.floor(position).astype(np.intp), 0, 99)
    t = TABLE.astype(x.dtype)
    return t[i] + (position - i.astype(x.dtype)) * (t[i + 1] - t[i])


def _table_vjp(x: Array, gy: Array) -> Array:
    i = np.clip(np.floor(10 * (x + 5)).astype(np.intp), 0, 99)
    t = TABLE.astype(x.dtype)
    return gy * 10 * (t[i + 1] - t[i])


def _off_knots(rng: np.random.Generator) -> Array:
    return 0.1 * rng.integers(-40, 40, size=(4, 6)) + rng.uniform(0.01, 0.09, size=(4, 6))


_add("table_lookup", _off_knots, _table, _table_vjp)


def _shared_prelu(x: Array) -> Array:
    z, slope = x[:-1], x[-1]
    return np.where(z > 0, z, slope * z)


def _shared_prelu_vjp(x: Array, gy: Array) -> Array:
    z, slope = x[:-1], x[-1]
    gx = np.empty_like(x)
    gx[:-1] = gy * np.where(z > 0, 1, slope)
    gx[-1] = (gy * np.minimum(z, 0)).sum()
    return gx


_add("prelu_shared_slope", _normal(25), _shared_prelu, _shared_prelu_vjp)


def _arctan2(x: Array) -> Array:
    return np.arctan2(x[0], x[1])


def _arctan2_vjp(x: Array, gy: Array) -> Array:
    square = x[0] ** 2 + x[1] ** 2
    return np.stack([gy * x[1] / square, -gy * x[0] / square])


_add("arctan2", _normal(2, 4, 3), _arctan2, _arctan2_vjp)


def _power(x: Array) -> Array:
    return x[0] ** x[1]


def _power_vjp(x: Array, gy: Array) -> Array:
    return np.stack([gy * x[1] * x[0] ** (x[1] - 1), gy * x[0] ** x[1] * np.log(x[0])])


_add("power", lambda rng: rng.uniform(0.3, 3.0, size=(2, 4, 3)), _power, _power_vjp)


# --- rows: normalisation, pooling, attention-like -------------------------------------------------


def _cosine(x: Array) -> Array:
    a, b = x[0], x[1]
    return (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))


def _cosine_vjp(x: Array, gy: Array) -> Array:
    a, b = x[0], x[1]
    na = np.sqrt((a * a).sum(-1, keepdims=True))
    nb = np.sqrt((b * b).sum(-1, keepdims=True))
    ua, ub = a / na, b / nb
    cos = (ua * ub).sum(-1, keepdims=True)
    g = gy[..., None]
    return np.stack([g * (ub - cos * ua) / na, g * (ua - cos * ub) / nb])


_add("cosine_similarity", _normal(2, 4, 6), _cosine, _cosine_vjp)


def _group_parts(x: Array) -> tuple[Array, Array]:
    z = x.reshape(x.shape[0], 2, -1)
    centred = z - z.mean(axis=2, keepdims=True)
    return centred, np.sqrt((centred**2).mean(axis=2, keepdims=True) + 1e-5)


def _group_norm(x: Array) -> Array:
    centred, std = _group_parts(x)
    return (centred / std).reshape(x.shape)


def _group_norm_vjp(x: Array, gy: Array) -> Array:
    centred, std = _group_parts(x)
    h, g = centred / std, gy.reshape(centred.shape)
    gx = g - g.mean(axis=2, keepdims=True) - h * (g * h).mean(axis=2, keepdims=True)
    return (gx / std).reshape(x.shape)


_add("group_norm", _normal(3, 4, 5, scale=0.3, loc=1.0), _group_norm, _group_norm_vjp)


def _standardise(x: Array) -> Array:
    centred = x - x.mean(axis=0)
    return centred / np.sqrt((centred**2).mean(axis=0))


def _standardise_vjp(x: Array, gy: Array) -> Array:
    centred = x - x.mean(axis=0)
    std = np.sqrt((centred**2).mean(axis=0))
    h = centred / std
    return (gy - gy.mean(axis=0) - h * (gy * h).mean(axis=0)) / std


_add("standardise_large_mean", _normal(8, 3, loc=1000.0), _standardise, _standardise_vjp)


def _softmax_cold_vjp(x: Array, gy: Array) -> Array:
    return 10 * _softmax_vjp(_softmax(10 * x), gy)


_add("softmax_temperature_tenth", _normal(4, 6), lambda x: _softmax(10 * x), _softmax_cold_vjp)


def _places(x: Array) -> Array:
    return np.arange(x.shape[-1]).astype(x.dtype)


def _soft_argmax_vjp(x: Array, gy: Array) -> Array:
    return 3 * _softmax_vjp(_softmax(3 * x), gy[..., None] * _places(x))


_add(
    "soft_argmax",
    _normal(4, 6),
    lambda x: (_softmax(3 * x) * _places(x)).sum(-1),
    _soft_argmax_vjp,
)


def _logsumexp(x: Array) -> Array:
    top = x.max(-1, keepdims=True)
    return (top + np.log(np.exp(x - top).sum(-1, keepdims=True)))[..., 0]


_add(
    "logsumexp_large_offset",
    _normal(4, 6, scale=2.0, loc=500.0),
    _logsumexp,
    lambda x, gy: gy[..., None] * _softmax(x),
)


def _top_two_vjp(x: Array, gy: Array) -> Array:
    gx = np.zeros_like(x)
    best = np.argsort(x, axis=-1)[..., -2:]
    np.put_along_axis(gx, best, np.repeat(gy[..., None], 2, axis=-1), axis=-1)
    return gx


def _close_ranks(rng: np.random.Generator) -> Array:
    """Rows whose second and third largest entries are only 0.01 apart."""
    ranks = np.array([0.0, 0.2, 0.5, 0.99, 1.0, 1.3])
    return np.stack([rng.permutation(ranks) + 0.002 * rng.uniform(size=6) for _ in range(4)])


_add("top_two_pool", _close_ranks, lambda x: np.sort(x, axis=-1)[..., -2:].sum(-1), _top_two_vjp)


def _cumprod_vjp(x: Array, gy: Array) -> Array:
    tail = np.cumsum((gy * np.cumprod(x, axis=-1))[..., ::-1], axis=-1)[..., ::-1]
    return tail / x


def _away_from_zero(rng: np.random.Generator) -> Array:
    return rng.uniform(0.4, 2.0, size=(3, 8)) * rng.choice([-1.0, 1.0], size=(3, 8))


_add("cumulative_product", _away_from_zero, lambda x: np.cumprod(x, axis=-1), _cumprod_vjp)


def _tiny_norm(x: Array) -> Array:
    return np.sqrt((x * x).sum(-1) + 1e-12)


def _rows_of_many_scales(rng: np.random.Generator) -> Array:
    return rng.normal(size=(4, 6)) * np.array([[1e-6], [1e-4], [1.0], [1e3]])


_add(
    "norm_tiny_epsilon",
    _rows_of_many_scales,
    _tiny_norm,
    lambda x, gy: (gy / _tiny_norm(x))[..., None] * x,
)


def _ratio(x: Array) -> Array:
    return x[0].sum(-1) / x[1].sum(-1)


def _ratio_vjp(x: Array, gy: Array) -> Array:
    below = x[1].sum(-1)
    top = np.broadcast_to((gy / below)[:, None], x[0].shape)
    bottom = np.broadcast_to((-gy * x[0].sum(-1) / below**2)[:, None], x[0].shape)
    return np.stack([top, bottom])


_add(
    "ratio_of_sums",
    lambda rng: np.stack([rng.normal(size=(4, 6)), rng.uniform(0.1, 1.0, size=(4, 6))]),
    _ratio,
    _ratio_vjp,
)


EMBED_ROWS = np.array([[0, 2, 2], [4, 0, 2], [1, 1, 1]])


def _gather_vjp(x: Array, gy: Array) -> Array:
    gx = np.zeros_like(x)
    np.add.at(gx, EMBED_ROWS, gy)
    return gx


_add("gather_repeated_rows", _normal(5, 4), lambda x: x[EMBED_ROWS], _gather_vjp)


# --- losses ---------------------------------------------------------------------------------------


def _gaussian_kl(x: Array) -> Array:
    mean, logvar = x[0], x[1]
    return 0.5 * (mean**2 + np.exp(logvar) - 1 - logvar).sum(-1)


def _gaussian_kl_vjp(x: Array, gy: Array) -> Array:
    g = gy[:, None]
    return np.stack([g * x[0], 0.5 * g * np.expm1(x[1])])


_add("gaussian_kl", _normal(2, 4, 6, scale=1.5), _gaussian_kl, _gaussian_kl_vjp)

TARGET = _softmax(_fixed(3, 4, 6))


def _kl_softmax(x: Array) -> Array:
    p = TARGET.astype(x.dtype)
    top = x.max(-1, keepdims=True)
    log_q = x - top - np.log(np.exp(x - top).sum(-1, keepdims=True))
    return (p * (np.log(p) - log_q)).sum(-1)


def _kl_softmax_vjp(x: Array, gy: Array) -> Array:
    return gy[:, None] * (_softmax(x) - TARGET.astype(x.dtype))


_add("kl_to_softmax", _normal(4, 6, scale=2.0), _kl_softmax, _kl_softmax_vjp)


def _triplet_margin(x: Array) -> Array:
    anchor, positive, negative = x
    return ((anchor - positive) ** 2).sum(-1) - ((anchor - negative) ** 2).sum(-1) + 1


def _triplet_vjp(x: Array, gy: Array) -> Array:
    anchor, positive, negative = x
    g = np.where(_triplet_margin(x) > 0, 2 * gy, 0)[:, None].astype(x.dtype)
    return np.stack([g * (negative - positive), g * (positive - anchor), g * (anchor - negative)])


_add(
    "triplet_loss",
    _normal(3, 6, 4, scale=0.5),
    lambda x: np.maximum(_triplet_margin(x), 0),
    _triplet_vjp,
)

SVM_LABELS = np.array([0, 5, 2, 2])


def _svm_margins(x: Array) -> Array:
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, SVM_LABELS][:, None] + 1)
    margins[rows, SVM_LABELS] = 0
    return margins


def _svm_vjp(x: Array, gy: Array) -> Array:
    active = (_svm_margins(x) > 0).astype(x.dtype)
    active[np.arange(len(x)), SVM_LABELS] = -active.sum(axis=1)
    return gy * active / len(x)


_add(
    "multiclass_hinge",
    _normal(4, 6, scale=1.5),
    lambda x: _svm_margins(x).sum() / len(x),
    _svm_vjp,
)


# --- cells, convolution, linear algebra -----------------------------------------------------------

HIDDEN = 4
LSTM_W = _fixed(4, 3 + HIDDEN, 4 * HIDDEN)


def _lstm_parts(x: Array) -> tuple[Array, ...]:
    """Packed rows: 3 inputs, then h, then c."""
    old = x[:, 3 + HIDDEN :]
    z = x[:, : 3 + HIDDEN] @ LSTM_W.astype(x.dtype)
    i, f, o = (_sigmoid(z[:, k * HIDDEN : (k + 1) * HIDDEN]) for k in range(3))
    g = np.tanh(z[:, 3 * HIDDEN :])
    return i, f, o, g, old, f * old + i * g


def _lstm(x: Array) -> Array:
    _, _, o, _, _, c = _lstm_parts(x)
    return np.concatenate([o * np.tanh(c), c], axis=1)


def _lstm_vjp(x: Array, gy: Array) -> Array:
    i, f, o, g, old, c = _lstm_parts(x)
    gh, t = gy[:, :HIDDEN], np.tanh(c)
    gc = gy[:, HIDDEN:] + gh * o * (1 - t * t)
    gz = np.concatenate(
        [
            gc * g * i * (1 - i),
            gc * old * f * (1 - f),
            gh * t * o * (1 - o),
            gc * i * (1 - g * g),
        ],
        axis=1,
    )
    return np.concatenate([gz @ LSTM_W.astype(x.dtype).T, gc * f], axis=1)


_add("lstm_cell", _normal(3, 3 + 2 * HIDDEN), _lstm, _lstm_vjp)

GRU_X, GRU_H = _fixed(5, 3, 3 * HIDDEN), _fixed(6, HIDDEN, 3 * HIDDEN)


def _gru_parts(x: Array) -> tuple[Array, ...]:
    u, h = x[:, :3], x[:, 3:]
    a, b = u @ GRU_X.astype(x.dtype), h @ GRU_H.astype(x.dtype)
    r = _sigmoid(a[:, :HIDDEN] + b[:, :HIDDEN])
    z = _sigmoid(a[:, HIDDEN : 2 * HIDDEN] + b[:, HIDDEN : 2 * HIDDEN])
    bn = b[:, 2 * HIDDEN :]
    return h, r, z, bn, np.tanh(a[:, 2 * HIDDEN :] + r * bn)


def _gru(x: Array) -> Array:
    h, _, z, _, n = _gru_parts(x)
    return (1 - z) * n + z * h


def _gru_vjp(x: Array, gy: Array) -> Array:
    h, r, z, bn, n = _gru_parts(x)
    gn = gy * (1 - z) * (1 - n * n)
    gz = gy * (h - n) * z * (1 - z)
    gr = gn * bn * r * (1 - r)
    gu = np.concatenate([gr, gz, gn], axis=1) @ GRU_X.astype(x.dtype).T
    gh = np.concatenate([gr, gz, gn * r], axis=1) @ GRU_H.astype(x.dtype).T
    return np.concatenate([gu, gh + gy * z], axis=1)


_add("gru_cell", _normal(3, 3 + HIDDEN), _gru, _gru_vjp)

CHAIN = 0.9 * _fixed(7, 12, 5, 5)


def _tanh_chain(x: Array) -> Array:
    for w in CHAIN.astype(x.dtype):
        x = np.tanh(x @ w)
    return x


def _tanh_chain_vjp(x: Array, gy: Array) -> Array:
    layers = CHAIN.astype(x.dtype)
    outs = []
    for w in layers:
        x = np.tanh(x @ w)
        outs.append(x)
    for w, out in zip(layers[::-1], outs[::-1], strict=True):
        gy = (gy * (1 - out * out)) @ w.T
    return gy


_add("tanh_chain_of_12", _normal(4, 5), _tanh_chain, _tanh_chain_vjp)

IMAGES, KERNELS = (2, 2, 5, 5), (3, 2, 3, 2)
IMAGE_SIZE = int(np.prod(IMAGES))


def _conv_split(x: Array) -> tuple[Array, Array]:
    return x[:IMAGE_SIZE].reshape(IMAGES), x[IMAGE_SIZE:].reshape(KERNELS)


def _conv2d(x: Array) -> Array:
    """Stride 2, no padding; images and kernels packed: bilinear in the two."""
    images, kernels = _conv_split(x)
    y = np.zeros((2, 3, 2, 2), dtype=x.dtype)
    for i in range(3):
        for j in range(2):
            patch = images[:, :, i : i + 3 : 2, j : j + 3 : 2]
            y += np.einsum("nchw,oc->nohw", patch, kernels[:, :, i, j])
    return y


def _conv2d_vjp(x: Array, gy: Array) -> Array:
    images, kernels = _conv_split(x)
    gi, gk = np.zeros_like(images), np.zeros_like(kernels)
    for i in range(3):
        for j in range(2):
            patch = (slice(None), slice(None), slice(i, i + 3, 2), slice(j, j + 3, 2))
            gi[patch] += np.einsum("nohw,oc->nchw", gy, kernels[:, :, i, j])
            gk[:, :, i, j] = np.einsum("nohw,nchw->oc", gy, images[patch])
    return np.concatenate([gi.ravel(), gk.ravel()])


_add("conv2d_stride_2", _normal(IMAGE_SIZE + int(np.prod(KERNELS))), _conv2d, _conv2d_vjp)

BILINEAR = _fixed(8, 6, 6)


def _bilinear(x: Array) -> Array:
    return np.einsum("ni,ij,nj->n", x[0], BILINEAR.astype(x.dtype), x[1])


def _bilinear_vjp(x: Array, gy: Array) -> Array:
    a = BILINEAR.astype(x.dtype)
    return gy[None, :, None] * np.stack([x[1] @ a.T, x[0] @ a])


_add("bilinear_form", _normal(2, 4, 6), _bilinear, _bilinear_vjp)


def _spd(x: Array) -> Array:
    return x @ x.T + np.eye(len(x), dtype=x.dtype)


def _cholesky_logdet(x: Array) -> Array:
    return 2 * np.log(np.diagonal(np.linalg.cholesky(_spd(x)))).sum()


_add(
    "cholesky_logdet",
    _normal(4, 6),
    _cholesky_logdet,
    lambda x, gy: gy * 2 * np.linalg.solve(_spd(x), x),
)


def _solve_split(x: Array) -> tuple[Array, Array]:
    return x[:, :4] + 4 * np.eye(4, dtype=x.dtype), x[:, 4:]


def _solve(x: Array) -> Array:
    a, b = _solve_split(x)
    return np.linalg.inv(a) @ b


def _solve_vjp(x: Array, gy: Array) -> Array:
    a, b = _solve_split(x)
    inverse = np.linalg.inv(a)
    gb = inverse.T @ gy
    return np.concatenate([-gb @ (inverse @ b).T, gb], axis=1)


_add("inverse_times_matrix", _normal(4, 7), _solve, _solve_vjp)


def _power_spectrum(x: Array) -> Array:
    spectrum = np.fft.rfft(x, axis=-1)
    return spectrum.real**2 + spectrum.imag**2


def _power_spectrum_vjp(x: Array, gy: Array) -> Array:
    n = x.shape[-1]
    spectrum = np.fft.rfft(x, axis=-1)
    angle = 2 * np.pi * np.outer(np.arange(gy.shape[-1]), np.arange(n)) / n
    cosine, sine = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)
    return 2 * ((gy * spectrum.real) @ cosine - (gy * spectrum.imag) @ sine)


_add("power_spectrum", _normal(3, 8), _power_spectrum, _power_spectrum_vjp)
