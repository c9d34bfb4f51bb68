"""Attention over encoder states, and a GRU to decode with."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


class Softmax:
    def __init__(self):
        self.params, self.grads = [], []
        self.out = None

    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        y = e / e.sum(axis=-1, keepdims=True)
        self.out = y
        return y

    def backward(self, dout):
        s = np.sum(dout * self.out, axis=-1, keepdims=True)
        dx = self.out * (dout - s)
        return dx


class WeightSum:
    """c[n] = sum over t of a[n, t] * hs[n, t, :]"""

    def __init__(self):
        self.params, self.grads = [], []
        self.cache = None

    def forward(self, hs, a):
        N, T, H = hs.shape
        ar = a.reshape(N, T, 1)
        c = np.sum(hs * ar, axis=1)
        self.cache = (hs, ar)
        return c

    def backward(self, dc):
        hs, ar = self.cache
        N, T, H = hs.shape
        dt = np.repeat(dc.reshape(N, 1, H), T, axis=1)
        dhs = dt * ar
        da = np.sum(dt * hs, axis=2)
        return dhs, da


class AttentionWeight:
    """a[n] = softmax over t of (hs[n, t] . h[n])"""

    def __init__(self):
        self.params, self.grads = [], []
        self.softmax = Softmax()
        self.cache = None

    def forward(self, hs, h):
        s = np.matmul(hs, h[:, :, None])
        s = s[:, :, 0]
        a = self.softmax.forward(s)
        self.cache = (hs, h)
        return a

    def backward(self, da):
        hs, h = self.cache
        ds = self.softmax.backward(da)
        dt = ds[:, :, None]
        dhs = dt * h[:, None, :]
        dh = np.sum(dt * hs, axis=1)
        return dhs, dh


class Attention:
    def __init__(self):
        self.params, self.grads = [], []
        self.weight_layer = AttentionWeight()
        self.sum_layer = WeightSum()
        self.attention_weight = None

    def forward(self, hs, h):
        a = self.weight_layer.forward(hs, h)
        self.attention_weight = a
        return self.sum_layer.forward(hs, a)

    def backward(self, dout):
        dhs0, da = self.sum_layer.backward(dout)
        dhs1, dh = self.weight_layer.backward(da)
        return dhs0 + dhs1, dh


class TimeAttention:
    def __init__(self):
        self.params, self.grads = [], []
        self.layers = None

    def forward(self, hs_enc, hs_dec):
        out = np.empty_like(hs_dec)
        self.layers = []
        for t in range(hs_dec.shape[1]):
            layer = Attention()
            out[:, t, :] = layer.forward(hs_enc, hs_dec[:, t, :])
            self.layers.append(layer)
        return out

    def backward(self, dout):
        dhs_enc = 0
        dhs_dec = np.empty_like(dout)
        for t in range(dout.shape[1]):
            dhs, dh = self.layers[t].backward(dout[:, t, :])
            dhs_enc = dhs_enc + dhs
            dhs_dec[:, t, :] = dh
        return dhs_enc, dhs_dec


class GRU:
    """Wx (D, 3H), Wh (H, 3H), b (3H,): update gate z, reset gate r, candidate, in this order."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        H = Wh.shape[0]
        z = sigmoid(x @ Wx[:, :H] + h_prev @ Wh[:, :H] + b[:H])
        r = sigmoid(x @ Wx[:, H:2 * H] + h_prev @ Wh[:, H:2 * H] + b[H:2 * H])
        h_hat = np.tanh(x @ Wx[:, 2 * H:] + (r * h_prev) @ Wh[:, 2 * H:] + b[2 * H:])
        self.cache = (x, h_prev, z, r, h_hat)
        return (1 - z) * h_prev + z * h_hat

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, z, r, h_hat = self.cache
        H = Wh.shape[0]
        dWx, dWh, db = self.grads

        dz = dh_next * (h_hat - h_prev) * z * (1 - z)
        dt = dh_next * z * (1 - h_hat ** 2)
        dhr = dt @ Wh[:, 2 * H:].T
        dr = dhr * h_prev * r * (1 - r)

        da = np.concatenate([dz, dr, dt], axis=1)
        dWx[...] = x.T @ da
        dWh[:, :H] = h_prev.T @ dz
        dWh[:, H:2 * H] = h_prev.T @ dr
        dWh[:, 2 * H:] = (r * h_prev).T @ dt
        db[...] = da.sum(axis=0)

        dx = da @ Wx.T
        dh_prev = dh_next * (1 - z)
        dh_prev += dhr * r
        dh_prev += dz @ Wh[:, :H].T + dr @ Wh[:, H:2 * H].T
        return dx, dh_prev


class TimeGRU:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers, self.h, self.dh = None, None, None
        self.stateful = stateful

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.params[1].shape[0]
        self.layers = []
        hs = np.empty((N, T, H), dtype=self.params[1].dtype)
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype=self.params[1].dtype)
        for t in range(T):
            layer = GRU(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        T = dhs.shape[1]
        dh, dxs = 0, []
        sums = [np.zeros_like(g) for g in self.grads]
        for t in reversed(range(T)):
            layer = self.layers[t]
            dx, dh = layer.backward(dhs[:, t, :] + dh)
            dxs.append(dx)
            for s, g in zip(sums, layer.grads):
                s += g
        for own, s in zip(self.grads, sums):
            own[...] = s
        self.dh = dh
        return np.stack(dxs[::-1], axis=1)
