# Time layers: (N, T, ...) in, (N, T, ...) out; params and grads are parallel lists
import numpy as np


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


class RNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev):
        Wx, Wh, b = self.params
        h_next = np.tanh(np.dot(h_prev, Wh) + np.dot(x, Wx) + b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        Wx, Wh, b = self.params
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - h_next ** 2)
        self.grads[0][...] = np.dot(x.T, dt)
        self.grads[1][...] = np.dot(h_prev.T, dt)
        self.grads[2][...] = np.sum(dt, axis=0)
        return np.dot(dt, Wx.T), np.dot(dt, Wh.T)


class TimeRNN:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.layers = None
        self.h, self.dh = None, None
        self.stateful = stateful

    def set_state(self, h):
        self.h = h

    def reset_state(self):
        self.h = None

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        H = Wh.shape[0]
        self.layers = []
        hs = np.empty((N, T, H), dtype=Wx.dtype)
        if not self.stateful or self.h is None:
            self.h = np.zeros((N, H), dtype=Wx.dtype)
        for t in range(T):
            layer = RNN(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        Wx, Wh, b = self.params
        N, T, H = dhs.shape
        dxs = np.empty((N, T, Wx.shape[0]), dtype=Wx.dtype)
        dh = 0
        grads = [0, 0, 0]
        for t in reversed(range(T)):
            layer = self.layers[t]
            dx, dh = layer.backward(dhs[:, t, :] + dh)
            dxs[:, t, :] = dx
            for i, grad in enumerate(layer.grads):
                grads[i] = grads[i] + grad
        for i, grad in enumerate(grads):
            self.grads[i][...] = grad
        self.dh = dh
        return dxs


class LSTM:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)]
        self.cache = None

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        f, g, i, o = np.split(np.dot(x, Wx) + np.dot(h_prev, Wh) + b, 4, axis=1)
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = (x, h_prev, c_prev, i, f, g, o, c_next)
        return h_next, c_next

    def backward(self, dh_next, dc_next):
        Wx, Wh, b = self.params
        x, h_prev, c_prev, i, f, g, o, c_next = self.cache
        tanh_c = np.tanh(c_next)
        ds = dc_next + (dh_next * o) * (1 - tanh_c ** 2)
        df = ds * c_prev * f * (1 - f)
        dg = ds * i * (1 - g ** 2)
        di = ds * g * i * (1 - i)
        do = dh_next * tanh_c * o * (1 - o)
        dA = np.hstack((df, dg, di, do))
        self.grads[0][...] = np.dot(x.T, dA)
        self.grads[1][...] = np.dot(h_prev.T, dA)
        self.grads[2][...] = dA.sum(axis=0)
        return np.dot(dA, Wx.T), np.dot(dA, Wh.T), ds * f


class TimeLSTM:
    def __init__(self, Wx, Wh, b, stateful=False):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.stateful = stateful
        self.layers, self.h, self.c, self.dh = None, None, None, None

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        H = Wh.shape[0]
        if self.h is None or not self.stateful:
            self.h = np.zeros((N, H), dtype=Wx.dtype)
        if self.c is None or not self.stateful:
            self.c = np.zeros((N, H), dtype=Wx.dtype)
        self.layers, hs = [], np.empty((N, T, H), dtype=Wx.dtype)
        for t in range(T):
            cell = LSTM(Wx, Wh, b)
            self.h, self.c = cell.forward(xs[:, t], self.h, self.c)
            hs[:, t] = self.h
            self.layers.append(cell)
        return hs

    def backward(self, dhs):
        dh, dc, dxs = 0, 0, []
        total = [np.zeros_like(p) for p in self.params]
        for t in range(dhs.shape[1] - 1, -1, -1):
            dx, dh, dc = self.layers[t].backward(dhs[:, t] + dh, dc)
            dxs.insert(0, dx)
            for acc, g in zip(total, self.layers[t].grads):
                acc += g
        for kept, acc in zip(self.grads, total):
            kept[...] = acc
        self.dh = dh
        return np.stack(dxs, axis=1)


class TimeDropout:
    def __init__(self, dropout_ratio=0.5):
        self.dropout_ratio = dropout_ratio
        self.mask = None
        self.train_flg = True

    def forward(self, xs):
        if not self.train_flg:
            self.mask = np.ones_like(xs)
            return xs * self.mask
        flg = np.random.rand(*xs.shape) > self.dropout_ratio
        self.mask = flg.astype(xs.dtype) / (1.0 - self.dropout_ratio)
        return xs * self.mask

    def backward(self, dout):
        return dout * self.mask


class TimeSoftmaxWithLoss:
    def __init__(self):
        self.params, self.grads = [], []
        self.cache, self.ys = None, None
        self.ignore_label = -1

    def forward(self, xs, ts):
        """ts: (N, T) class numbers or (N, T, V) one-hot; positions with ignore_label do not count."""
        N, T, V = xs.shape
        if ts.ndim == 3:
            ts = ts.argmax(axis=2)
        mask = (ts != self.ignore_label).reshape(N * T)
        ts = np.where(mask, ts.reshape(N * T), 0)
        xs = xs.reshape(N * T, V)
        xs = xs - xs.max(axis=1, keepdims=True)
        log_ys = xs - np.log(np.exp(xs).sum(axis=1, keepdims=True))
        count = max(mask.sum(), 1)
        loss = -np.sum(log_ys[np.arange(N * T), ts] * mask) / count
        self.ys = np.exp(log_ys)
        self.cache = (ts, mask, count, (N, T, V))
        return loss

    def backward(self, dout=1):
        ts, mask, count, shape = self.cache
        dx = self.ys.copy()
        dx[np.arange(len(ts)), ts] -= 1
        dx *= dout
        dx /= count
        dx *= mask[:, np.newaxis]
        return dx.reshape(shape)
