"""The pytest plugin: verdicts of `parametrize_checks` in pytest's own report.

Installed with the package.  A failing check gets a section with our text; every check gets the
properties ``gradcheck-status`` and ``gradcheck-resolution``, which ``--junitxml`` writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> None:
    """Attach what a check found to the item before its report is made."""
    found = getattr(parameter(item), "gradcheck_found", None)
    if found is None or call.when != "call":
        return
    for subject in found:
        item.user_properties.append(("gradcheck-status", subject.status))
        coarsest = max((v.resolution or 0.0 for v in subject.verdicts), default=0.0)
        item.user_properties.append(("gradcheck-resolution", f"{coarsest:.0e}"))
    if not found.ok and call.excinfo is not None:
        item.add_report_section("call", "gradcheck", str(found))


def parameter(item: pytest.Item) -> Any:
    """The checker that `parametrize_checks` gave to this test, if any."""
    spec = getattr(item, "callspec", None)
    return spec.params.get("check") if spec is not None else None
