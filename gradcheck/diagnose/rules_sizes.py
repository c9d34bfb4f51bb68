"""Options, padding and precedence: what a formula leaves out or groups wrongly."""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Iterator
from typing import Any

from gradcheck.diagnose.code import bare
from gradcheck.diagnose.edits import Both, Change, Scope, Site
from gradcheck.diagnose.rules_common import REGULAR, expr, in_index, is_load, text_of


def options(scope: Scope, site: Site) -> Iterator[Change]:
    """A number in forward that should be an option of the constructor."""
    node = site.node
    if isinstance(node, ast.Constant) and type(node.value) in {int, float} and not in_index(site):
        for name in sorted(scope.options & set(scope.attributes)):
            yield Change(1, site, expr(f"self.{name}"), "option-ignored")


#: What the share of units that are dropped, or kept, is called.
SHARE = re.compile(r"(^|\.|_)(drop\w*|keep\w*|p|q|rate|ratio|prob)$")


def shares(scope: Scope, site: Site) -> Iterator[Change]:
    """The share that is dropped for the share that is kept: ``/ rate`` for ``/ (1 - rate)``, or the reverse."""
    node, above = site.node, site.parent
    if not isinstance(node, ast.expr) or not is_load(node):
        return
    divisor = isinstance(above, ast.BinOp) and isinstance(above.op, ast.Div) and above.right is node
    compared = isinstance(above, ast.Compare) and node in above.comparators
    if not divisor and not compared:
        return
    if isinstance(node, (ast.Name, ast.Attribute)) and SHARE.search(text_of(node)):
        yield Change(-1, site, ast.BinOp(ast.Constant(1), ast.Sub(), node), "dropout-scale")
    kept = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and SHARE.search(text_of(node.right))  # fmt: skip
    if kept and isinstance(node.left, ast.Constant) and node.left.value == 1:
        yield Change(-1, site, node.right, "dropout-scale")


def conditions(scope: Scope, site: Site) -> Iterator[Change]:
    """``if self.l1 > 0: dW += 2 * self.l2 * W``: the condition asks for another option than is used."""
    node, asked = site.node, site.parent
    if not isinstance(asked, ast.If) or asked.test is not node or not isinstance(node, ast.Compare):
        return
    used = [n for s in asked.body for n in ast.walk(s) if isinstance(n, ast.Attribute)]
    for name in dict.fromkeys(n.attr for n in used):
        if isinstance(node.left, ast.Attribute) and REGULAR.search(name) and name != node.left.attr:
            changed = ast.Compare(expr(f"self.{name}"), node.ops, node.comparators)
            yield Change(-1, site, changed, "missing-regulariser")


def arguments_left_out(scope: Scope, site: Site) -> Iterator[Change]:
    """``col2im(cols, shape, k, k, self.stride)`` where the function has a ``pad=0`` and the object a pad."""
    node = site.node
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    called = scope.piece.function.__globals__.get(node.func.id)
    given = {k.arg for k in node.keywords}
    if not isinstance(called, types.FunctionType) or None in given:
        return
    code = called.__code__
    for name in code.co_varnames[len(node.args) : code.co_argcount]:
        for held in (f"self.{name}", name):
            if name not in given and held in scope.pool:
                more = [*node.keywords, ast.keyword(name, expr(held))]
                cause = "stride-ignored" if "stride" in name else "option-ignored"
                yield Change(0, site, ast.Call(node.func, node.args, more), cause)


def padded(scope: Scope, site: Site) -> Iterator[Change]:
    """The size of a window's output without the padding: ``(H - k) // s`` for ``(H + 2 p - k) // s``.

    In one place, or in two statements one after the other: the height and the width.
    """
    node = site.node
    for pad in (n for n in scope.pool if re.fullmatch(r"(self\.)?p(ad(ding)?)?", n)):
        if of_windows(node):
            yield Change(0, site, with_padding(node, pad), "option-ignored")
        if isinstance(node, ast.Assign) and isinstance(site.key, int):
            pair = site.container[site.key : site.key + 2]
            new = [Padded(pad).visit(bare(s)) for s in pair]
            if len(pair) == 2 and all(ast.dump(a) != ast.dump(b) for a, b in zip(pair, new, strict=True)):  # fmt: skip
                yield Change(0, site, Both(new), "option-ignored")


def of_windows(node: ast.AST) -> bool:
    """Whether an expression counts windows: ``(H - k) // s``."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.FloorDiv):
        return False
    return isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Sub)


def with_padding(node: Any, pad: str) -> ast.BinOp:
    """``(H + 2 * pad - k) // s`` for ``(H - k) // s``."""
    size = ast.BinOp(node.left.left, ast.Add(), expr(f"2 * {pad}"))
    return ast.BinOp(ast.BinOp(size, ast.Sub(), node.left.right), ast.FloorDiv(), node.right)


class Padded(ast.NodeTransformer):
    """Every count of windows with a padding."""

    def __init__(self, pad: str) -> None:
        self.pad = pad

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """One count of windows."""
        return with_padding(node, self.pad) if of_windows(node) else self.generic_visit(node)


def regrouped(scope: Scope, site: Site) -> Iterator[Change]:
    """``a / b * c`` that should be ``a / (b * c)``, and the other way round."""
    node = site.node
    if not isinstance(node, ast.BinOp) or in_index(site):
        return
    left, right = node.left, node.right
    if (
        isinstance(node.op, ast.Mult)
        and isinstance(left, ast.BinOp)
        and isinstance(left.op, ast.Div)
    ):
        below = ast.BinOp(left.right, ast.Mult(), right)
        yield Change(1, site, ast.BinOp(left.left, ast.Div(), below), "wrong-derivative")
    if (
        isinstance(node.op, ast.Div)
        and isinstance(right, ast.BinOp)
        and isinstance(right.op, ast.Mult)
    ):
        above = ast.BinOp(left, ast.Div(), right.left)
        yield Change(1, site, ast.BinOp(above, ast.Mult(), right.right), "wrong-derivative")


def outside_of_quotient(scope: Scope, site: Site) -> Iterator[Change]:
    """``rate * (m + decay * w) / root`` where one of the terms is not to be divided."""
    node = site.node
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
        return
    factor = node.left.left if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult) else None  # fmt: skip
    total = (
        node.left.right if factor is not None and isinstance(node.left, ast.BinOp) else node.left
    )
    if not isinstance(total, ast.BinOp) or not isinstance(total.op, (ast.Add, ast.Sub)):
        return
    cause = "update-wrong" if scope.optimizer else "wrong-derivative"
    cause = "decay-wrong" if re.search(r"decay|lambda|wd", ast.unparse(total)) else cause
    for left, right in (
        (ast.BinOp(total.left, ast.Div(), node.right), total.right),
        (total.left, ast.BinOp(total.right, ast.Div(), node.right)),
    ):
        apart: ast.expr = ast.BinOp(left, total.op, right)
        apart = ast.BinOp(factor, ast.Mult(), apart) if factor is not None else apart
        yield Change(2, site, apart, cause)
