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
    """The change that was tried and works; where none was found, where the usual one is shown.

    A change that was not tried on the code at hand may not fit it, so it is never printed as a fix.
    """
    if repair is not None:
        return f"change `{repair.edit.before}` to `{repair.edit.after}`"
    usual = fix_in(CAUSES[cause], convention)
    return (
        f"no change was found by trying; gradcheck explain {cause} shows the usual one"
        if usual
        else ""
    )


def fix_in(about: About, convention: str) -> str:
    """The two lines of code for a convention; those for any convention where it has none."""
    key = {"functions": "cs231n", "containers": "fish", "updating": "fish"}.get(
        convention, convention
    )
    return about.fix.get(key) or about.fix.get("any") or next(iter(about.fix.values()), "")
