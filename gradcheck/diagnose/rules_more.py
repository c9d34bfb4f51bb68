"""Terms and functions that stand for others of the same family: siblings, masks, counts, weights."""

from __future__ import annotations

import ast
import re
import types
from collections.abc import Iterator

from gradcheck.conventions.signature import LABELS, plain
from gradcheck.diagnose.edits import Change, Scope, Site
from gradcheck.diagnose.rules_common import expr, in_index, is_load, is_root, text_of
from gradcheck.diagnose.rules_missing import added_cause

#: Functions of one number that are taken for one another.
ELEMENTWISE = ("tanh", "exp", "expm1", "log", "sqrt", "abs", "sign", "square", "cos", "sin", "cosh")


def orders(scope: Scope, site: Site) -> Iterator[Change]:
    """The layers of a backward taken in the other order."""
    node, above = site.node, site.parent
    if not isinstance(above, ast.For) or above.iter is not node or scope.piece.role == "forward":
        return
    text = text_of(node)
    if text.startswith("reversed("):
        yield Change(1, site, expr(text.removeprefix("reversed")), "wrong-derivative")
    elif text.endswith("[::-1]"):
        yield Change(1, site, expr(text.removesuffix("[::-1]")), "wrong-derivative")
    elif not text.startswith(("range(", "enumerate(", "zip(")):
        yield Change(1, site, expr(f"list({text})[::-1]"), "wrong-derivative")


def functions(scope: Scope, site: Site) -> Iterator[Change]:
    """Another function of one argument, tanh for sigmoid; or what was kept: ``th`` for np.tanh(c)."""
    node = site.node
    if not isinstance(node, ast.Call) or len(node.args) != 1 or node.keywords or in_index(site):
        return
    name = text_of(node.func)
    mine = helpers(scope)
    if name.removeprefix("np.") not in ELEMENTWISE and name not in mine:
        return
    argument = text_of(node.args[0])
    for kept in scope.names if argument in scope.names else ():
        if kept != argument and scope.alike(argument, kept):
            yield Change(2, site, expr(kept), "derivative-at-wrong-point")
    for other in (*mine, *(f"np.{f}" for f in ELEMENTWISE)):
        if other != name:
            yield Change(3, site, ast.Call(expr(other), node.args, []), "wrong-derivative")


def helpers(scope: Scope) -> list[str]:
    """The user's own functions of one argument."""
    space = scope.piece.function.__globals__
    return [
        name for name, f in space.items()
        if isinstance(f, types.FunctionType) and f.__code__.co_argcount == 1
        and f.__code__.co_filename == scope.piece.function.__code__.co_filename
        and f is not scope.piece.function
    ]  # fmt: skip


def siblings(scope: Scope, site: Site) -> Iterator[Change]:
    """A summand that the others have and this one lacks: ``dv @ Wv.T`` beside ``dk @ Wk.T``."""
    node = site.node
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
        return
    if not is_root(site):
        return
    whole = text_of(node)
    for part in (node.right, node.left):
        for term in renamed(text_of(part), scope):
            if term not in whole:
                cause = added_cause(scope, site, term)
                yield Change(3, site, ast.BinOp(node, node.op, expr(term)), cause)


def renamed(text: str, scope: Scope) -> Iterator[str]:
    """A term with one letter exchanged in all its names, where those names exist."""
    words = [w for w in re.findall(r"[A-Za-z_]\w*", text) if w not in {"self", "np", "T"}]
    known = {*scope.names, *scope.attributes}
    letters = {w[-1] for w in words if len(w) > 1}
    for old in sorted(letters):
        for new in sorted({k[-1] for k in known if len(k) > 1} - {old}):
            pairs = {w: w[:-1] + new for w in words if w[-1] == old and w[:-1] + new in known}
            if len(pairs) > 1:
                yield re.sub(r"[A-Za-z_]\w*", lambda m, p=pairs: p.get(m[0], m[0]), text)  # type: ignore[misc]


def masked(scope: Scope, site: Site) -> Iterator[Change]:
    """A comparison of the same function as a factor, or its count where a number stands."""
    node, above = site.node, site.parent
    if not is_load(node) or in_index(site) or isinstance(node, ast.Compare):
        return
    number = isinstance(node, ast.Constant) and node.value in (1, 1.0)
    if number and isinstance(above, ast.AugAssign):
        for mask in comparisons(scope):
            for axis in ("1", "-1", "0"):
                count = expr(f"np.sum({mask}, axis={axis})")
                yield Change(3, site, count, "wrong-derivative")
    elif is_root(site) and not isinstance(node, ast.Constant):
        for mask in comparisons(scope):
            if mask not in text_of(site.statement):
                yield Change(4, site, ast.BinOp(node, ast.Mult(), expr(f"({mask})")), "missing-chain-factor")  # fmt: skip


def products(scope: Scope, site: Site) -> Iterator[Change]:
    """A matrix that a gradient should go through: ``dz @ Wh.T`` for ``dz``."""
    node = site.node
    named = isinstance(node, (ast.Name, ast.Attribute)) and is_load(node)
    if not named or not is_root(site) or scope.piece.role == "forward":
        return
    for name in scope.pool:
        shape = scope.shapes.get(name, ())
        if len(shape) == 2 and name != text_of(node):
            for matrix in (f"{name}.T", name):
                new = ast.BinOp(node, ast.MatMult(), expr(matrix))
                yield Change(3, site, new, "missing-chain-factor")


def comparisons(scope: Scope) -> list[str]:
    """The comparisons that a function makes, outside of ``if``."""
    found: dict[str, None] = {}
    tests = {id(t) for n in ast.walk(scope.piece.node) if isinstance(n, (ast.If, ast.While)) for t in ast.walk(n.test)}  # fmt: skip
    for node in ast.walk(scope.piece.node):
        if isinstance(node, ast.Compare) and id(node) not in tests:
            found.setdefault(text_of(node))
    return list(found)[:4]


def weighted(scope: Scope, site: Site) -> Iterator[Change]:
    """A weight for each class, picked by the label: ``weights[labels][:, None]``."""
    node = site.node
    if not is_load(node) or in_index(site):
        return
    labels = [n for n in scope.pool if plain(n.split(".")[-1]) in LABELS]
    kept = [f"self.{a}" for a in scope.attributes if a in scope.options]
    if isinstance(node, ast.Attribute) and text_of(node) in kept:
        for label in labels:
            for tail in ("[:, None]", ""):
                picked = expr(f"{text_of(node)}[{label}]{tail}")
                yield Change(2, site, picked, "wrong-derivative")
    if is_root(site) and not isinstance(node, (ast.Constant, ast.Tuple)):
        for weight in kept if labels else ():
            for label in labels:
                factor = expr(f"{weight}[{label}][:, None]")
                yield Change(3, site, ast.BinOp(node, ast.Mult(), factor), "option-ignored")
