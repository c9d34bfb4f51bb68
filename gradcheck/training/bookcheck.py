"""The fish book's own gradient_check (chapter 5.7.3), and what it cannot see.

It compares backpropagation with central differences of step 1e-4 and prints the mean absolute
difference of each parameter, on three images of MNIST.  The book's loss is ``-log(y + 1e-7)``
while its backward is that of ``-log(y)``: the 1e-7 shows as a difference that no step removes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.numdiff import numerical_gradient
from gradcheck.training.networks import reference
from gradcheck.types import Array

EPSILON_BUG = "fish-cross-entropy-epsilon-forward-only"
STEP = 1e-4
#: What the book calls agreement, with a loss that its backward belongs to.
AGREE = 1e-9
STEPS = (1e-3, 1e-4, 1e-5)


@dataclass(frozen=True)
class BookCheck:
    """Mean absolute differences by parameter, and those of b2 for several steps."""

    differences: dict[str, float]
    by_step: dict[float, float]

    @property
    def shrinks(self) -> bool:
        """Whether b2's difference falls with the step as the method's own error h^2 does."""
        coarse, fine = self.by_step[STEPS[0]], self.by_step[STEPS[1]]
        return fine < coarse / 10


def book_gradient_check(
    X: Array, t: Array, *, epsilon: bool, seed: int = 0, entries: int | None = None
) -> BookCheck:
    """Run the book's check on a 784-50-10 network.

    Parameters
    ----------
    X : (N, 784)
        Images in [0, 1]; the book takes three.
    t : (N,)
        Labels.
    epsilon
        Use the bug catalogue's loss with 1e-7 in the forward only, in place of the stable one.
    entries
        Measure only so many randomly chosen entries of each parameter; all when None.
    """
    net = reference("fish").TwoLayerNet(X.shape[1], 50, 10, rng=seed)
    if epsilon:
        net.lastLayer = epsilon_loss()
    X = np.asarray(X, np.float64)
    exact = net.gradient(X, t)
    rng = np.random.default_rng(seed)
    differences = {
        name: _mean_difference(net, X, t, name, exact[name], rng, entries, STEP) for name in exact
    }
    by_step = {h: _mean_difference(net, X, t, "b2", exact["b2"], rng, None, h) for h in STEPS}
    return BookCheck(differences, by_step)


def epsilon_loss() -> Any:
    """A loss layer from the catalogue: log(y + 1e-7) forward, the gradient of log(y) backward."""
    namespace: dict[str, Any] = {"__name__": "bug"}
    bug = reference("bugs").get(EPSILON_BUG)
    exec(compile(bug.source(), f"<{bug.id}>", "exec"), namespace)
    return namespace[bug.target]()


def _mean_difference(
    net: Any,
    X: Array,
    t: Array,
    name: str,
    exact: Array,
    rng: np.random.Generator,
    entries: int | None,
    h: float,
) -> float:
    live = net.params[name]
    if entries is None or entries >= live.size:
        measured = numerical_gradient(lambda _: net.loss(X, t), live, h)
        return float(np.abs(measured - exact).mean())
    chosen = rng.choice(live.size, entries, replace=False)
    start = live.ravel()[chosen].copy()

    def loss_at(values: Array) -> float:
        live.ravel()[chosen] = values  # a view: the parameters are contiguous
        return float(net.loss(X, t))

    measured = numerical_gradient(loss_at, start.copy(), h)
    live.ravel()[chosen] = start
    return float(np.abs(measured - exact.ravel()[chosen]).mean())


def text(stable: BookCheck, book: BookCheck) -> str:
    """Both runs as a table, and the sentence on what the book's check cannot see."""
    from tabulate import tabulate

    rows = [
        [name, f"{stable.differences[name]:.1e}", f"{book.differences[name]:.1e}"]
        for name in stable.differences
    ]
    head = ["mean |backprop - numerical|", "stable loss", "log(y + 1e-7)"]
    steps = ", ".join(f"{value:.1e} at h = {h:g}" for h, value in book.by_step.items())
    shown = "shrinks" if book.shrinks else "does not shrink"
    note = (
        f"note: with log(y + 1e-7), b2's difference {shown} with the step\n({steps}):\n"
        "the loss has the 1e-7 and the backward has not. A single step cannot show that."
    )
    return f"{tabulate(rows, head, disable_numparse=True)}\n{note}"


def command(folder: str | None, seed: int) -> int:
    """``gradcheck train --book-check``: both runs on three images; 0 if the stable one agrees."""
    data = reference("data")
    images, labels = data.load_raw("mnist", "train", folder=folder)
    X = data.scale_images(images[:3], scaling="unit", dtype="float64")
    print("fish book chapter 5.7.3: gradient_check on MNIST, 784-50-10, batch of 3")
    stable = book_gradient_check(X, labels[:3], epsilon=False, seed=seed)
    print(text(stable, book_gradient_check(X, labels[:3], epsilon=True, seed=seed)))
    return 0 if max(stable.differences.values()) < AGREE else 1
