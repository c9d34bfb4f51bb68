"""Deep network, step by step: examples stand in columns, (features, m). With the usual helpers for checking."""
import numpy as np


def sigmoid(Z):
    e = np.exp(-np.abs(Z))
    A = np.where(Z >= 0, 1 / (1 + e), e / (1 + e))
    return A, Z


def relu(Z):
    return np.maximum(0, Z), Z


def sigmoid_backward(dA, cache):
    s, _ = sigmoid(cache)
    return dA * s * (1 - s)


def relu_backward(dA, cache):
    Z = cache
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def linear_forward(A_prev, W, b):
    """A_prev: (n_prev, m), W: (n, n_prev), b: (n, 1)."""
    Z = np.dot(W, A_prev) + b
    return Z, (A_prev, W, b)


def linear_backward(dZ, cache):
    """The cost is a mean, so dW and db are averaged over the m examples, and dA_prev is not."""
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = np.dot(dZ, A_prev.T) / m
    db = np.sum(dZ, axis=1, keepdims=True) / m
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def bce_cost(AL, Y, eps=1e-7):
    """Binary cross entropy of AL and Y, both (1, m): cost and its gradient for AL."""
    m = Y.shape[1]
    Y = Y.astype(float)
    P = np.clip(AL, eps, 1 - eps)
    cost = -np.sum(Y * np.log(P) + (1 - Y) * np.log(1 - P)) / m
    inside = (AL >= eps) & (AL <= 1 - eps)
    dAL = np.where(inside, (1 - Y) / (1 - P) - Y / P, 0.0) / m
    return cost, dAL


def softmax_cost(Z, labels):
    """Z: (C, m) scores, labels: (m,) class numbers or (C, m) one-hot: cost and dZ."""
    C, m = Z.shape
    if labels.ndim == 2:
        labels = labels.argmax(axis=0)
    S = Z - Z.max(axis=0, keepdims=True)
    logP = S - np.log(np.exp(S).sum(axis=0, keepdims=True))
    cost = -logP[labels, np.arange(m)].mean()
    dZ = (np.exp(logP) - one_hot(labels, C)) / m
    return cost, dZ


def mse_cost(pred, target):
    """Half of the squared error, mean over the examples (columns)."""
    m = pred.shape[1]
    diff = pred - target
    return 0.5 * np.sum(diff ** 2) / m, diff / m


def one_hot(labels, C):
    """(C, m) matrix of zeros and ones."""
    out = np.zeros((C, len(labels)))
    out[labels, np.arange(len(labels))] = 1
    return out


def accuracy(pred, labels):
    """Share of equal class numbers; pred and labels may be (m,), (m, 1) or (1, m)."""
    return np.mean(np.ravel(pred) == np.ravel(labels))


def update_parameters(parameters, grads, learning_rate):
    """A new dict; W1, b1, ... and dW1, db1, ..."""
    new = {k: v.copy() for k, v in parameters.items()}
    for k in new:
        new[k] -= learning_rate * grads['d' + k]
    return new


def eval_numerical_gradient(f, x, h=1e-5):
    """Central differences of a function of one array; x (floats) is changed in the meantime and put back."""
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'])
    while not it.finished:
        ix = it.multi_index
        old = x[ix]
        x[ix] = old + h
        fp = f(x)
        x[ix] = old - h
        fm = f(x)
        x[ix] = old
        grad[ix] = (fp - fm) / (2 * h)
        it.iternext()
    return grad


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """Gradient of sum(f(x) * df) for a function with an array result."""
    grad = np.zeros(x.shape)
    for ix in np.ndindex(*x.shape):
        xp, xm = x.copy(), x.copy()
        xp[ix] += h
        xm[ix] -= h
        grad[ix] = np.sum((f(xp) - f(xm)) * df) / (2 * h)
    return grad
