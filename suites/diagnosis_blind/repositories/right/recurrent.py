"""Recurrent layers; grads are kept in a dict with the keys of params."""
import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


class RNN:
    """x (n, t, d) -> all hidden states (n, t, h); keep_state carries the last state to the next call."""

    def __init__(self, input_size, hidden_size, keep_state=False):
        self.keep_state = keep_state
        self.hidden_size = hidden_size
        self.params = {
            'Wx': np.random.randn(input_size, hidden_size) / np.sqrt(input_size),
            'Wh': np.random.randn(hidden_size, hidden_size) / np.sqrt(hidden_size),
            'b': np.zeros(hidden_size),
        }
        self.grads = {}
        self.state = None

    def forward(self, xs):
        n, t, _ = xs.shape
        h = self.state if self.keep_state and self.state is not None else np.zeros((n, self.hidden_size))
        self.xs = xs
        self.hs = np.zeros((n, t + 1, self.hidden_size))
        self.hs[:, 0] = h
        p = self.params
        for i in range(t):
            self.hs[:, i + 1] = np.tanh(xs[:, i] @ p['Wx'] + self.hs[:, i] @ p['Wh'] + p['b'])
        self.state = self.hs[:, t].copy()
        return self.hs[:, 1:].copy()

    def backward(self, dhs):
        p = self.params
        self.grads = {key: np.zeros_like(value) for key, value in p.items()}
        dxs = np.zeros(self.xs.shape)
        carry = np.zeros((dhs.shape[0], self.hidden_size))
        for i in reversed(range(dhs.shape[1])):
            da = (dhs[:, i] + carry) * (1 - self.hs[:, i + 1] ** 2)
            self.grads['Wx'] += self.xs[:, i].T @ da
            self.grads['Wh'] += self.hs[:, i].T @ da
            self.grads['b'] += da.sum(axis=0)
            dxs[:, i] = da @ p['Wx'].T
            carry = da @ p['Wh'].T
        return dxs


class LSTM:
    """x (n, t, d) -> (n, t, h); gates in the order i, f, o, g."""

    def __init__(self, input_size, hidden_size):
        self.H = hidden_size
        self.params = {
            'Wx': np.random.randn(input_size, 4 * hidden_size) / np.sqrt(input_size),
            'Wh': np.random.randn(hidden_size, 4 * hidden_size) / np.sqrt(hidden_size),
            'b': np.zeros(4 * hidden_size),
        }
        self.grads = {}

    def forward(self, xs):
        n, t, _ = xs.shape
        H = self.H
        h = np.zeros((n, H))
        c = np.zeros((n, H))
        out = np.zeros((n, t, H))
        self.xs, self.steps = xs, []
        for s in range(t):
            a = xs[:, s] @ self.params['Wx'] + h @ self.params['Wh'] + self.params['b']
            i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H:2 * H]), sigmoid(a[:, 2 * H:3 * H])
            g = np.tanh(a[:, 3 * H:])
            c_prev, h_prev = c, h
            c = f * c_prev + i * g
            tc = np.tanh(c)
            h = o * tc
            out[:, s] = h
            self.steps.append((i, f, o, g, c_prev, h_prev, tc))
        return out

    def backward(self, dout):
        self.grads = {key: np.zeros_like(value) for key, value in self.params.items()}
        dxs = np.zeros(self.xs.shape)
        dh_next = np.zeros((dout.shape[0], self.H))
        dc_next = np.zeros((dout.shape[0], self.H))
        for s in reversed(range(dout.shape[1])):
            i, f, o, g, c_prev, h_prev, tc = self.steps[s]
            dh = dout[:, s] + dh_next
            dc = dc_next + dh * o * (1 - tc ** 2)
            da = np.hstack([
                dc * g * i * (1 - i),
                dc * c_prev * f * (1 - f),
                dh * tc * o * (1 - o),
                dc * i * (1 - g ** 2),
            ])
            self.grads['Wx'] += self.xs[:, s].T @ da
            self.grads['Wh'] += h_prev.T @ da
            self.grads['b'] += da.sum(axis=0)
            dxs[:, s] = da @ self.params['Wx'].T
            dh_next = da @ self.params['Wh'].T
            dc_next = dc * f
        return dxs


class GRUCell:
    """One step: h' = z h + (1 - z) tanh(x Wx + (r h) Wh), z and r from sigmoids."""

    def __init__(self, input_size, hidden_size):
        draw = lambda n: np.random.randn(n, hidden_size) / np.sqrt(n)
        self.params = {
            'Wxz': draw(input_size), 'Whz': draw(hidden_size),
            'Wxr': draw(input_size), 'Whr': draw(hidden_size),
            'Wx': draw(input_size), 'Wh': draw(hidden_size),
        }
        self.grads = {}

    def forward(self, x, h):
        p = self.params
        z = sigmoid(x @ p['Wxz'] + h @ p['Whz'])
        r = sigmoid(x @ p['Wxr'] + h @ p['Whr'])
        n = np.tanh(x @ p['Wx'] + (r * h) @ p['Wh'])
        self.cache = (x, h, z, r, n)
        return z * h + (1 - z) * n

    def backward(self, dh_new):
        p = self.params
        x, h, z, r, n = self.cache
        dn = dh_new * (1 - z) * (1 - n ** 2)
        dz = dh_new * (h - n) * z * (1 - z)
        drh = dn @ p['Wh'].T
        dr = drh * h * r * (1 - r)
        self.grads = {
            'Wxz': x.T @ dz, 'Whz': h.T @ dz,
            'Wxr': x.T @ dr, 'Whr': h.T @ dr,
            'Wx': x.T @ dn, 'Wh': (r * h).T @ dn,
        }
        dx = dz @ p['Wxz'].T + dr @ p['Wxr'].T + dn @ p['Wx'].T
        dh = dh_new * z + drh * r
        dh += dz @ p['Whz'].T + dr @ p['Whr'].T
        return dx, dh


class LastStep:
    """(n, t, h) -> the last step (n, h)."""

    def forward(self, hs):
        self.shape = hs.shape
        return hs[:, -1].copy()

    def backward(self, dout):
        dhs = np.zeros(self.shape)
        dhs[:, -1] = dout
        return dhs


class Bidirectional:
    """Concatenates an RNN read forwards and one read backwards on the feature axis."""

    def __init__(self, input_size, hidden_size):
        self.ahead = RNN(input_size, hidden_size)
        self.back = RNN(input_size, hidden_size)

    def forward(self, xs):
        a = self.ahead.forward(xs)
        b = self.back.forward(xs[:, ::-1])
        return np.concatenate([a, b[:, ::-1]], axis=2)

    def backward(self, dout):
        H = self.ahead.hidden_size
        dx = self.ahead.backward(dout[:, :, :H])
        dx = dx + self.back.backward(dout[:, ::-1, H:])[:, ::-1]
        return dx
