"""The verdict on every gradient of a backward pass at one point, confirmed at others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from gradcheck.numdiff.claim import Claim
from gradcheck.numdiff.direction import COARSEST_PASS, Directional, check
from gradcheck.numdiff.localise import bisect_entries
from gradcheck.numdiff.point import Vjp
from gradcheck.numdiff.site import Site, open_site
from gradcheck.types import Array, Entry, Primals

DENSE_PROBES = 4
#: All entries are checked one by one up to this many in total.
SMALL_TOTAL = 200
SINGLE_ENTRIES = 6
REDRAWS = 3
SHOWN = 16
LOCALISE_CALLS = 400
SUSPECT_CALLS = 200
#: A dense probe sees a tenth of the norm of an error, or more, in all but 8 % of the draws; the
#: best of four misses it in 4e-5 of the cases.
DILUTION = 10.0


@dataclass(frozen=True)
class Finding:
    """What was found about the gradient of one primal.

    Attributes
    ----------
    resolution
        Of a pass: the smallest relative error that would have been caught: of any entry that is
        not counted in ``unresolved`` where every entry was checked, otherwise of the gradient as
        a whole (norm of the error over norm of the gradient, entries weighted by their scale).
    reason
        Why it is inconclusive, or "".
    entries
        The wrong entries with the largest differences, at most 16.
    wrong, wrong_indices
        How many entries are wrong and which (flat), where that is known exactly.
    unresolved
        Entries checked alone whose derivative is too small to be told from rounding.
    kinks
        What was claimed at a kink and which values are allowed there, or "".
    cotangent, mask
        The upstream gradient used, and the outputs left out of it (None: none).
    """

    status: Literal["pass", "fail", "inconclusive"]
    resolution: float | None = None
    reason: str = ""
    entries: tuple[Entry, ...] = ()
    wrong: int | None = None
    size: int = 0
    wrong_indices: tuple[int, ...] = ()
    unresolved: int = 0
    kinks: str = ""
    forward_calls: int = 0
    backward_calls: int = 0
    cotangent: Array | None = None
    mask: Array | None = None


@dataclass
class _Evidence:
    """Everything probed about one gradient."""

    dense: list[Directional] = field(default_factory=list)
    slices: list[tuple[Array, Directional]] = field(default_factory=list)
    entries: dict[int, Directional] = field(default_factory=dict)
    exhaustive: bool = False

    def failing(self) -> Iterator[Array | None]:
        """Index sets of failing probes, the most specific first (None: all entries)."""
        single = [i for i, r in self.entries.items() if r.state == "fail"]
        yield from (np.asarray([i], np.intp) for i in single)
        yield from (flat for flat, r in self.slices if r.state == "fail")
        if any(r.state == "fail" for r in self.dense):
            yield None


def gradient_check(
    vjp: Vjp,
    primals: Primals,
    *,
    wrt: Sequence[str] | None = None,
    pinned: Array | None = None,
    redraw: Callable[[np.random.Generator], Primals] | None = None,
    rng: np.random.Generator,
    exhaustive: bool = False,
    scales: Mapping[str, Any] | None = None,
    budget: int | None = None,
) -> dict[str, Finding]:
    """Check the gradients that a pullback returns, without any tolerance to set.

    Parameters
    ----------
    vjp
        ``(primals) -> (output, pullback)``, ``pullback(cotangent) -> {name: gradient}``. It must
        not edit the arrays it is given, which are reused between calls.
    primals
        Arrays by name, any shapes; those of an integer dtype are held fixed.
    wrt
        The names to check; by default every float primal the pullback returns a gradient for.
    pinned
        An array of the output's shape: a number where the cotangent is fixed (1 for a loss), NaN
        where it may be chosen.
    redraw
        ``(rng) -> primals`` at an independent point. A defect that shows at none of three such
        points is inconclusive; without `redraw` one point is enough for a fail.
    exhaustive
        Check every entry one by one (always done for up to 200 entries in total).
    scales
        For some primals, how far each entry may be moved (default: its size, at least rms/8).
    budget
        Soft limit on forward calls at the first point: entries beyond it are not checked alone.

    Returns
    -------
    dict
        A `Finding` for each name. Exceptions of `vjp` and of the pullback propagate.

    Raises
    ------
    ValueError
        A name in `wrt` is not a float primal, or the output changes its shape.
    """
    site = open_site(vjp, primals, rng, wrt, pinned, scales)
    floats = [n for n, v in primals.items() if np.issubdtype(np.asarray(v).dtype, np.floating)]
    for name in wrt or ():
        if name not in floats:
            raise ValueError(f"{name!r} is not a float primal; those are {', '.join(floats)}")
    names = [n for n in floats if wrt is None or n in wrt]
    if isinstance(site, str):
        return {n: Finding("inconclusive", reason=site, size=np.size(primals[n])) for n in names}
    others = _Elsewhere(vjp, redraw, rng, wrt, pinned, scales)
    small = sum(site.point.size(n) for n in names) <= SMALL_TOTAL
    findings: dict[str, Finding] = {}
    calls, backwards = 0, 0  # the first finding carries the cost of the set-up
    for name in names:
        if name in site.claim.problems:
            if wrt is not None or "no gradient" not in site.claim.problems[name]:
                findings[name] = _problem(site, name)
            continue
        evidence = _gather(site, name, exhaustive or small, budget)
        found = _judge(site, name, evidence, others)
        findings[name] = replace(
            found,
            forward_calls=site.point.forward_calls + others.forward_calls - calls,
            backward_calls=site.point.backward_calls + others.backward_calls - backwards,
            cotangent=site.claim.weights.cotangent.reshape(site.point.shape),
            mask=None if site.mask is None else site.mask.reshape(site.point.shape),
        )
        calls += findings[name].forward_calls
        backwards += findings[name].backward_calls
    return findings


def _problem(site: Site, name: str) -> Finding:
    return Finding("inconclusive", reason=site.claim.problems[name], size=site.point.size(name))


def _gather(site: Site, name: str, every: bool, budget: int | None) -> _Evidence:
    """Probe one gradient: dense, then slices, then entries; no more once it clearly fails."""
    evidence = _Evidence(exhaustive=every)
    size = site.point.size(name)
    if size == 0 or not np.all(np.isfinite(site.claim.gradients[name])):
        return evidence
    for _ in range(DENSE_PROBES):
        evidence.dense.append(site.dense(name))
        if evidence.dense[-1].state == "fail" and not every:
            return evidence
    if not every:
        for flat in edge_slices(site.point.shape_of(name)):
            evidence.slices.append((flat, site.dense(name, flat)))
            if evidence.slices[-1][1].state == "fail":
                return evidence
    for index in range(size) if every else _chosen(site, name):
        if budget is not None and site.point.forward_calls >= budget:
            evidence.exhaustive = False
            break
        evidence.entries[index] = site.entry(name, index)
    return evidence


def edge_slices(shape: tuple[int, ...]) -> Iterator[Array]:
    """Flat indices of the first and last slice of every axis: where border bugs sit."""
    n = math.prod(shape)
    places = np.arange(n).reshape(shape)
    for axis, length in enumerate(shape):
        if length > 1:
            for k in (0, length - 1):
                flat = np.take(places, k, axis).ravel()
                if 1 < flat.size < n:
                    yield flat


def _chosen(site: Site, name: str) -> list[int]:
    """A few entries: the largest effect, one claimed to be zero, first, last, and random ones."""
    size = site.point.size(name)
    effects = np.abs(site.claim.gradients[name] * site.point.scale(name))
    chosen = [int(np.argmax(effects)), 0, size - 1]
    zeros = np.flatnonzero(effects == 0.0)
    if zeros.size:
        chosen.append(int(site.rng.choice(zeros)))
    while len(chosen) < SINGLE_ENTRIES:
        chosen.append(int(site.rng.integers(size)))
    return list(dict.fromkeys(chosen))


def _judge(site: Site, name: str, evidence: _Evidence, others: _Elsewhere) -> Finding:
    size = site.point.size(name)
    if size == 0:
        return Finding("pass", resolution=0.0, size=0)
    if not np.all(np.isfinite(site.claim.gradients[name])):
        return _not_finite(site, name)
    failing = list(evidence.failing())
    if not failing and any(r.suspect for r in evidence.dense) and not evidence.exhaustive:
        # What stays undecided along a dense direction may be plain in single entries.
        located = bisect_entries(site, name, calls=SUSPECT_CALLS, most=1)
        evidence.entries |= located.wrong
        failing = list(evidence.failing())
    tied = None if failing else _tie_check(site, name, evidence)
    if tied is not None:
        return _failed_tie(site, name, *tied)
    if not failing:
        return _passed(site, name, evidence)
    found = _failed(site, name, evidence, failing)
    known = [
        np.asarray([np.ravel_multi_index(e.index, site.point.shape_of(name))])
        if e.index
        else np.zeros(1, np.intp)
        for e in found.entries
    ]
    if others.confirm(name, [*known[:4], *failing[:4]]):
        return found
    return Finding("inconclusive", reason="seen at one point only", size=size)


def _passed(site: Site, name: str, evidence: _Evidence) -> Finding:
    """No probe failed: a pass if the dense probes (or all entries) were decided."""
    size = site.point.size(name)
    passing = [r for r in evidence.dense if r.state == "pass"]
    alone = list(evidence.entries.values())
    undecided = [r for r in alone if r.state == "inconclusive"]
    everything = evidence.exhaustive and len(alone) == size
    unresolved = sum(not r.resolved for r in alone if r.allowed is None)
    decided = everything and not undecided
    if len(passing) < DENSE_PROBES // 2 and not decided:
        reasons = [r.detail for r in evidence.dense if r.state == "inconclusive"]
        return Finding("inconclusive", reason=reasons[0], size=size, unresolved=unresolved)
    resolved = [r.resolution for r in alone if r.resolved]
    if everything and resolved:
        resolution = max(resolved)
    elif passing:
        resolution = DILUTION * 2.0 * max(_relative(site, name, r) for r in passing)
    else:
        resolution = max((r.bound / r.amplitude for r in alone if r.amplitude > 0), default=0.0)
    return Finding(
        "pass",
        resolution=resolution,
        size=size,
        unresolved=unresolved,
        kinks=_kink_text(site, name, evidence),
    )


def _relative(site: Site, name: str, result: Directional) -> float:
    """A dense probe's bound beside the gradient's own norm, or what else is known of its size."""
    claim = site.masked or site.claim
    norm = claim.entry_effect(name) * site.point.size(name) ** 0.5
    size = norm if result.bound <= COARSEST_PASS * norm else result.amplitude
    return result.bound / size if size > 0 else 0.0


def _failed(site: Site, name: str, evidence: _Evidence, failing: list[Array | None]) -> Finding:
    """Collect the wrong entries: from the entries checked alone, or by bisection."""
    size = site.point.size(name)
    claim: Claim = site.claim
    wrong = {i: r for i, r in evidence.entries.items() if r.state == "fail"}
    unresolved = sum(not r.resolved for r in evidence.entries.values())
    exact = evidence.exhaustive and len(evidence.entries) == size and bool(wrong)
    if not exact:
        claim = site.masked or site.claim
        sample = _sample(site, claim, name)
        wrong |= {i: r for i, r in sample.items() if r.state == "fail"}
        if sum(r.state == "fail" for r in sample.values()) <= len(sample) // 2:
            located = bisect_entries(
                site, name, calls=LOCALISE_CALLS, most=SHOWN, suspects=failing[-1]
            )
            wrong |= located.wrong
            exact, unresolved = located.complete and bool(wrong), located.unresolved
    worst = sorted(wrong, key=lambda i: -abs(wrong[i].defect / site.point.scale(name)[i]))
    return Finding(
        "fail",
        entries=tuple(site.measured(name, i, wrong[i], claim) for i in worst[:SHOWN]),
        wrong=len(wrong) if exact else None,
        size=size,
        wrong_indices=tuple(sorted(wrong)) if exact else (),
        unresolved=unresolved,
        kinks=_kink_text(site, name, evidence),
    )


def _sample(site: Site, claim: Claim, name: str) -> dict[int, Directional]:
    """Single entries: the largest claimed ones and random ones."""
    size = site.point.size(name)
    effects = np.abs(claim.gradients[name] * site.point.scale(name))
    largest = np.argsort(-effects, kind="stable")[: SHOWN // 2]
    drawn = site.rng.choice(size, min(size, SHOWN // 2), replace=False)
    chosen = dict.fromkeys([*map(int, largest), *map(int, drawn)])
    return {i: check(claim, site.point.along(name, None, [i])) for i in chosen}


def _not_finite(site: Site, name: str) -> Finding:
    """Claimed infinities and NaN: wrong where the derivative there can be measured."""
    g = site.claim.gradients[name]
    bad = np.flatnonzero(~np.isfinite(g))
    known = {**site.claim.gradients, name: np.where(np.isfinite(g), g, 0.0)}
    clean = replace(site.claim, gradients=known)
    entries = []
    for index in bad[:SHOWN]:
        result = check(clean, site.point.along(name, None, [int(index)]))
        if math.isfinite(result.bound) and result.detail != "one-sided slopes diverge":
            measured = site.measured(name, int(index), result, clean)
            entries.append(replace(measured, claimed=float(g[index])))
    text = f"{bad.size} of {g.size} entries of the gradient are not finite"
    if not entries:
        return Finding("inconclusive", reason=text + ", nor is the slope there", size=g.size)
    return Finding(
        "fail",
        entries=tuple(entries),
        wrong=int(bad.size),
        size=g.size,
        wrong_indices=tuple(int(i) for i in bad),
        reason=text,
    )


def _tie_check(
    site: Site, name: str, evidence: _Evidence
) -> tuple[Array, Directional, float] | None:
    """Move tied entries together: each alone may claim any share, all together may not.

    For max(a, b) at a = b every entry alone accepts 0 to 1, so (1, 1) would pass; along (1, 1) the
    function is smooth with slope 1. Returns the entries of a failing tie.
    """
    kinked = [i for i, r in evidence.entries.items() if r.allowed is not None]
    if len(kinked) < 2:
        return None
    x = site.point.primals[name].ravel()
    for value in np.unique(x[kinked]):
        tied = np.asarray([i for i in kinked if x[i] == value], np.intp)
        if tied.size > 1:
            direction = site.point.along(name, None, tied)
            result = check(site.claim, direction)
            if result.state == "fail":
                return tied, result, float(direction.values[0])
    return None


def _failed_tie(site: Site, name: str, tied: Array, result: Directional, step: float) -> Finding:
    """A tie needs no second point: values drawn at random are not tied there."""
    shown = ", ".join(str(_place(site, name, i)) for i in tied[:4])
    text = (
        f"{tied.size} tied entries ({shown}{', ...' if tied.size > 4 else ''}) moved together: "
        f"claimed {result.claimed / step:.4g}, measured {result.derivative / step:.4g}"
    )
    return Finding("fail", size=site.point.size(name), kinks=text)


def _place(site: Site, name: str, index: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(index, site.point.shape_of(name)))


def _kink_text(site: Site, name: str, evidence: _Evidence) -> str:
    """What was claimed at the first kink met, per unit of the cotangent where one output moves."""
    at_kink = {i: r for i, r in evidence.entries.items() if r.allowed is not None}
    if not at_kink:
        return ""
    index, result = next(iter(at_kink.items()))
    direction = site.point.along(name, None, [index])
    unit = float(direction.values[0])
    moved = np.flatnonzero(site.point.at(direction, 2.0**-7) != site.point.output)
    if moved.size == 1:
        unit *= float(site.claim.weights.cotangent[moved[0]]) or 1.0
    assert result.allowed is not None
    low, high = sorted(v / unit for v in result.allowed)
    claimed = result.claimed / unit
    count = f" ({len(at_kink)} such entries)" if len(at_kink) > 1 else ""
    verdict = "allowed" if result.state == "pass" else "not allowed"
    return f"claimed {claimed:.4g} at a kink, {verdict}: between {low:.4g} and {high:.4g}{count}"


@dataclass
class _Elsewhere:
    """Independently drawn points, opened only when a failure has to be confirmed."""

    vjp: Vjp
    redraw: Callable[[np.random.Generator], Primals] | None
    rng: np.random.Generator
    wrt: Sequence[str] | None
    pinned: Array | None
    scales: Mapping[str, Any] | None
    sites: list[Site | str] = field(default_factory=list)

    @property
    def forward_calls(self) -> int:
        return sum(s.point.forward_calls for s in self.sites if isinstance(s, Site))

    @property
    def backward_calls(self) -> int:
        return sum(s.point.backward_calls for s in self.sites if isinstance(s, Site))

    def confirm(self, name: str, failing: list[Array | None]) -> bool:
        """Whether the defect shows at another point, in the same entries or in dense probes."""
        if self.redraw is None:
            return True
        for k in range(REDRAWS):
            if k == len(self.sites):
                primals = self.redraw(self.rng)
                opened = open_site(self.vjp, primals, self.rng, self.wrt, self.pinned, self.scales)
                self.sites.append(opened)
            site = self.sites[k]
            if not isinstance(site, str) and self._fails(site, name, failing):
                return True
        return False

    def _fails(self, site: Site, name: str, failing: list[Array | None]) -> bool:
        if name not in site.claim.gradients or site.point.size(name) == 0:
            return name in site.claim.problems
        if not np.all(np.isfinite(site.claim.gradients[name])):
            return True
        size = site.point.size(name)
        sets = [f for f in failing if f is None or f.max() < size]
        return any(
            site.entry(name, int(f[0])).state == "fail"
            if f is not None and f.size == 1
            else site.dense(name, f).state == "fail"
            for f in [*sets, None, None]
        )
