"""A mini framework: Parameter, Module and the layers of a feed-forward block."""
import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = np.array(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)


class Module:
    def __init__(self):
        self.training = True

    def parameters(self):
        found = []
        for value in self.__dict__.values():
            if isinstance(value, Parameter):
                found.append(value)
            elif isinstance(value, Module):
                found.extend(value.parameters())
        return found

    def train(self):
        self.training = True

    def eval(self):
        self.training = False

    def __call__(self, x):
        return self.forward(x)


class Linear(Module):
    """y = x W + b for inputs of shape (..., n_in)."""

    def __init__(self, n_in, n_out):
        super().__init__()
        limit = np.sqrt(6.0 / (n_in + n_out))
        self.weight = Parameter(np.random.uniform(-limit, limit, (n_in, n_out)))
        self.bias = Parameter(np.zeros(n_out))

    def forward(self, x):
        self.x = x
        return x @ self.weight.data + self.bias.data

    def backward(self, grad):
        rows = self.x.reshape(-1, self.x.shape[-1])
        flat = grad.reshape(-1, grad.shape[-1])
        self.weight.grad = rows.T @ flat
        self.bias.grad = flat.sum(axis=0)
        return grad @ self.weight.data.T


class Embedding(Module):
    """Rows of a table, multiplied by sqrt(dim) if scale is set."""

    def __init__(self, vocab_size, dim, scale=True):
        super().__init__()
        self.weight = Parameter(np.random.randn(vocab_size, dim))
        self.factor = np.sqrt(dim) if scale else 1.0

    def forward(self, idx):
        self.idx = np.array(idx)
        return self.weight.data[self.idx] * self.factor

    def backward(self, grad):
        dw = np.zeros_like(self.weight.data)
        np.add.at(dw, self.idx, grad * self.factor)
        self.weight.grad = dw
        return None


class GELU(Module):
    """The tanh form."""

    def forward(self, x):
        self.x = x
        self.t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3))
        return 0.5 * x * (1 + self.t)

    def backward(self, grad):
        x = self.x
        inner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x ** 2)
        return grad * (0.5 * (1 + self.t) + 0.5 * x * (1 - self.t ** 2) * inner)


class Softplus(Module):
    def __init__(self, beta=1.0):
        super().__init__()
        self.beta = beta

    def forward(self, x):
        self.x = x
        return np.logaddexp(0, self.beta * x) / self.beta

    def backward(self, grad):
        return grad * 0.5 * (1 + np.tanh(0.5 * self.beta * self.x))


class PReLU(Module):
    """One learned slope per feature, inputs of shape (n, features)."""

    def __init__(self, features, init=0.25):
        super().__init__()
        self.alpha = Parameter(np.full(features, init))

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha.data * x)

    def backward(self, grad):
        self.alpha.grad = np.sum(grad * np.where(self.x > 0, 0, self.x), axis=0)
        return grad * np.where(self.x > 0, 1, self.alpha.data)


class SwiGLU(Module):
    """silu(x W) * (x V)."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.W = Parameter(np.random.randn(n_in, n_out) / np.sqrt(n_in))
        self.V = Parameter(np.random.randn(n_in, n_out) / np.sqrt(n_in))

    def forward(self, x):
        self.x = x
        self.a = x @ self.W.data
        self.v = x @ self.V.data
        self.sig = 0.5 * (1 + np.tanh(0.5 * self.a))
        return self.a * self.sig * self.v

    def backward(self, grad):
        dsilu = self.sig + self.a * self.sig * (1 - self.sig)
        da = grad * self.v * dsilu
        dv = grad * self.a * self.sig
        self.W.grad = self.x.T @ da
        self.V.grad = self.x.T @ dv
        return da @ self.W.data.T + dv @ self.V.data.T


class Dropout(Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p
        self.mask = None

    def forward(self, x):
        if not self.training or self.p == 0:
            self.mask = None
            return x
        keep = np.random.rand(*x.shape) >= self.p
        self.mask = keep / (1 - self.p)
        return x * self.mask

    def backward(self, grad):
        return grad if self.mask is None else grad * self.mask
