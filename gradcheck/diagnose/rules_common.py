"""Reading expressions and places: what the rules share."""

from __future__ import annotations

import ast
import re
from typing import Any

from gradcheck.diagnose.edits import Site

AXES = ("0", "1", "-1", "(0, 1)", "(0, 2)", "(0, 2, 3)", "(2, 3)", "(1, 2, 3)", "(2, 3, 4)")


REDUCERS = {"sum", "mean", "max", "amax", "min", "var", "std", "argmax", "prod"}


COUNTS = re.compile(
    r"\b(len\(|n$|N$|m$|samples|batch|shape|size|outputs|count|n_\w+|num\w*|D$|total)|batch_size|\.size|\.shape"
)


REGULAR = re.compile(
    r"regulari|\bl1|\bl2|_l1|_l2|\breg\b|\.reg\b|lambda|lam\b|decay|dL1|dL2", re.IGNORECASE
)


CARRY = re.compile(r"prev|next|carry|state|dh\b|dc\b|dh_|dc_", re.IGNORECASE)


NORM = re.compile(r"norm|standard|hat|xn|mean_|var", re.IGNORECASE)


def expr(text: str) -> ast.expr:
    """An expression from text; its nodes get the place of what they stand for (`code.placed`)."""
    body = ast.parse(text, mode="eval").body
    for node in ast.walk(body):
        vars(node).pop("lineno", None)
    return body


def text_of(node: ast.AST) -> str:
    """Source of a node."""
    return ast.unparse(node)


def call(node: ast.expr, attribute: str, *args: str, **kw: str) -> ast.Call:
    """``node.attribute(args)``."""
    return ast.Call(
        ast.Attribute(node, attribute, ast.Load()),
        [expr(a) for a in args],
        [ast.keyword(k, expr(v)) for k, v in kw.items()],
    )


def is_load(node: ast.AST) -> bool:
    """Whether an expression is read (not assigned)."""
    return isinstance(node, ast.expr) and not isinstance(
        getattr(node, "ctx", ast.Load()), (ast.Store, ast.Del)
    )


def is_root(site: Site) -> bool:
    """The whole value of an assignment or return, or one element of a returned tuple."""
    above = site.parent
    if (
        isinstance(above, (ast.Assign, ast.AugAssign, ast.Return))
        and getattr(above, "value", None) is site.node
    ):
        unpacked = isinstance(above, ast.Assign) and isinstance(
            above.targets[0], (ast.Tuple, ast.List)
        )
        return not isinstance(site.node, ast.Tuple) and not unpacked
    grand = site.path[-2] if len(site.path) > 1 else None
    if isinstance(above, ast.Dict):
        return isinstance(grand, ast.Return)
    return (
        isinstance(above, ast.Tuple)
        and isinstance(grand, (ast.Return, ast.Assign))
        and is_load(above)
    )


def is_term(site: Site) -> bool:
    """A summand or factor inside a sum or product, or a whole value."""
    return is_root(site) or isinstance(site.parent, (ast.BinOp, ast.Call))


def in_index(site: Site) -> bool:
    """Inside a subscript's index, a slice or a range."""
    for parent, child in zip(site.path[::-1], [site.node, *site.path[:0:-1]], strict=False):
        if isinstance(parent, ast.Slice) or (
            isinstance(parent, ast.Subscript) and child is parent.slice
        ):
            return True
        if isinstance(parent, ast.Call) and getattr(parent.func, "id", "") in {"range", "slice"}:
            return True
    return False


SIZES = {
    "h",
    "w",
    "H",
    "W",
    "out_h",
    "out_w",
    "OH",
    "OW",
    "oh",
    "ow",
    "height",
    "width",
    "HH",
    "WW",
    "H_out",
    "W_out",
}


PARTS = {"sum", "mean", "dot", "matmul", "einsum", "tensordot", "where", "hstack", "vstack", "stack",
         "concatenate", "outer", "multiply"}  # fmt: skip


def is_arith(node: ast.Call) -> bool:
    """A call whose arguments are factors, or parts, of the result: np.dot(...), np.where(...)."""
    return getattr(node.func, "attr", "") in PARTS


def is_sqrt(node: Any) -> bool:
    """A call of np.sqrt."""
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "sqrt"
        and len(node.args) == 1
    )
