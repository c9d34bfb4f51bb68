"""Every legal way to write the optimizers of the books, one step at a time for one array.

Each formula is ``(w, g, state, t, hyper) -> w``: `state` starts as an empty dict, `t` counts from 1,
`hyper` holds lr, mu, rho, b1, b2, eps, wd.  Textbooks differ in where the learning rate and the
epsilon stand; every published variant is written out here, so that a difference from all of them
is a difference from the method and not from one author's taste.

Sources: NNFS chapter 10; fish book chapter 6.1; Sutskever et al. 2013 (momentum, Nesterov); Duchi et
al. 2011 (AdaGrad); Hinton 2012 (RMSprop); Kingma and Ba 2014 (Adam, AdaMax); Dozat 2016 (Nadam);
Reddi et al. 2018 (AMSGrad); Loshchilov and Hutter 2019 (AdamW); Chen et al. 2023 (Lion); Zeiler 2012
(Adadelta).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.types import Array

State = dict[str, Array]
Hyper = dict[str, float]
Formula = Callable[[Array, Array, State, int, Hyper], Array]


def held(state: State, name: str, like: Array) -> Array:
    """A state array, zeros at first."""
    return state.get(name, np.zeros_like(like))


def sgd(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr g"""
    return w - h["lr"] * g


def momentum(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = mu v - lr g; w + v"""
    state["v"] = h["mu"] * held(state, "v", w) - h["lr"] * g
    return w + state["v"]


def momentum_outside(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = mu v + g; w - lr v"""
    state["v"] = h["mu"] * held(state, "v", w) + g
    return w - h["lr"] * state["v"]


def momentum_damped(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = mu v + (1 - mu) g; w - lr v"""
    state["v"] = h["mu"] * held(state, "v", w) + (1 - h["mu"]) * g
    return w - h["lr"] * state["v"]


def momentum_first_plain(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = g at the first step, then v = mu v + (1 - mu) g; w - lr v"""
    state["v"] = g if t == 1 else h["mu"] * state["v"] + (1 - h["mu"]) * g
    return w - h["lr"] * state["v"]


def momentum_corrected(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = mu v + (1 - mu) g; w - lr v / (1 - mu^t)"""
    state["v"] = h["mu"] * held(state, "v", w) + (1 - h["mu"]) * g
    return w - h["lr"] * state["v"] / (1 - h["mu"] ** t)


def nesterov(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = mu v - lr g; w + mu v - lr g (the same as w - mu v_old + (1 + mu) v)"""
    state["v"] = h["mu"] * held(state, "v", w) - h["lr"] * g
    return w + h["mu"] * state["v"] - h["lr"] * g


def nesterov_delayed(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w + mu^2 v - (1 + mu) lr g with the old v; then v = mu v - lr g (the fish book's code)"""
    v = held(state, "v", w)
    state["v"] = h["mu"] * v - h["lr"] * g
    return w + h["mu"] * h["mu"] * v - (1 + h["mu"]) * h["lr"] * g


def nesterov_outside(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = mu v + g; w - lr (g + mu v)"""
    state["v"] = h["mu"] * held(state, "v", w) + g
    return w - h["lr"] * (g + h["mu"] * state["v"])


def nesterov_damped(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """v = mu v + (1 - mu) g; w - lr (mu v + (1 - mu) g)"""
    state["v"] = h["mu"] * held(state, "v", w) + (1 - h["mu"]) * g
    return w - h["lr"] * (h["mu"] * state["v"] + (1 - h["mu"]) * g)


def adagrad(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """s += g^2; w - lr g / (sqrt(s) + eps)"""
    state["s"] = held(state, "s", w) + g * g
    return w - h["lr"] * g / (np.sqrt(state["s"]) + h["eps"])


def adagrad_inside(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """s += g^2; w - lr g / sqrt(s + eps)"""
    state["s"] = held(state, "s", w) + g * g
    return w - h["lr"] * g / np.sqrt(state["s"] + h["eps"])


def rmsprop(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """s = rho s + (1 - rho) g^2; w - lr g / (sqrt(s) + eps)"""
    state["s"] = h["rho"] * held(state, "s", w) + (1 - h["rho"]) * g * g
    return w - h["lr"] * g / (np.sqrt(state["s"]) + h["eps"])


def rmsprop_inside(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """s = rho s + (1 - rho) g^2; w - lr g / sqrt(s + eps)"""
    state["s"] = h["rho"] * held(state, "s", w) + (1 - h["rho"]) * g * g
    return w - h["lr"] * g / np.sqrt(state["s"] + h["eps"])


def rmsprop_corrected(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """s = rho s + (1 - rho) g^2; w - lr g / (sqrt(s / (1 - rho^t)) + eps)"""
    state["s"] = h["rho"] * held(state, "s", w) + (1 - h["rho"]) * g * g
    return w - h["lr"] * g / (np.sqrt(state["s"] / (1 - h["rho"] ** t)) + h["eps"])


def rmsprop_first_plain(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """s = g^2 at the first step, then as RMSprop"""
    state["s"] = g * g if t == 1 else h["rho"] * state["s"] + (1 - h["rho"]) * g * g
    return w - h["lr"] * g / (np.sqrt(state["s"]) + h["eps"])


def rmsprop_momentum(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """RMSprop's step through a velocity: v = mu v + g / (sqrt(s) + eps); w - lr v"""
    state["s"] = h["rho"] * held(state, "s", w) + (1 - h["rho"]) * g * g
    state["v"] = h["mu"] * held(state, "v", w) + g / (np.sqrt(state["s"]) + h["eps"])
    return w - h["lr"] * state["v"]


def moments(w: Array, g: Array, state: State, h: Hyper) -> tuple[Array, Array]:
    """Adam's running means of g and g^2."""
    state["m"] = h["b1"] * held(state, "m", w) + (1 - h["b1"]) * g
    state["v"] = h["b2"] * held(state, "v", w) + (1 - h["b2"]) * g * g
    return state["m"], state["v"]


def adam(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr mhat / (sqrt(vhat) + eps)"""
    m, v = moments(w, g, state, h)
    return w - h["lr"] * m / (1 - h["b1"] ** t) / (np.sqrt(v / (1 - h["b2"] ** t)) + h["eps"])


def adam_outside(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps): eps beside the uncorrected root"""
    m, v = moments(w, g, state, h)
    rate = np.asarray(h["lr"] * (1 - h["b2"] ** t) ** 0.5 / (1 - h["b1"] ** t))
    return np.asarray(w - rate * m / (np.sqrt(v) + h["eps"]))


def adam_inside(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr mhat / sqrt(vhat + eps)"""
    m, v = moments(w, g, state, h)
    return w - h["lr"] * m / (1 - h["b1"] ** t) / np.sqrt(v / (1 - h["b2"] ** t) + h["eps"])


def adam_plain(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr m / (sqrt(v) + eps), without bias correction: no legal Adam"""
    m, v = moments(w, g, state, h)
    return w - h["lr"] * m / (np.sqrt(v) + h["eps"])


def amsgrad(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """Adam with the largest v so far, corrected afterwards"""
    m, v = moments(w, g, state, h)
    state["top"] = np.maximum(held(state, "top", w), v)
    return w - h["lr"] * m / (1 - h["b1"] ** t) / (
        np.sqrt(state["top"] / (1 - h["b2"] ** t)) + h["eps"]
    )


def amsgrad_hat(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """Adam with the largest corrected v so far"""
    m, v = moments(w, g, state, h)
    state["top"] = np.maximum(held(state, "top", w), v / (1 - h["b2"] ** t))
    return w - h["lr"] * m / (1 - h["b1"] ** t) / (np.sqrt(state["top"]) + h["eps"])


def amsgrad_plain(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """The paper's AMSGrad, without bias correction"""
    m, v = moments(w, g, state, h)
    state["top"] = np.maximum(held(state, "top", w), v)
    return w - h["lr"] * m / (np.sqrt(state["top"]) + h["eps"])


def nadam(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr (b1 mhat + (1 - b1) g / (1 - b1^t)) / (sqrt(vhat) + eps)"""
    m, v = moments(w, g, state, h)
    ahead = h["b1"] * m / (1 - h["b1"] ** t) + (1 - h["b1"]) * g / (1 - h["b1"] ** t)
    return w - h["lr"] * ahead / (np.sqrt(v / (1 - h["b2"] ** t)) + h["eps"])


def nadam_next(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr (b1 m / (1 - b1^(t+1)) + (1 - b1) g / (1 - b1^t)) / (sqrt(vhat) + eps)"""
    m, v = moments(w, g, state, h)
    ahead = h["b1"] * m / (1 - h["b1"] ** (t + 1)) + (1 - h["b1"]) * g / (1 - h["b1"] ** t)
    return w - h["lr"] * ahead / (np.sqrt(v / (1 - h["b2"] ** t)) + h["eps"])


def nadam_scheduled(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """Nadam with the paper's schedule mu_t = b1 (1 - 0.5 0.96^(0.004 t))"""
    m, v = moments(w, g, state, h)
    now, following = (h["b1"] * (1 - 0.5 * 0.96 ** (0.004 * k)) for k in (t, t + 1))
    product = held(state, "product", np.ones(())) if t > 1 else np.ones(())
    state["product"] = np.asarray(product * now)
    ahead = following * m / (1 - state["product"] * following) + (1 - now) * g / (
        1 - state["product"]
    )
    return np.asarray(w - h["lr"] * ahead / (np.sqrt(v / (1 - h["b2"] ** t)) + h["eps"]))


def adamax(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """u = max(b2 u, |g|); w - lr / (1 - b1^t) m / (u + eps)"""
    state["m"] = h["b1"] * held(state, "m", w) + (1 - h["b1"]) * g
    state["u"] = np.maximum(h["b2"] * held(state, "u", w), np.abs(g))
    rate: float = h["lr"] / (1 - h["b1"] ** t)
    return np.asarray(w - rate * state["m"] / (state["u"] + h["eps"]))


def adadelta(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """The step is sqrt(d + eps) / sqrt(s + eps) g"""
    state["s"] = h["rho"] * held(state, "s", w) + (1 - h["rho"]) * g * g
    step = np.sqrt(held(state, "d", w) + h["eps"]) / np.sqrt(state["s"] + h["eps"]) * g
    state["d"] = h["rho"] * held(state, "d", w) + (1 - h["rho"]) * step * step
    return w - h["lr"] * step


def lion(w: Array, g: Array, state: State, t: int, h: Hyper) -> Array:
    """w - lr sign(b1 m + (1 - b1) g); m = b2 m + (1 - b2) g"""
    m = held(state, "m", w)
    state["m"] = h["b2"] * m + (1 - h["b2"]) * g
    return w - h["lr"] * np.sign(h["b1"] * m + (1 - h["b1"]) * g)


#: Role -> its legal formulas, the most usual first.
LEGAL: dict[str, tuple[Formula, ...]] = {
    "sgd": (sgd,),
    "momentum": (
        momentum,
        momentum_outside,
        momentum_damped,
        momentum_first_plain,
        momentum_corrected,
    ),
    "nesterov": (nesterov, nesterov_delayed, nesterov_outside, nesterov_damped),
    "adagrad": (adagrad, adagrad_inside),
    "rmsprop": (rmsprop, rmsprop_inside, rmsprop_corrected, rmsprop_first_plain, rmsprop_momentum),
    "amsgrad": (amsgrad, amsgrad_hat, amsgrad_plain),
    "nadam": (nadam, nadam_next, nadam_scheduled),
    "adamax": (adamax,),
    "adam": (adam, adam_outside, adam_inside),
    "adadelta": (adadelta,),
    "lion": (lion,),
}

#: The formulas with the epsilon inside the root although the method's source has it outside.
INSIDE = frozenset((adagrad_inside, rmsprop_inside, adam_inside))

#: What is left of the legal formulas of AMSGrad without the maximum.
WITHOUT_MAXIMUM = (*LEGAL["adam"], adam_plain)
