"""Custom functions of PyTorch: a hand-written backward behind ``Function.apply``.

Such a class becomes a pair of NumPy functions, and is read and checked as one.  The gradients are
asked of ``torch.autograd.grad``, so that what PyTorch itself refuses (another number of gradients,
a gradient of another shape) is told in its own words.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.conventions import functions
from gradcheck.conventions.adapt_functions import (
    built_text,
    function_ops,
    readings_that_run,
)
from gradcheck.conventions.consistency import fits
from gradcheck.conventions.live import Refused
from gradcheck.conventions.sources import Source
from gradcheck.conventions.torch_arguments import Filling, fillings, indexed
from gradcheck.types import Op, Slot


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
    cls = source.obj
    with_context = "setup_context" not in vars(cls)
    parameters = list(inspect.signature(cls.forward).parameters.values())[int(with_context) :]
    if source.init is not None:
        return [example_op(torch, source, parameters)]
    found: list[Op] = []
    arrays: tuple[str, ...] = ()
    problem: Refused | None = None
    for filling in fillings(cls, parameters):
        if found and filling.arrays == arrays:
            continue
        try:
            ops = read(torch, source, parameters, filling)
        except Refused as refusal:
            problem = problem or refusal
            continue
        arrays = filling.arrays
        found += ops
    if found:
        return found
    hint = f'give a call that works: --init "{source.name}.apply(torch.randn(3, 4), ...)"'
    raise Refused(f"{problem or 'takes no array'}; {hint}")


def read(
    torch: Any, source: Source, parameters: list[inspect.Parameter], filling: Filling
) -> list[Op]:
    """The Ops under one filling of the arguments.

    Raises
    ------
    Refused
        No shapes were accepted.
    """
    name = source.name
    forward, backward = pair(torch, source.obj, parameters, filling)
    both = {f.__name__: f for f in (forward, backward)}
    inside = replace(source, namespace={**source.namespace, **both}, obj=forward)
    if filling.whole:
        ops = list(first_that_fits(inside, (forward, backward), filling))
        if not ops:
            raise Refused("no shapes were accepted")
    else:
        ops = function_ops(inside)
        if not agreeable(ops[0]):  # a number or a column may be meant where rows were given
            ops = list(of_few_numbers(inside, (forward, backward), filling)) or ops
    return [
        replace(op, name=name, obj=source.obj, built=call_text(op.built, name, filling))
        for op in ops
    ]


def call_text(built: str, name: str, filling: Filling) -> str:
    """``Scale_forward(x)`` as ``Scale.apply(x, factor=0.7)``."""
    text = built.replace(f"{name}_forward", f"{name}.apply")
    return f"{text[:-1]}{filling.text()})" if text.endswith(")") else text


def first_that_fits(source: Source, both: tuple[Any, Any], filling: Filling) -> Iterator[Op]:
    """The Op of a function that takes whole numbers, under the first shapes that it accepts."""
    for slots, shapes in indexed(source.obj, filling):
        make = functions.parameter_maker(list(shapes), list(shapes.values()))
        text = built_text(both[0], [s.name for s in slots], shapes, {})
        good, _ = readings_that_run(source, *both, slots, make, text, {})
        runs = [op for op in good if op.gradient_names]
        if runs and fits(runs[0]):
            yield runs[0]
            return


def agreeable(op: Op) -> bool:
    """Whether a function runs at its shapes, and every gradient fits its argument."""
    try:
        return fits(op)
    except Exception:  # PyTorch refuses a gradient of another shape
        return False


def of_few_numbers(source: Source, both: tuple[Any, Any], filling: Filling) -> Iterator[Op]:
    """The Op under the first shapes that fit, all arrays but the first being a number or one of each channel."""
    first, *others = filling.arrays
    for shape in (("N", 4), ("N", 4, "T"), ("N", 4, "H", "W")):
        channel = (4, *(1 for _ in shape[2:]))
        for few in ((1,), (), channel, (1, *channel)) if others else ():
            make = functions.parameter_maker(others, [few] * len(others))
            text = built_text(both[0], [first], dict.fromkeys(others, few), {})
            slots = (Slot(first, shape),)
            good, _ = readings_that_run(source, *both, slots, make, text, {})
            runs = [op for op in good if len(op.gradient_names) > len(others)]
            if runs and agreeable(runs[0]):
                yield runs[0]
                return


def pair(
    torch: Any, cls: Any, parameters: list[inspect.Parameter], filling: Filling
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """``apply`` and the gradients it gives as two functions of arrays, under a filling."""
    names = [p.name for p in parameters]
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    indices: set[str] = set()
    dirty = "mark_dirty" in inspect.getsource(cls)

    def forward(**given: Any) -> tuple[Any, Graph]:
        given_to = {**defaults, **filling.options, **given}
        out, tensors, handed = applied(
            torch, cls, {n: given_to[n] for n in names if n in given_to}, indices
        )
        for key, array in given.items():
            if isinstance(array, np.ndarray) and array.flags.writeable and not dirty:
                now = handed[key].detach().numpy()
                if not np.array_equal(array, now, equal_nan=array.dtype.kind == "f"):
                    array[...] = now  # forward edits its argument: a law says so
        outputs = list(out) if isinstance(out, (tuple, list)) else [out]
        outputs = [o for o in outputs if torch.is_tensor(o) and o.is_floating_point()]
        outputs = [o for o in outputs if o.requires_grad] or outputs
        joined = side_by_side(torch, outputs)
        return joined.detach().numpy().copy(), Graph([joined], list(tensors.values()))

    def backward(grad_output: Any, cache: Graph) -> tuple[Any, ...]:
        (output,), inputs = cache.kept()
        wanted = [torch.is_tensor(t) and t.requires_grad for t in inputs]
        with alone(torch):
            claimed = torch.autograd.grad(
                output,
                [t for t, is_wanted in zip(inputs, wanted, strict=True) if is_wanted],
                tensor(torch, np.asarray(grad_output), output.shape).detach(),
                retain_graph=True,
                allow_unused=True,
            )
        found = iter(claimed)
        gradients = [next(found) if is_wanted else None for is_wanted in wanted]
        return tuple(None if g is None else g.numpy().copy() for g in gradients)

    forward.__name__, backward.__name__ = f"{cls.__name__}_forward", f"{cls.__name__}_backward"
    shown = [p.replace(default=p.empty) if p.name in filling.arrays else p for p in parameters
             if p.name not in filling.options]  # fmt: skip
    shown.sort(key=lambda p: p.default is not p.empty)
    forward.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    return forward, backward


@contextmanager
def alone(torch: Any) -> Iterator[None]:
    """One thread, and PyTorch's generator at a seed that follows from NumPy's, alike in every call.

    On small tensors threads only wait for each other. ``torch.manual_seed`` also formats the stack.
    """
    generator, threads = torch.default_generator, torch.get_num_threads()
    state = generator.get_state()
    torch.set_num_threads(1)
    generator.manual_seed(int(np.random.randint(2**31)))
    try:
        yield
    finally:
        generator.set_state(state)
        torch.set_num_threads(threads)


def side_by_side(torch: Any, outputs: list[Any]) -> Any:
    """Several outputs as one, so that each of them has a cotangent: (batch, all entries) or flat."""
    if len(outputs) == 1:
        return outputs[0]
    if all(o.ndim for o in outputs) and len({len(o) for o in outputs}) == 1:
        return torch.cat([o.reshape(len(o), -1) for o in outputs], 1)
    return torch.cat([o.reshape(-1) for o in outputs])


def example_op(torch: Any, source: Source, parameters: list[inspect.Parameter]) -> Op:
    """The Op of a function at the shapes of an example call: its tensors of floats are drawn anew.

    Raises
    ------
    Refused
        The text is no call of the function, or the call raises.
    """
    call = ast.parse(str(source.init), mode="eval").body
    if not isinstance(call, ast.Call):
        raise Refused(f"--init {source.init!r} is no call of {source.name}.apply")
    names = {"torch": torch, "np": np, **source.namespace}

    def value(node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), "--init", "eval"), dict(names))

    try:
        bound = inspect.Signature(parameters).bind(
            *(value(a) for a in call.args), **{str(k.arg): value(k.value) for k in call.keywords}
        )
    except Exception as error:
        raise Refused(f"--init {source.init!r} raises {type(error).__name__}: {error}") from None
    given = bound.arguments
    floats = {
        k: tuple(v.shape) for k, v in given.items() if torch.is_tensor(v) and v.is_floating_point()
    }
    if not floats:
        raise Refused(f"--init {source.init!r} has no tensor of floats to take a gradient in")
    rest = {k: v for k, v in given.items() if k not in floats}
    both = pair(torch, source.obj, parameters, Filling(tuple(floats), (), rest))
    first = next(iter(floats))
    others = {k: v for k, v in floats.items() if k != first}
    make = functions.parameter_maker(list(others), list(others.values()))
    good, why = readings_that_run(
        replace(source, obj=both[0]),
        *both,
        (Slot(first, floats[first]),),
        make,
        str(source.init),
        {},
    )
    if not good:
        raise Refused(f"--init {source.init!r}: {why}")
    return replace(good[0], name=source.name, obj=source.obj)


def applied(
    torch: Any, cls: Any, given: Mapping[str, Any], indices: set[str]
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """What ``apply`` returns, its arguments with tensors for arrays, and the copies it was handed.

    It is handed copies within the graph, since a leaf cannot be edited in place.  Whole numbers are
    handed over as floats, since no gradient of an integer tensor can be asked for; where the
    function refuses that, as integers, and `indices` remembers their names.
    """

    def run(whole: set[str]) -> tuple[Any, dict[str, Any], dict[str, Any]]:
        values = {k: tensor(torch, v, whole=k in whole) for k, v in given.items()}
        handed = {k: v.clone() if torch.is_tensor(v) else v for k, v in values.items()}
        with alone(torch):
            return cls.apply(*handed.values()), values, handed

    try:
        return run(indices)
    except (RuntimeError, IndexError, TypeError):
        whole = {k for k, v in given.items() if np.asarray(v).dtype.kind in "iu"}
        if whole <= indices:
            raise
    result = run(whole)
    indices |= {k for k in whole if isinstance(given[k], np.ndarray)}
    return result


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
