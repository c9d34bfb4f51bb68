"""Losses that do not call themselves so, and relatives of known methods and functions."""

import numpy as np


class SoftMargin:
    """right: a loss by what it does; its second argument is the target"""

    def forward(self, out, sign):
        self.out, self.sign = out.copy(), sign
        return np.mean(np.logaddexp(0, -sign * out))

    def backward(self, dout=1.0):
        slope = -self.sign * 0.5 * (1 - np.tanh(0.5 * self.sign * self.out))
        return dout * slope / self.out.size


class SoftMarginSummed(SoftMargin):
    """wrong: gradient"""

    def backward(self, dout=1.0):
        return super().backward(dout) * self.out.size


class RAdam:
    """right: the first steps are not divided by the second moment (Liu et al. 2020)"""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t, self.m, self.v = 0, {}, {}

    def update(self, params, grads):
        self.t += 1
        longest = 2 / (1 - self.beta2) - 1
        power = self.beta2**self.t
        length = longest - 2 * self.t * power / (1 - power)
        for k in params:
            self.m[k] = self.beta1 * self.m.get(k, 0.0) + (1 - self.beta1) * grads[k]
            self.v[k] = self.beta2 * self.v.get(k, 0.0) + (1 - self.beta2) * grads[k] ** 2
            step = self.m[k] / (1 - self.beta1**self.t)
            if length > 5:
                over = (length - 4) * (length - 2) * longest
                under = (longest - 4) * (longest - 2) * length
                step = step * np.sqrt(over / under * (1 - power)) / (np.sqrt(self.v[k]) + self.eps)
            params[k] -= self.lr * step


class RMSpropCentered:
    """right: about the mean of the gradient"""

    def __init__(self, lr=0.01, alpha=0.99, eps=1e-8, centered=True):
        self.lr, self.alpha, self.eps, self.centered = lr, alpha, eps, centered
        self.s, self.a = {}, {}

    def update(self, params, grads):
        for k in params:
            self.s[k] = self.alpha * self.s.get(k, 0.0) + (1 - self.alpha) * grads[k] ** 2
            self.a[k] = self.alpha * self.a.get(k, 0.0) + (1 - self.alpha) * grads[k]
            var = self.s[k] - self.a[k] ** 2 if self.centered else self.s[k]
            params[k] -= self.lr * grads[k] / (np.sqrt(np.maximum(var, 0)) + self.eps)


class SGDOptional:
    """right: off by default, and nothing without momentum"""

    def __init__(self, lr=0.01, momentum=0.0, nesterov=False):
        self.lr, self.momentum, self.nesterov, self.v = lr, momentum, nesterov, {}

    def update(self, params, grads):
        for k in params:
            self.v[k] = self.momentum * self.v.get(k, 0.0) + grads[k]
            params[k] -= self.lr * self.step(grads[k], self.v[k])

    def step(self, g, v):
        return g + self.momentum * v if self.nesterov else v


class SGDExchanged(SGDOptional):
    """wrong: optimizer_steps"""

    def step(self, g, v):
        return v + self.momentum * g if self.nesterov else v


class OptimizerAdam:
    """wrong: optimizer_steps: the name holds that of a relative (RAdam), which it is not"""

    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.t, self.m, self.v = 0, {}, {}

    def update(self, params, grads):
        self.t += 1
        for k, g in grads.items():
            self.m[k] = self.beta1 * self.m.get(k, 0.0) + (1 - self.beta1) * g
            self.v[k] = self.beta2 * self.v.get(k, 0.0) + (1 - self.beta2) * g
            step = self.m[k] / (1 - self.beta1**self.t)
            size = np.sqrt(np.abs(self.v[k]) / (1 - self.beta2**self.t)) + self.eps
            params[k] -= self.lr * step / size


class SGDGroups:
    """right: its decay stands in a group"""

    sign = 1

    def __init__(self, lr=0.01, weight_decay=0.1):
        self.groups = [{"lr": lr, "weight_decay": weight_decay}]

    def update(self, params, grads):
        group = self.groups[0]
        for k, g in grads.items():
            decay = self.sign * group["weight_decay"] * params[k]
            params[k] -= group["lr"] * (g + decay)


class SGDGroupsGrowing(SGDGroups):
    """wrong: zero_gradient_rests: the decay of its group makes the weights larger"""

    sign = -1
