"""The causes as data: what happens, why, the fix in the convention at hand, where it is taught.

Texts live in `causes_gradient`, `causes_data` and `causes_training`; this module joins them.
"""

from __future__ import annotations

from typing import Any

from gradcheck.diagnose.about import About
from gradcheck.diagnose.causes_data import DATA
from gradcheck.diagnose.causes_gradient import GRADIENT
from gradcheck.diagnose.causes_training import TRAINING

#: Every cause by its id.
CAUSES: dict[str, About] = {**GRADIENT, **DATA, **TRAINING}


def fix_for(cause: str, convention: str, repair: Any = None) -> str:
    """The fix of a cause: the change that was tried and works, else that of the convention, as such."""
    if repair is not None:
        return f"change `{repair.edit.before}` to `{repair.edit.after}`"
    general = fix_in(CAUSES[cause], convention)
    return f"not tried on this code; in general:\n{general}" if general else ""


def fix_in(about: About, convention: str) -> str:
    """The two lines of code for a convention; those for any convention where it has none."""
    key = {"functions": "cs231n", "containers": "fish", "updating": "fish"}.get(
        convention, convention
    )
    return about.fix.get(key) or about.fix.get("any") or next(iter(about.fix.values()), "")
