"""A GRU over (batch, time, features) and a wrapper that reads the sequence in both directions."""
import copy
import numpy as np


def sigmoid(x):
    return 0.5 * (np.tanh(0.5 * x) + 1.0)


class GRU:
    def __init__(self, input_size, hidden_size, return_sequences=True, seed=0):
        rng = np.random.RandomState(seed)
        D, H = input_size, hidden_size
        self.hidden_size = H
        self.return_sequences = return_sequences
        self.params = {}
        for gate in "zrh":
            self.params["W" + gate] = rng.randn(D, H) / np.sqrt(D)
            self.params["U" + gate] = rng.randn(H, H) / np.sqrt(H)
            self.params["b" + gate] = np.zeros(H)
        self.grads = {}

    def forward(self, x):
        p = self.params
        N, T, D = x.shape
        h = np.zeros((N, self.hidden_size))
        hs = np.zeros((N, T, self.hidden_size))
        self.x = x.copy()
        self.steps = []
        for t in range(T):
            xt = x[:, t]
            z = sigmoid(xt @ p["Wz"] + h @ p["Uz"] + p["bz"])
            r = sigmoid(xt @ p["Wr"] + h @ p["Ur"] + p["br"])
            hc = np.tanh(xt @ p["Wh"] + (r * h) @ p["Uh"] + p["bh"])
            self.steps.append((h, z, r, hc))
            h = (1 - z) * h + z * hc
            hs[:, t] = h
        if self.return_sequences:
            return hs
        return hs[:, -1]

    def backward(self, dout):
        p = self.params
        N, T, D = self.x.shape
        H = self.hidden_size
        if self.return_sequences:
            dhs = dout
        else:
            dhs = np.zeros((N, T, H))
            dhs[:, -1] = dout
        g = {k: np.zeros_like(v) for k, v in p.items()}
        dx = np.zeros((N, T, D))
        dh_next = np.zeros((N, H))
        for t in reversed(range(T)):
            xt = self.x[:, t]
            h_prev, z, r, hc = self.steps[t]
            dh = dhs[:, t] + dh_next

            dz = dh * (hc - h_prev) * z * (1 - z)
            dhc = dh * z * (1 - hc ** 2)
            drh = dhc @ p["Uh"].T
            dr = drh * h_prev * r * (1 - r)

            g["Wh"] += xt.T @ dhc
            g["Uh"] += (r * h_prev).T @ dhc
            g["bh"] += dhc.sum(axis=0)
            g["Wz"] += xt.T @ dz
            g["Uz"] += h_prev.T @ dz
            g["bz"] += dz.sum(axis=0)
            g["Wr"] += xt.T @ dr
            g["Ur"] += h_prev.T @ dr
            g["br"] += dr.sum(axis=0)

            dx[:, t] = dhc @ p["Wh"].T + dz @ p["Wz"].T + dr @ p["Wr"].T
            dh_next = dh * (1 - z)
            dh_next += dz @ p["Uz"].T + dr @ p["Ur"].T
            dh_next += drh * r
        self.grads = g
        return dx


class Bidirectional:
    """Two copies of a recurrent layer; merge is 'concat', 'sum' or 'ave'."""

    def __init__(self, layer, merge="concat"):
        self.fwd = layer
        self.bwd = copy.deepcopy(layer)
        self.merge = merge
        self.params = {}
        self.grads = {}
        for k in layer.params:
            self.params["f_" + k] = self.fwd.params[k]
            self.params["b_" + k] = self.bwd.params[k]

    def _flip(self, a):
        return a[:, ::-1] if a.ndim == 3 else a

    def forward(self, x):
        for k in self.fwd.params:
            self.fwd.params[k] = self.params["f_" + k]
            self.bwd.params[k] = self.params["b_" + k]
        a = self.fwd.forward(x)
        b = self._flip(self.bwd.forward(x[:, ::-1]))
        if self.merge == "concat":
            return np.concatenate([a, b], axis=-1)
        if self.merge == "ave":
            return (a + b) / 2
        return a + b

    def backward(self, dout):
        if self.merge == "concat":
            H = self.fwd.hidden_size
            da, db = dout[..., :H], dout[..., H:]
        elif self.merge == "ave":
            da = db = dout / 2
        else:
            da = db = dout
        dxf = self.fwd.backward(da)
        dxb = self.bwd.backward(self._flip(db))
        for k in self.fwd.params:
            self.grads["f_" + k] = self.fwd.grads[k]
            self.grads["b_" + k] = self.bwd.grads[k]
        return dxf + dxb[:, ::-1]
