"""Methods that put an object back: what a class says by having them is that it keeps a state."""

from __future__ import annotations

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
