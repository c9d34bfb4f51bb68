"""What a function computes and never uses, and steps of a loop that a stride should stretch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gradcheck.diagnose.code import bare
from gradcheck.diagnose.edits import Change, Scope, Site
from gradcheck.diagnose.rules_common import expr, in_index, is_load, text_of
from gradcheck.diagnose.rules_missing import added_cause


def unused(scope: Scope, site: Site) -> Iterator[Change]:
    """A term made of a name that is assigned and never read, alone or times another name."""
    node, above = site.node, site.parent
    if not isinstance(node, ast.expr) or not is_load(node) or in_index(site):
        return
    whole = isinstance(above, (ast.Assign, ast.AugAssign, ast.Return)) and above.value is node
    summed = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub))
    factor = isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Mult, ast.Div))
    if not whole and not summed and not factor:
        return
    for name in unread(scope.piece.node):
        for other in ("", *scope.pool) if whole or summed else ("",):
            term = f"{name} * {other}" if other else name
            if other == name or name in text_of(site.statement):
                continue
            cause = added_cause(scope, site, name)
            for op in (ast.Sub(), ast.Add()):
                yield Change(3 if other else 2, site, ast.BinOp(node, op, expr(term)), cause)


def thrown_away(scope: Scope, site: Site) -> Iterator[Change]:
    """A result that is thrown away: ``_, cache = relu_forward(a)`` for ``a, cache = relu_forward(a)``."""
    node, above = site.node, site.parent
    if not isinstance(node, ast.Name) or is_load(node) or not node.id.startswith("_"):
        return
    call = getattr(site.statement, "value", None)
    if not isinstance(above, ast.Tuple) or not isinstance(call, ast.Call):
        return
    for given in call.args[:2]:
        if isinstance(given, ast.Name):
            yield Change(0, site, ast.Name(given.id, ast.Store()), "never-wired")


def no_way_back(scope: Scope, site: Site) -> Iterator[Change]:
    """A layer that forward goes through and no backward does: ``d`` for ``self.relu.backward(d)``."""
    node, owner = site.node, scope.piece.owner
    if owner is None or scope.piece.role == "forward" or not is_load(node) or in_index(site):
        return
    whole = isinstance(node, ast.expr) and getattr(site.parent, "value", None) is node
    if not whole or not isinstance(site.parent, (ast.Assign, ast.Return)):
        return
    text = ast.unparse(owner)
    for name in dict.fromkeys(re.findall(r"self\.(\w+)\.forward\(", text)):
        if f"self.{name}.backward(" not in text:
            call = expr(f"self.{name}.backward({text_of(node)})")
            yield Change(0, site, call, "missing-chain-factor")


def unread(function: ast.AST) -> list[str]:
    """Local names that are assigned and never read, without those marked with an underscore."""
    nodes = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
    read = {n.id for n in nodes if isinstance(n.ctx, ast.Load)}
    stored = dict.fromkeys(n.id for n in nodes if isinstance(n.ctx, ast.Store))
    return [n for n in stored if n not in read and not n.startswith("_")]


def rows_of_softmax(scope: Scope, site: Site) -> Iterator[Change]:
    """``s * (1 - s) * d``, the diagonal of softmax's Jacobian, made the whole of it."""
    node = site.node
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return
    if isinstance(site.parent, ast.BinOp) and isinstance(site.parent.op, ast.Mult):
        return
    factors = [text_of(f) for f in factors_of(node)]
    for s in dict.fromkeys(factors):
        rest = [f for f in factors if f != s]
        if f"1 - {s}" not in rest and f"1.0 - {s}" not in rest:
            continue
        rest = [f for f in rest if f not in {f"1 - {s}", f"1.0 - {s}"}]
        if len(rest) + 2 != len(factors) or not rest:
            continue
        d = " * ".join(f"({f})" for f in rest)
        for axis in ("-1", "1"):
            whole = f"{s} * ({d} - ({s} * {d}).sum(axis={axis}, keepdims=True))"
            yield Change(1, site, expr(whole), "softmax-diagonal-only")


def factors_of(node: ast.expr) -> list[ast.expr]:
    """The factors of a product, from left to right."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*factors_of(node.left), *factors_of(node.right)]
    return [node]


def strides(scope: Scope, site: Site) -> Iterator[Change]:
    """Every loop variable of a statement times the stride, which the statement leaves out."""
    node = site.node
    if not isinstance(node, (ast.Assign, ast.AugAssign)) or not site.in_loop:
        return
    loops = {
        p.target.id for p in site.path if isinstance(p, ast.For) and isinstance(p.target, ast.Name)
    }
    names = [n for n in scope.pool if re.fullmatch(r"(self\.)?(stride|s)", n)]
    text = text_of(node)
    if not any(re.search(rf"\b{v}\b", text) for v in loops):
        return
    for name in names:
        if not re.search(rf"\b{re.escape(name)}\b", text):
            yield Change(1, site, Stretched(loops, name).visit(bare(node)), "stride-ignored")


class Stretched(ast.NodeTransformer):
    """``i`` -> ``i * stride`` for some names."""

    def __init__(self, names: set[str], stride: str) -> None:
        self.names, self.stride = names, stride

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """One name."""
        if node.id not in self.names or not isinstance(node.ctx, ast.Load):
            return node
        return ast.BinOp(ast.Name(node.id, ast.Load()), ast.Mult(), expr(self.stride))
