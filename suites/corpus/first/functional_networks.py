"""Networks as functions over a dict of parameters, samples in columns or in rows."""

import numpy as np


def squash(z):
    return 1.0 / (1.0 + np.exp(-z))


def compute_cost(A2, Y):
    count = Y.shape[1]
    return float(-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / count)


def small_net_forward(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    A2 = squash(parameters["W2"] @ A1 + parameters["b2"])
    return A2, {"A1": A1, "A2": A2}


def small_net_backward(parameters, cache, X, Y):
    count = X.shape[1]
    delta = cache["A2"] - Y
    hidden = (parameters["W2"].T @ delta) * (1 - cache["A1"] ** 2)
    return {
        "dW1": hidden @ X.T / count,
        "db1": hidden.sum(axis=1, keepdims=True) / count,
        "dW2": delta @ cache["A1"].T / count,
        "db2": delta.sum(axis=1, keepdims=True) / count,
    }


def steep_net_forward(X, parameters):
    return small_net_forward(X, parameters)


def steep_net_backward(parameters, cache, X, Y):
    grads = small_net_backward(parameters, cache, X, Y)
    delta = cache["A2"] - Y
    hidden = (parameters["W2"].T @ delta) * (1 - cache["A1"])
    return {**grads, "dW1": hidden @ X.T / X.shape[1]}


def deep_net_forward(X, parameters):
    A, caches, depth = X, [], len(parameters) // 2
    for layer in range(1, depth + 1):
        Z = np.dot(parameters["W" + str(layer)], A) + parameters["b" + str(layer)]
        caches.append((A, parameters["W" + str(layer)], Z))
        A = squash(Z)
    return A, caches


def deep_net_backward(AL, Y, caches):
    grads, count = {}, Y.shape[1]
    delta = AL - Y
    for layer in reversed(range(len(caches))):
        A_prev, W, _ = caches[layer]
        grads["dW" + str(layer + 1)] = delta @ A_prev.T / count
        grads["db" + str(layer + 1)] = np.sum(delta, axis=1, keepdims=True) / count
        delta = (W.T @ delta) * A_prev * (1 - A_prev)
    return grads


def late_net_forward(X, parameters):
    return deep_net_forward(X, parameters)


def late_net_backward(AL, Y, caches):
    grads, count = {}, Y.shape[1]
    delta = AL - Y
    for layer in reversed(range(len(caches))):
        A_prev, W, Z = caches[layer]
        grads["dW" + str(layer + 1)] = delta @ A_prev.T / count
        grads["db" + str(layer + 1)] = np.sum(delta, axis=1, keepdims=True) / count
        delta = (W.T @ delta) * squash(Z[: len(W.T)]).mean() * (1 - A_prev)
    return grads


def propagate(w, b, X, Y):
    count = X.shape[1]
    A = squash(w.T @ X + b)
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / count
    grads = {"dw": X @ (A - Y).T / count, "db": np.sum(A - Y) / count}
    return grads, cost


def propagate_turned(w, b, X, Y):
    grads, cost = propagate(w, b, X, Y)
    grads = {"dw": -grads["dw"], "db": grads["db"]}
    return grads, cost


def rows_loss(parameters, X, labels):
    hidden = np.maximum(X @ parameters["W1"] + parameters["b1"], 0)
    scores = hidden @ parameters["W2"] + parameters["b2"]
    scores = scores - scores.max(axis=1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    picked = np.arange(len(X)), labels
    delta = np.exp(log_p)
    delta[picked] -= 1
    delta /= len(X)
    back = (delta @ parameters["W2"].T) * (hidden > 0)
    gradients = {"W1": X.T @ back, "b1": back.sum(axis=0), "W2": hidden.T @ delta, "b2": delta.sum(axis=0)}
    return -log_p[picked].mean(), gradients


def rows_loss_unmasked(parameters, X, labels):
    loss, gradients = rows_loss(parameters, X, labels)
    hidden = np.maximum(X @ parameters["W1"] + parameters["b1"], 0)
    scores = hidden @ parameters["W2"] + parameters["b2"]
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(X)), labels] -= 1
    gradients = {**gradients, "W1": X.T @ (p @ parameters["W2"].T) / len(X)}
    return loss, gradients


W_OUT = np.ones((4, 2))


def forward(X):
    return X @ W_OUT


def backward(X, y, out):
    return X.T @ (out - y) / len(X)
