"""Assignment 5: recurrent layers. Inputs are (N, T, D); outputs all hidden states (N, T, H)."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


class SimpleRNN:
    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) / np.sqrt(input_size)
        self.Wh = np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size)
        self.b = np.zeros(hidden_size)

    def forward(self, xs, h0=None):
        N, T, D = xs.shape
        H = self.Wh.shape[0]
        h = np.zeros((N, H)) if h0 is None else h0
        self.xs = xs
        self.hs = np.zeros((N, T + 1, H))
        self.hs[:, 0] = h
        for t in range(T):
            h = np.tanh(xs[:, t] @ self.Wx + h @ self.Wh + self.b)
            self.hs[:, t + 1] = h
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        N, T, H = dhs.shape
        self.dWx = np.zeros_like(self.Wx)
        self.dWh = np.zeros_like(self.Wh)
        self.db = np.zeros_like(self.b)
        dxs = np.zeros(self.xs.shape)
        dh_next = np.zeros((N, H))
        for t in reversed(range(T)):
            dh = dhs[:, t] + dh_next
            da = dh * (1 - self.hs[:, t + 1] ** 2)
            self.dWx += self.xs[:, t].T @ da
            self.dWh += self.hs[:, t].T @ da
            self.db += da.sum(axis=0)
            dxs[:, t] = da @ self.Wx.T
            dh_next = da @ self.Wh.T
        self.dh0 = dh_next
        return dxs


class LSTM:
    """gates in the order i, f, o, g"""
    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, 4 * hidden_size) / np.sqrt(input_size)
        self.Wh = np.random.randn(hidden_size, 4 * hidden_size) / np.sqrt(hidden_size)
        self.b = np.zeros(4 * hidden_size)

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.Wh.shape[0]
        h, c = np.zeros((N, H)), np.zeros((N, H))
        out = np.zeros((N, T, H))
        self.cache = []
        for t in range(T):
            x, h_prev, c_prev = xs[:, t], h, c
            a = x @ self.Wx + h_prev @ self.Wh + self.b
            i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H]), sigmoid(a[:, 2 * H:3 * H])
            g = np.tanh(a[:, 3 * H:])
            c = f * c_prev + i * g
            h = o * np.tanh(c)
            out[:, t] = h
            self.cache.append((x, h_prev, c_prev, i, f, o, g, c))
        return out

    def backward(self, dout):
        N, T, H = dout.shape
        self.dWx, self.dWh = np.zeros_like(self.Wx), np.zeros_like(self.Wh)
        self.db = np.zeros_like(self.b)
        dxs = np.zeros((N, T, self.Wx.shape[0]))
        dh_next, dc_next = np.zeros((N, H)), np.zeros((N, H))
        for t in range(T - 1, -1, -1):
            x, h_prev, c_prev, i, f, o, g, c = self.cache[t]
            tc = np.tanh(c)
            dh = dout[:, t] + dh_next
            dc = dc_next + dh * o * (1 - tc ** 2)
            do = dh * tc
            df = dc * c_prev
            di = dc * g
            dg = dc * i
            da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])
            self.dWx += x.T @ da
            self.dWh += h_prev.T @ da
            self.db += da.sum(axis=0)
            dxs[:, t] = da @ self.Wx.T
            dh_next = da @ self.Wh.T
            dc_next = dc * f
        return dxs


class GRU:
    def __init__(self, input_size, hidden_size):
        D, H = input_size, hidden_size
        self.params = {"Wz": np.random.randn(D + H, H) / np.sqrt(D + H), "bz": np.zeros(H),
                       "Wr": np.random.randn(D + H, H) / np.sqrt(D + H), "br": np.zeros(H),
                       "Wn": np.random.randn(D + H, H) / np.sqrt(D + H), "bn": np.zeros(H)}
        self.hidden_size = H
        self.zero_grads()

    def zero_grads(self):
        self.grads = {k: np.zeros_like(v) for k, v in self.params.items()}

    def forward(self, xs, h0=None):
        p = self.params
        N, T, D = xs.shape
        h = np.zeros((N, self.hidden_size)) if h0 is None else h0
        out = np.zeros((N, T, self.hidden_size))
        self.steps = []
        for t in range(T):
            xh = np.concatenate([xs[:, t], h], axis=1)
            z = sigmoid(xh @ p["Wz"] + p["bz"])
            r = sigmoid(xh @ p["Wr"] + p["br"])
            xrh = np.concatenate([xs[:, t], r * h], axis=1)
            n = np.tanh(xrh @ p["Wn"] + p["bn"])
            self.steps.append((xh, xrh, h, z, r, n))
            h = h + z * (n - h)
            out[:, t] = h
        return out

    def backward(self, dout):
        p = self.params
        N, T, H = dout.shape
        D = p["Wz"].shape[0] - H
        self.zero_grads()
        dxs = np.zeros((N, T, D))
        dh_next = np.zeros((N, H))
        for t in reversed(range(T)):
            xh, xrh, h_prev, z, r, n = self.steps[t]
            dh = dout[:, t] + dh_next
            dn = dh * z * (1 - n ** 2)
            dz = dh * (n - h_prev) * z * (1 - z)
            dxrh = dn @ p["Wn"].T
            drh = dxrh[:, D:]
            dr = drh * h_prev * r * (1 - r)
            dxh = dz @ p["Wz"].T + dr @ p["Wr"].T
            for name, g, inp in (("z", dz, xh), ("r", dr, xh), ("n", dn, xrh)):
                self.grads["W" + name] += inp.T @ g
                self.grads["b" + name] += g.sum(axis=0)
            dxs[:, t] = dxh[:, :D] + dxrh[:, :D]
            dh_next = dh * (1 - z) + dxh[:, D:] + drh * r
        self.dh0 = dh_next
        return dxs
