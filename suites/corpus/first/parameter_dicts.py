"""Cells and sequences with their parameters in a dict, samples in columns; local derivatives."""

import numpy as np


def squash(z):
    return 1.0 / (1.0 + np.exp(-z))


def plain_cell_forward(xt, a_prev, parameters):
    Wax, Waa, ba = parameters["Wax"], parameters["Waa"], parameters["ba"]
    a_next = np.tanh(Wax @ xt + Waa @ a_prev + ba)
    yt = parameters["Wya"] @ a_next + parameters["by"]
    return a_next, yt, (a_next, a_prev, xt, parameters)


def plain_cell_backward(da_next, cache):
    a_next, a_prev, xt, parameters = cache
    inner = (1 - a_next**2) * da_next
    return {
        "dxt": parameters["Wax"].T @ inner,
        "da_prev": parameters["Waa"].T @ inner,
        "dWax": inner @ xt.T,
        "dWaa": inner @ a_prev.T,
        "dba": inner.sum(axis=1, keepdims=True),
    }


def loose_cell_forward(xt, a_prev, parameters):
    return plain_cell_forward(xt, a_prev, parameters)


def loose_cell_backward(da_next, cache):
    gradients = plain_cell_backward(da_next, cache)
    a_next, a_prev, _, _ = cache
    gradients["dWaa"] = da_next @ a_prev.T
    return gradients


def chain_forward(x, a0, parameters):
    caches, a, a_next = [], np.zeros((*a0.shape, x.shape[2])), a0
    for t in range(x.shape[2]):
        a_next, _, cache = plain_cell_forward(x[:, :, t], a_next, parameters)
        a[:, :, t] = a_next
        caches.append(cache)
    return a, (caches, x)


def chain_backward(da, caches):
    steps, x = caches
    dx, carried = np.zeros_like(x), 0.0
    total = {"dWax": 0.0, "dWaa": 0.0, "dba": 0.0}
    for t in reversed(range(x.shape[2])):
        found = plain_cell_backward(da[:, :, t] + carried, steps[t])
        dx[:, :, t], carried = found["dxt"], found["da_prev"]
        total = {k: v + found[k] for k, v in total.items()}
    return {"dx": dx, "da0": carried, **total}


def cut_chain_forward(x, a0, parameters):
    return chain_forward(x, a0, parameters)


def cut_chain_backward(da, caches):
    steps, x = caches
    dx = np.zeros_like(x)
    total = {"dWax": 0.0, "dWaa": 0.0, "dba": 0.0}
    for t in reversed(range(x.shape[2])):
        found = plain_cell_backward(da[:, :, t], steps[t])
        dx[:, :, t], carried = found["dxt"], found["da_prev"]
        total = {k: v + found[k] for k, v in total.items()}
    return {"dx": dx, "da0": carried, **total}


def gate_cell_forward(xt, a_prev, c_prev, parameters):
    both = np.concatenate((a_prev, xt), axis=0)
    f = squash(parameters["Wf"] @ both + parameters["bf"])
    i = squash(parameters["Wi"] @ both + parameters["bi"])
    o = squash(parameters["Wo"] @ both + parameters["bo"])
    g = np.tanh(parameters["Wc"] @ both + parameters["bc"])
    c_next = f * c_prev + i * g
    a_next = o * np.tanh(c_next)
    return a_next, c_next, (both, c_prev, c_next, f, i, o, g, parameters)


def gate_cell_backward(da_next, dc_next, cache):
    both, c_prev, c_next, f, i, o, g, parameters = cache
    size = c_prev.shape[0]
    dc = dc_next + da_next * o * (1 - np.tanh(c_next) ** 2)
    inner = {
        "f": dc * c_prev * f * (1 - f),
        "i": dc * g * i * (1 - i),
        "o": da_next * np.tanh(c_next) * o * (1 - o),
        "c": dc * i * (1 - g**2),
    }
    grads = {"dW" + k: v @ both.T for k, v in inner.items()}
    grads |= {"db" + k: v.sum(axis=1, keepdims=True) for k, v in inner.items()}
    dboth = sum(parameters["W" + k].T @ v for k, v in inner.items())
    return {"dxt": dboth[size:], "da_prev": dboth[:size], "dc_prev": dc * f, **grads}


def blind_cell_forward(xt, a_prev, c_prev, parameters):
    return gate_cell_forward(xt, a_prev, c_prev, parameters)


def blind_cell_backward(da_next, dc_next, cache):
    found = gate_cell_backward(da_next, dc_next, cache)
    return {**found, "dc_prev": dc_next * cache[3]}


def product_forward(x, y):
    return x * y, (x, y)


def product_backward(cache):
    x, y = cache
    return y, x


def quotient_forward(x, y):
    return x / (1 + y * y), (x, y)


def quotient_backward(cache):
    x, y = cache
    below = 1 + y * y
    return 1 / below, -x / below**2
