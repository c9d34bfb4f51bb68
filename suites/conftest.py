"""Profiles, options and reports of the suites.

``HYPOTHESIS_PROFILE`` is dev (default), ci or deep.  ``--target FILE`` runs the laws over a user's
file in place of everything else; ``--report DIR`` writes the reports of what was checked.
"""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gradcheck import targets

ROOT = Path(__file__).resolve().parents[1]
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("dev", max_examples=8, deadline=None, suppress_health_check=QUIET)
settings.register_profile("ci", max_examples=40, deadline=None, suppress_health_check=QUIET)
settings.register_profile("deep", max_examples=200, deadline=None, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

#: Subjects checked in this process, for ``--report``.
SUBJECTS = pytest.StashKey[list]()


def pytest_addoption(parser):
    group = parser.getgroup("gradcheck suites")
    group.addoption("--target", metavar="FILE", help="run the laws over this file and nothing else")
    group.addoption("--report", metavar="DIR", help="write the reports of what was checked here")


def pytest_configure(config):
    config.stash[SUBJECTS] = []
    # A background job of a shell ignores SIGINT, and its children inherit that: the tests that
    # press Ctrl-C, and the commands they start, need the usual handling.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """Leave out what is slow unless a mark is asked for, and all but the laws for ``--target``."""
    target = config.getoption("--target")
    asked = config.getoption("-m")
    kept, left = [], []
    for item in items:
        wanted = (
            "test_law_on_target" in item.name if target else "test_law_on_target" not in item.name
        )
        slow = item.get_closest_marker("slow") is not None and not asked
        (kept if wanted and not slow else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


@pytest.fixture(autouse=True)
def files_are_closed(monkeypatch):
    """Close what a test has loaded: a file left open decides what the next one imports."""
    opened, load = [], targets.load

    def recorded(target):
        opened.append(load(target))
        return opened[-1]

    monkeypatch.setattr(targets, "load", recorded)
    yield
    for loaded in reversed(opened):
        loaded.close()


@pytest.fixture
def checked_subject(request):
    """A function that hands a checked subject on to the session's report."""

    def keep(subject):
        known = request.config.stash[SUBJECTS]
        if not any(s.target == subject.target and s.built == subject.built for s in known):
            known.append(subject)
        return subject

    return keep


def pytest_sessionfinish(session):
    """Write the reports, or hand the subjects to the process that does (pytest-xdist)."""
    config = session.config
    folder = config.getoption("--report")
    if not folder:
        return
    if hasattr(config, "workeroutput"):
        config.workeroutput["gradcheck"] = pickle.dumps(config.stash[SUBJECTS])
        return
    from gradcheck.report.write import write_report

    written = write_report(config.stash[SUBJECTS], Path(folder))
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(f"reports: {', '.join(str(p) for p in written[:3])}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Collect what a worker of pytest-xdist has checked."""
    packed = getattr(node, "workeroutput", {}).get("gradcheck")
    if packed:
        node.config.stash[SUBJECTS].extend(pickle.loads(packed))
