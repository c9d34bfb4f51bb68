"""Every optimizer of both skins against PyTorch's, or against its formula where there is none.

50 steps with random gradients; the errors of the parameters are relative to their largest entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from gradcheck_reference import fish, nnfs

from suites.oracle_torch import relative

STEPS = 50
SHAPES = {"weights": (4, 3), "biases": (1, 3)}
Step = Callable[[list[np.ndarray]], None]
Other = Callable[[list[np.ndarray]], Step]


def like_torch(make: Callable[..., Any], decay: float = 0.0, **options: Any) -> Other:
    """The step of a torch optimizer on arrays; its rate falls as lr / (1 + decay t)."""

    def start(arrays: list[np.ndarray]) -> Step:
        tensors = [torch.from_numpy(a) for a in arrays]  # share the memory
        optimizer = make(tensors, **options)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + decay * t))

        def step(grads: list[np.ndarray]) -> None:
            for t, g in zip(tensors, grads, strict=True):
                t.grad = torch.tensor(g)
            optimizer.step()
            schedule.step()

        return step

    return start


def by_formula(update: Callable[[dict[str, Any], np.ndarray], np.ndarray]) -> Other:
    """``w += update(state, g)`` with a state of its own for each array and a count ``t``."""

    def start(arrays: list[np.ndarray]) -> Step:
        states: list[dict[str, Any]] = [{"t": 0, "m": 0.0, "v": 0.0} for _ in arrays]

        def step(grads: list[np.ndarray]) -> None:
            for w, g, s in zip(arrays, grads, states, strict=True):
                s["t"] += 1
                s["w"] = w
                w += update(s, g)

        return step

    return start


def fish_adam(s: dict[str, Any], g: np.ndarray) -> np.ndarray:
    """Its epsilon stands beside the uncorrected root: PyTorch has no such Adam."""
    s["m"], s["v"] = 0.9 * s["m"] + 0.1 * g, 0.999 * s["v"] + 0.001 * g**2
    rate = 0.01 * np.sqrt(1 - 0.999 ** s["t"]) / (1 - 0.9 ** s["t"])
    return -rate * s["m"] / (np.sqrt(s["v"]) + 1e-7)


def lion(s: dict[str, Any], g: np.ndarray) -> np.ndarray:
    update = -0.01 * (np.sign(0.9 * s["m"] + 0.1 * g) + 0.1 * s["w"])
    s["m"] = 0.99 * s["m"] + 0.01 * g
    return update


def nadam(tensors: list[torch.Tensor], **options: Any) -> Any:
    """PyTorch keeps the momentum product in its default dtype: float32 would cost 1e-10."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        optimizer = torch.optim.NAdam(tensors, **options)
        for t in tensors:
            t.grad = torch.zeros_like(t)
        held = [t.clone() for t in tensors]
        optimizer.step()  # makes the state, in float64; what it did is undone
        for t, h in zip(tensors, held, strict=True):
            t.copy_(h)
            for value in optimizer.state[t].values():
                value.zero_()
            optimizer.state[t]["mu_product"].fill_(1.0)
        return optimizer
    finally:
        torch.set_default_dtype(before)


SGD, OPTIM = torch.optim.SGD, torch.optim

# skin, how to build ours, theirs
ROWS: dict[str, tuple[str, Callable[[], Any], Other]] = {
    "Optimizer_SGD": ("nnfs", lambda: nnfs.Optimizer_SGD(0.3), like_torch(SGD, lr=0.3)),
    "Optimizer_SGD decay": (
        "nnfs",
        lambda: nnfs.Optimizer_SGD(0.3, decay=0.1),
        like_torch(SGD, 0.1, lr=0.3),
    ),
    "Optimizer_SGD momentum": (
        "nnfs",
        lambda: nnfs.Optimizer_SGD(0.1, momentum=0.8),
        like_torch(SGD, lr=0.1, momentum=0.8),
    ),
    "Optimizer_Adagrad": (
        "nnfs",
        lambda: nnfs.Optimizer_Adagrad(0.5, decay=0.05),
        like_torch(OPTIM.Adagrad, lr=0.5, lr_decay=0.05, eps=1e-7),
    ),
    "Optimizer_RMSprop": (
        "nnfs",
        lambda: nnfs.Optimizer_RMSprop(0.01, rho=0.8),
        like_torch(OPTIM.RMSprop, lr=0.01, alpha=0.8, eps=1e-7),
    ),
    "Optimizer_Adam": (
        "nnfs",
        lambda: nnfs.Optimizer_Adam(0.01),
        like_torch(OPTIM.Adam, lr=0.01, eps=1e-7),
    ),
    "Optimizer_Adam decay": (
        "nnfs",
        lambda: nnfs.Optimizer_Adam(0.01, decay=0.02, epsilon=1e-3, beta_1=0.8, beta_2=0.9),
        like_torch(OPTIM.Adam, 0.02, lr=0.01, betas=(0.8, 0.9), eps=1e-3),
    ),
    "Optimizer_AdamW": (
        "nnfs",
        lambda: nnfs.Optimizer_AdamW(0.01, weight_decay=0.1),
        like_torch(OPTIM.AdamW, lr=0.01, weight_decay=0.1),
    ),
    "Optimizer_AMSGrad": (
        "nnfs",
        lambda: nnfs.Optimizer_AMSGrad(0.01),
        like_torch(OPTIM.Adam, lr=0.01, amsgrad=True),
    ),
    "Optimizer_Nadam": ("nnfs", lambda: nnfs.Optimizer_Nadam(0.01), like_torch(nadam, lr=0.01)),
    "Optimizer_Lion": (
        "nnfs",
        lambda: nnfs.Optimizer_Lion(0.01, weight_decay=0.1),
        by_formula(lion),
    ),
    "SGD": ("fish", lambda: fish.SGD(0.1), like_torch(SGD, lr=0.1)),
    "Momentum": (
        "fish",
        lambda: fish.Momentum(0.1, 0.8),
        like_torch(SGD, lr=0.1, momentum=0.8),
    ),
    "Nesterov": (
        "fish",
        lambda: fish.Nesterov(0.1, 0.8),
        like_torch(SGD, lr=0.1, momentum=0.8, nesterov=True),
    ),
    "AdaGrad": ("fish", lambda: fish.AdaGrad(0.1), like_torch(OPTIM.Adagrad, lr=0.1, eps=1e-7)),
    "RMSprop": (
        "fish",
        lambda: fish.RMSprop(0.01),
        like_torch(OPTIM.RMSprop, lr=0.01, alpha=0.99, eps=1e-7),
    ),
    "Adam": ("fish", lambda: fish.Adam(0.01), by_formula(fish_adam)),
}
NAMES = list(ROWS)


class Layer:
    """What an nnfs optimizer sees."""


def stepper(skin: str, optimizer: Any, arrays: dict[str, np.ndarray]) -> Callable[..., None]:
    """``step(gradients by name)`` in one form for both skins; the arrays change in place."""
    if skin == "fish":
        return lambda grads: optimizer.update(arrays, grads)
    layer = Layer()
    vars(layer).update(arrays)

    def step(grads: dict[str, np.ndarray]) -> None:
        vars(layer).update({f"d{name}": g for name, g in grads.items()})
        optimizer.pre_update_params()
        optimizer.update_params(layer)
        optimizer.post_update_params()

    return step


def compare(name: str) -> Iterator[tuple[str, float]]:
    """The relative error of every parameter after every step.

    Raises
    ------
    AssertionError
        The optimizer edited a gradient.
    """
    skin, make, other = ROWS[name]
    rng = np.random.default_rng(0)
    ours = {n: rng.normal(size=shape) for n, shape in SHAPES.items()}
    theirs = {n: a.copy() for n, a in ours.items()}
    step, other_step = stepper(skin, make(), ours), other(list(theirs.values()))
    for t in range(STEPS):
        grads = {n: rng.normal(size=shape) for n, shape in SHAPES.items()}
        before = {n: g.copy() for n, g in grads.items()}
        step(grads)
        other_step(list(before.values()))
        for n in SHAPES:
            if not np.array_equal(grads[n], before[n]):
                raise AssertionError(f"{name} edited the gradient of {n}")
            yield f"{n}, step {t}", relative(ours[n], theirs[n])
