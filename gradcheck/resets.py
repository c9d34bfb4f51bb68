"""Methods by which an object that keeps a state is put back, or made ready for a pass."""

from __future__ import annotations

import dis
import re
from typing import Any

#: ``zero_grad``, ``flush_gradients``, ``reset_state`` and their kin.
RESETS = re.compile(
    r"_?(reset|zero|clear|clean|flush|init)_?(?P<what>grads?|gradients?|states?|hidden|cache|memory)|"
    r"_?(reset|flush)|set_state"
)


def resets(obj: Any, gradients: bool = False) -> list[str]:
    """The methods that put an object back to its state before the first call."""
    own = [
        n for c in type(obj).__mro__[:-1] for n in vars(c) if callable(getattr(type(obj), n, None))
    ]
    found = [(n, m) for n in dict.fromkeys(own) if (m := RESETS.fullmatch(n.lower()))]
    return [n for n, m in found if not gradients or (m["what"] or "").startswith("grad")]


def begin_pass(obj: Any) -> None:
    """Call the methods without arguments that set what the constructor leaves out: ``new_pass()``."""
    for cls in type(obj).__mro__[:-1]:
        for name, method in vars(cls).items():
            code = getattr(method, "__code__", None)
            if code is None or code.co_argcount != 1 or name.startswith("__"):
                continue
            stored = {i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR"}
            if stored and not any(hasattr(obj, attribute) for attribute in stored):
                getattr(obj, name)()
