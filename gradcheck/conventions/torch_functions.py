"""Custom functions of PyTorch: a hand-written backward behind ``Function.apply``.

Such a class becomes a pair of NumPy functions, and is read and checked as one.  The gradients are
asked of ``torch.autograd.grad``, so that what PyTorch itself refuses (another number of gradients,
a gradient of another shape) is told in its own words.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions.adapt_functions import function_ops
from gradcheck.conventions.live import Refused
from gradcheck.conventions.sources import Source
from gradcheck.types import Op


class Graph:
    """What one forward leaves for the backward. Its tensors are no arrays of the user's object."""

    __slots__ = ("_kept",)

    def __init__(self, outputs: list[Any], inputs: list[Any]) -> None:
        self._kept: Callable[[], tuple[list[Any], list[Any]]] = lambda: (outputs, inputs)

    def __deepcopy__(self, memo: Any) -> Graph:
        return self

    def kept(self) -> tuple[list[Any], list[Any]]:
        """The output tensors and the inputs."""
        return self._kept()


def torch_ops(source: Source) -> list[Op]:
    """The Ops of a custom function, on the CPU.

    Raises
    ------
    Refused
        PyTorch is not installed, or no shapes were accepted.
    """
    try:
        import torch
    except ImportError:
        raise Refused("needs PyTorch, which is not installed here") from None
    cls, name = source.obj, source.name
    with_context = "setup_context" not in vars(cls)
    parameters = list(inspect.signature(cls.forward).parameters.values())[int(with_context) :]

    def forward(**given: Any) -> tuple[Any, Graph]:
        named = {p.name: given.get(p.name, p.default) for p in parameters}
        out, tensors = applied(torch, cls, named)
        for key, array in given.items():
            if isinstance(array, np.ndarray) and array.flags.writeable:
                now = tensors[key].detach().numpy()
                if not np.array_equal(array, now, equal_nan=array.dtype.kind == "f"):
                    array[...] = now  # forward edits its argument: a law says so
        outputs = list(out) if isinstance(out, (tuple, list)) else [out]
        arrays = [o.detach().numpy().copy() for o in outputs if torch.is_tensor(o)]
        graph = Graph(outputs, list(tensors.values()))
        return (arrays[0] if len(arrays) == 1 else tuple(arrays)), graph

    def backward(grad_output: Any, cache: Graph) -> tuple[Any, ...]:
        outputs, inputs = cache.kept()
        wanted = [torch.is_tensor(t) and t.requires_grad for t in inputs]
        cots = grad_output if isinstance(grad_output, (tuple, list)) else [grad_output]
        found = iter(
            torch.autograd.grad(
                outputs[: len(cots)],
                [t for t, is_wanted in zip(inputs, wanted, strict=True) if is_wanted],
                [tensor(torch, c, o.shape).detach() for c, o in zip(cots, outputs, strict=False)],
                retain_graph=True,
                allow_unused=True,
            )
        )
        gradients = [next(found) if is_wanted else None for is_wanted in wanted]
        return tuple(None if g is None else g.numpy().copy() for g in gradients)

    forward.__name__, backward.__name__ = f"{name}_forward", f"{name}_backward"
    forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    pair = {f.__name__: f for f in (forward, backward)}
    ops = function_ops(replace(source, namespace={**source.namespace, **pair}, obj=forward))
    return [
        replace(op, name=name, obj=cls, built=op.built.replace(f"{name}_forward", f"{name}.apply"))
        for op in ops
    ]


def applied(torch: Any, cls: Any, given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What ``apply`` returns, and its arguments with tensors for arrays.

    Whole numbers are handed over as floats, since no gradient of an integer tensor can be asked
    for; where the function refuses that, as integers: they are indices.
    """
    try:
        values = {k: tensor(torch, v) for k, v in given.items()}
        return cls.apply(*values.values()), values
    except (RuntimeError, IndexError, TypeError):
        if not any(np.asarray(v).dtype.kind in "iu" for v in given.values()):
            raise
    values = {k: tensor(torch, v, whole=True) for k, v in given.items()}
    return cls.apply(*values.values()), values


def tensor(
    torch: Any, value: Any, shape: tuple[int, ...] | None = None, *, whole: bool = False
) -> Any:
    """An array as a tensor with its own memory that asks for a gradient; other values as they are."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return value
    is_float = value.dtype.kind == "f"
    array = np.array(value, dtype=value.dtype if whole or is_float else np.float64, order="C")
    array = array if shape is None else array.reshape(tuple(shape))
    return torch.from_numpy(array).requires_grad_(array.dtype.kind == "f")
