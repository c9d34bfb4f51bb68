"""Recurrent networks over whole sequences: RNN, LSTM, GRU, with backpropagation through time.

x is (N, T, D), the states are (N, H), the output holds the state h after every step, (N, T, H). The
weights are (D, K) and (H, K), where K is H, 4 H or 3 H: the gates side by side.

Source: Elman 1990; Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; Cho
et al. 2014, with the reset gate after the product, as in PyTorch; second fish book, chapters 5, 6.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gradcheck_reference.functional.activations import sigmoid
from gradcheck_reference.functional.checks import Array, Cache, axes, floating, same_shape


def _checked(
    x: npt.ArrayLike, h: npt.ArrayLike, Wx: npt.ArrayLike, Wh: npt.ArrayLike, gates: int
) -> tuple[Array, Array, Array, Array]:
    """The four arrays as floats.

    Raises
    ------
    ValueError
        Shapes that do not fit.
    """
    x, h = axes(x, "x", "(N, T, D)"), axes(h, "h0", "(N, H)")
    Wx, Wh = axes(Wx, "Wx", "(D, K)"), axes(Wh, "Wh", "(H, K)")
    n, _, d = x.shape
    hidden = len(Wh)
    for name, shape, expected in (
        ("Wx", Wx.shape, (d, gates * hidden)),
        ("Wh", Wh.shape, (hidden, gates * hidden)),
        ("h0", h.shape, (n, hidden)),
    ):
        if shape != expected:
            raise ValueError(f"{name} has shape {shape}, but should have shape {expected}")
    return x, h, Wx, Wh


def _vector(b: npt.ArrayLike, name: str, size: int) -> Array:
    b = floating(b, name)
    if b.shape not in ((size,), (1, size)):
        raise ValueError(f"{name} has shape {b.shape}, but should have shape ({size},)")
    return b


def rnn_forward(
    x: npt.ArrayLike,
    h0: npt.ArrayLike,
    Wx: npt.ArrayLike,
    Wh: npt.ArrayLike,
    b: npt.ArrayLike,
) -> tuple[Array, Cache]:
    """``h_t = tanh(x_t Wx + h_{t-1} Wh + b)``.

    Parameters
    ----------
    x : (N, T, D)
    h0 : (N, H)
    Wx : (D, H)
    Wh : (H, H)
    b : (H,) or (1, H)

    Returns
    -------
    h : (N, T, H), cache

    Examples
    --------
    >>> y, cache = rnn_forward([[[0.0], [0.0]]], [[0.5]], [[1.0]], [[1.0]], [0.0])
    >>> y.round(3).tolist()
    [[[0.462], [0.432]]]
    """
    x, h, Wx, Wh = _checked(x, h0, Wx, Wh, 1)
    inputs = x @ Wx + _vector(b, "b", len(Wh)).reshape(-1)
    states = [h]
    for t in range(x.shape[1]):
        states.append(np.tanh(inputs[:, t] + states[-1] @ Wh))
    return np.stack(states[1:], axis=1), (x, states, Wx, Wh, np.shape(b))


def rnn_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, ...]:
    """``dx, dh0, dWx, dWh, db``."""
    x, states, Wx, Wh, b_shape = cache
    g = same_shape(g, "g", (*x.shape[:2], len(Wh)), Wh.dtype)
    dz = np.empty_like(g)
    dh = np.zeros_like(states[0])
    for t in reversed(range(x.shape[1])):
        h = states[t + 1]
        dz[:, t] = (g[:, t] + dh) * ((1 - h) * (1 + h))
        dh = dz[:, t] @ Wh.T
    return *_through_inputs(x, dz, Wx), dh, *_parameters(x, states, dz, b_shape)


def _through_inputs(x: Array, dz: Array, Wx: Array) -> tuple[Array]:
    return (np.asarray(dz @ Wx.T),)


def _parameters(
    x: Array, states: list[Array], dz: Array, b_shape: tuple[int, ...]
) -> tuple[Array, Array, Array]:
    """``dWx, dWh, db`` from the gradients before the gates' nonlinearities."""
    before = np.stack(states[:-1], axis=1)
    dWx = np.tensordot(x, dz, axes=((0, 1), (0, 1)))
    dWh = np.tensordot(before, dz, axes=((0, 1), (0, 1)))
    return dWx, dWh, dz.sum(axis=(0, 1)).reshape(b_shape)


def lstm_forward(
    x: npt.ArrayLike,
    h0: npt.ArrayLike,
    c0: npt.ArrayLike,
    Wx: npt.ArrayLike,
    Wh: npt.ArrayLike,
    b: npt.ArrayLike,
) -> tuple[Array, Cache]:
    """``c_t = f c_{t-1} + i g``, ``h_t = o tanh(c_t)``.

    Parameters
    ----------
    x : (N, T, D)
    h0, c0 : (N, H)
    Wx : (D, 4 H)
    Wh : (H, 4 H)
    b : (4 H,) or (1, 4 H)
        The gates stand in the order i, f, g, o: input, forget, candidate (tanh), output.

    Returns
    -------
    h : (N, T, H), cache

    Examples
    --------
    >>> x, h0, c0 = np.zeros((1, 1, 1)), np.zeros((1, 1)), np.ones((1, 1))
    >>> y, cache = lstm_forward(x, h0, c0, np.zeros((1, 4)), np.zeros((1, 4)), np.zeros(4))
    >>> y.round(4).tolist()
    [[[0.2311]]]
    """
    x, h, Wx, Wh = _checked(x, h0, Wx, Wh, 4)
    c = same_shape(c0, "c0", h.shape, h.dtype)
    inputs = x @ Wx + _vector(b, "b", 4 * len(Wh)).reshape(-1)
    states, cells, gates = [h], [c], []
    for t in range(x.shape[1]):
        i, f, g, o = np.split(inputs[:, t] + states[-1] @ Wh, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        cells.append(f * cells[-1] + i * g)
        states.append(o * np.tanh(cells[-1]))
        gates.append((i, f, g, o))
    return np.stack(states[1:], axis=1), (x, states, cells, gates, Wx, Wh, np.shape(b))


def lstm_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, ...]:
    """``dx, dh0, dc0, dWx, dWh, db``."""
    x, states, cells, gates, Wx, Wh, b_shape = cache
    up = same_shape(g, "g", (*x.shape[:2], len(Wh)), Wh.dtype)
    dz = np.empty((*x.shape[:2], Wh.shape[1]), Wh.dtype)
    dh, dc = np.zeros_like(states[0]), np.zeros_like(cells[0])
    for t in reversed(range(x.shape[1])):
        i, f, candidate, o = gates[t]
        squashed = np.tanh(cells[t + 1])
        dh = dh + up[:, t]
        dc = dc + dh * o * (1 - squashed) * (1 + squashed)
        parts = (
            dc * candidate * i * (1 - i),
            dc * cells[t] * f * (1 - f),
            dc * i * (1 - candidate) * (1 + candidate),
            dh * squashed * o * (1 - o),
        )
        dz[:, t] = np.concatenate(parts, axis=1)
        dh, dc = dz[:, t] @ Wh.T, dc * f
    return *_through_inputs(x, dz, Wx), dh, dc, *_parameters(x, states, dz, b_shape)


def gru_forward(
    x: npt.ArrayLike,
    h0: npt.ArrayLike,
    Wx: npt.ArrayLike,
    Wh: npt.ArrayLike,
    bx: npt.ArrayLike,
    bh: npt.ArrayLike,
) -> tuple[Array, Cache]:
    """``h_t = (1 - z) n + z h_{t-1}`` with ``n = tanh(x_t Wx_n + bx_n + r (h_{t-1} Wh_n + bh_n))``.

    Parameters
    ----------
    x : (N, T, D)
    h0 : (N, H)
    Wx : (D, 3 H)
    Wh : (H, 3 H)
    bx, bh : (3 H,) or (1, 3 H)
        The gates stand in the order r, z, n: reset, update, candidate.

    Returns
    -------
    h : (N, T, H), cache

    Examples
    --------
    >>> zeros = np.zeros(3)
    >>> y, _ = gru_forward([[[1.0]]], [[0.5]], np.zeros((1, 3)), np.zeros((1, 3)), zeros, zeros)
    >>> y.tolist()
    [[[0.25]]]
    """
    x, h, Wx, Wh = _checked(x, h0, Wx, Wh, 3)
    inputs = x @ Wx + _vector(bx, "bx", 3 * len(Wh)).reshape(-1)
    recurrent = _vector(bh, "bh", 3 * len(Wh)).reshape(-1)
    states, gates = [h], []
    for t in range(x.shape[1]):
        xr, xz, xn = np.split(inputs[:, t], 3, axis=1)
        hr, hz, hn = np.split(states[-1] @ Wh + recurrent, 3, axis=1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = np.tanh(xn + r * hn)
        states.append((1 - z) * n + z * states[-1])
        gates.append((r, z, n, hn))
    shapes = np.shape(bx), np.shape(bh)
    return np.stack(states[1:], axis=1), (x, states, gates, Wx, Wh, shapes)


def gru_backward(g: npt.ArrayLike, cache: Cache) -> tuple[Array, ...]:
    """``dx, dh0, dWx, dWh, dbx, dbh``."""
    x, states, gates, Wx, Wh, (bx_shape, bh_shape) = cache
    up = same_shape(g, "g", (*x.shape[:2], len(Wh)), Wh.dtype)
    dzx = np.empty((*x.shape[:2], Wh.shape[1]), Wh.dtype)
    dzh = np.empty_like(dzx)
    dh = np.zeros_like(states[0])
    for t in reversed(range(x.shape[1])):
        r, z, n, hn = gates[t]
        dh = dh + up[:, t]
        dn = dh * (1 - z) * (1 - n) * (1 + n)
        dr = dn * hn * r * (1 - r)
        dzz = dh * (states[t] - n) * z * (1 - z)
        dzx[:, t] = np.concatenate((dr, dzz, dn), axis=1)
        dzh[:, t] = np.concatenate((dr, dzz, dn * r), axis=1)
        dh = dh * z + dzh[:, t] @ Wh.T
    dWx, _, dbx = _parameters(x, states, dzx, bx_shape)
    _, dWh, dbh = _parameters(x, states, dzh, bh_shape)
    return *_through_inputs(x, dzx, Wx), dh, dWx, dWh, dbx, dbh
