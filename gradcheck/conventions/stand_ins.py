"""What a user's forward and backward are handed where they ask for an object: a context, an optimizer."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

#: The step size handed to a backward that updates its own parameters.
RATE = 0.5


class Context:
    """The ``ctx`` of a Function written in PyTorch's style: it remembers what it is given."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad = (True,) * 8

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for the backward."""
        self.saved_tensors = tensors

    def __getattr__(self, name: str) -> tuple[Any, ...]:
        """Other spellings of `saved_tensors`: ``saved``, ``saved_values``, ``saved_variables``."""
        if not name.startswith("saved"):
            raise AttributeError(f"ctx has no attribute {name!r}: forward did not set it")
        return self.__dict__["saved_tensors"]  # type: ignore[no-any-return]


class Recorder:
    """An optimizer to hand to a backward: plain gradient descent with a known step size.

    `seen` holds the parameters and gradients it was given since it was last cleared: a backward
    that leaves the update to an optimizer that edits in place ignores what `update` returns.
    """

    seen: ClassVar[list[tuple[Any, Any]]] = []

    def __init__(self) -> None:
        self.lr = self.learning_rate = RATE

    def update(self, first: Any, second: Any, *rest: Any) -> Any:
        """``w - RATE * gradient``; dicts are updated in place."""
        if isinstance(first, str) and rest:
            first, second = second, rest[0]
        many = isinstance(first, (list, tuple))
        Recorder.seen += list(zip(first, second, strict=True)) if many else [(first, second)]
        if isinstance(first, dict):
            for key in first:
                first[key] = first[key] - RATE * second[key]
            return first
        if isinstance(first, (list, tuple)):
            return [w - RATE * g for w, g in zip(first, second, strict=True)]
        return np.asarray(first) - RATE * np.asarray(second)

    __call__ = step = apply = get_update = update
