"""Other points: a defect must show at one of them too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.numdiff.point import Vjp
from gradcheck.numdiff.site import Site, open_site
from gradcheck.types import Array, Primals

REDRAWS = 3


@dataclass
class Elsewhere:
    """Independently drawn points, opened only when the first one does not decide."""

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

    def site(self, k: int) -> Site | None:
        """The k-th point; None if there is none, or it is of no use."""
        if self.redraw is None:
            return None
        while k >= len(self.sites):
            primals = self.redraw(self.rng)
            self.sites.append(
                open_site(self.vjp, primals, self.rng, self.wrt, self.pinned, self.scales)
            )
        found = self.sites[k]
        return None if isinstance(found, str) else found

    def confirm(self, name: str, failing: list[Array | None], seen_at: Site) -> bool:
        """Whether the defect shows at another point, in the same entries or in dense probes."""
        if self.redraw is None:
            return True
        sites = (self.site(k) for k in range(REDRAWS))
        return any(
            self._fails(s, name, failing) for s in sites if s is not None and s is not seen_at
        )

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
