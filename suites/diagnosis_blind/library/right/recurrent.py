"""Recurrent layers over (batch, time, features) with return_sequences and go_backwards."""
import numpy as np


def sigmoid(z):
    return 0.5 * (1.0 + np.tanh(0.5 * z))


class Recurrent:
    def __init__(self, input_size, hidden_size, gates, return_sequences, go_backwards):
        self.input_size, self.hidden_size = input_size, hidden_size
        self.return_sequences, self.go_backwards = return_sequences, go_backwards
        k = 1.0 / np.sqrt(hidden_size)
        self.Wx = np.random.uniform(-k, k, (input_size, gates * hidden_size))
        self.Wh = np.random.uniform(-k, k, (hidden_size, gates * hidden_size))
        self.b = np.zeros(gates * hidden_size)
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)

    def order(self, steps):
        return range(steps)[::-1] if self.go_backwards else range(steps)

    def finish(self, hs, last):
        return hs if self.return_sequences else last

    def spread(self, dout, shape):
        """The upstream gradient at every step."""
        if self.return_sequences:
            return dout
        full = np.zeros(shape, dtype=dout.dtype)
        full[:, self.order(shape[1])[-1]] = dout
        return full


class SimpleRNN(Recurrent):
    def __init__(self, input_size, hidden_size, return_sequences=False, go_backwards=False):
        super().__init__(input_size, hidden_size, 1, return_sequences, go_backwards)

    def forward(self, x):
        n, steps, _ = x.shape
        h = np.zeros((n, self.hidden_size), dtype=x.dtype)
        hs = np.empty((n, steps, self.hidden_size), dtype=np.result_type(x, self.Wx))
        self.x, self.before = x, {}
        for t in self.order(steps):
            self.before[t] = h
            h = np.tanh(x[:, t] @ self.Wx + h @ self.Wh + self.b)
            hs[:, t] = h
        self.hs = hs
        return self.finish(hs.copy(), h)

    def backward(self, dout):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        up = self.spread(dout, self.hs.shape)
        dx = np.zeros(self.x.shape, dtype=self.hs.dtype)
        dh = 0.0
        for t in self.order(self.x.shape[1])[::-1]:
            dz = (up[:, t] + dh) * (1 - self.hs[:, t] ** 2)
            self.dWx += self.x[:, t].T @ dz
            self.dWh += self.before[t].T @ dz
            self.db += dz.sum(axis=0)
            dx[:, t] = dz @ self.Wx.T
            dh = dz @ self.Wh.T
        return dx


class LSTM(Recurrent):
    """Gates in the order i, f, o, g."""

    def __init__(self, input_size, hidden_size, return_sequences=False, go_backwards=False, forget_bias=1.0):
        super().__init__(input_size, hidden_size, 4, return_sequences, go_backwards)
        self.b[hidden_size:2 * hidden_size] = forget_bias

    def forward(self, x):
        n, steps, _ = x.shape
        H = self.hidden_size
        h, c = np.zeros((n, H), dtype=x.dtype), np.zeros((n, H), dtype=x.dtype)
        hs = np.empty((n, steps, H), dtype=np.result_type(x, self.Wx))
        self.x, self.cache = x, {}
        for t in self.order(steps):
            z = x[:, t] @ self.Wx + h @ self.Wh + self.b
            i, f, o = sigmoid(z[:, :H]), sigmoid(z[:, H:2 * H]), sigmoid(z[:, 2 * H:3 * H])
            g = np.tanh(z[:, 3 * H:])
            c_new = f * c + i * g
            self.cache[t] = (h, c, i, f, o, g, c_new)
            c = c_new
            h = o * np.tanh(c)
            hs[:, t] = h
        return self.finish(hs, h)

    def backward(self, dout):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        n, steps, _ = self.x.shape
        up = self.spread(dout, (n, steps, self.hidden_size))
        dx = np.zeros(self.x.shape, dtype=np.result_type(self.x, self.Wx))
        dh = dc = 0.0
        for t in self.order(steps)[::-1]:
            h, c, i, f, o, g, c_new = self.cache[t]
            dht = up[:, t] + dh
            tc = np.tanh(c_new)
            dct = dht * o * (1 - tc ** 2) + dc
            dz = np.hstack([dct * g * i * (1 - i), dct * c * f * (1 - f), dht * tc * o * (1 - o), dct * i * (1 - g ** 2)])
            self.dWx += self.x[:, t].T @ dz
            self.dWh += h.T @ dz
            self.db += dz.sum(axis=0)
            dx[:, t] = dz @ self.Wx.T
            dh = dz @ self.Wh.T
            dc = dct * f
        return dx


class GRU(Recurrent):
    """h' = (1 - z) n + z h with n = tanh(x Wn + r * (h Un) + b); gates in the order z, r, n."""

    def __init__(self, input_size, hidden_size, return_sequences=False, go_backwards=False):
        super().__init__(input_size, hidden_size, 3, return_sequences, go_backwards)

    def forward(self, x):
        n, steps, _ = x.shape
        H = self.hidden_size
        h = np.zeros((n, H), dtype=x.dtype)
        hs = np.empty((n, steps, H), dtype=np.result_type(x, self.Wx))
        self.x, self.cache = x, {}
        for t in self.order(steps):
            a = x[:, t] @ self.Wx + self.b
            u = h @ self.Wh
            z, r = sigmoid(a[:, :H] + u[:, :H]), sigmoid(a[:, H:2 * H] + u[:, H:2 * H])
            cand = np.tanh(a[:, 2 * H:] + r * u[:, 2 * H:])
            self.cache[t] = (h, z, r, cand, u[:, 2 * H:])
            h = (1 - z) * cand + z * h
            hs[:, t] = h
        return self.finish(hs, h)

    def backward(self, dout):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        n, steps, _ = self.x.shape
        up = self.spread(dout, (n, steps, self.hidden_size))
        dx = np.zeros(self.x.shape, dtype=np.result_type(self.x, self.Wx))
        dh = 0.0
        for t in self.order(steps)[::-1]:
            h, z, r, cand, un = self.cache[t]
            d = up[:, t] + dh
            dcand = d * (1 - z) * (1 - cand ** 2)
            dz = d * (h - cand) * z * (1 - z)
            dr = dcand * un * r * (1 - r)
            da = np.hstack([dz, dr, dcand])
            du = np.hstack([dz, dr, dcand * r])
            self.dWx += self.x[:, t].T @ da
            self.dWh += h.T @ du
            self.db += da.sum(axis=0)
            dx[:, t] = da @ self.Wx.T
            dh = d * z + du @ self.Wh.T
        return dx
