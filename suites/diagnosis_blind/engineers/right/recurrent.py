"""RNN, GRU and LSTM cells, and layers through time (batch first)."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(np.dot(x, Wx) + np.dot(h_prev, Wh) + b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.cache
        da = dh_next * (1 - h_next ** 2)
        self.grads[0][...] = np.dot(x.T, da)
        self.grads[1][...] = np.dot(h_prev.T, da)
        self.grads[2][...] = da.sum(axis=0)
        return np.dot(da, Wx.T), np.dot(da, Wh.T)


class TimeRNN:
    """xs (N, T, D) -> hs (N, T, H); stateful=True starts where the last call ended."""

    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.stateful = stateful
        self.h, self.dh, self.layers = None, None, None

    def forward(self, xs):
        n, T, _ = xs.shape
        H = self.params[1].shape[0]
        if not self.stateful or self.h is None:
            self.h = np.zeros((n, H), dtype=self.params[1].dtype)
        hs = np.empty((n, T, H), dtype=np.result_type(xs, self.params[0]))
        self.layers = []
        for t in range(T):
            cell = RNN(*self.params)
            self.h = cell.forward(xs[:, t], self.h)
            hs[:, t] = self.h
            self.layers.append(cell)
        return hs

    def backward(self, dhs):
        n, T, H = dhs.shape
        D = self.params[0].shape[0]
        dxs = np.empty((n, T, D), dtype=np.result_type(dhs, self.params[0]))
        dh = 0
        grads = [np.zeros_like(p) for p in self.params]
        for t in reversed(range(T)):
            dx, dh = self.layers[t].backward(dhs[:, t] + dh)
            dxs[:, t] = dx
            for i, g in enumerate(self.layers[t].grads):
                grads[i] += g
        for i, g in enumerate(grads):
            self.grads[i][...] = g
        self.dh = dh
        return dxs


def gru_cell_forward(x, h_prev, Wx, Wh, b):
    """The gates lie side by side in the order update, reset, candidate: Wx (D, 3H), Wh (H, 3H), b (3H,)."""
    H = h_prev.shape[1]
    gates = x @ Wx[:, :2 * H] + h_prev @ Wh[:, :2 * H] + b[:2 * H]
    z = sigmoid(gates[:, :H])
    r = sigmoid(gates[:, H:])
    rh = r * h_prev
    n = np.tanh(x @ Wx[:, 2 * H:] + rh @ Wh[:, 2 * H:] + b[2 * H:])
    h = z * h_prev + (1 - z) * n
    return h, (x, h_prev, Wx, Wh, z, r, rh, n)


def gru_cell_backward(dh, cache):
    x, h_prev, Wx, Wh, z, r, rh, n = cache
    H = h_prev.shape[1]
    dn = dh * (1 - z) * (1 - n ** 2)
    dz = dh * (h_prev - n) * z * (1 - z)
    drh = dn @ Wh[:, 2 * H:].T
    dr = drh * h_prev * r * (1 - r)
    dg = np.concatenate([dz, dr], axis=1)
    da = np.concatenate([dg, dn], axis=1)
    dx = da @ Wx.T
    dh_prev = dh * z + drh * r + dg @ Wh[:, :2 * H].T
    dWx = x.T @ da
    dWh = np.concatenate([h_prev.T @ dg, rh.T @ dn], axis=1)
    db = da.sum(axis=0)
    return dx, dh_prev, dWx, dWh, db


class LSTM:
    """Through time, from a zero state. Gates: input, forget, output, candidate."""

    def __init__(self, input_size, hidden_size):
        D, H = input_size, hidden_size
        self.hidden = H
        self.W = np.random.randn(D, 4 * H) / np.sqrt(D)
        self.U = np.random.randn(H, 4 * H) / np.sqrt(H)
        self.b = np.zeros(4 * H)
        self.b[H:2 * H] = 1.0

    def forward(self, x):
        N, T, _ = x.shape
        H = self.hidden
        self.x = x
        h = np.zeros((N, H))
        c = np.zeros((N, H))
        self.steps = []
        out = np.zeros((N, T, H))
        for t in range(T):
            a = x[:, t] @ self.W + h @ self.U + self.b
            i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H]), sigmoid(a[:, 2 * H:3 * H])
            g = np.tanh(a[:, 3 * H:])
            c_next = f * c + i * g
            tc = np.tanh(c_next)
            self.steps.append((h, c, i, f, o, g, tc))
            h, c = o * tc, c_next
            out[:, t] = h
        return out

    def backward(self, dout):
        N, T, H = dout.shape
        self.dW = np.zeros_like(self.W)
        self.dU = np.zeros_like(self.U)
        self.db = np.zeros_like(self.b)
        dx = np.zeros(self.x.shape)
        dh_next = np.zeros((N, H))
        dc_next = np.zeros((N, H))
        for t in range(T - 1, -1, -1):
            h_prev, c_prev, i, f, o, g, tc = self.steps[t]
            dh = dout[:, t] + dh_next
            dc = dh * o * (1 - tc ** 2) + dc_next
            d_i = dc * g * i * (1 - i)
            d_f = dc * c_prev * f * (1 - f)
            d_o = dh * tc * o * (1 - o)
            d_g = dc * i * (1 - g ** 2)
            da = np.hstack((d_i, d_f, d_o, d_g))
            self.dW += self.x[:, t].T @ da
            self.dU += h_prev.T @ da
            self.db += da.sum(axis=0)
            dx[:, t] = da @ self.W.T
            dh_next = da @ self.U.T
            dc_next = dc * f
        return dx
