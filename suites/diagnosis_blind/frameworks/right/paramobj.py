"""Parameters are objects with .value and .grad; an optimizer is given a list of them and has step() and zero_grad()."""
import numpy as np


class Parameter:
    def __init__(self, value, name=""):
        self.value = np.array(value, dtype=float)
        self.grad = np.zeros_like(self.value)
        self.name = name

    @property
    def shape(self):
        return self.value.shape


class L1L2:
    """l1 sum |w| + l2 sum w^2"""

    def __init__(self, l1=0.0, l2=0.0):
        self.l1 = l1
        self.l2 = l2

    def __call__(self, w):
        return self.l1 * np.sum(np.abs(w)) + self.l2 * np.sum(w ** 2)

    def grad(self, w):
        return self.l1 * np.sign(w) + 2.0 * self.l2 * w


def glorot_uniform(shape, rng):
    limit = np.sqrt(6.0 / (shape[0] + shape[1]))
    return rng.uniform(-limit, limit, size=shape)


def he_normal(shape, rng):
    return rng.normal(0.0, np.sqrt(2.0 / shape[0]), size=shape)


class Dense:
    """x W + b; the penalty of W, l1 sum |w| + l2 sum w^2, is part of the loss (regularization_loss)."""

    def __init__(self, n_in, n_out, l1=0.0, l2=0.0, init=glorot_uniform, seed=0):
        rng = np.random.default_rng(seed)
        self.W = Parameter(init((n_in, n_out), rng), "W")
        self.b = Parameter(np.zeros(n_out), "b")
        self.regularizer = L1L2(l1, l2)

    def parameters(self):
        return [self.W, self.b]

    def regularization_loss(self):
        return self.regularizer(self.W.value)

    def forward(self, x):
        self.x = x
        return x @ self.W.value + self.b.value

    def backward(self, dout):
        self.W.grad[...] = self.x.T @ dout + self.regularizer.grad(self.W.value)
        self.b.grad[...] = dout.sum(axis=0)
        return dout @ self.W.value.T


class Optimizer:
    def __init__(self, parameters, lr):
        self.parameters = list(parameters)
        self.lr = lr

    def zero_grad(self):
        for p in self.parameters:
            p.grad.fill(0.0)

    def step(self):
        raise NotImplementedError


class SGD(Optimizer):
    """With momentum, and clipping of the norm of all gradients together."""

    def __init__(self, parameters, lr=0.01, momentum=0.0, clip_norm=None):
        super().__init__(parameters, lr)
        self.momentum = momentum
        self.clip_norm = clip_norm
        self.velocity = {}

    def clip_factor(self):
        if self.clip_norm is None:
            return 1.0
        norm = np.sqrt(sum(np.sum(p.grad ** 2) for p in self.parameters))
        return self.clip_norm / norm if norm > self.clip_norm else 1.0

    def step(self):
        factor = self.clip_factor()
        for p in self.parameters:
            key = id(p)
            v = self.velocity.get(key, 0.0)
            v = self.momentum * v + factor * p.grad
            self.velocity[key] = v
            p.value -= self.lr * v


class Rprop(Optimizer):
    """The sign of the gradient with a step size for each entry; no step after a change of sign."""

    def __init__(self, parameters, lr=0.01, up=1.2, down=0.5, min_step=1e-6, max_step=50.0):
        super().__init__(parameters, lr)
        self.up, self.down = up, down
        self.min_step, self.max_step = min_step, max_step
        self.prev = [np.zeros_like(p.value) for p in self.parameters]
        self.size = [np.full_like(p.value, lr) for p in self.parameters]

    def step(self):
        for i, p in enumerate(self.parameters):
            same = np.sign(p.grad * self.prev[i])
            factor = np.where(same > 0, self.up, np.where(same < 0, self.down, 1.0))
            self.size[i] = np.clip(self.size[i] * factor, self.min_step, self.max_step)
            p.value -= np.where(same < 0, 0.0, np.sign(p.grad) * self.size[i])
            self.prev[i] = p.grad.copy()
            self.prev[i][same < 0] = 0.0
