"""Module globals in which some values wait until they are asked for."""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable
from typing import Any


class Namespace(dict[str, Any]):
    """A module's globals, in which a pending name is computed when it is first used."""

    def __init__(self) -> None:
        super().__init__()
        self["__builtins__"] = builtins.__dict__
        self.pending: dict[str, Callable[[], Any]] = {}
        self.failed: dict[str, str] = {}
        self.state = "new"  # then "running", "done" and "closed"

    def will_have(self, name: str) -> bool:
        """Whether a name is not there yet, but may be: pending, or in a circular import."""
        if name in self:
            return False
        return name in self.pending or (name not in self.failed and self.state == "running")

    def __missing__(self, name: str) -> Any:
        if name not in self.pending:
            raise KeyError(name)
        compute = self.pending.pop(name)
        value = compute()
        return dict.__getitem__(self, name) if name in self else self.setdefault(name, value)


class UserModule(types.ModuleType):
    """A module whose attributes are its `Namespace`, pending names included."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_ns", Namespace())
        super().__init__(name)
        self.__name__ = name

    @property
    def __dict__(self) -> Namespace:  # type: ignore[override]
        return object.__getattribute__(self, "_ns")  # type: ignore[no-any-return]

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "_ns")[name]
        except KeyError:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "__spec__" and self._ns.get("__spec__") is not None:
            return  # reached under a second name: it keeps its first
        self._ns[name] = value
        if name.startswith("__"):
            super().__setattr__(name, value)
