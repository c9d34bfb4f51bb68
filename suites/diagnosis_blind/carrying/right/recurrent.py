"""Recurrent layers over whole sequences (N, T, D): forward(xs) returns the hidden states (N, T, H), backward(dhs) returns dxs."""
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


class TimeRNN:
    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) / np.sqrt(input_size)
        self.Wh = np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size)
        self.b = np.zeros(hidden_size)

    def forward(self, xs):
        n, t, _ = xs.shape
        self.xs = xs.copy()
        self.hs = np.zeros((n, t + 1, len(self.b)))
        for i in range(t):
            self.hs[:, i + 1] = np.tanh(xs[:, i] @ self.Wx + self.hs[:, i] @ self.Wh + self.b)
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs = np.zeros(self.xs.shape)
        dh_next = 0
        for i in reversed(range(dhs.shape[1])):
            da = (dhs[:, i] + dh_next) * (1 - self.hs[:, i + 1] ** 2)
            self.dWx += self.xs[:, i].T @ da
            self.dWh += self.hs[:, i].T @ da
            self.db += np.sum(da, axis=0)
            dxs[:, i] = da @ self.Wx.T
            dh_next = da @ self.Wh.T
        return dxs


class LSTM:
    """Gates in the order input, forget, output, candidate."""

    def __init__(self, input_size, hidden_size):
        self.H = hidden_size
        self.Wx = np.random.randn(input_size, 4 * hidden_size) * 0.3
        self.Wh = np.random.randn(hidden_size, 4 * hidden_size) * 0.3
        self.b = np.zeros(4 * hidden_size)

    def forward(self, xs):
        n, t, _ = xs.shape
        h, c = np.zeros((n, self.H)), np.zeros((n, self.H))
        self.xs, self.steps = xs.copy(), []
        out = np.zeros((n, t, self.H))
        for k in range(t):
            z = xs[:, k] @ self.Wx + h @ self.Wh + self.b
            i, f, o = np.split(sigmoid(z[:, :3 * self.H]), 3, axis=1)
            g = np.tanh(z[:, 3 * self.H:])
            c_prev, h_prev = c, h
            c = f * c_prev + i * g
            h = o * np.tanh(c)
            self.steps.append((h_prev, c_prev, c, i, f, o, g))
            out[:, k] = h
        return out

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs = np.zeros(self.xs.shape)
        dh_next = np.zeros((len(dhs), self.H))
        dc_next = np.zeros((len(dhs), self.H))
        for k in reversed(range(dhs.shape[1])):
            h_prev, c_prev, c, i, f, o, g = self.steps[k]
            dh = dhs[:, k] + dh_next
            dc = dh * o * (1 - np.tanh(c) ** 2)
            dc = dc + dc_next
            dz = np.hstack([dc * g * i * (1 - i),
                            dc * c_prev * f * (1 - f),
                            dh * np.tanh(c) * o * (1 - o),
                            dc * i * (1 - g ** 2)])
            self.dWx += self.xs[:, k].T @ dz
            self.dWh += h_prev.T @ dz
            self.db += dz.sum(axis=0)
            dxs[:, k] = dz @ self.Wx.T
            dh_next = dz @ self.Wh.T
            dc_next = dc * f
        return dxs


class GRU:
    """h = (1 - z) * h_prev + z * n,  n = tanh(x Wn + (r * h_prev) Un + bn)"""

    def __init__(self, input_size, hidden_size):
        D, H = input_size, hidden_size
        rnd = np.random.randn
        self.params = {"Wz": rnd(D, H) * 0.5, "Uz": rnd(H, H) * 0.5, "bz": np.zeros(H),
                       "Wr": rnd(D, H) * 0.5, "Ur": rnd(H, H) * 0.5, "br": np.zeros(H),
                       "Wn": rnd(D, H) * 0.5, "Un": rnd(H, H) * 0.5, "bn": np.zeros(H)}
        self.grads = {}

    def forward(self, xs):
        p = self.params
        h = np.zeros((xs.shape[0], len(p["bz"])))
        self.tape, out = [], []
        for t in range(xs.shape[1]):
            x = xs[:, t].copy()
            z = sigmoid(x @ p["Wz"] + h @ p["Uz"] + p["bz"])
            r = sigmoid(x @ p["Wr"] + h @ p["Ur"] + p["br"])
            n = np.tanh(x @ p["Wn"] + (r * h) @ p["Un"] + p["bn"])
            self.tape.append((x, h, z, r, n))
            h = (1 - z) * h + z * n
            out.append(h)
        return np.stack(out, axis=1)

    def backward(self, dhs):
        p = self.params
        g = {k: np.zeros_like(v) for k, v in p.items()}
        dxs = np.zeros((dhs.shape[0], dhs.shape[1], p["Wz"].shape[0]))
        carry = np.zeros((dhs.shape[0], len(p["bz"])))
        for t in reversed(range(dhs.shape[1])):
            x, h, z, r, n = self.tape[t]
            dh = dhs[:, t] + carry
            dn = dh * z * (1 - n ** 2)
            dz = dh * (n - h) * z * (1 - z)
            drh = dn @ p["Un"].T
            dr = drh * h * r * (1 - r)
            carry = dh * (1 - z) + dz @ p["Uz"].T + dr @ p["Ur"].T
            carry += drh * r
            for name, d, state in (("z", dz, h), ("r", dr, h), ("n", dn, r * h)):
                g["W" + name] += x.T @ d
                g["U" + name] += state.T @ d
                g["b" + name] += d.sum(axis=0)
                dxs[:, t] += d @ p["W" + name].T
        self.grads = g
        return dxs


class BiRNN:
    """One tanh RNN reads forwards, one backwards; their states stand side by side in the output (N, T, 2H)."""

    def __init__(self, input_size, hidden_size):
        self.H = hidden_size
        self.Wf = np.random.randn(input_size + hidden_size, hidden_size) * 0.5
        self.Wb = np.random.randn(input_size + hidden_size, hidden_size) * 0.5

    def forward(self, xs):
        n, t, _ = xs.shape
        self.xs = xs.copy()
        self.f = np.zeros((n, t + 1, self.H))
        self.r = np.zeros((n, t + 1, self.H))
        for i in range(t):
            self.f[:, i + 1] = np.tanh(np.hstack([xs[:, i], self.f[:, i]]) @ self.Wf)
        for i in reversed(range(t)):
            self.r[:, i] = np.tanh(np.hstack([xs[:, i], self.r[:, i + 1]]) @ self.Wb)
        return np.concatenate([self.f[:, 1:], self.r[:, :-1]], axis=2)

    def backward(self, dout):
        n, t, d = self.xs.shape
        self.dWf, self.dWb = np.zeros_like(self.Wf), np.zeros_like(self.Wb)
        dxs = np.zeros(self.xs.shape)
        df, dr = dout[:, :, :self.H], dout[:, :, self.H:]
        back = np.zeros((n, self.H))
        for i in reversed(range(t)):
            da = (df[:, i] + back) * (1 - self.f[:, i + 1] ** 2)
            self.dWf += np.hstack([self.xs[:, i], self.f[:, i]]).T @ da
            dcat = da @ self.Wf.T
            dxs[:, i] += dcat[:, :d]
            back = dcat[:, d:]
        ahead = np.zeros((n, self.H))
        for i in range(t):
            da = (dr[:, i] + ahead) * (1 - self.r[:, i] ** 2)
            self.dWb += np.hstack([self.xs[:, i], self.r[:, i + 1]]).T @ da
            dcat = da @ self.Wb.T
            dxs[:, i] += dcat[:, :d]
            ahead = dcat[:, d:]
        return dxs
