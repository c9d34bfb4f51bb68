"""One optimizer object per weight array: update(w, grad_wrt_w) returns the new array.

The running averages are made at the first call, when the shape is known.
"""
import numpy as np


class StepDecaySGD:
    """Gradient descent whose learning rate falls by `drop` after every `every` updates."""

    def __init__(self, learning_rate=0.01, drop=0.5, every=3):
        self.learning_rate = learning_rate
        self.drop = drop
        self.every = every
        self.n_updates = 0

    def update(self, w, grad_wrt_w):
        lr = self.learning_rate * self.drop ** (self.n_updates // self.every)
        self.n_updates += 1
        return w - lr * grad_wrt_w


class StochasticGradientDescent:
    """Momentum as a moving average of the gradient."""

    def __init__(self, learning_rate=0.01, momentum=0.0):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.w_updt = None

    def update(self, w, grad_wrt_w):
        if self.w_updt is None:
            self.w_updt = np.zeros(np.shape(w))
        self.w_updt *= self.momentum
        self.w_updt += (1 - self.momentum) * grad_wrt_w
        return w - self.learning_rate * self.w_updt


class Adadelta:
    """Step = RMS(last steps) / RMS(gradients) times the gradient."""

    def __init__(self, rho=0.95, eps=1e-6):
        self.rho = rho
        self.eps = eps
        self.E_grad = None
        self.E_step = None

    def update(self, w, grad_wrt_w):
        if self.E_grad is None:
            self.E_grad = np.zeros_like(w)
            self.E_step = np.zeros_like(w)
        self.E_grad = self.rho * self.E_grad + (1 - self.rho) * grad_wrt_w ** 2
        rms_step = np.sqrt(self.E_step + self.eps)
        rms_grad = np.sqrt(self.E_grad + self.eps)
        step = rms_step / rms_grad * grad_wrt_w
        self.E_step = self.rho * self.E_step + (1 - self.rho) * step ** 2
        return w - step


class Adamax:
    def __init__(self, learning_rate=0.002, b1=0.9, b2=0.999, eps=1e-8):
        self.learning_rate = learning_rate
        self.b1 = b1
        self.b2 = b2
        self.eps = eps
        self.t = 0
        self.m = None
        self.u = None

    def update(self, w, grad_wrt_w):
        if self.m is None:
            self.m = np.zeros_like(w)
            self.u = np.zeros_like(w)
        self.t += 1
        self.m = self.b1 * self.m + (1 - self.b1) * grad_wrt_w
        self.u = np.maximum(self.b2 * self.u, np.abs(grad_wrt_w))
        m_hat = self.m / (1 - self.b1 ** self.t)
        return w - self.learning_rate * m_hat / (self.u + self.eps)


class Nadam:
    def __init__(self, learning_rate=0.002, b1=0.9, b2=0.999, eps=1e-8):
        self.learning_rate = learning_rate
        self.b1 = b1
        self.b2 = b2
        self.eps = eps
        self.t = 0
        self.m = None
        self.v = None

    def update(self, w, grad_wrt_w):
        if self.m is None:
            self.m = np.zeros_like(w)
            self.v = np.zeros_like(w)
        self.t += 1
        self.m *= self.b1
        self.m += (1 - self.b1) * grad_wrt_w
        self.v *= self.b2
        self.v += (1 - self.b2) * grad_wrt_w ** 2
        correction1 = 1 - self.b1 ** self.t
        m_hat = (self.b1 * self.m + (1 - self.b1) * grad_wrt_w) / correction1
        v_hat = self.v / (1 - self.b2 ** self.t)
        return w - self.learning_rate * m_hat / (np.sqrt(v_hat) + self.eps)


class LAMB:
    """Adam's direction plus weight decay, scaled to the norm of the weights."""

    def __init__(self, learning_rate=0.001, b1=0.9, b2=0.999, eps=1e-6, weight_decay=0.0):
        self.learning_rate = learning_rate
        self.b1 = b1
        self.b2 = b2
        self.eps = eps
        self.weight_decay = weight_decay
        self.t = 0
        self.m = None
        self.v = None

    def update(self, w, grad_wrt_w):
        if self.m is None:
            self.m = np.zeros_like(w)
            self.v = np.zeros_like(w)
        self.t += 1
        self.m = self.b1 * self.m + (1 - self.b1) * grad_wrt_w
        self.v = self.b2 * self.v + (1 - self.b2) * np.square(grad_wrt_w)
        m_hat = self.m / (1 - self.b1 ** self.t)
        v_hat = self.v / (1 - self.b2 ** self.t)
        u = m_hat / (np.sqrt(v_hat) + self.eps) + self.weight_decay * w
        w_norm = np.linalg.norm(w)
        u_norm = np.linalg.norm(u)
        trust = w_norm / u_norm if w_norm > 0 and u_norm > 0 else 1.0
        return w - self.learning_rate * trust * u


def clip_gradients(grads, max_norm):
    """Scale a list of gradients so that their common norm is at most max_norm; returns (clipped, norm)."""
    norm = float(np.sqrt(sum(np.sum(np.square(g, dtype=np.float64)) for g in grads)))
    scale = max_norm / norm if norm > max_norm else 1.0
    clipped = [g * scale for g in grads]
    return clipped, norm
