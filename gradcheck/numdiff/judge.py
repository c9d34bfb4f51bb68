"""From probes to a finding: pass with resolution, fail with entries, or inconclusive."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gradcheck.numdiff.claim import Claim
from gradcheck.numdiff.direction import COARSEST_PASS, Directional, check
from gradcheck.numdiff.elsewhere import Elsewhere
from gradcheck.numdiff.finding import Evidence, Finding
from gradcheck.numdiff.localise import bisect_entries
from gradcheck.numdiff.site import Site
from gradcheck.numdiff.ties import failed_tie, kink_text, tie_check
from gradcheck.types import Array

DENSE_PROBES = 4
SHOWN = 16
LOCALISE_CALLS = 400
SUSPECT_CALLS = 200
#: A dense probe sees a tenth of the norm of an error, or more, in all but 8 % of the draws; the
#: best of four misses it in 4e-5 of the cases.
DILUTION = 10.0


def judge(site: Site, name: str, evidence: Evidence, others: Elsewhere) -> Finding:
    """The finding that the probes of one gradient amount to, confirmed elsewhere if it is a fail."""
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
    tied = None if failing else tie_check(site, name, evidence)
    if tied is not None:
        return failed_tie(site, name, *tied)
    if not failing:
        return _passed(site, name, evidence)
    found = _failed(site, name, evidence, failing)
    if not found.entries and any(r.allowed is not None for r in evidence.entries.values()):
        # Kinks whose slopes jump up and down can cancel along a direction, and then look smooth.
        tied = tie_check(site, name, evidence)
        if tied is not None:
            return failed_tie(site, name, *tied)
        return Finding(
            "inconclusive", reason="entries at kinks overlap along a direction", size=size
        )
    known = [
        np.asarray([np.ravel_multi_index(e.index, site.point.shape_of(name))])
        if e.index
        else np.zeros(1, np.intp)
        for e in found.entries
    ]
    if others.confirm(name, [*known[:4], *failing[:4]], site):
        return found
    return Finding("inconclusive", reason="seen at one point only", size=size)


def _passed(site: Site, name: str, evidence: Evidence) -> Finding:
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
        kinks=kink_text(site, name, evidence),
    )


def _relative(site: Site, name: str, result: Directional) -> float:
    """A dense probe's bound beside the gradient's own norm, or what else is known of its size."""
    claim = site.masked or site.claim
    norm = claim.entry_effect(name) * site.point.size(name) ** 0.5
    size = norm if result.bound <= COARSEST_PASS * norm else result.amplitude
    return result.bound / size if size > 0 else 0.0


def _failed(site: Site, name: str, evidence: Evidence, failing: list[Array | None]) -> Finding:
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
        kinks=kink_text(site, name, evidence),
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
