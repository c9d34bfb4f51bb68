"""The guard puts NumPy's own functions in, and the user's back, whatever happens."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcheck import guard

PATCHED = ("dot", "zeros", "eye")


@pytest.fixture
def nnfs_active():
    """`nnfs.init()` has run in this process; undone afterwards."""
    nnfs = pytest.importorskip("nnfs")
    saved = [getattr(np, name) for name in PATCHED], np.random.randn, np.random.get_state()
    nnfs.core.init()
    yield
    for name, function in zip(PATCHED, saved[0], strict=True):
        setattr(np, name, function)
    np.random.randn = saved[1]
    np.random.set_state(saved[2])


def dtypes() -> list[str]:
    a = np.ones((2, 2))
    found = [np.dot(a, a), np.zeros(2), np.eye(2), np.random.randn(2)]
    return [str(x.dtype) for x in found]


def test_nothing_to_do_without_nnfs():
    with guard.pristine_numpy() as found:
        assert not found.active
        assert found.notes == ()
        assert dtypes() == ["float64"] * 4


def test_numpy_is_itself_inside_and_the_users_version_comes_back(nnfs_active):
    theirs = np.dot, np.zeros, np.eye, np.random.randn
    assert dtypes() == ["float32"] * 4
    with guard.pristine_numpy() as found:
        assert found.active
        assert found.notes == ("nnfs.init() undone while checking",)
        assert dtypes() == ["float64"] * 4
        assert not guard.numpy_is_patched()
    assert (np.dot, np.zeros, np.eye, np.random.randn) == theirs
    assert dtypes() == ["float32"] * 4


def test_it_nests(nnfs_active):
    with guard.pristine_numpy() as outer:
        with guard.pristine_numpy() as inner:
            assert (outer.active, inner.active) == (True, False)
            assert dtypes() == ["float64"] * 4
        assert dtypes() == ["float64"] * 4
    assert dtypes() == ["float32"] * 4


def test_the_users_versions_come_back_after_an_exception(nnfs_active):
    with pytest.raises(ZeroDivisionError), guard.pristine_numpy():
        raise ZeroDivisionError
    assert dtypes() == ["float32"] * 4


def test_nnfs_init_inside_the_block_does_not_outlive_it():
    nnfs = pytest.importorskip("nnfs")
    with guard.pristine_numpy():
        nnfs.core.init()
        assert dtypes() == ["float32"] * 4
    assert dtypes() == ["float64"] * 4


def test_random_generators_and_error_settings_come_back():
    state, plain, errors = np.random.get_state(), random.getstate(), np.geterr()
    with guard.pristine_numpy():
        np.random.seed(1)
        random.seed(1)
        np.seterr(all="raise")
    after = np.random.get_state()
    assert state[0] == after[0]
    assert np.array_equal(state[1], after[1])
    assert random.getstate() == plain
    assert np.geterr() == errors


@pytest.mark.parametrize("calls", [1, 3])
def test_originals_are_found_when_nnfs_ran_before_the_import(calls):
    """A second `init` wraps the wrappers: all of them must come off."""
    pytest.importorskip("nnfs")
    code = (
        "import numpy as np, nnfs\n" + "nnfs.init()\n" * calls + "from gradcheck import guard\n"
        "a = np.ones((2, 2))\n"
        "with guard.pristine_numpy() as g:\n"
        "    print(g.active, np.dot(a, a).dtype, np.zeros(2).dtype, np.eye(2).dtype,\n"
        "          np.random.randn(2).dtype)\n"
        "print(np.dot(a, a).dtype)\n"
    )
    root = Path(guard.__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert run.stdout.split("\n")[:2] == ["True float64 float64 float64 float64", "float32"]


def test_the_other_form_of_nnfs_init_is_unwrapped_too():
    """Without the dot workaround `np.dot` is enclosed like the others."""
    pytest.importorskip("nnfs")
    code = (
        "import numpy as np, nnfs\nnnfs.init(dot_precision_workaround=False)\n"
        "from gradcheck import guard\n"
        "a = np.ones((2, 2))\n"
        "with guard.pristine_numpy() as g: print(g.active, np.dot(a, a).dtype)\n"
    )
    root = Path(guard.__file__).parent.parent
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert run.stdout.strip() == "True float64"
