import numpy as np


class Layer:
    """All layers follow this interface."""

    def forward(self, x):
        raise NotImplementedError

    def backward(self, delta):
        raise NotImplementedError


class Linear(Layer):
    def __init__(self, n_in, n_out, rng=None):
        rng = rng or np.random.default_rng(0)
        self.W = rng.normal(0.0, 1.0 / np.sqrt(n_in), (n_in, n_out))
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, delta):
        self.dW = self.x.T @ delta
        self.db = delta.sum(axis=0)
        return delta @ self.W.T


class Tanh(Layer):
    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, delta):
        return delta * (1.0 - self.out**2)


class ScaledTanh(Layer):
    def __init__(self, a=1.7159, b=2.0 / 3.0):
        self.a = a
        self.b = b

    def forward(self, x):
        self.out = self.a * np.tanh(self.b * x)
        return self.out

    def backward(self, delta):
        return delta * self.a * self.b * (1.0 - np.tanh(self.b * self.out) ** 2)


class Swish(Layer):
    def __init__(self, beta=1.0):
        self.beta = beta

    def forward(self, x):
        self.x = x
        self.s = 0.5 * (1.0 + np.tanh(0.5 * self.beta * x))
        return x * self.s

    def backward(self, delta):
        return delta * (self.s + self.beta * self.x * self.s * (1.0 - self.s))


class Softsign(Layer):
    def forward(self, x):
        self.denominator = 1.0 + np.abs(x)
        return x / self.denominator

    def backward(self, delta):
        return delta / self.denominator**2


class RMSNorm(Layer):
    def __init__(self, dim, eps=1e-6):
        self.g = np.ones(dim)
        self.eps = eps

    def forward(self, x):
        self.rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + self.eps)
        self.n = x / self.rms
        return self.g * self.n

    def backward(self, delta):
        self.dg = (delta * self.n).sum(axis=0)
        return delta * self.g / self.rms


class Flatten(Layer):
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(x.shape[0], -1)

    def backward(self, delta):
        return delta.reshape(self.shape)


class Bottleneck(Layer):
    """in -> hidden -> in, no skip."""

    def __init__(self, dim, hidden):
        self.down = Linear(dim, hidden)
        self.act = Tanh()
        self.up = Linear(hidden, dim)

    def forward(self, x):
        return self.up.forward(self.act.forward(self.down.forward(x)))

    def backward(self, delta):
        return self.down.backward(self.act.backward(self.up.backward(delta)))


class ResidualBlock(Layer):
    def __init__(self, dim, hidden):
        self.down = Linear(dim, hidden)
        self.act = Tanh()
        self.up = Linear(hidden, dim)

    def forward(self, x):
        return x + self.up.forward(self.act.forward(self.down.forward(x)))

    def backward(self, delta):
        dx = delta
        dx = self.down.backward(self.act.backward(self.up.backward(delta)))
        return dx
