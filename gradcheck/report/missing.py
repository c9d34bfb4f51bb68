"""Optional libraries: imported where they are used, with a clear word when they are absent."""

from __future__ import annotations

import importlib
from typing import Any


class MissingLibrary(ImportError):
    """A library that only the HTML report and the pictures need is not installed."""


def needs(module: str) -> Any:
    """Import a module of an optional library.

    Raises
    ------
    MissingLibrary
        It is not installed; the message has the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as e:
        library = module.partition(".")[0]
        if e.name is not None and e.name.partition(".")[0] != library:
            raise  # the library is there and broken: its own message says more
        raise MissingLibrary(
            f"the HTML report and the pictures need {library}: pip install 'gradcheck[report]'",
            name=library,
        ) from e
