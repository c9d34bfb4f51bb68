"""The Ops of a tape: one for every operation, its gradients read off ``.grad`` after a backward."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck import cases
from gradcheck.construct import recipes
from gradcheck.conventions.consistency import AGREES, miss
from gradcheck.conventions.live import Live, Refused, Skipped, call_quietly
from gradcheck.conventions.signature import VERBS, arguments, plain
from gradcheck.conventions.sources import Source
from gradcheck.conventions.tape_calls import (
    BINARY,
    Expression,
    expressions,
    own_names,
    partial_right,
    values_for,
)
from gradcheck.conventions.tapes import Tape, caller_of, is_tape, tape_in, tape_of
from gradcheck.types import Array, Case, Op, Primals

#: How the walk is started with a given upstream gradient, best first.
SEEDS: dict[str, str] = {
    "array": "backward(g)",
    "tensor": "backward({cls}(g))",
    "sum": "(out * g).sum().backward()",
    "times": "(out * g).backward()",
    "ones": "out.backward()",
    "summed": "out.sum().backward()",
}
#: A share of right operations above which the way to start the walk is settled.
MOST = 0.7
#: An exception that means "this operand is not for me".
UNSUPPORTED = (TypeError, AttributeError, AssertionError, NotImplementedError, ValueError, IndexError,
               KeyError)  # fmt: skip


@dataclass(frozen=True)
class Read:
    """One expression on one tape under one way to start the walk."""

    tape: Tape
    expression: Expression
    seed: str
    domain: str = "real"


def tape_ops(source: Source) -> list[Op]:
    """The Ops of a tensor class, of a function on tensors, or of a class of operations.

    Raises
    ------
    Refused
        No operation runs and gives its leaves a gradient.
    """
    cls = source.obj if is_tape(source.obj) else tape_in(source.namespace, source.obj)
    if cls is None:
        raise Refused("has no tensor class to be applied to")
    tape = tape_of(cls)
    if source.obj is cls or is_tape(source.obj):
        wanted = list(expressions(tape))
    else:
        wanted = list(applications(source, tape))
    own_kind = [c.__name__ for c in cls.__mro__[1:] if is_tape(c)]
    if own_kind and source.obj is cls and not defines_operations(cls):
        raise Skipped(f"has the operations of {own_kind[0]}, which is checked by itself")
    first = chosen(source, tape, wanted)
    if not first and not tape.scalar:  # numbers after all
        tape = replace(tape, scalar=True)
        first = chosen(source, tape, [replace(e, shapes=(("N",),) * len(e.shapes)) for e in wanted])
    if not first:
        if source.obj is cls and not {*BINARY, "__neg__", "__pow__"} & set(own_names(cls)):
            raise Skipped(
                "has no operations of its own: the functions applied to it are checked by themselves"
            )
        raise Refused(f"no operation on {cls.__name__} runs and leaves a gradient in its operands")
    return first


def defines_operations(cls: type) -> bool:
    """Whether a subclass of a tensor class adds or replaces an operation."""
    return any(callable(v) and not n.startswith(("__init__", "__repr__", "__str__", "__new__", "zero"))
               for n, v in vars(cls).items())  # fmt: skip


def applications(source: Source, tape: Tape) -> Iterator[Expression]:
    """How a function, or a class of operations, is applied to tensors."""
    shape: tuple[int | str, ...] = ("N",) if tape.scalar else ("N", "D")
    for text, apply, names in callables(source, tape):
        shapes = [shape] * len(names)
        yield Expression(f"{text}({', '.join('abc'[: len(names)])})", apply, tuple(shapes), optional=True)  # fmt: skip
        if len(names) != 2 or tape.scalar:
            continue
        yield Expression(f"{text}(a, b), b (D, C)", apply, (shape, ("D", "C")), optional=True)
        for value in (2.0, *values_for(plain(names[1]))):
            run = partial_right(apply, value)
            rows = (3, "D") if isinstance(value, np.ndarray) else shape
            yield Expression(f"{text}(a, {value!r})", run, (rows,), optional=True)


def callables(source: Source, tape: Tape) -> Iterator[tuple[str, Callable[..., Any], list[str]]]:
    """The text, the call and the names of the tensors of everything that may be applied."""
    applied = source.obj
    is_class = inspect.isclass(applied)
    if not is_class:
        names = [a.name for a in arguments(applied, method=False) if a.required]
        yield source.name, applied, names[:3]
        return
    caller = caller_of(applied, tape.cls)
    forwards = dict.fromkeys(f for f, _ in VERBS if f != caller)
    computed = next(getattr(applied, f) for f in forwards if hasattr(applied, f))
    inputs = [a.name for a in arguments(computed) if a.required and plain(a.name) != "ctx"]
    if caller == "apply" and not any(a.required for a in arguments(applied.__init__)):
        held = inspect.getattr_static(applied, "apply")
        if isinstance(held, (classmethod, staticmethod)):
            yield f"{source.name}.apply", applied.apply, inputs[:3]
            return
    for made in list(recipes(source.obj, source.name, source.namespace, source.tree, source.init))[
        :6
    ]:
        try:
            made.make()
        except Exception:  # these arguments are not for it
            continue

        def apply(*tensors: Any, make: Callable[[], Any] = made.make) -> Any:
            return getattr(make(), caller)(*tensors)

        yield made.text, apply, inputs[:3]


def chosen(source: Source, tape: Tape, wanted: list[Expression]) -> list[Op]:
    """The Ops under the way to start the walk that most of them agree with; a tie goes to the first."""
    best: tuple[int, list[Op]] = (0, [])
    for seed in SEEDS:
        if not startable(tape, seed):
            continue
        ops = [op for e in wanted if (op := usable(source, tape, e, seed)) is not None]
        right = [miss(op) < AGREES for op in ops]
        if ops and (sum(right) > best[0] or not best[1]):
            kept = spread_only_where_dealt_with(source, ops, right)
            best = (sum(right), kept)
        if seed != "array" and best[0] >= MOST * max(len(best[1]), 1):
            break
    return best[1]


def startable(tape: Tape, seed: str) -> bool:
    """Whether the backward has an argument for a gradient, where this start needs one."""
    given = [a.name for a in arguments(getattr(tape.cls, tape.backward))]
    return seed not in {"array", "tensor"} or any("g" in plain(n)[:1] or "grad" in n for n in given)


def spread_only_where_dealt_with(source: Source, ops: list[Op], right: list[bool]) -> list[Op]:
    """Without operands of different shapes where no operation of the class deals with them."""
    dealt = any(ok and ", b (" in op.built and source.obj is op.obj for op, ok in zip(ops, right, strict=True))  # fmt: skip
    return [op for op in ops if dealt or ", b (" not in op.built or "D, C" in op.built]


def usable(source: Source, tape: Tape, expression: Expression, seed: str) -> Op | None:
    """The Op of an expression on the first kind of numbers it runs on, or None."""
    for domain in ("real", "positive", "unit"):
        op = tape_op(source, Read(tape, expression, seed, domain))
        fate = trial(op, expression)
        if fate == "runs":
            return op
        if fate == "no":
            return None
    return None


def trial(op: Op, expression: Expression) -> str:
    """``runs``; ``domain`` where other numbers may do; ``no`` where it is not for this class."""
    primals, _ = cases.draw(op, Case())
    live = op.make()
    try:
        output = np.asarray(op.forward(live, primals, None, True))
    except Exception as error:
        told = isinstance(error, NameError) or "positional argument" in str(error)
        if told and not expression.optional:
            return "runs"  # the contract says what it raises
        return "domain" if isinstance(error, (ValueError, ArithmeticError)) else "no"
    if output.dtype.kind != "f" or not np.all(np.isfinite(output)):
        return "domain"
    try:
        found = op.backward(live, cases.cotangent(output, Case()), primals, None)
    except Exception as error:
        refuses = expression.spread or (expression.optional and isinstance(error, UNSUPPORTED))
        return "no" if refuses or not isinstance(error, Exception) else "runs"
    if expression.optional and all(g is None for g in found.values()):
        return "no"
    return "runs"


def tape_op(source: Source, read: Read) -> Op:
    """The Op of one expression."""
    tape, expression = read.tape, read.expression
    slots = expression.slots(read.domain)
    ones = read.seed in {"ones", "summed"}

    def built(inputs: Primals) -> tuple[list[Any], list[Any]]:
        arrays = [inputs[s.name] for s in slots]
        rows = zip(*arrays, strict=True) if tape.scalar else [tuple(arrays)]
        leaves = [[tape.leaf(float(v) if tape.scalar else v) for v in row] for row in rows]
        results = [call_quietly(expression.run, *row) for row in leaves]
        if not all(tape.is_tensor(r) for r in results):
            raise Refused(f"{expression.text} gives no {tape.cls.__name__}")
        if any(r is leaf for r, row in zip(results, leaves, strict=True) for leaf in row):
            raise Refused(f"{expression.text} gives its operand back")
        return leaves, results

    def forward(live: Live, inputs: Primals, labels: Array | None, train: bool) -> Array:
        _, results = built(inputs)
        found = [np.asarray(tape.data(r), dtype=np.float64) for r in results]
        output = np.array([f.reshape(()) for f in found]) if tape.scalar else found[0]
        return np.asarray(np.sum(output)) if ones else output

    def backward(
        live: Live, cot: Array, inputs: Primals, labels: Array | None
    ) -> Mapping[str, Any]:
        leaves, results = built(inputs)
        for i, result in enumerate(results):
            start(read, result, float(cot[i]) if tape.scalar and not ones else np.array(cot))
        columns = zip(*leaves, strict=True)
        found = [[tape.gradient(leaf) for leaf in column] for column in columns]
        return {
            s.name: gathered(g) if tape.scalar else g[0] for s, g in zip(slots, found, strict=True)
        }

    return Op(
        name=source.name, kind="function", convention="tape", make=Live, construct=Live,
        parameters=lambda live: {}, with_parameters=lambda values: Live(), forward=forward,
        backward=backward, slots=slots, terminal=ones, built=expression.text, obj=source.obj,
        gradient_names={s.name: f"{expression.text}: {s.name[0]}.grad" for s in slots},
        reading=f"the gradients are those left by {SEEDS[read.seed].format(cls=tape.cls.__name__)}",
    )  # fmt: skip


def gathered(gradients: list[Array | None]) -> Array | None:
    """The gradients of single numbers as one array."""
    if any(g is None for g in gradients):
        return None
    return np.array([np.asarray(g, dtype=np.float64).reshape(()) for g in gradients])


def start(read: Read, result: Any, cot: Any) -> None:
    """Walk the graph from a result, with this upstream gradient."""
    tape = read.tape
    walk = tape.backward
    if read.seed in {"array", "tensor"}:
        given = cot if read.seed == "array" else tape.constant(cot)
        call_quietly(getattr(result, walk), given, seed=1)
        return
    if read.seed == "summed":
        result = result.sum()
    if read.seed in {"sum", "times"}:
        weight = cot if tape.scalar else tape.leaf(cot)
        result = result * weight
        result = result.sum() if read.seed == "sum" else result
    call_quietly(getattr(result, walk), seed=1)
