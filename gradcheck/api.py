"""The checker as functions: for notebooks, scripts and other people's test suites."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gradcheck import run, targets
from gradcheck.report.verdicts import Verdicts
from gradcheck.types import Subject

#: Where a parametrised check leaves its `Verdicts` for the pytest plugin.
FOUND = "gradcheck_found"


def check(
    target: Any,
    *,
    init: str | None = None,
    laws: Sequence[str] = (),
    seed: int = 0,
    examples: int | None = None,
) -> Verdicts:
    """Check hand-written code in this process.

    Parameters
    ----------
    target
        A class or function object, or a text as the command line takes it: ``file.py``,
        ``file.py::Dense``, ``package.module:Dense``, a folder.
    init
        How to construct the object, as in ``"Dense(4, 3)"``; guessed when not given.
    laws
        Names of laws (`gradcheck laws` lists them); all when empty.
    seed
        Another seed draws other values.
    examples
        Further random cases for each law (default 1).

    Returns
    -------
    Verdicts
        A sequence of `Subject`; ``str()`` gives the report, ``.ok`` the answer.

    Raises
    ------
    gradcheck.targets.TargetError
        There is no such file or name, or the file cannot be loaded.
    TypeError
        The target is an instance, or no code at all.
    """
    options = run.Options(
        init=(init,) if init else (), laws=tuple(laws), seed=seed, examples=examples
    )
    found: list[Subject] = []
    for loaded, name in opened(target):
        names = [p.name for p in run.plan(loaded, name)] or ([name] if name else [])
        found += [run.check(loaded, n, options) for n in names]
    return Verdicts(found)


def opened(target: Any) -> Iterator[tuple[targets.Loaded, str | None]]:
    """The loaded files of a target with the name asked for in each; closed before the next."""
    if isinstance(target, str | Path):
        for one in targets.parse(str(target)):
            loaded = targets.load(one)
            try:
                yield loaded, one.name
            finally:
                loaded.close()
        return
    if not hasattr(target, "__name__") or not hasattr(target, "__module__"):
        kind = type(target).__name__
        raise TypeError(
            f"an instance of {kind} is given, but should be a class, a function or a text such as "
            f"'layers.py::Dense'; for a class with arguments, as in check(Dense, init='Dense(4, 3)')"
        )
    yield around(target), target.__name__


def around(obj: Any) -> targets.Loaded:
    """An object that lives in this process, with the module it was defined in."""
    module = sys.modules.get(obj.__module__)
    namespace: Mapping[str, Any] = vars(module) if module is not None else {}
    try:
        file = inspect.getsourcefile(obj) or "<here>"
        source = inspect.getsource(module) if module is not None else inspect.getsource(obj)
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError):  # defined in a cell or at a prompt
        file, source, tree = "<here>", "", ast.Module([], [])
    if obj.__name__ not in {getattr(n, "name", None) for n in tree.body}:
        keyword = "class" if isinstance(obj, type) else "def"
        stub = (
            f"{keyword} {obj.__name__}(): pass"
            if keyword == "def"
            else f"class {obj.__name__}: pass"
        )
        tree = ast.Module([*tree.body, *ast.parse(stub).body], [])
    namespace = {**namespace, obj.__name__: obj}
    target = targets.Target(text=file, path=Path(file), module=None, name=obj.__name__)
    return targets.Loaded(target, Path(file), obj.__module__, namespace, source, tree)


def assert_correct(target: Any, *, init: str | None = None, laws: Sequence[str] = ()) -> None:
    """Raise AssertionError with the whole report unless everything asked for is right.

    Parameters
    ----------
    target, init, laws
        As for `check`.

    Raises
    ------
    AssertionError
        A law fails, something is undecided, or nothing could be verified.
    """
    __tracebackhide__ = True
    found = check(target, init=init, laws=laws)
    if not found.ok:
        raise AssertionError(f"\n{found}")


def parametrize_checks(
    subjects: Sequence[Any],
    *,
    init: Mapping[str, str] | None = None,
    laws: Sequence[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Parametrise a pytest test with one check per subject and law.

    The test gets one argument, ``check``, and calls it.

    Parameters
    ----------
    subjects
        Classes, functions or target texts.
    init
        Constructor calls by subject name.
    laws
        The laws to run; every law when empty.
    expected_failures
        ``{"Dense:layout": "why"}``: marked xfail, strictly, so that a stale entry is reported.

    Raises
    ------
    ModuleNotFoundError
        pytest is not installed.
    ValueError
        An expected failure names no subject and law of this decorator.

    Examples
    --------
    ::

        @parametrize_checks([Dense, Unit], expected_failures={"Unit:extremes": "0 / 0 for a row of zeros"})
        def test_layers(check):
            check()
    """
    import pytest

    chosen = list(laws) or list(run.laws())
    failures = dict(expected_failures or {})
    params = []
    for subject in subjects:
        name = subject if isinstance(subject, str) else subject.__name__
        for law in chosen:
            key = f"{name}:{law}"
            marks = (
                [pytest.mark.xfail(reason=failures.pop(key), strict=True)]
                if key in failures
                else []
            )
            params.append(
                pytest.param(checker(subject, law, (init or {}).get(name)), id=key, marks=marks)
            )
    if failures:
        raise ValueError(f"expected failures that match no check: {', '.join(failures)}")
    return pytest.mark.parametrize("check", params)


def checker(subject: Any, law: str, init: str | None) -> Callable[[], None]:
    """A function that checks one subject by one law, and skips where the law does not apply."""

    def run_check() -> None:
        __tracebackhide__ = True
        import pytest

        found = check(subject, init=init, laws=[law])
        setattr(run_check, FOUND, found)
        verdicts = [v for s in found for v in s.verdicts]
        if verdicts and all(v.status == "skipped" for v in verdicts):
            pytest.skip(verdicts[0].message or "does not apply")
        if not verdicts and found and found[0].status != "error":
            pytest.skip(f"{law} is not about a {found[0].kind}")
        if not found.ok:
            raise AssertionError(f"\n{found}")

    return run_check
