"""RNN and LSTM: the cells, their Time versions, and the loss of a sequence. Sequences are (N, T, D)."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


class RNN:
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, x, h_prev):
        h_next = np.tanh(np.dot(x, self.Wx) + np.dot(h_prev, self.Wh) + self.b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - h_next ** 2)
        self.db = np.sum(dt, axis=0)
        self.dWh = np.dot(h_prev.T, dt)
        self.dWx = np.dot(x.T, dt)
        dh_prev = np.dot(dt, self.Wh.T)
        dx = np.dot(dt, self.Wx.T)
        return dx, dh_prev


class TimeRNN:
    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, xs):
        N, T, D = xs.shape
        h = np.zeros((N, self.Wh.shape[0]))
        self.layers, hs = [], []
        for t in range(T):
            layer = RNN(self.Wx, self.Wh, self.b)
            h = layer.forward(xs[:, t, :], h)
            self.layers.append(layer)
            hs.append(h)
        return np.stack(hs, axis=1)

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs, dh = [], 0
        for t in reversed(range(len(self.layers))):
            layer = self.layers[t]
            dx, dh = layer.backward(dhs[:, t, :] + dh)
            dxs.insert(0, dx)
            self.dWx += layer.dWx
            self.dWh += layer.dWh
            self.db += layer.db
        return np.stack(dxs, axis=1)


class LastStateRNN:
    """Reads a sequence and returns the last hidden state (N, H); h is one buffer, written over at every step."""

    def __init__(self, input_size, hidden_size):
        self.Wx = np.random.randn(input_size, hidden_size) / np.sqrt(input_size)
        self.Wh = np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size)
        self.b = np.zeros(hidden_size)

    def forward(self, xs):
        h = np.zeros((xs.shape[0], self.Wh.shape[0]))
        self.xs = xs
        self.states = [h.copy()]
        for t in range(xs.shape[1]):
            h[...] = np.tanh(xs[:, t] @ self.Wx + h @ self.Wh + self.b)
            self.states.append(h.copy())
        return h

    def backward(self, dh):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs = np.zeros(self.xs.shape)
        for t in reversed(range(self.xs.shape[1])):
            da = dh * (1 - self.states[t + 1] ** 2)
            self.dWx += self.xs[:, t].T @ da
            self.dWh += self.states[t].T @ da
            self.db += da.sum(axis=0)
            dxs[:, t] = da @ self.Wx.T
            dh = da @ self.Wh.T
        return dxs


class LSTM:
    """The four gates lie side by side in Wx (D, 4H), Wh (H, 4H), b (4H): forget, new, input, output."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b

    def forward(self, x, h_prev, c_prev):
        A = np.dot(x, self.Wx) + np.dot(h_prev, self.Wh) + self.b
        f, g, i, o = np.split(A, 4, axis=1)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + g * i
        tanh_c = np.tanh(c_next)
        self.cache = (x, h_prev, c_prev, f, g, i, o, c_next, tanh_c)
        return o * tanh_c, c_next

    def backward(self, dh_next, dc_next):
        x, h_prev, c_prev, f, g, i, o, c_next, tanh_c = self.cache
        ds = dc_next + dh_next * o * (1 - tanh_c ** 2)
        do = dh_next * tanh_c * o * (1 - o)
        df = ds * c_prev * f * (1 - f)
        dg = ds * i * (1 - g ** 2)
        di = ds * g * i * (1 - i)
        dA = np.hstack((df, dg, di, do))
        self.dWx, self.dWh, self.db = np.dot(x.T, dA), np.dot(h_prev.T, dA), dA.sum(axis=0)
        return np.dot(dA, self.Wx.T), np.dot(dA, self.Wh.T), ds * f


class TimeLSTM:
    """With stateful=True the next call goes on from the last state, otherwise every call starts from zero."""

    def __init__(self, Wx, Wh, b, stateful=False):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.stateful = stateful
        self.h, self.c = None, None

    def forward(self, xs):
        N, T, D = xs.shape
        H = self.Wh.shape[0]
        if not self.stateful or self.h is None:
            self.h, self.c = np.zeros((N, H)), np.zeros((N, H))
        self.layers, hs = [], np.empty((N, T, H))
        for t in range(T):
            layer = LSTM(self.Wx, self.Wh, self.b)
            self.h, self.c = layer.forward(xs[:, t, :], self.h, self.c)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        self.dWx, self.dWh, self.db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        dxs, dh, dc = [], 0, 0
        for t in reversed(range(len(self.layers))):
            dx, dh, dc = self.layers[t].backward(dhs[:, t, :] + dh, dc)
            dxs.append(dx)
            self.dWx += self.layers[t].dWx
            self.dWh += self.layers[t].dWh
            self.db += self.layers[t].db
        return np.stack(dxs[::-1], axis=1)


class TimeSoftmaxWithLoss:
    """Scores (N, T, V) and words (N, T); steps whose word is ignore_label do not count."""

    def __init__(self, ignore_label=-1):
        self.ignore_label = ignore_label

    def forward(self, xs, ts):
        N, T, V = xs.shape
        self.shape = xs.shape
        x, self.ts = xs.reshape(N * T, V), ts.reshape(N * T)
        self.mask = self.ts != self.ignore_label
        x = x - x.max(axis=1, keepdims=True)
        log_p = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
        self.ys = np.exp(log_p)
        self.count = max(self.mask.sum(), 1)
        rows = np.arange(N * T)[self.mask]
        return -log_p[rows, self.ts[self.mask]].sum() / self.count

    def backward(self, dout=1):
        dx = self.ys.copy()
        dx[np.arange(len(self.ts)), np.where(self.mask, self.ts, 0)] -= 1
        dx *= self.mask[:, np.newaxis]
        dx *= dout / self.count
        return dx.reshape(self.shape)
