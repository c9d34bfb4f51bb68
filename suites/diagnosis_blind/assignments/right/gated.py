"""Assignment 3: LSTM and GRU."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    """Wx: (D, 4H), Wh: (H, 4H), b: (4H,); gates in the order i, f, o, g."""
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H:2 * H])
    o = sigmoid(a[:, 2 * H:3 * H])
    g = np.tanh(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc = cache
    do = dnext_h * tc
    dc = dnext_c + dnext_h * o * (1 - tc ** 2)
    di = dc * g
    df = dc * prev_c
    dg = dc * i
    dprev_c = dc * f
    da = np.concatenate([
        di * i * (1 - i),
        df * f * (1 - f),
        do * o * (1 - o),
        dg * (1 - g ** 2),
    ], axis=1)
    return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def lstm_forward(x, h0, Wx, Wh, b):
    """x: (N, T, D); the cell starts at zero. Returns h: (N, T, H)."""
    N, T, D = x.shape
    h = np.empty((N, T, h0.shape[1]), dtype=np.result_type(x, Wx))
    prev_h, prev_c = h0, np.zeros_like(h0)
    cache = []
    for t in range(T):
        prev_h, prev_c, step = lstm_step_forward(x[:, t, :], prev_h, prev_c, Wx, Wh, b)
        h[:, t, :] = prev_h
        cache.append(step)
    return h, cache


def lstm_backward(dh, cache):
    N, T, H = dh.shape
    Wx = cache[0][3]
    dx = np.zeros((N, T, Wx.shape[0]), dtype=dh.dtype)
    dWx, dWh, db = 0.0, 0.0, 0.0
    dh_t = np.zeros((N, H), dtype=dh.dtype)
    dc_t = np.zeros((N, H), dtype=dh.dtype)
    for t in range(T - 1, -1, -1):
        dx_t, dh_t, dc_t, gWx, gWh, gb = lstm_step_backward(dh[:, t, :] + dh_t, dc_t, cache[t])
        dx[:, t, :] = dx_t
        dWx = dWx + gWx
        dWh = dWh + gWh
        db = db + gb
    return dx, dh_t, dWx, dWh, db


def gru_step_forward(x, prev_h, Wx, Wh, b):
    """Wx: (D, 3H), Wh: (H, 3H), b: (3H,); gates z (update), r (reset), n (candidate)."""
    H = prev_h.shape[1]
    ax = x @ Wx + b
    z = sigmoid(ax[:, :H] + prev_h @ Wh[:, :H])
    r = sigmoid(ax[:, H:2 * H] + prev_h @ Wh[:, H:2 * H])
    rh = r * prev_h
    n = np.tanh(ax[:, 2 * H:] + rh @ Wh[:, 2 * H:])
    next_h = z * prev_h + (1 - z) * n
    return next_h, (x, prev_h, Wx, Wh, z, r, rh, n)


def gru_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, z, r, rh, n = cache
    H = prev_h.shape[1]
    dan = dnext_h * (1 - z) * (1 - n ** 2)
    daz = dnext_h * (prev_h - n) * z * (1 - z)
    drh = dan @ Wh[:, 2 * H:].T
    dar = drh * prev_h * r * (1 - r)
    da = np.hstack([daz, dar, dan])
    dprev_h = dnext_h * z + drh * r
    dprev_h += np.hstack([daz, dar]) @ Wh[:, :2 * H].T
    dWh = np.hstack([prev_h.T @ daz, prev_h.T @ dar, rh.T @ dan])
    return da @ Wx.T, dprev_h, x.T @ da, dWh, da.sum(axis=0)


def gru_forward(x, h0, Wx, Wh, b):
    state, out, cache = h0, [], []
    for t in range(x.shape[1]):
        state, step_cache = gru_step_forward(x[:, t], state, Wx, Wh, b)
        out.append(state)
        cache.append(step_cache)
    return np.stack(out, axis=1), cache


def gru_backward(dout, cache):
    N, T, H = dout.shape
    dxs = []
    carry = np.zeros((N, H), dtype=dout.dtype)
    totals = None
    for t in reversed(range(T)):
        dx, carry, *gs = gru_step_backward(dout[:, t] + carry, cache[t])
        dxs.insert(0, dx)
        totals = gs if totals is None else [a + g for a, g in zip(totals, gs)]
    dWx, dWh, db = totals
    return np.stack(dxs, axis=1), carry, dWx, dWh, db
