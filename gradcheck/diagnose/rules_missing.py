"""Factors, terms and functions that are missing from a value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gradcheck.diagnose.edits import Change, Scope, Site
from gradcheck.diagnose.rules_common import (
    CARRY,
    COUNTS,
    NORM,
    REGULAR,
    expr,
    in_index,
    is_arith,
    is_load,
    is_root,
    is_term,
    text_of,
)


def wraps(scope: Scope, site: Site) -> Iterator[Change]:
    """A function that is missing around a name: exp, tanh, sign, a square, one minus it."""
    node = site.node
    if isinstance(node, ast.BinOp) and not in_index(site):
        yield from wrapped_terms(site, node)
    held = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)) and is_load(node)
    if held and is_root(site) and isinstance(site.statement, ast.Assign):
        yield Change(2, site, expr(f"np.tanh({text_of(node)})"), "derivative-at-wrong-point")
    named = isinstance(node, (ast.Name, ast.Attribute)) and is_load(node)
    if not named or in_index(site) or not isinstance(site.parent, (ast.BinOp, ast.Call)):
        return
    if isinstance(site.parent, ast.Call) and (
        site.parent.func is node or not is_arith(site.parent)
    ):
        return
    text = text_of(node)
    if scope.shapes.get(text) == () or text in {"np", "self", "math"}:
        return
    for wrapped, cause in ((f"np.exp({text})", "derivative-at-wrong-point"), (f"np.tanh({text})", "derivative-at-wrong-point"),
                           (f"{text}**2", "wrong-derivative"), (f"np.sign({text})", "wrong-derivative"),
                           (f"(1 - {text})", "wrong-derivative"), (f"{text}[:, None]", "wrong-axis-sum")):  # fmt: skip
        yield Change(2, site, expr(wrapped), cause)


def wrapped_terms(site: Site, node: ast.BinOp) -> Iterator[Change]:
    """The sign, tanh or square of a difference; p (1 - p) where the square of p stands."""
    text = text_of(node)
    product = isinstance(site.parent, ast.BinOp) and isinstance(site.parent.op, (ast.Mult, ast.Div))
    if isinstance(node.op, ast.Sub) and product:
        for new in (f"np.sign({text})", f"np.tanh({text})", f"({text})**2"):
            yield Change(3, site, expr(new), "wrong-derivative")
    if isinstance(node.op, ast.Pow):
        base = text_of(node.left)
        yield Change(3, site, expr(f"{base} * (1 - {base})"), "wrong-derivative")
    if isinstance(node.op, ast.Mult):
        yield Change(3, site, ast.BinOp(node.left, ast.Div(), node.right), "wrong-derivative")


def exchanged(scope: Scope, site: Site) -> Iterator[Change]:
    """Two neighbours of a list in the wrong order (the gates of a recurrent layer)."""
    node = site.node
    if (
        isinstance(node, (ast.List, ast.Tuple))
        and is_load(node)
        and isinstance(site.parent, ast.Call)
    ):
        for i in range(len(node.elts) - 1):
            elts = list(node.elts)
            elts[i], elts[i + 1] = elts[i + 1], elts[i]
            yield Change(2, site, type(node)(elts, ast.Load()), "wrong-derivative")


def carried(scope: Scope, site: Site) -> Iterator[Change]:
    """A gradient of the step behind that is not added to the argument of the step at hand."""
    node = site.node
    above = site.parent
    if (
        site.in_loop
        and isinstance(above, ast.Call)
        and node in above.args
        and "backward" in text_of(above.func)
    ):
        for name in scope.pool:
            yield Change(2, site, ast.BinOp(node, ast.Add(), expr(name)), "missing-carry")


def first_step(scope: Scope, site: Site) -> Iterator[Change]:
    """The state before the first step: ``h[:, t - 1]``, which is the last one where t is 0."""
    node = site.node
    if not isinstance(node, ast.Subscript) or not is_load(node) or not site.in_loop:
        return
    match = re.search(r"\b(\w+) - 1\b", text_of(node.slice))
    loops = {p.target.id for p in site.path if isinstance(p, ast.For) and isinstance(p.target, ast.Name)}  # fmt: skip
    if match is None or match.group(1) not in loops or isinstance(site.parent, ast.IfExp):
        return
    initial = [n for n in scope.pool if re.search(r"0$|init|prev|first", n)]
    for name in (*initial, f"np.zeros_like({text_of(node)})"):
        new = expr(f"({text_of(node)} if {match.group(1)} > 0 else {name})")
        yield Change(1, site, new, "missing-carry")


def insertions(scope: Scope, site: Site) -> Iterator[Change]:
    """A factor or a term that is missing from a value."""
    node = site.node
    if (
        not is_load(node)
        or not is_term(site)
        or in_index(site)
        or isinstance(node, (ast.Constant, ast.Tuple, ast.Slice))
    ):
        return
    if isinstance(site.parent, ast.Call) and (
        site.parent.func is node or not is_arith(site.parent) or is_condition(site)
    ):
        return
    if any(isinstance(p, ast.Compare) for p in site.path):
        return
    later = 0 if is_root(site) else 1
    for arg in [a for a in scope.names if a in scope.arguments][:2]:
        for count in (f"len({arg})", f"{arg}.shape[1]", f"{arg}.size"):
            cause = "missing-mean" if is_root(site) and not later else "summed-not-averaged"
            yield Change(2 + later, site, ast.BinOp(node, ast.Div(), expr(count)), cause)
            yield Change(3 + later, site, ast.BinOp(node, ast.Mult(), expr(count)), "extra-mean")
    kept = [t for t in map(text_of, ast.walk(node)) if re.fullmatch(r"self\.\w+", t)]
    for held in list(dict.fromkeys(kept))[:2] if is_root(site) else []:
        for count in (f"len({held})", f"{held}.shape[1]", f"{held}.size"):
            yield Change(3, site, ast.BinOp(node, ast.Div(), expr(count)), "missing-mean")
    for high, wide in sides(scope):
        cause = "missing-mean" if is_root(site) else "summed-not-averaged"
        yield Change(2 + later, site, ast.BinOp(node, ast.Div(), expr(f"({high} * {wide})")), cause)
    for number in ("2", "0.5", "3"):
        yield Change(2 + later, site, ast.BinOp(expr(number), ast.Mult(), node), "constant-factor")
    inside = any(isinstance(p, ast.Call) and is_arith(p) for p in site.path)
    pool = [p for p in scope.pool if p != text_of(node) and (inside or scope.fits(p, site))]
    for name in pool:
        if COUNTS.fullmatch(name.split(".")[-1]) or name.split(".")[-1] in {
            "n",
            "N",
            "m",
            "batch_size",
        }:
            cause = "missing-mean" if is_root(site) else "summed-not-averaged"
            yield Change(2, site, ast.BinOp(node, ast.Div(), expr(name)), cause)
    for name in pool:
        last = name.split(".")[-1]
        if name.startswith("self.") and last in scope.options and scope.shapes.get(name) == ():
            yield Change(
                1, site, ast.BinOp(node, ast.Mult(), expr(name)), inserted(scope, site, name)
            )
    for name in pool:
        factor = expr(name)
        cause = inserted(scope, site, name)
        yield Change(3 + later, site, ast.BinOp(node, ast.Mult(), factor), cause)
        yield Change(4 + later, site, ast.BinOp(node, ast.Div(), factor), cause)
        if is_root(site):
            added = added_cause(scope, site, name)
            yield Change(4, site, ast.BinOp(node, ast.Add(), factor), added)
            yield Change(4, site, ast.BinOp(node, ast.Sub(), factor), added)
            for shape in (
                f"(1 - {name})",
                f"(1 - {name}**2)",
                f"({name} * (1 - {name}))",
                f"({name} > 0)",
                f"np.sign({name})",
                f"{name}[:, None]",
            ):
                yield Change(5, site, ast.BinOp(node, ast.Mult(), expr(shape)), cause)
        elif is_summand(site):
            for slope in (f"(1 - {name}**2)", f"({name} * (1 - {name}))"):
                yield Change(6, site, ast.BinOp(node, ast.Mult(), expr(slope)), cause)


#: Methods that only lay an array out anew.
LAYS_OUT = {"T", "reshape", "transpose", "ravel", "flatten", "swapaxes"}


def received(scope: Scope, site: Site) -> Iterator[Change]:
    """A factor that is missing from what is laid out anew: ``(dout * gamma).reshape(...)``, ``(h * r).T``."""
    node, above = site.node, site.parent
    if not isinstance(above, ast.Attribute) or above.attr not in LAYS_OUT or not is_load(node):
        return
    for name in scope.pool if isinstance(node, (ast.Name, ast.Attribute)) else ():
        if name != text_of(node) and scope.shapes.get(name) != ():
            factor = ast.BinOp(node, ast.Mult(), expr(name))
            yield Change(3, site, factor, inserted(scope, site, name))


def is_summand(site: Site) -> bool:
    """Whether a product stands in a sum that is assigned as a whole."""
    above = site.parent
    product = isinstance(site.node, ast.BinOp) and isinstance(site.node.op, ast.Mult)
    added = isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Add, ast.Sub))
    return product and added and getattr(site.statement, "value", None) is above


def sides(scope: Scope) -> Iterator[tuple[str, str]]:
    """The names of a height and a width: an image is averaged over both."""
    for high, wide in (
        ("H", "W"),
        ("h", "w"),
        ("out_h", "out_w"),
        ("kh", "kw"),
        ("height", "width"),
    ):
        if high in scope.names and wide in scope.names:
            yield high, wide


#: Functions of one argument whose argument may lack a term.
UNARY = {"sign", "tanh", "exp", "abs", "log", "sqrt", "sigmoid", "maximum", "cosh", "sinh"}


def inner_terms(scope: Scope, site: Site) -> Iterator[Change]:
    """A term that is missing inside a function: sign(p) for sign(p - y)."""
    node, above = site.node, site.parent
    named = isinstance(node, (ast.Name, ast.Attribute)) and is_load(node)
    if not named or not isinstance(above, ast.Call) or above.args != [node]:
        return
    if getattr(above.func, "attr", getattr(above.func, "id", "")) not in UNARY:
        return
    for name in scope.pool:
        if name != text_of(node) and scope.alike(text_of(node), name):
            yield Change(
                4, site, ast.BinOp(node, ast.Sub(), expr(name)), "derivative-at-wrong-point"
            )
            yield Change(
                4, site, ast.BinOp(node, ast.Add(), expr(name)), "derivative-at-wrong-point"
            )


def is_condition(site: Site) -> bool:
    """The first of the three arguments of np.where."""
    above = site.parent
    where = isinstance(above, ast.Call) and getattr(above.func, "attr", "") == "where"
    return where and isinstance(above, ast.Call) and above.args[0] is site.node


def inserted(scope: Scope, site: Site, name: str) -> str:
    """What it means that a factor is missing."""
    last = name.split(".")[-1]
    if (
        scope.piece.role != "forward"
        and name in scope.arguments
        and re.match(r"d|grad|up|g$|delta|err", last)
        and last not in {"dim"}
    ):
        return "upstream-ignored"
    if "stride" in last:
        return "stride-ignored"
    if "dilat" in last:
        return "option-ignored"
    if last == "scale" and not name.startswith("self."):
        return "constant-factor"
    if COUNTS.fullmatch(last) or last in {"n", "N", "m", "D", "batch_size"}:
        return "summed-not-averaged" if not is_root(site) else "missing-mean"
    if (
        last in scope.options
        and name.startswith("self.")
        and last.islower()
        and len(last) > 2
        and last not in {"weights", "weight", "bias", "gamma"}
    ):
        return "option-ignored"
    return "missing-chain-factor"


def added_cause(scope: Scope, site: Site, name: str) -> str:
    """What it means that a term is missing."""
    if REGULAR.search(name):
        return "missing-regulariser"
    if site.in_loop or CARRY.search(name):
        return "missing-carry"
    return "missing-norm-term" if NORM.search(scope.words) else "missing-chain-factor"
