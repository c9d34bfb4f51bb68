"""Signs, factors and terms that are missing, too many, or of the wrong kind."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from gradcheck.conventions.signature import UPSTREAM
from gradcheck.diagnose.edits import Change, Scope, Site
from gradcheck.diagnose.rules_common import (
    CARRY,
    COUNTS,
    NORM,
    REGULAR,
    call,
    expr,
    in_index,
    is_load,
    is_root,
    is_sqrt,
    text_of,
)


def signs(scope: Scope, site: Site) -> Iterator[Change]:
    """Minus signs that are missing or too many."""
    node = site.node
    minus = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    bound = isinstance(site.parent, (ast.Slice, ast.keyword))
    if (
        minus
        and not bound
        and (not isinstance(node.operand, ast.Constant) or isinstance(site.parent, ast.BinOp))
    ):
        yield Change(0, site, node.operand, "sign-flipped")
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        other: ast.operator = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        if not in_index(site):
            yield Change(1, site, ast.BinOp(node.left, other, node.right), "sign-flipped")
            first = ast.UnaryOp(ast.USub(), node.left)
            yield Change(1, site, ast.BinOp(first, node.op, node.right), "sign-flipped")
    if is_load(node) and is_root(site) and not isinstance(node, ast.Constant):
        yield Change(1, site, ast.UnaryOp(ast.USub(), node), "sign-flipped")
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and not is_root(site)
        and not in_index(site)
    ):
        yield Change(1, site, ast.BinOp(node.right, ast.Sub(), node.left), "sign-flipped")
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)):
        flipped = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield Change(0, site, ast.AugAssign(node.target, flipped, node.value), "sign-flipped")


#: The other end of what is looked for.
OPPOSITE = {"argmax": "argmin", "argmin": "argmax", "max": "min", "min": "max", "amax": "amin",
            "amin": "amax", "maximum": "minimum", "minimum": "maximum"}  # fmt: skip


def masks(scope: Scope, site: Site) -> Iterator[Change]:
    """Comparisons the wrong way round, and the two sides of np.where exchanged."""
    node = site.node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
        yield Change(0, site, node.operand, "wrong-mask-side")
    index = isinstance(site.parent, ast.Subscript) and site.parent.slice is node
    if index and isinstance(node, (ast.Name, ast.Attribute)):
        yield Change(1, site, ast.UnaryOp(ast.Invert(), node), "wrong-mask-side")
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and not of_words(node):
        op = type(node.ops[0])
        others: dict[Any, list[Any]] = {
            ast.Lt: [ast.GtE, ast.Gt, ast.LtE],
            ast.LtE: [ast.Gt, ast.GtE, ast.Lt],
            ast.Gt: [ast.LtE, ast.Lt, ast.GtE],
            ast.GtE: [ast.Lt, ast.LtE, ast.Gt],
            ast.Eq: [ast.NotEq],
            ast.NotEq: [ast.Eq],
        }
        for other in others.get(op, []):
            yield Change(
                0, site, ast.Compare(node.left, [other()], node.comparators), "wrong-mask-side"
            )
    extreme = node.func if isinstance(node, ast.Call) else None
    if isinstance(extreme, ast.Attribute) and extreme.attr in OPPOSITE:
        other_end = ast.Attribute(extreme.value, OPPOSITE[extreme.attr], ast.Load())
        yield Change(0, site, ast.Call(other_end, node.args, node.keywords), "wrong-mask-side")
    if (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "where"
        and len(node.args) == 3
    ):
        c, a, b = node.args
        yield Change(0, site, ast.Call(node.func, [c, b, a], []), "wrong-mask-side")


def of_words(node: ast.Compare) -> bool:
    """Whether a comparison is with a text or None: no mask."""
    constants = [n for n in (node.left, *node.comparators) if isinstance(n, ast.Constant)]
    return any(n.value is None or isinstance(n.value, str) for n in constants)


def drops(scope: Scope, site: Site) -> Iterator[Change]:
    """A factor, a term or a wrapper that should not be there."""
    node = site.node
    if isinstance(node, ast.BinOp) and not in_index(site):
        right, left = text_of(node.right), text_of(node.left)
        if isinstance(node.op, ast.Mult):
            for gone, kept in ((node.left, node.right), (node.right, node.left)):
                zero = isinstance(gone, ast.Constant) and gone.value == 0
                number = isinstance(gone, ast.Constant)
                text = text_of(gone)
                option = text.split(".")[-1] in scope.options
                cause = (
                    missing_term(scope, site)
                    if zero
                    else "constant-factor"
                    if number or option
                    else "extra-mean"
                    if COUNTS.search(text)
                    else "wrong-derivative"
                )
                yield Change(0 if zero else 2, site, kept, cause)
        elif isinstance(node.op, ast.Div):
            number = isinstance(node.right, ast.Constant)
            cause = (
                "constant-factor"
                if number
                else "extra-mean"
                if COUNTS.search(right)
                else "wrong-derivative"
            )
            yield Change(1, site, node.left, cause)
            yield Change(2, site, ast.BinOp(node.right, ast.Div(), node.left), "wrong-derivative")
            yield Change(2, site, ast.BinOp(node.left, ast.Mult(), node.right), "wrong-derivative")
        elif isinstance(node.op, (ast.Add, ast.Sub)):
            cause = "wrong-regulariser" if REGULAR.search(left + right) else "wrong-derivative"
            value = getattr(node.right, "value", None)
            tiny = isinstance(value, float) and 0 < value < 1e-2
            if scope.optimizer and (tiny or re.search(r"\beps(ilon)?\b", right)):
                yield Change(1, site, node.left, "epsilon-placement")
            yield Change(3, site, node.left, cause)
            yield Change(3, site, node.right, cause)
        elif isinstance(node.op, ast.Pow):
            yield Change(2, site, node.left, "wrong-derivative")
        elif isinstance(node.op, ast.Mod):
            yield Change(0, site, node.left, "last-class")
    if isinstance(node, ast.Call):
        yield from dropped_calls(scope, site, node)


def stale(scope: Scope, site: Site) -> Iterator[Change]:
    """A value of an earlier call that is used again where a new one is due."""
    node = site.node
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield Change(
                0,
                site,
                value,
                "stale-mask"
                if "self" in text_of(node) or "hasattr" in text_of(node)
                else "upstream-ignored",
            )
    if isinstance(node, ast.IfExp):
        cause = (
            "stale-mask"
            if "None" in text_of(node.test) or "hasattr" in text_of(node.test)
            else "option-ignored"
        )
        yield Change(0, site, node.body, cause)
        yield Change(0, site, node.orelse, cause)
    if (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "getattr"
        and len(node.args) == 3
    ):
        yield Change(0, site, node.args[2], "stale-mask")


def missing_term(scope: Scope, site: Site) -> str:
    """What a term multiplied by 0 was for."""
    if NORM.search(scope.words):
        return "missing-norm-term"
    return (
        "missing-carry"
        if CARRY.search(text_of(site.node)) and site.in_loop
        else "missing-chain-factor"
    )


def ones_for(node: ast.Call) -> str:
    """What it means that ones stand for an array: the upstream gradient, or a factor."""
    last = text_of(node.args[0]).split(".")[-1]
    return "upstream-ignored" if UPSTREAM.match(last) else "missing-chain-factor"


def dropped_calls(scope: Scope, site: Site, node: ast.Call) -> Iterator[Change]:
    """Calls that stand around a value without need."""
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    inner = getattr(node.func, "value", None)
    if name == "clip" and node.args:
        yield Change(1, site, node.args[0] if len(node.args) == 3 else inner, "wrong-derivative")
    elif name in {"ones_like", "zeros_like"} and node.args and scope.piece.role != "forward":
        yield Change(
            1,
            site,
            node.args[0],
            ones_for(node) if name == "ones_like" else "zero-gradient",
        )
    elif name == "zeros" and node.args and text_of(node.args[0]).endswith(".shape"):
        shape: Any = node.args[0]
        yield Change(0, site, shape.value, "zero-gradient")
    elif (
        name in {"tanh", "exp", "sqrt", "log", "abs", "sign", "square"}
        and node.args
        and len(node.args) == 1
    ):
        yield Change(
            2,
            site,
            node.args[0],
            "derivative-at-wrong-point" if name == "tanh" else "wrong-derivative",
        )
    elif name == "squeeze" and inner is not None:
        yield Change(0, site, inner, "batch-of-one")
    elif name == "copy" and inner is not None and not node.args and is_root(site):
        pass
    for k in node.keywords:
        if k.arg == "order":
            rest = [w for w in node.keywords if w is not k]
            yield Change(0, site, ast.Call(node.func, node.args, rest), "transposed")


def dtypes(scope: Scope, site: Site) -> Iterator[Change]:
    """A dtype that is too narrow, asked for or taken over from another array."""
    node = site.node
    if not isinstance(node, ast.Call):
        return
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    inner = getattr(node.func, "value", None)
    if name == "astype" and inner is not None and len(node.args) == 1:
        cause = of_dtype(text_of(node.args[0]))
        yield Change(0, site, inner, cause)
        if cause != "float32-inside":
            yield Change(0, site, call(inner, "astype", "float"), cause)
    if name in {"empty_like", "zeros_like", "ones_like", "full_like"} and node.args:
        wide = [k for k in node.keywords if k.arg != "dtype"] + [
            ast.keyword("dtype", expr("float"))
        ]
        yield Change(0, site, ast.Call(node.func, node.args, wide), "int-truncation")
    for k in node.keywords:
        if k.arg == "dtype":
            rest = [w for w in node.keywords if w is not k]
            yield Change(0, site, ast.Call(node.func, node.args, rest), of_dtype(text_of(k.value)))


def of_dtype(text: str) -> str:
    """What a dtype that is written in the code does to fractions and signs."""
    if re.search(r"u?int(8|16)\b|\buint", text):
        return "label-dtype-wrap"
    return "float32-inside" if re.search(r"float(32|16)|single|half", text) else "int-truncation"


def clips(scope: Scope) -> bool:
    """Whether a backward belongs to a class that clips somewhere else."""
    owner = scope.piece.owner
    return (
        scope.piece.role == "backward"
        and owner is not None
        and re.search(r"\b(clip|clamp|minimum|maximum)\(", ast.unparse(owner)) is not None
    )


def numbers(scope: Scope, site: Site) -> Iterator[Change]:
    """Constants: a factor, an exponent, an index, a bound."""
    node = site.node
    if (
        not isinstance(node, ast.Constant)
        or type(node.value) not in {int, float}
        or isinstance(site.parent, ast.keyword)
    ):
        return
    v: Any = node.value
    above = site.parent
    if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow):
        cause = "wrong-derivative"
    elif isinstance(above, ast.Call) and getattr(above.func, "id", "") == "range":
        cause = "missing-carry"
    elif in_index(site):
        cause = "derivative-at-wrong-point"
    elif isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Mult, ast.Div)):
        cause = "constant-factor"
    elif isinstance(above, ast.Compare) and clips(scope):
        cause = "clip-mismatch"
    else:
        cause = "wrong-derivative"
    others = dict.fromkeys(
        [v + 1, v - 1, 2 * v, v / 2 if v % 2 or type(v) is float else v // 2, -v, 0, 1, 2, 0.5]
    )
    for other in others:
        if other != v:
            value = expr(repr(other))
            yield Change(2, site, value, cause)
    if not scope.optimizer and not any(isinstance(p, ast.Compare) for p in site.path):
        for name in scope.options & set(scope.attributes):
            yield Change(1, site, expr(f"self.{name}"), "option-ignored")
    if v == 0 and isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult):
        for name in (*scope.names, *(f"self.{a}" for a in scope.attributes)):
            yield Change(1, site, expr(name), missing_term(scope, site))


def roots(scope: Scope, site: Site) -> Iterator[Change]:
    """A factor inside or outside of a square root."""
    node = site.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for root, other in ((node.left, node.right), (node.right, node.left)):
            if is_sqrt(root) and isinstance(root, ast.Call):
                joined = ast.BinOp(root.args[0], ast.Mult(), other)
                new = ast.Call(root.func, [joined], [])
                yield Change(1, site, new, "wrong-derivative")
