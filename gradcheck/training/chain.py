"""A network as a list of links, the reference's or a user's, and how one is put together."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.conventions.recognise import Planned
from gradcheck.run import plan
from gradcheck.targets import Loaded
from gradcheck.training import parts as p
from gradcheck.training.nnfs import nnfs_optimizer
from gradcheck.training.presets import Setup
from gradcheck.types import Array, Primals

#: A run from weights that differ by rounding alone starts this share away.
MOVED = 2.0**-50


@dataclass
class Chain:
    """A network as a list of links, its loss and its optimizer, in float64."""

    links: list[Any]
    loss: Any
    optimizer: Any
    losses: list[float] = field(default_factory=list)

    @property
    def dense(self) -> list[Any]:
        return [link for link in self.links if link.parameters()]

    def parameters(self) -> list[Primals]:
        return [{k: np.array(v) for k, v in link.parameters().items()} for link in self.dense]

    def put(self, values: Sequence[Primals]) -> None:
        for link, one in zip(self.dense, values, strict=True):
            link.put(one)

    def scores(self, X: Array) -> Array:
        for link in self.links:
            X = link.forward(X)
        return X

    def step(self, X: Array, y: Array) -> None:
        output = self.scores(X)
        self.losses.append(self.loss.value(output, y))
        g, gradients = self.loss.gradient(output, y), []
        for link in reversed(self.links):
            g, own = link.backward(g)
            if own:
                gradients.append({k: np.array(v) for k, v in own.items()})
        self.put(self.optimizer.step(self.parameters(), gradients[::-1]))


def chains(setup: Setup, loaded: Loaded, sizes: tuple[int, int]) -> tuple[Chain, Chain, list[str]]:
    """The user's chain, the reference's, and what had to be said about them.

    Raises
    ------
    ValueError
        The file holds nothing that can take a part of the network.
    """
    first: dict[str, Planned] = {}
    for planned in plan(loaded):
        first.setdefault(p.role(planned, setup), planned)
    first.pop("", None)
    notes: list[str] = []
    loss = _user_loss(loaded, first.get("loss"), notes)
    fused = loss is not None and loss.fused
    widths = [sizes[0], *setup.hidden, sizes[1]]
    reference = p.reference_parts(setup, widths, fused=fused)
    mine = _user_links(loaded, first, p.reference_parts(setup, widths, fused=fused), notes)
    count = len(widths) - 1
    optimizer, setup = _user_optimizer(loaded, first.get("optimizer"), setup, count, notes)
    ours = p.ReferenceOptimizer(nnfs_optimizer(setup), count)
    theirs = optimizer or p.ReferenceOptimizer(nnfs_optimizer(setup), count)
    user = Chain(mine, loss or p.reference_loss(setup, fused=fused), theirs)
    if not any(link.mine for link in (*user.links, user.loss, user.optimizer)):
        raise ValueError(
            f"{loaded.path.name} holds no dense layer, ReLU, softmax, loss or {setup.optimizer} "
            "optimizer that could be built" + "".join(f"; {note}" for note in notes)
        )
    other = Chain(list(reference), p.reference_loss(setup, fused=fused), ours)
    user.put(other.parameters())
    return user, other, notes


def _user_links(
    loaded: Loaded, first: dict[str, Planned], links: list[Any], notes: list[str]
) -> list[Any]:
    """The reference's links with the user's in the place of each that was found."""
    dense = first.get("dense")
    shapes = [link.parameters()["weights"].shape for link in links if link.parameters()]
    ops = [p.dense_op(loaded, dense, *shape) for shape in shapes] if dense else []
    if dense and None in ops:
        notes.append(f"{dense.name} could not be built with sizes {shapes[ops.index(None)]}")
        ops = []
    # Whether weights stand as (n_out, n_in) shows in the first layer that is not square.
    transposed = any(
        op is not None and (n_out, n_in) in [v.shape for v in op.parameters(op.make()).values()]
        for op, (n_in, n_out) in zip(ops, shapes, strict=False)
        if n_in != n_out
    )
    built = iter([p.UserPart(op, transposed) for op in ops if op is not None])
    result: list[Any] = []
    for link in links:
        if link.parameters():
            result.append(next(built) if ops else link)
            continue
        found = first.get("relu" if "ReLU" in link.name else "softmax")
        op = next(p.ops_of(loaded, found, iter((f"{found.name}()", None))), None) if found else None
        result.append(p.UserPart(op) if op is not None else link)
    return result


def _user_loss(loaded: Loaded, found: Planned | None, notes: list[str]) -> p.UserLoss | None:
    if found is None:
        return None
    op = next(p.ops_of(loaded, found, iter((f"{found.name}()", None))), None)
    if op is None:
        notes.append(f"{found.name} could not be built")
        return None
    if op.reading:
        notes.append(f"{found.name}: {op.reading}")
    return p.UserLoss(op)


def _user_optimizer(
    loaded: Loaded, found: Planned | None, setup: Setup, count: int, notes: list[str]
) -> tuple[p.UserOptimizer | None, Setup]:
    if found is None:
        return None, setup
    call, left = p.optimizer_call(loaded, found, setup)
    op = next(p.ops_of(loaded, found, iter((call,))), None)
    if op is None:
        notes.append(f"{call} could not be built")
        return None, setup
    if left:
        notes.append(f"{found.name} has no {', '.join(left)}: left out on both sides")
    return p.UserOptimizer(op, count), setup.replace(options=p.without(setup.options, left))


def reference_again(setup: Setup, reference: Chain) -> Chain:
    """The reference once more, from weights that differ in their last bits."""
    sizes = [link.parameters()["weights"].shape for link in reference.dense]
    widths, fused = [sizes[0][0], *(n for _, n in sizes)], reference.loss.fused
    optimizer = copy.deepcopy(reference.optimizer)
    links: list[Any] = list(p.reference_parts(setup, widths, fused=fused))
    again = Chain(links, p.reference_loss(setup, fused=fused), optimizer)
    rng = np.random.default_rng(0)
    again.put(
        [
            {k: v * (1 + MOVED * rng.choice([-1, 1], v.shape)) for k, v in one.items()}
            for one in reference.parameters()
        ]
    )
    return again
