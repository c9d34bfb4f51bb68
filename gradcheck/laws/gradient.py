"""The gradient law: claimed against measured, with a bound, for every input and parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from gradcheck import cases
from gradcheck.evidence import picture_data
from gradcheck.laws.common import gradient_name, subscript, verdict
from gradcheck.numdiff import Finding, gradient_check
from gradcheck.types import Array, Case, Op, Primals, Pullback, Verdict


def gradient(op: Op, case: Case) -> Iterator[Verdict]:
    """Every gradient equals the measured derivative, within a bound that is measured too."""
    yield from at_points(op, case, lambda primals: primals)


def at_points(
    op: Op, case: Case, place: Callable[[Primals], Primals], only: tuple[str, ...] = ()
) -> Iterator[Verdict]:
    """The gradient law at points that `place` makes of drawn ones (on a kink, far out)."""
    drawn, labels = cases.draw(op, case)
    primals = place(drawn)
    names = [n for n in checkable(op, case, primals, labels) if not only or n in only]
    if not names:
        yield verdict(
            "gradient", "skipped", op, case, what="there is no differentiable input or parameter"
        )
        return
    findings, cleared = measured(op, case, primals, labels, place, names)
    if says_nothing(op, case, findings):
        text = "forward gives the same output whatever it is given here: a gradient of zeros says nothing; give other options with --init"
        yield verdict("gradient", "inconclusive", op, case, names[0], text)
        return
    for name, finding in findings.items():
        if name in cleared:
            yield up_to_epsilon(op, case, name, finding, cleared[name])
            continue
        found = judged(op, case, name, finding)
        if finding.status == "fail":
            found = replace(
                found, detail={**found.detail, **shown(op, case, primals, labels, name, finding)}
            )
        yield found


def says_nothing(op: Op, case: Case, findings: dict[str, Finding]) -> bool:
    """Whether all gradients are zero and the output is one constant: a clip between equal bounds."""
    if any(f.status != "pass" or f.resolution for f in findings.values()):
        return False  # a gradient that is not zero has a resolution above 0
    seen: set[float] = set()
    for where in (case, case.replace(seed=case.seed + 71), case.replace(seed=case.seed + 72, N=19)):
        primals, labels = cases.draw(op, where)
        output, pullback = op.vjp(primals, labels, case.train)
        if np.size(output) < 2 or any(
            np.any(g) for g in pullback(np.ones(np.shape(output))).values()
        ):
            return False
        seen |= set(np.ravel(output).tolist())
    return len(seen) == 1


def shown(
    op: Op, case: Case, primals: Primals, labels: Array | None, name: str, finding: Finding
) -> dict[str, object]:
    """The data of the pictures of a wrong gradient."""
    penalised = regularised(op, primals)
    vjp = vjp_of(op, case, labels, penalised)
    pinned = pins(op, vjp(primals)[0], penalised)
    return picture_data(vjp, primals, name, finding, rng=cases.generator(case, 8), pinned=pinned)


def measured(
    op: Op, case: Case, primals: Primals, labels: Array | None,
    place: Callable[[Primals], Primals], names: list[str], cotangent: Array | None = None,
) -> tuple[dict[str, Finding], dict[str, Finding]]:  # fmt: skip
    """The engine's findings, and those that pass once the code's epsilons are set to zero.

    Under a `cotangent`, where one is given and the code does not fix it.
    """
    penalised = regularised(op, primals)
    vjp = vjp_of(op, case, labels, penalised)
    output, _ = vjp(primals)

    def redraw(rng: np.random.Generator) -> Primals:
        return place(cases.draw(op, case.replace(seed=int(rng.integers(1 << 30))))[0])

    pinned = pins(op, output, penalised)

    def measure() -> dict[str, Finding]:
        return gradient_check(
            vjp, primals, wrt=names, pinned=cotangent if pinned is None else pinned,
            redraw=redraw, rng=cases.generator(case, 5),
        )  # fmt: skip

    findings = measure()
    largest = np.inf if op.kind == "model" else SMALL  # a model's softmax may come near 0 itself
    suspects = [
        n for n, f in findings.items()
        if f.status == "inconclusive" or (f.status == "fail" and (not f.entries or gap(f) < largest))
    ]  # fmt: skip
    if not suspects or op.plainly is None:
        return findings, {}
    with op.plainly():
        again = measure()
    return findings, {n: f for n, f in again.items() if n in suspects and f.status == "pass"}


#: A relative difference above this is not of the size of an epsilon, and no experiment is made.
SMALL = 1e-2


def gap(finding: Finding) -> float:
    """The largest difference of the entries shown, relative to the largest measured one."""
    scale = max((abs(e.measured) for e in finding.entries), default=0.0)
    largest = max((abs(e.claimed - e.measured) for e in finding.entries), default=np.inf)
    return float(largest / scale) if scale else float("inf")


def up_to_epsilon(op: Op, case: Case, name: str, finding: Finding, plain: Finding) -> Verdict:
    """The note for a gradient that is right but for an epsilon in the forward."""
    called = gradient_name(op, name)
    if not finding.entries:
        text = f"{called}: forward has an epsilon that blurs it; with the epsilon set to 0 it agrees to {plain.resolution or 0.0:.0e}"
        return verdict(
            "gradient", "note", op, case, name, text, resolution=plain.resolution, size=finding.size
        )
    worst = finding.entries[0]
    text = (
        f"{subscript(called, worst.index)} = {worst.claimed:.8g}, measured {worst.measured:.8g}: an epsilon is "
        f"added or clipped by in one of forward and backward (a difference of {gap(finding):.0e}, at any step). With the epsilon "
        f"set to 0 the gradient agrees to {plain.resolution or 0.0:.0e}"
    )
    return verdict("gradient", "note", op, case, name, text, resolution=gap(finding), size=finding.size,
                   index=worst.index, claimed=worst.claimed, measured=worst.measured, bound=worst.bound)  # fmt: skip


def checkable(op: Op, case: Case, primals: Primals, labels: Array | None) -> list[str]:
    """The primals whose gradient exists and has as many entries as they have."""
    output, pullback = op.vjp(primals, labels, case.train)
    cot = np.ones(np.shape(output)) if op.terminal else cases.cotangent(output, case)
    grads = pullback(cot)
    return [
        k
        for k, g in grads.items()
        if k in primals and g.size == primals[k].size and g.dtype.kind in "fiu"
    ]


def regularised(op: Op, primals: Primals) -> bool:
    """Whether a regularisation term is switched on."""
    return op.penalty is not None and penalty_at(op, primals) != 0.0


def penalty_at(op: Op, primals: Primals) -> float:
    """The regularisation term at these parameters."""
    assert op.penalty is not None
    slots = {s.name for s in op.slots}
    return op.penalty(op.with_parameters({k: v for k, v in primals.items() if k not in slots}))


def vjp_of(
    op: Op, case: Case, labels: Array | None, penalised: bool
) -> Callable[[Primals], tuple[Array, Pullback]]:
    """`op.vjp` at fixed labels and mode; a regularisation term is one more output.

    NNFS layers add their L1/L2 terms in backward although forward does not contain them, so the
    function whose gradient they compute is forward's loss plus the penalty.

    Where the code asserts that its input lies in a domain (probabilities, say), a step that leaves
    it has no output: NaN, which the engine steps back from.
    """
    known: list[tuple[int, ...]] = []

    def vjp(primals: Primals) -> tuple[Array, Pullback]:
        try:
            output, pullback = op.vjp(primals, labels, case.train)
        except AssertionError:
            if not known:
                raise
            return np.full(known[0], np.nan), lambda _: {
                k: np.full(v.shape, np.nan) for k, v in primals.items()
            }
        known[:] = [np.shape(output) if not penalised else (np.size(output) + 1,)]

        def shaped(cot: Array) -> Primals:
            return {
                k: g.reshape(primals[k].shape) if k in primals and g.size == primals[k].size else g
                for k, g in pullback(cot).items()
            }

        if not penalised:
            return output, shaped
        joined = np.append(np.ravel(output).astype(np.float64), penalty_at(op, primals))
        return joined, lambda cot: shaped(cot[:-1].reshape(np.shape(output)))

    return vjp


def pins(op: Op, output: Array, penalised: bool) -> Array | None:
    """Cotangent entries that are fixed: 1 for a loss and for the penalty."""
    if op.terminal:
        return np.ones(np.shape(output))
    if not penalised:
        return None
    fixed = np.full(np.shape(output), np.nan)
    fixed[-1] = 1.0
    return fixed


def judged(op: Op, case: Case, name: str, finding: Finding) -> Verdict:
    """A finding of the engine as a verdict with a message."""
    called = gradient_name(op, name)
    if finding.status == "pass":
        return verdict("gradient", "pass", op, case, name, finding.kinks, resolution=finding.resolution,
                       size=finding.size, wrong=0, detail={"forward_calls": finding.forward_calls, "backward_calls": finding.backward_calls})  # fmt: skip
    if finding.status == "inconclusive":
        return verdict(
            "gradient",
            "inconclusive",
            op,
            case,
            name,
            f"{called}: {finding.reason}",
            size=finding.size,
        )
    worst = finding.entries[0] if finding.entries else None
    if worst is None:
        text = f"{called} is wrong along a direction, but no single entry could be measured"
        return verdict("gradient", "fail", op, case, name, text, size=finding.size)
    text = (
        f"{subscript(called, worst.index)} = {worst.claimed:.6g}, but should be "
        f"{worst.measured:.6g} (± {worst.bound:.0e})"
    )
    return verdict("gradient", "fail", op, case, name, text, wrong=finding.wrong, size=finding.size,
                   index=worst.index, claimed=worst.claimed, measured=worst.measured, bound=worst.bound,
                   entries=finding.entries)  # fmt: skip
