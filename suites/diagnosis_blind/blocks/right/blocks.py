"""Feed-forward blocks of modern networks. forward(x) returns, backward(dout) returns dx and fills layer.grads."""
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


class Linear:
    def __init__(self, n_in, n_out, bias=True, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {'W': rng.standard_normal((n_in, n_out)) / np.sqrt(n_in)}
        if bias:
            self.params['b'] = np.zeros(n_out)
        self.grads = {}

    def forward(self, x):
        self.x = x
        out = x @ self.params['W']
        if 'b' in self.params:
            out = out + self.params['b']
        return out

    def backward(self, dout):
        x2 = self.x.reshape(-1, self.x.shape[-1])
        d2 = dout.reshape(-1, dout.shape[-1])
        self.grads['W'] = x2.T @ d2
        if 'b' in self.params:
            self.grads['b'] = d2.sum(axis=0)
        return dout @ self.params['W'].T


class Sigmoid:
    def forward(self, x):
        self.out = sigmoid(x)
        return self.out

    def backward(self, dout):
        return dout * self.out * (1 - self.out)


class GELU:
    """The tanh form: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""

    def forward(self, x):
        self.x = x
        self.t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3))
        return 0.5 * x * (1 + self.t)

    def backward(self, dout):
        x, t = self.x, self.t
        du = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x ** 2)
        return dout * (0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * du)


class SwiGLU:
    """silu(x W) * (x V), then a projection back."""

    def __init__(self, d_model, d_hidden, seed=0):
        self.gate = Linear(d_model, d_hidden, bias=False, seed=seed)
        self.up = Linear(d_model, d_hidden, bias=False, seed=seed + 1)
        self.down = Linear(d_hidden, d_model, bias=False, seed=seed + 2)
        self.layers = [self.gate, self.up, self.down]

    def forward(self, x):
        self.a = self.gate.forward(x)
        self.b = self.up.forward(x)
        return self.down.forward(self.a * sigmoid(self.a) * self.b)

    def backward(self, dout):
        dh = self.down.backward(dout)
        s = sigmoid(self.a)
        da = dh * self.b * s * (1 + self.a * (1 - s))
        db = dh * self.a * s
        return self.gate.backward(da) + self.up.backward(db)


class Dropout:
    """Inverted dropout."""

    def __init__(self, rate=0.1):
        self.rate = rate
        self.mask = None

    def forward(self, x, training=True):
        if not training or self.rate == 0:
            self.mask = None
            return x.copy()
        keep = 1 - self.rate
        self.mask = (np.random.random(x.shape) < keep) / keep
        return x * self.mask

    def backward(self, dout):
        if self.mask is None:
            return dout.copy()
        return dout * self.mask


class FeedForward:
    """Residual block: x + dropout(W2 gelu(W1 x))."""

    def __init__(self, d_model, d_hidden, rate=0.0, seed=0):
        self.fc1 = Linear(d_model, d_hidden, seed=seed)
        self.act = GELU()
        self.fc2 = Linear(d_hidden, d_model, seed=seed + 1)
        self.drop = Dropout(rate)
        self.layers = [self.fc1, self.fc2]

    def forward(self, x, training=True):
        h = self.act.forward(self.fc1.forward(x))
        h = self.fc2.forward(h)
        return x + self.drop.forward(h, training)

    def backward(self, dout):
        dh = self.fc2.backward(self.drop.backward(dout))
        dx = self.fc1.backward(self.act.backward(dh))
        return dout + dx


class Highway:
    """t * tanh(x Wh + bh) + (1 - t) * x with t = sigmoid(x Wt + bt)."""

    def __init__(self, size, seed=0):
        self.plain = Linear(size, size, seed=seed)
        self.transform = Linear(size, size, seed=seed + 1)
        self.transform.params['b'] -= 1.0
        self.sig = Sigmoid()
        self.layers = [self.plain, self.transform]

    def forward(self, x):
        self.x = x
        self.h = np.tanh(self.plain.forward(x))
        self.t = self.sig.forward(self.transform.forward(x))
        return self.t * self.h + (1 - self.t) * x

    def backward(self, dout):
        dh = dout * self.t * (1 - self.h ** 2)
        dt = self.sig.backward(dout * (self.h - self.x))
        dx = dout * (1 - self.t)
        return dx + self.plain.backward(dh) + self.transform.backward(dt)
