"""Names, assignments, copies, and where a value is kept."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gradcheck.conventions.signature import LABELS, plain
from gradcheck.diagnose.edits import Change, Moved, Scope, Site
from gradcheck.diagnose.rules_common import (
    COUNTS,
    REGULAR,
    SIZES,
    call,
    expr,
    is_load,
    is_root,
    is_sqrt,
    is_term,
    text_of,
)


def names(scope: Scope, site: Site) -> Iterator[Change]:
    """A name in place of another one."""
    node = site.node
    if not is_load(node) or (isinstance(site.parent, ast.Call) and site.parent.func is node):
        return
    if scope.piece.node.name == "__init__":
        return
    if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
        here = f"self.{node.attr}"
        others = [f"self.{a}" for a in scope.attributes if a != node.attr]
        others += list(scope.names)
    elif isinstance(node, ast.Name) and node.id in scope.names:
        here = node.id
        others = [n for n in scope.names if n != node.id] + [f"self.{a}" for a in scope.attributes]
    else:
        return
    if isinstance(site.parent, ast.Attribute) and site.parent.attr in {"shape", "size", "ndim"}:
        return
    for other in others:
        if scope.alike(here, other):
            cause = substituted(scope, site, here, other)
            yield Change(1 if cause == "square-only" else 3, site, expr(other), cause)


def read_instead(scope: Scope, site: Site) -> Iterator[Change]:
    """A name in place of another one in forward, where backward is that of what it should read."""
    for change in names(scope, site):
        yield replace(change, cause="forward-wrong")


def laid_out(scope: Scope, site: Site) -> Iterator[Change]:
    """Two inner axes exchanged before the last ones are laid flat: heads are put side by side."""
    node = site.node
    if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "reshape":
        return
    assert isinstance(node.func, ast.Attribute)
    if not isinstance(node.func.value, (ast.Name, ast.Attribute)):
        return
    turned = expr(f"{text_of(node.func.value)}.swapaxes(1, 2)")
    call = ast.Call(ast.Attribute(turned, "reshape", ast.Load()), node.args, node.keywords)
    yield Change(1, site, call, "forward-wrong")


def widened(name: str, turned: bool = False) -> str:
    """``kh`` as ``kw``, ``pool_height`` as ``pool_width``; `turned`: ``kw`` as ``kh``; "" for another name."""
    for high, wide in (("height", "width"), ("Height", "Width"), ("h", "w"), ("H", "W")):
        a, b = (wide, high) if turned else (high, wide)
        pattern = rf"{a}$|(?<=_){a}|^{a}(?=_|[A-Z]|$)"
        if re.search(pattern, name):
            return re.sub(pattern, b, name, count=1)
    return ""


def substituted(scope: Scope, site: Site, here: str, other: str) -> str:
    """What it means that `other` belongs where `here` stands."""
    around = (
        text_of(site.statement)
        if not isinstance(site.statement, (ast.For, ast.If, ast.While))
        else ""
    )
    if (here in SIZES and other in SIZES) or other in {widened(here), widened(here, turned=True)}:
        return "square-only"
    if REGULAR.search(around) and not scope.optimizer:
        return "wrong-regulariser"
    if other.split(".")[-1] in scope.options and other.startswith("self."):
        return "option-ignored"
    if COUNTS.fullmatch(here) and COUNTS.fullmatch(other):
        return "constant-factor"
    return "derivative-at-wrong-point"


def copies(scope: Scope, site: Site) -> Iterator[Change]:
    """A copy that is missing, or an in-place operation that should make a new array."""
    node = site.node
    if (
        is_load(node)
        and is_root(site)
        and isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp))
    ):
        yield Change(0, site, call(node, "copy"), "edits-argument")
    if isinstance(node, ast.AugAssign):
        yield Change(0, site, not_in_place(node), "edits-argument")


def not_in_place(node: ast.AugAssign) -> ast.Assign:
    """``x = x + y`` for ``x += y``."""
    target = ast.parse(text_of(node.target), mode="eval").body
    return ast.Assign([node.target], ast.BinOp(target, node.op, node.value))


def kept_apart(scope: Scope, site: Site) -> Iterator[Change]:
    """What forward keeps for backward goes on changing: it needs a copy, or a new array at each step."""
    node, above = site.node, site.parent
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield Change(0, site, not_in_place(node), "cached-by-reference")
    if not isinstance(node, (ast.Name, ast.Attribute)) or not is_load(node):
        return
    listed = isinstance(above, (ast.Tuple, ast.List)) and is_load(above)
    appended = isinstance(above, ast.Call) and node in above.args and text_of(above.func).endswith("append")  # fmt: skip
    stored = isinstance(above, ast.Assign) and not isinstance(above.targets[0], ast.Name)
    if listed or appended or stored:
        yield Change(0, site, call(node, "copy"), "cached-by-reference")


def assignments(scope: Scope, site: Site) -> Iterator[Change]:
    """= in place of +=, += in place of =, and repeated indices."""
    node = site.node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, (ast.Subscript, ast.Name, ast.Attribute)):
            sliced = isinstance(target, ast.Subscript) and any(
                isinstance(n, (ast.Slice, ast.Name)) for n in ast.walk(target.slice)
            )
            moving = sliced and (not site.in_loop or moves(site, target))
            cause = (
                "overlap-lost"
                if moving
                else "missing-broadcast-sum"
                if assigned_before(site, target)
                else "missing-carry"
                if site.in_loop
                else "missing-chain-factor"
            )
            yield Change(
                1 if site.in_loop or sliced or cause == "missing-broadcast-sum" else 3,
                site,
                ast.AugAssign(target, ast.Add(), node.value),
                cause,
            )
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        plainly = ast.Assign([node.target], node.value)
        yield Change(1, site, plainly, "accumulates")
        if isinstance(node.target, ast.Subscript):
            base = text_of(node.target.value)
            sliced = any(isinstance(n, ast.Slice) for n in ast.walk(node.target.slice))
            index = "..." if sliced else text_of(node.target.slice)
            yield Change(
                0,
                site,
                ast.Expr(expr(f"np.add.at({base}, ({index}), {text_of(node.value)})")),
                "duplicates-lost",
            )


def assigned_before(site: Site, target: ast.expr) -> bool:
    """Whether a statement before it in the same block gives the same name a value, which is then lost."""
    block = site.container if isinstance(site.container, list) else []
    text = text_of(target)
    earlier = block[: site.key] if isinstance(site.key, int) else []
    named = [t for n in earlier if isinstance(n, ast.Assign) for t in n.targets]
    return isinstance(target, ast.Name) and any(text_of(t) == text for t in named)


def moves(site: Site, target: ast.expr) -> bool:
    """Whether what an assignment in a loop writes to is another place in each round."""
    loops = [p for p in site.path if isinstance(p, ast.For)]
    changing = {n.id for p in loops for n in ast.walk(p)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}  # fmt: skip
    index = target.slice if isinstance(target, ast.Subscript) else target
    return any(isinstance(n, ast.Name) and n.id in changing for n in ast.walk(index))


def renamed(scope: Scope, site: Site) -> Iterator[Change]:
    """A name in place of another one, everywhere in a value: y (1 - y) taken at x."""
    node = site.node
    if not isinstance(node, ast.BinOp) or not is_root(site):
        return
    read = Counter(text_of(n) for n in ast.walk(node)
                   if isinstance(n, (ast.Name, ast.Attribute)) and is_load(n))  # fmt: skip
    pool = [n for n in scope.pool if "[" not in n]
    for here in [n for n, count in read.items() if count > 1 and n in pool]:
        for other in pool:
            if other != here and scope.alike(here, other):
                new = expr(re.sub(rf"(?<![\w.]){re.escape(here)}(?!\w)", other, text_of(node)))
                yield Change(2, site, new, substituted(scope, site, here, other))


def places(scope: Scope, site: Site) -> Iterator[Change]:
    """State kept on the class in place of the object; epsilons inside or outside a root."""
    node = site.node
    if (
        isinstance(node, ast.Attribute)
        and scope.piece.owner is not None
        and "self" in scope.arguments
    ):
        text = text_of(node.value)
        if text == scope.piece.owner.name or text.endswith("__class__"):
            value = (
                "self"
                if text in {scope.piece.owner.name, "self.__class__"}
                else text.removesuffix(".__class__")
            )
            yield Change(0, site, ast.Attribute(expr(value), node.attr, node.ctx), "shared-state")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and is_sqrt(node.left):
        root: Any = node.left
        inside = root.args[0]
        joined = ast.Call(root.func, [ast.BinOp(inside, ast.Add(), node.right)], [])
        yield Change(0, site, joined, "epsilon-placement")
    if (
        is_sqrt(node)
        and isinstance(node.args[0], ast.BinOp)
        and isinstance(node.args[0].op, ast.Add)
    ):
        inner = node.args[0]
        root = ast.Call(node.func, [inner.left], [])
        yield Change(0, site, ast.BinOp(root, ast.Add(), inner.right), "epsilon-placement")
    if (
        is_load(node)
        and scope.optimizer
        and isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
        and is_term(site)
    ):
        yield Change(1, site, ast.BinOp(node, ast.Pow(), ast.Constant(2)), "moment-not-squared")


def targets(scope: Scope, site: Site) -> Iterator[Change]:
    """Labels cast to float before arithmetic, where they stand as they were given."""
    node = site.node
    given = isinstance(node, ast.Name) and is_load(node) and node.id in scope.arguments
    arithmetic = isinstance(site.parent, (ast.UnaryOp, ast.BinOp, ast.Attribute))
    if given and arithmetic and plain(node.id) in LABELS:
        yield Change(0, site, call(node, "astype", "float"), "label-dtype-wrap")


def exchanged_statements(scope: Scope, site: Site) -> Iterator[Change]:
    """An update that stands before the last use of what it updates, moved behind it."""
    node = site.node
    block = site.container
    if not isinstance(node, (ast.Assign, ast.AugAssign)) or not isinstance(block, list):
        return
    target = text_of(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    after = block[site.key + 1 :]
    for i, other in enumerate(after):
        if isinstance(other, (ast.Assign, ast.AugAssign)) and target in text_of(other.value):
            moved = [*after[: i + 1], node]
            yield Change(1, site, Moved(moved), "updated-weights-used")


def statements(scope: Scope, site: Site) -> Iterator[Change]:
    """Neighbouring statements exchanged, or one left out."""
    node = site.node
    if (
        not isinstance(node, ast.stmt)
        or not isinstance(site.key, int)
        or isinstance(node, ast.Return)
    ):
        return
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)):
        yield Change(3, site, [ast.Pass()], "wrong-derivative")
