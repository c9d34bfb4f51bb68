"""Changes that nobody would make: they pass a check by chance, or never end."""

from __future__ import annotations

import ast
import re
from typing import Any, Protocol


class Spot(Protocol):
    """The place of a change."""

    @property
    def node(self) -> Any: ...
    @property
    def parent(self) -> Any: ...
    @property
    def statement(self) -> Any: ...


class Changed(Protocol):
    """What stands at a place, and what is put there."""

    @property
    def site(self) -> Spot: ...
    @property
    def new(self) -> Any: ...


def senseless(change: Changed) -> bool:
    """Whether a change is not worth a trial."""
    return no_count(change) or into_itself(change) or with_itself(change) or of_a_size(change)


def with_itself(change: Changed) -> bool:
    """Whether something would be compared with, taken from or divided by itself."""
    above, new, old = change.site.parent, change.new, change.site.node
    if not isinstance(new, (ast.Name, ast.Attribute)):
        return False
    if isinstance(above, ast.Compare):
        others = [above.left, *above.comparators]
    elif isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Sub, ast.Div)):
        others = [above.left, above.right]
    else:
        return False
    return any(o is not old and ast.unparse(o) == ast.unparse(new) for o in others)


#: How a size is written.
SIZE = re.compile(r"(\.shape\[-?\d+\]|^len\(.*\)|\.size|(^|[._])(out|in|num|n)_?[hwcn])$")


def of_a_size(change: Changed) -> bool:
    """Whether a size would be negative, or a shape or a size put into a sum or a function of real numbers."""
    new, old = change.new, change.site.node
    if (
        isinstance(old, ast.Attribute) and old.attr == "shape"
    ):  # a tuple times a number is a long one
        return isinstance(new, (ast.BinOp, ast.UnaryOp, ast.Call))
    if negative_counts(new) > negative_counts(old):
        return True
    if isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.USub):
        return SIZE.search(ast.unparse(new.operand)) is not None
    called = isinstance(new, ast.Call) and getattr(new.func, "attr", "") in {"sign", "exp", "tanh"}
    return called and any(SIZE.search(ast.unparse(a)) for a in new.args)


def negative_counts(node: object) -> int:
    """How many quotients of whole numbers get a minus sign: a count of windows has none."""
    turned = [
        n.operand for n in (ast.walk(node) if isinstance(node, ast.AST) else ())
        if isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.USub)
    ]  # fmt: skip
    return sum(isinstance(n, ast.FloorDiv) for operand in turned for n in ast.walk(operand))


def into_itself(change: Changed) -> bool:
    """Whether a list would be put into itself: to make an array of it has no end."""
    call, new = change.site.parent, change.new
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    takes = call.func.attr in {"append", "insert", "extend"} and isinstance(new, ast.expr)
    return takes and ast.unparse(call.func.value) in ast.unparse(new)


#: Names of a counter.
COUNTER = re.compile(r"^(t|iter|iters|iterations?|step|steps|n_steps?|count|counter|epoch)$")


def no_count(change: Changed) -> bool:
    """Whether a counter would start at something else than a whole number."""
    statement = change.site.statement
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
        return False
    names = [getattr(t, "attr", getattr(t, "id", "")) for t in statement.targets]
    counted = any(COUNTER.match(n) for n in names) and type(statement.value.value) is int
    new = change.new
    return counted and isinstance(new, ast.expr) and type(getattr(new, "value", None)) is not int
