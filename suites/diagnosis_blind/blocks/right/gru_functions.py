"""Recurrent nets as pairs of functions: x is (N, T, D), h is (N, T, H)."""
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    next_h = np.tanh(x @ Wx + prev_h @ Wh + b)
    cache = (x, prev_h, Wx, Wh, next_h)
    return next_h, cache


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    da = dnext_h * (1 - next_h ** 2)
    dx = da @ Wx.T
    dprev_h = da @ Wh.T
    dWx = x.T @ da
    dWh = prev_h.T @ da
    db = da.sum(axis=0)
    return dx, dprev_h, dWx, dWh, db


def rnn_forward(x, h0, Wx, Wh, b):
    N, T, D = x.shape
    h = np.zeros((N, T, Wh.shape[0]), dtype=h0.dtype)
    cache = []
    prev_h = h0
    for t in range(T):
        prev_h, step = rnn_step_forward(x[:, t], prev_h, Wx, Wh, b)
        h[:, t] = prev_h
        cache.append(step)
    return h, cache


def rnn_backward(dh, cache):
    N, T, H = dh.shape
    x, _, Wx, Wh, _ = cache[0]
    dx = np.zeros((N, T, x.shape[1]), dtype=dh.dtype)
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    db = np.zeros(H, dtype=dh.dtype)
    dprev_h = np.zeros((N, H), dtype=dh.dtype)
    for t in reversed(range(T)):
        dnext_h = dh[:, t] + dprev_h
        dx[:, t], dprev_h, dWx_t, dWh_t, db_t = rnn_step_backward(dnext_h, cache[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h
    return dx, dh0, dWx, dWh, db


def gru_step_forward(x, h_prev, p):
    """p has Wxr, Whr, br (reset), Wxz, Whz, bz (update), Wxn, Whn, bn (new)."""
    r = sigmoid(x @ p['Wxr'] + h_prev @ p['Whr'] + p['br'])
    z = sigmoid(x @ p['Wxz'] + h_prev @ p['Whz'] + p['bz'])
    rh = r * h_prev
    n = np.tanh(x @ p['Wxn'] + rh @ p['Whn'] + p['bn'])
    h = (1 - z) * n + z * h_prev
    cache = {'x': x, 'h_prev': h_prev, 'r': r, 'z': z, 'rh': rh, 'n': n, 'p': p}
    return h, cache


def gru_step_backward(dh, cache):
    x, h_prev, p = cache['x'], cache['h_prev'], cache['p']
    r, z, rh, n = cache['r'], cache['z'], cache['rh'], cache['n']

    dz = dh * (h_prev - n)
    dn = dh * (1 - z)
    dan = dn * (1 - n ** 2)
    drh = dan @ p['Whn'].T
    dr = drh * h_prev
    dar = dr * r * (1 - r)
    daz = dz * z * (1 - z)

    dh_prev = dh * z + drh * r + dar @ p['Whr'].T + daz @ p['Whz'].T
    dx = dar @ p['Wxr'].T + daz @ p['Wxz'].T + dan @ p['Wxn'].T
    grads = {
        'Wxr': x.T @ dar, 'Whr': h_prev.T @ dar, 'br': dar.sum(axis=0),
        'Wxz': x.T @ daz, 'Whz': h_prev.T @ daz, 'bz': daz.sum(axis=0),
        'Wxn': x.T @ dan, 'Whn': rh.T @ dan, 'bn': dan.sum(axis=0),
    }
    return dx, dh_prev, grads


def gru_forward(x, h0, p):
    N, T, D = x.shape
    h = np.zeros((N, T, h0.shape[1]), dtype=h0.dtype)
    caches = []
    state = h0
    for t in range(T):
        state, cache = gru_step_forward(x[:, t], state, p)
        h[:, t] = state
        caches.append(cache)
    return h, caches


def gru_backward(dh, caches):
    N, T, H = dh.shape
    p = caches[0]['p']
    dx = np.zeros((N, T, caches[0]['x'].shape[1]), dtype=dh.dtype)
    grads = {k: np.zeros_like(v) for k, v in p.items()}
    dh_next = np.zeros((N, H), dtype=dh.dtype)
    for t in reversed(range(T)):
        dx[:, t], dh_next, step = gru_step_backward(dh[:, t] + dh_next, caches[t])
        for k in grads:
            grads[k] += step[k]
    return dx, dh_next, grads
