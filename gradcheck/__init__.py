"""gradcheck: is each hand-written gradient right, how sure are we, and what is the bug.

The names below are loaded when they are first used, so that ``gradcheck --help`` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "assert_correct": "gradcheck.api",
    "check": "gradcheck.api",
    "parametrize_checks": "gradcheck.api",
    "directional_check": "gradcheck.numdiff",
    "gradient_check": "gradcheck.numdiff",
    "numerical_gradient": "gradcheck.numdiff",
    "Case": "gradcheck.types",
    "Op": "gradcheck.types",
    "Subject": "gradcheck.types",
    "Verdict": "gradcheck.types",
}
__all__ = [
    "Case",
    "Op",
    "Subject",
    "Verdict",
    "__version__",
    "assert_correct",
    "check",
    "directional_check",
    "gradient_check",
    "numerical_gradient",
    "parametrize_checks",
]

if TYPE_CHECKING:
    from gradcheck.api import assert_correct, check, parametrize_checks
    from gradcheck.numdiff import directional_check, gradient_check, numerical_gradient
    from gradcheck.types import Case, Op, Subject, Verdict


def __getattr__(name: str) -> Any:
    if name in _HOME:
        import importlib

        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
