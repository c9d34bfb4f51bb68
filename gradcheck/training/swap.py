"""Your layers in the book's network, beside the reference: where the two runs part, and why."""

from __future__ import annotations

import argparse
import contextlib
import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck import targets
from gradcheck.conventions.recognise import Planned
from gradcheck.guard import pristine_numpy
from gradcheck.run import Options, check, plan
from gradcheck.targets import Loaded
from gradcheck.training import parts as p
from gradcheck.training.networks import Data
from gradcheck.training.networks import reference as reference_module
from gradcheck.training.nnfs import nnfs_optimizer
from gradcheck.training.presets import Setup
from gradcheck.training.run import load_data, sizes_of
from gradcheck.types import Array, Primals, Subject

#: Two links differ where their results are apart by more than this share of the norm. In float64
#: right code is some 1e-15 apart; an epsilon inside a logarithm makes 1e-7.
APART = 1e-9
#: Training itself makes small differences grow. A third run, the reference from weights moved by
#: rounding alone, shows how far; yours has parted where it is this much farther away.
FACTOR = 1000.0
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


@dataclass(frozen=True)
class Parting:
    """Where two runs part: the step, the parameter, how far, and the link that differs."""

    step: int
    parameter: str
    apart: float
    link: str
    what: str


@dataclass(frozen=True)
class Comparison:
    """Two runs from the same weights and batches."""

    mine: Chain
    reference: Chain
    used: dict[str, str]
    notes: tuple[str, ...]
    parting: Parting | None
    error: str
    accuracy: tuple[float | None, float | None]
    subjects: tuple[Subject, ...]


# ---- building both sides -------------------------------------------------------------------------


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


# ---- training both -------------------------------------------------------------------------------


def compare_runs(setup: Setup, loaded: Loaded, data: Data, *, judge: bool = True) -> Comparison:
    """Train both from the same weights on the same batches; find where and why they part.

    With `judge` the checker gives its verdict on every class that was used.
    """
    mine, reference, notes = chains(setup, loaded, sizes_of(data))
    shadow = reference_again(setup, reference)
    parting, error, grown = None, "", 0.0
    with reference_module("nnfs.loop").interrupts() as pressed:
        for number, (X, y) in enumerate(batches(setup, data), 1):
            before = reference.parameters()
            try:
                with np.errstate(all="ignore"):
                    mine.step(X, y)
            except Exception as problem:  # the user's code, whatever it raises
                error = f"step {number} raises {type(problem).__name__}: {problem}"
                break
            reference.step(X, y)
            if parting is None:
                shadow.step(X, y)
                grown = max(grown, *distances(shadow, reference).values())
                limit = max(APART, FACTOR * grown)
                parting = find_parting(number, limit, mine, reference, before, X, y)
            if pressed.is_set():
                break
    used = {link.name: type(link).__name__ for link in (*mine.links, mine.loss, mine.optimizer)
            if link.mine}  # fmt: skip
    subjects = tuple(check(loaded, name, Options()) for name in used if judge)
    accuracy = (_accuracy(mine, data, setup), _accuracy(reference, data, setup))
    return Comparison(mine, reference, used, tuple(notes), parting, error, accuracy, subjects)


def batches(setup: Setup, data: Data) -> Iterator[tuple[Array, Array]]:
    """The batches of the whole run in float64."""
    size = setup.batch or len(data.X_train)
    starts = range(0, len(data.X_train), size)
    epochs = itertools.repeat(starts, setup.epochs)
    for start in itertools.islice(itertools.chain.from_iterable(epochs), setup.steps):
        X = data.X_train[start : start + size].astype(np.float64)
        yield X, data.y_train[start : start + size]


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


def distances(a: Chain, b: Chain) -> dict[str, float]:
    """How far each parameter of one chain is from the other's, as a share of its norm."""
    pairs = enumerate(zip(a.parameters(), b.parameters(), strict=True))
    return {f"layer {i} {name}": _apart(x[name], y[name]) for i, (x, y) in pairs for name in y}


def find_parting(
    step: int,
    limit: float,
    mine: Chain,
    reference: Chain,
    before: list[Primals],
    X: Array,
    y: Array,
) -> Parting | None:
    """Whether some parameter is apart after this step, and the first link that differs."""
    apart = distances(mine, reference)
    worst = max(apart, key=lambda k: apart[k])
    if apart[worst] <= limit:
        return None
    link, what = blame(mine, reference, before, X, y)
    return Parting(step, worst, apart[worst], link, what)


def blame(
    mine: Chain, reference: Chain, before: list[Primals], X: Array, y: Array
) -> tuple[str, str]:
    """The first link that, given the reference's numbers, gives other numbers."""
    after = mine.parameters(), reference.parameters()
    mine.put(before)
    reference.put(before)
    try:
        return _first_difference(mine, reference, X, y)
    finally:
        mine.put(after[0])
        reference.put(after[1])


def _first_difference(mine: Chain, reference: Chain, X: Array, y: Array) -> tuple[str, str]:
    value = X
    for a, b in zip(mine.links, reference.links, strict=True):
        out = b.forward(value)
        if a.mine and _apart(a.forward(np.array(value)), out) > APART:
            return a.name, "forward"
        value = out
    loss, theirs = mine.loss.value(np.array(value), y), reference.loss.value(value, y)
    if mine.loss.mine and _apart(np.array(loss), np.array(theirs)) > APART:
        return mine.loss.name, f"loss {loss:.6g} in place of {theirs:.6g}"
    g = reference.loss.gradient(value, y)
    if mine.loss.mine and _apart(mine.loss.gradient(np.array(value), y), g) > APART:
        return mine.loss.name, "backward"
    for a, b in zip(reversed(mine.links), reversed(reference.links), strict=True):
        dx, own = a.backward(np.array(g)) if a.mine else (None, {})
        g, gradients = b.backward(g)
        wrong = [f"d{k}" for k in gradients if k in own and _apart(own[k], gradients[k]) > APART]
        if a.mine and (wrong or _apart(dx, g) > APART):
            return a.name, ", ".join(wrong or ["gradient of its input"])
    if mine.optimizer.mine:
        return mine.optimizer.name, "the step it makes from the same gradients"
    return "", "no single part: rounding that grew"


def _apart(a: Any, b: Array) -> float:
    a = np.asarray(a, np.float64)
    if a.size != b.size:
        return float("inf")
    size = float(np.linalg.norm(b))
    difference = float(np.linalg.norm(a.reshape(b.shape) - b))
    if not np.isfinite(difference):
        return float("inf")
    return difference / size if size else difference


def _accuracy(chain: Chain, data: Data, setup: Setup) -> float | None:
    if setup.regression:
        return None
    try:
        with np.errstate(all="ignore"):
            scores = chain.scores(data.X_test.astype(np.float64))
    except Exception:  # reported already where it was raised in training
        return None
    return float(np.mean(scores.argmax(axis=1) == data.y_test))


# ---- the command ---------------------------------------------------------------------------------


def load_file(text: str) -> Loaded:
    """The user's file, definitions only.

    Raises
    ------
    ValueError
        There is no such file, it cannot be read, or it is a folder of several.
    """
    try:
        found = targets.parse(text)
        if len(found) != 1:
            raise ValueError(f"--layers {text}: {len(found)} files, but should be one")
        return targets.load(found[0])
    except targets.TargetError as error:
        raise ValueError(str(error)) from error


def compare(args: argparse.Namespace, setup: Setup) -> int:
    """``gradcheck train --layers FILE``: train both, print, write; 0 agree, 1 part or fail."""
    from gradcheck.training import show_swap

    if setup.style != "nnfs":
        raise ValueError("--layers trains the network of style nnfs: leave --style away")
    setup = setup.replace(l2=0.0)
    data = load_data(setup, args.seed, args.data)
    with contextlib.ExitStack() as stack:
        stack.enter_context(pristine_numpy())
        loaded = load_file(args.layers)
        stack.callback(loaded.close)
        found = compare_runs(setup, loaded, data)
    text = show_swap.text(found, setup, data)
    print(text)
    if args.report:
        from gradcheck.training.pictures import write_comparison

        for path in write_comparison(found, text, args.report):
            print(f"wrote {path}")
    failed = any(subject.status in ("fail", "error") for subject in found.subjects)
    return 1 if failed or found.error or found.parting is not None else 0
