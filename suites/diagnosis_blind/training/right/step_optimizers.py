"""Optimizers over a list of Parameter objects (.data and .grad), with step() and zero_grad()."""
import math

import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = np.array(data)
        self.grad = np.zeros_like(self.data)


class Optimizer:
    def __init__(self, params, lr):
        self.params = list(params)
        self.lr = lr
        self.state = [{} for _ in self.params]

    def zero_grad(self):
        for p in self.params:
            p.grad = np.zeros_like(p.data)


class SGD(Optimizer):
    """buf <- momentum buf + g (the first time: g); Nesterov steps along g + momentum buf."""

    def __init__(self, params, lr=0.01, momentum=0.0, weight_decay=0.0, nesterov=False):
        super().__init__(params, lr)
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.nesterov = nesterov

    def step(self):
        for p, state in zip(self.params, self.state):
            g = p.grad
            if self.weight_decay:
                g = g + self.weight_decay * p.data
            if self.momentum:
                if 'buf' not in state:
                    state['buf'] = g.copy()
                else:
                    state['buf'] *= self.momentum
                    state['buf'] += g
                g = g + self.momentum * state['buf'] if self.nesterov else state['buf']
            p.data -= self.lr * g


class Adam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr)
        self.beta1, self.beta2 = betas
        self.eps = eps
        self.t = 0

    def moments(self, p, state):
        """Advance the averages of one parameter; returns both, corrected for their start."""
        m = state.setdefault('m', np.zeros_like(p.data))
        v = state.setdefault('v', np.zeros_like(p.data))
        m += (1 - self.beta1) * (p.grad - m)
        v += (1 - self.beta2) * (p.grad ** 2 - v)
        return m / (1 - self.beta1 ** self.t), v / (1 - self.beta2 ** self.t)

    def step(self):
        self.t += 1
        for p, state in zip(self.params, self.state):
            m_hat, v_hat = self.moments(p, state)
            p.data -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    """Adam, with a decay of the weights that does not pass through the moments."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr, betas, eps)
        self.weight_decay = weight_decay

    def step(self):
        for p in self.params:
            p.data *= 1 - self.lr * self.weight_decay
        super().step()


class RAdam(Adam):
    """Rectified Adam: without the second moment while its variance has no finite value."""

    def step(self):
        self.t += 1
        rho_inf = 2 / (1 - self.beta2) - 1
        power = self.beta2 ** self.t
        rho = rho_inf - 2 * self.t * power / (1 - power)
        for p, state in zip(self.params, self.state):
            m_hat, v_hat = self.moments(p, state)
            if rho > 5:
                r = math.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
                p.data -= self.lr * r * m_hat / (np.sqrt(v_hat) + self.eps)
            else:
                p.data -= self.lr * m_hat


class Lion(Optimizer):
    """Step along the sign of a mixture of momentum and gradient."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, lr)
        self.beta1, self.beta2 = betas
        self.weight_decay = weight_decay

    def step(self):
        for p, state in zip(self.params, self.state):
            m = state.get('m', np.zeros_like(p.data))
            direction = np.sign(self.beta1 * m + (1 - self.beta1) * p.grad)
            p.data -= self.lr * (direction + self.weight_decay * p.data)
            state['m'] = self.beta2 * m + (1 - self.beta2) * p.grad


class Rprop(Optimizer):
    """A step size for every weight; after a change of sign this weight rests once."""

    def __init__(self, params, lr=0.01, etas=(0.5, 1.2), step_sizes=(1e-6, 50.0)):
        super().__init__(params, lr)
        self.eta_minus, self.eta_plus = etas
        self.step_min, self.step_max = step_sizes

    def step(self):
        for p, state in zip(self.params, self.state):
            prev = state.get('prev', np.zeros_like(p.data))
            size = state.get('size', np.full_like(p.data, self.lr))
            same = p.grad * prev
            size = np.where(same > 0, size * self.eta_plus, np.where(same < 0, size * self.eta_minus, size))
            size = np.clip(size, self.step_min, self.step_max)
            g = np.where(same < 0, 0.0, p.grad)
            p.data -= np.sign(g) * size
            state['size'] = size
            state['prev'] = g


class WarmupExponential:
    """Sets the lr of an optimizer: a linear climb over `warmup` steps, then lr * gamma^(steps since)."""

    def __init__(self, optimizer, warmup=5, gamma=0.95):
        self.optimizer = optimizer
        self.base_lr = optimizer.lr
        self.warmup = warmup
        self.gamma = gamma
        self.count = 0

    def factor(self):
        if self.count < self.warmup:
            return (self.count + 1) / self.warmup
        return self.gamma ** (self.count - self.warmup)

    def step(self):
        self.optimizer.lr = self.base_lr * self.factor()
        self.count += 1
        return self.optimizer.lr
