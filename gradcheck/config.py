"""The ``[tool.gradcheck]`` table of the nearest pyproject.toml above a target.

[tool.gradcheck]
init = { Layer_Dense = "Layer_Dense(4, 3)" }
input = [3, 4]
labels = "index"
skip = ["Old*"]
timeout = 60
memory = 4096
"""

from __future__ import annotations

import ast
import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.types import ENCODINGS


class ConfigError(Exception):
    """The table says something that gradcheck does not know; the message names the key."""


@dataclass(frozen=True)
class Config:
    """Defaults for one target; what the command line gives wins."""

    init: tuple[str, ...] = ()
    input: tuple[int, ...] | None = None
    labels: str | None = None
    skip: tuple[str, ...] = ()
    timeout: float | None = None
    memory: int | None = None


def find(path: Path) -> Path | None:
    """The nearest pyproject.toml at or above a file or folder."""
    path = path.absolute()
    for folder in (path, *path.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            return file
    return None


def read(path: Path) -> Config:
    """The table that applies to a target; the defaults where there is none.

    Raises
    ------
    ConfigError
        The file is not TOML, a key is not known, or a value has the wrong type.
    """
    file = find(path)
    if file is None:
        return Config()
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error
    table = data.get("tool", {}).get("gradcheck", {})
    return _checked(table, f"{file}: [tool.gradcheck]")


def _checked(table: Any, where: str) -> Config:
    if not isinstance(table, dict):
        raise ConfigError(f"{where} should be a table")
    known = list(_READERS)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(known)}"
            raise ConfigError(f"{where}: unknown key {key!r}; {hint}")
    values = {}
    for key, value in table.items():
        expected, reader = _READERS[key]
        try:
            values[key] = reader(value)
        except (TypeError, ValueError, AttributeError):
            raise ConfigError(f"{where}: {key} = {value!r}, but should be {expected}") from None
    return Config(**values)


def _init(value: Any) -> tuple[str, ...]:
    """``Dense = "Dense(4, 3)"`` or, shorter, ``Dense = "(4, 3)"``."""
    if not isinstance(value, Mapping):
        raise TypeError
    return tuple(
        call(text if called(text) == name else f"{name}{text}") for name, text in value.items()
    )


def call(text: str) -> str:
    """An expression such as ``Dense(4, 3)``, unchanged.

    Raises
    ------
    ValueError
        It is not one call of a name.
    """
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is not an expression: {error.msg}") from None
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr == "apply":  # a function of PyTorch
        function = function.value
    if not isinstance(function, ast.Name):
        raise ValueError(f"{text!r} is not a call such as Dense(4, 3)")
    return text.strip()


def called(text: str) -> str:
    """The class that a call is of: ``Dense(4, 3)``, ``Swish.apply(torch.randn(3, 4))``."""
    return text.split("(")[0].strip().removesuffix(".apply")


def shape(value: Any) -> tuple[int, ...]:
    """A shape from ``[3, 4]``, ``"3,4"``, ``"3x4"`` or ``"(3, 4)"``.

    Raises
    ------
    ValueError
        It is none of these, or a size is not positive.
    """
    if isinstance(value, str):
        value = [int(part) for part in re.split("[x,]", value.strip("()[] ").rstrip(","))]
    sizes = tuple(int(n) for n in value)
    if not sizes or any(n < 1 for n in sizes) or any(isinstance(n, bool) for n in value):
        raise ValueError(f"{value!r} is not a shape")
    return sizes


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _encoding(value: Any) -> str:
    if value not in ENCODINGS:
        raise ValueError
    return _text(value)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(item) for item in value)


def _seconds(value: Any) -> float:
    if isinstance(value, (bool, str)) or not value > 0:
        raise ValueError
    return float(value)


def _mebibytes(value: Any) -> int:
    return int(_seconds(value))


_READERS: dict[str, tuple[str, Any]] = {
    "init": ('a table of expressions, { Dense = "Dense(4, 3)" }', _init),
    "input": ("a shape, [3, 4]", shape),
    "labels": (f"one of {', '.join(ENCODINGS)}", _encoding),
    "skip": ('a list of names, ["Old*"]', _names),
    "timeout": ("a number of seconds", _seconds),
    "memory": ("a number of MiB", _mebibytes),
}
