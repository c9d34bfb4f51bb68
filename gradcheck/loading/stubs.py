"""Stand-ins: for modules that are not installed, and for names that NumPy or Python removed.

A stand-in lives only in the namespace that imported the missing module, never in `sys.modules`,
so that ``try: import cupy`` in the user's file and SciPy's own checks see the truth.
"""

from __future__ import annotations

import ast
import functools
import importlib
import sys
import types
import warnings
from collections.abc import Callable, Collection, Iterator
from typing import Any, NoReturn

from gradcheck.loading.scientific import KNOWN


class MissingModule(ImportError):
    """Something of a module that is not installed was really needed."""


class StubBase:
    """What a class gets as its base where the real base class is missing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __init_subclass__(cls, **kwargs: Any) -> None:
        pass


class Stub:
    """Stands for a missing module and everything in it.

    Attributes are stubs; calling one with a function or class gives it back (a decorator); as a
    base class it is `StubBase`; it is false in a condition.  Using one as a number or an array
    raises `MissingModule` with the module's name.
    """

    def __init__(self, name: str) -> None:
        self.__name__ = self.__qualname__ = name
        self.__module__ = name.partition(".")[0]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return stub(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and callable(args[0]) and not isinstance(args[0], Stub):
            return args[0]
        return Stub(f"{self.__name__}()")

    def __repr__(self) -> str:
        return f"<{self.__name__}, not installed>"

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        first = next(b for b in bases if isinstance(b, Stub))
        return (StubBase,) if first is self else ()

    def __instancecheck__(self, instance: object) -> bool:
        return False

    def __subclasscheck__(self, cls: type) -> bool:
        return False

    def __getitem__(self, key: Any) -> Stub:
        return self

    def __or__(self, other: Any) -> Any:
        return Any

    __ror__ = __or__

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *exc: object) -> None:
        return None


def _refuse(self: Stub, *args: Any, **kwargs: Any) -> NoReturn:
    module = self.__name__.partition(".")[0].removesuffix("()")
    raise MissingModule(
        f"{self.__name__} is needed, but the module {module} was not found: "
        f"install it or put it beside the file"
    )


_ARITHMETIC = (
    "add radd sub rsub mul rmul matmul rmatmul truediv rtruediv floordiv pow rpow neg abs "
    "lt le gt ge len iter float int index array"
)
for _name in _ARITHMETIC.split():
    setattr(Stub, f"__{_name}__", _refuse)


def _first(iterable: Any = (), *args: Any, **kwargs: Any) -> Any:
    """What `tqdm(iterable)` becomes: the iterable."""
    return iterable


_BEHAVES: dict[str, Any] = {
    "tqdm": _first,
    "trange": lambda n, *a, **k: range(n),
    "prange": range,
    "xrange": range,  # past.builtins, six.moves
}


def stub(name: str) -> Any:
    """The stand-in for a dotted name of a missing module."""
    return KNOWN.get(name) or _BEHAVES.get(name.rpartition(".")[2]) or Stub(name)


# ---- what the fish book's `common` package would have given -------------------------------------

FISH_FUNCTIONS = (
    "softmax",
    "cross_entropy_error",
    "sigmoid",
    "relu",
    "identity_function",
    "mean_squared_error",
    "im2col",
    "col2im",
    "numerical_gradient",
)


def from_reference(module: str, name: str) -> Any:
    """An object of that name from `gradcheck_reference.fish`, or None.

    The book's functions are supplied whatever the missing module is called (they are copied into
    many differently named files); its classes only for the book's own package, ``common``.
    """
    if name not in FISH_FUNCTIONS and module.partition(".")[0] != "common":
        return None
    if name == "np":
        return importlib.import_module("numpy")
    if name == "GPU":
        return False
    try:
        fish = importlib.import_module("gradcheck_reference.fish")
    except ImportError:
        return None
    return getattr(fish, name, None)


def of_the_book(module: str, used: Collection[str]) -> list[str]:
    """The names a file takes by ``from module import *`` that `from_reference` can supply.

    The book's functions from any module; what else the reference has, only from ``common``.
    """
    names = [f for f in FISH_FUNCTIONS if f in used]
    if module.partition(".")[0] != "common":
        return names
    extra = ["np", "GPU"] if module.endswith(".np") else []
    classes = [n for n in used if n[:1].isupper() and from_reference(module, n) is not None]
    return [*names, *(n for n in extra if n in used), *sorted(set(classes) - {*names, *extra})]


# ---- names that NumPy and Python removed --------------------------------------------------------

_BUILTINS: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "object": object,
    "complex": complex,
    "str": str,
    "long": int,
}
_RENAMED = {
    "product": "prod",
    "cumproduct": "cumprod",
    "alltrue": "all",
    "sometrue": "any",
    "in1d": "isin",
    "trapz": "trapezoid",
    "row_stack": "vstack",
    "float_": "float64",
    "complex_": "complex128",
    "unicode_": "str_",
    "string_": "bytes_",
    "Inf": "inf",
    "infty": "inf",
    "Infinity": "inf",
    "PINF": "inf",
    "NaN": "nan",
    "NAN": "nan",
    "round_": "round",
    "mat": "asmatrix",
    "float128": "longdouble",
}
_COLLECTIONS = (
    "Callable Container Hashable ItemsView Iterable Iterator KeysView Mapping MappingView "
    "MutableMapping MutableSequence MutableSet Sequence Set Sized ValuesView Generator"
)


@functools.cache  # what is missing before `install_aliases` puts it back
def removed_names() -> dict[str, Any]:
    """Names that this NumPy no longer has, with what they stood for."""
    np = importlib.import_module("numpy")
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in _BUILTINS.items():
            if not hasattr(np, name):
                found[name] = value
        for name, new in _RENAMED.items():
            if not hasattr(np, name) and hasattr(np, new):
                found[name] = getattr(np, new)
        if not hasattr(np, "asscalar"):
            found["asscalar"] = lambda a: a.item()
        if not hasattr(np, "asfarray"):
            found["asfarray"] = lambda a, dtype=float: np.asarray(a, dtype=dtype)
    return found


def install_aliases() -> Callable[[], None]:
    """Put removed names back into numpy and collections; returns the function that undoes it.

    Meant for a process of its own: code of other packages sees these names too.
    """
    np = importlib.import_module("numpy")
    abc = importlib.import_module("collections.abc")
    collections = importlib.import_module("collections")
    added: list[tuple[Any, str]] = []
    for name, value in removed_names().items():
        setattr(np, name, value)
        added.append((np, name))
    for name in _COLLECTIONS.split():
        if not hasattr(collections, name):
            setattr(collections, name, getattr(abc, name))
            added.append((collections, name))
    gufuncs = "numpy.core.umath_tests"
    if gufuncs not in sys.modules:
        module: Any = types.ModuleType(gufuncs)
        module.inner1d = lambda a, b: np.einsum("...i,...i->...", a, b)
        module.matrix_multiply = np.matmul
        sys.modules[gufuncs] = module

    def undo() -> None:
        for owner, name in added:
            delattr(owner, name)
        sys.modules.pop(gufuncs, None)

    return undo


def removed_names_used(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """``(name, line)`` of each name in a file that the installed NumPy no longer has."""
    removed, seen = removed_names(), set()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("np", "numpy")
            and node.attr in removed
            and node.attr not in seen
        ):
            seen.add(node.attr)
            yield node.attr, node.lineno
