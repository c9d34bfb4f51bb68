"""Recurrent layers: an Elman cell, its layer over time, an LSTM and a GRU. Sequences are (N, T, D)."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class RNN:
    """One step: h_next = tanh(x Wx + h_prev Wh + b)."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.dWx = self.dWh = self.db = None
        self.cache = None

    def forward(self, x, h_prev):
        h_next = np.tanh(x @ self.Wx + h_prev @ self.Wh + self.b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        x, h_prev, h_next = self.cache
        da = dh_next * (1.0 - h_next ** 2)
        self.db = da.sum(axis=0)
        self.dWx = x.T @ da
        self.dWh = h_prev.T @ da
        dh_prev = da @ self.Wh.T
        dx = da @ self.Wx.T
        return dx, dh_prev


class TimeRNN:
    """The cell over T steps; `stateful` keeps the last hidden state for the next call."""

    def __init__(self, Wx, Wh, b, stateful=False):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.stateful = stateful
        self.h = None
        self.layers = None

    def forward(self, xs):
        n, steps, _ = xs.shape
        hidden = self.Wh.shape[0]
        if not self.stateful or self.h is None:
            self.h = np.zeros((n, hidden), dtype=xs.dtype)
        self.layers = []
        hs = np.empty((n, steps, hidden), dtype=np.result_type(xs, self.Wx))
        for t in range(steps):
            layer = RNN(self.Wx, self.Wh, self.b)
            self.h = layer.forward(xs[:, t], self.h)
            hs[:, t] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        n, steps, hidden = dhs.shape
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs = np.empty((n, steps, self.Wx.shape[0]), dtype=np.result_type(dhs, self.Wx))
        dh = np.zeros((n, hidden), dtype=dhs.dtype)
        for t in reversed(range(steps)):
            dx, dh = self.layers[t].backward(dhs[:, t] + dh)
            dxs[:, t] = dx
            self.dWx += self.layers[t].dWx
            self.dWh += self.layers[t].dWh
            self.db += self.layers[t].db
        return dxs


class LSTM:
    """Gates in the order input, forget, output, candidate; starts from zero states."""

    def __init__(self, input_size, hidden_size, seed=0):
        rng = np.random.default_rng(seed)
        self.hidden_size = hidden_size
        self.Wx = rng.normal(0.0, 0.3, (input_size, 4 * hidden_size))
        self.Wh = rng.normal(0.0, 0.3, (hidden_size, 4 * hidden_size))
        self.b = np.zeros(4 * hidden_size)

    def forward(self, xs):
        n, steps, _ = xs.shape
        H = self.hidden_size
        h = np.zeros((n, H))
        c = np.zeros((n, H))
        self.steps = []
        hs = []
        for t in range(steps):
            a = xs[:, t] @ self.Wx + h @ self.Wh + self.b
            i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H]), sigmoid(a[:, 2 * H:3 * H])
            g = np.tanh(a[:, 3 * H:])
            c_next = f * c + i * g
            tanh_c = np.tanh(c_next)
            self.steps.append((xs[:, t], h, c, i, f, o, g, tanh_c))
            h, c = o * tanh_c, c_next
            hs.append(h)
        return np.stack(hs, axis=1)

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs = []
        dh_next = np.zeros_like(dhs[:, 0])
        dc_next = np.zeros_like(dhs[:, 0])
        for t in reversed(range(len(self.steps))):
            x, h, c, i, f, o, g, tanh_c = self.steps[t]
            dh = dhs[:, t] + dh_next
            dc = dc_next + dh * o * (1.0 - tanh_c ** 2)
            da = np.concatenate([dc * g * i * (1.0 - i), dc * c * f * (1.0 - f),
                                 dh * tanh_c * o * (1.0 - o), dc * i * (1.0 - g ** 2)], axis=1)
            self.dWx += x.T @ da
            self.dWh += h.T @ da
            self.db += da.sum(axis=0)
            dxs.append(da @ self.Wx.T)
            dh_next = da @ self.Wh.T
            dc_next = dc * f
        return np.stack(dxs[::-1], axis=1)


class GRU:
    """h = z * h_prev + (1 - z) * n with n = tanh(x Wn + (r * h_prev) Un + bn)."""

    def __init__(self, input_size, hidden_size, seed=0):
        rng = np.random.default_rng(seed)
        self.hidden_size = hidden_size
        self.params = {}
        for k in "zrn":
            self.params["W" + k] = rng.normal(0.0, 0.4, (input_size, hidden_size))
            self.params["U" + k] = rng.normal(0.0, 0.4, (hidden_size, hidden_size))
            self.params["b" + k] = np.zeros(hidden_size)
        self.grads = {}

    def forward(self, xs):
        p = self.params
        h = np.zeros((xs.shape[0], self.hidden_size))
        self.steps, hs = [], []
        for t in range(xs.shape[1]):
            x = xs[:, t]
            z = sigmoid(x @ p["Wz"] + h @ p["Uz"] + p["bz"])
            r = sigmoid(x @ p["Wr"] + h @ p["Ur"] + p["br"])
            n = np.tanh(x @ p["Wn"] + (r * h) @ p["Un"] + p["bn"])
            self.steps.append((x, h, z, r, n))
            h = z * h + (1.0 - z) * n
            hs.append(h)
        return np.stack(hs, axis=1)

    def backward(self, dhs):
        p = self.params
        self.grads = {k: np.zeros_like(v) for k, v in p.items()}
        dxs = []
        dh_next = np.zeros_like(dhs[:, 0])
        for t in reversed(range(len(self.steps))):
            x, h, z, r, n = self.steps[t]
            dh = dhs[:, t] + dh_next
            dan = dh * (1.0 - z) * (1.0 - n ** 2)
            drh = dan @ p["Un"].T
            daz = dh * (h - n) * z * (1.0 - z)
            dar = drh * h * r * (1.0 - r)
            for k, da, state in (("z", daz, h), ("r", dar, h), ("n", dan, r * h)):
                self.grads["W" + k] += x.T @ da
                self.grads["U" + k] += state.T @ da
                self.grads["b" + k] += da.sum(axis=0)
            dxs.append(daz @ p["Wz"].T + dar @ p["Wr"].T + dan @ p["Wn"].T)
            dh_next = dh * z + drh * r + daz @ p["Uz"].T + dar @ p["Ur"].T
        return np.stack(dxs[::-1], axis=1)
