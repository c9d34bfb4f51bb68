"""Several inputs of unlike shapes, losses without labels, decays by other names."""

import numpy as np


class ChannelScale:
    """right: x (N, C, H, W), s (N, C)"""

    def forward(self, x, s):
        self.x, self.s = x.copy(), s.copy()
        return x * s[:, :, None, None]

    def backward(self, dout):
        return dout * self.s[:, :, None, None], np.sum(dout * self.x, axis=(2, 3))


class ChannelScaleOfOnes(ChannelScale):
    """wrong: gradient"""

    def backward(self, dout):
        return dout * self.s[:, :, None, None], np.sum(dout, axis=(2, 3))


class RowScale:
    """right: x (N, D), s (N,)"""

    def forward(self, x, s):
        self.x, self.s = x.copy(), s.copy()
        return x * s[:, None]

    def backward(self, dout):
        return dout * self.s[:, None], np.sum(dout * self.x, axis=1)


def row_scale(x, s):
    """right: x (n, d), s (n,)"""
    return x * s[:, None]


def row_scale_vjp(g, x, s):
    return g * s[:, None], np.sum(g * x, axis=1)


def half_distance(a1, a2):
    """right: its gradient takes what it takes"""
    return 0.5 * np.sum((a1 - a2) ** 2)


def half_distance_grad(a1, a2):
    return a1 - a2, a2 - a1


class Reconstruction:
    """right: a loss of its data, which returns the gradients of its parameters by name"""

    def __init__(self, d=6):
        self.params = {"W": np.random.default_rng(1).normal(size=(d, 2)) * 0.4}

    def forward(self, x):
        self.x, self.h = x.copy(), np.tanh(x @ self.params["W"])
        self.r = self.h @ self.params["W"].T - x
        return 0.5 * np.sum(self.r**2)

    def backward(self):
        back = self.r @ self.params["W"] * (1 - self.h**2)
        return {"W": self.r.T @ self.h + self.x.T @ back}


class ReconstructionHalf(Reconstruction):
    """wrong: gradient"""

    def backward(self):
        return {"W": self.x.T @ (self.r @ self.params["W"] * (1 - self.h**2))}


class AdamW:
    """right: its decay is called lam"""

    def __init__(self, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, lam=1e-2):
        self.lr, self.b1, self.b2, self.eps, self.lam = lr, b1, b2, eps, lam
        self.t, self.m, self.v = 0, {}, {}

    def update(self, params, grads):
        self.t += 1
        for k, g in grads.items():
            self.m[k] = self.b1 * self.m.get(k, 0) + (1 - self.b1) * g
            self.v[k] = self.b2 * self.v.get(k, 0) + (1 - self.b2) * g * g
            step = self.m[k] / (1 - self.b1**self.t)
            step = step / (np.sqrt(self.v[k] / (1 - self.b2**self.t)) + self.eps)
            params[k] -= self.lr * (step + self.lam * params[k])


class TwoHeads:
    """right: one upstream gradient for each output"""

    def __init__(self, n_in, n_a, n_b):
        self.Wa, self.Wb = np.random.randn(n_in, n_a), np.random.randn(n_in, n_b)

    def forward(self, x):
        self.x = x.copy()
        return x @ self.Wa, x @ self.Wb

    def backward(self, da, db):
        self.dWa, self.dWb = self.x.T @ da, self.x.T @ db
        return da @ self.Wa.T + db @ self.Wb.T


def mixture(w, X):
    """right: one weight a row of the data, and the weights come first"""
    return w @ X


def mixture_vjp(g, w, X):
    return X @ g, np.outer(w, g)


def mixture_halved(w, X):
    """wrong: gradient"""
    return w @ X


def mixture_halved_vjp(g, w, X):
    return 0.5 * (X @ g), np.outer(w, g)


class SGDDecay:
    """right: a decay that is off"""

    def __init__(self, lr=0.1, weight_decay=0.0):
        self.lr, self.weight_decay = lr, weight_decay

    def update(self, params, grads):
        for k, g in grads.items():
            params[k] -= self.lr * (g + self.weight_decay * params[k])


class AdamWLambda(SGDDecay):
    """right: its own decay beside that of its base, which is off"""

    def __init__(self, lr=0.1, lam=1e-2):
        super().__init__(lr)
        self.lam = lam

    def update(self, params, grads):
        for p in params.values():
            p *= 1 - self.lr * self.lam
        super().update(params, grads)


def logistic_nll(w, X, y):
    """right: w (d,), X (n, d), y (n,) in {0, 1}, and a gradient of the same arguments"""
    z = X @ w
    return np.mean(np.logaddexp(0, z) - y * z)


def logistic_nll_grad(w, X, y):
    return X.T @ (0.5 * (1 + np.tanh(0.5 * (X @ w))) - y) / len(y)


def squared_errors(theta, X, y):
    """wrong: model_gradient: the bias is the last number"""
    return 0.5 * np.mean((X @ theta[:-1] + theta[-1] - y) ** 2)


def squared_errors_grad(theta, X, y):
    r = X @ theta[:-1] + theta[-1] - y
    return np.append(X.T @ r / len(y), r.sum())


class Fitness:
    """right: hs (N, T, H) beside h (N, H); two inputs of one shape would run, too"""

    def forward(self, hs, h):
        self.hs, self.h = hs.copy(), h.copy()
        return np.sum(hs * h[:, None, :], axis=2)

    def backward(self, ds):
        return ds[:, :, None] * self.h[:, None, :], np.sum(ds[:, :, None] * self.hs, axis=1)


def hinge_of_signs(scores, y):
    """right: binary, y (N,) of -1 and +1"""
    gap = 1.0 - y * scores
    return np.mean(np.maximum(0.0, gap)), np.where(gap > 0, -1.0 * y, 0.0) / len(y)
