"""The places bugs of one kind sit in: rules that propose a change and name its cause.

A rule sees one node and yields changes.  Priorities: 0 and 1 for changes that hardly ever pass by
chance or at all (a transpose, an axis, a sign), up to 5 for "multiply by any name in scope".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

from gradcheck.conventions.signature import LABELS, plain
from gradcheck.diagnose.edits import Change, Rule, Scope, Site

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
        ast.Attribute(node, attribute, ast.Load()), [expr(a) for a in args],
        [ast.keyword(k, expr(v)) for k, v in kw.items()],
    )  # fmt: skip


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
        return not isinstance(site.node, ast.Tuple)
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


def signs(scope: Scope, site: Site) -> Iterator[Change]:
    """Minus signs that are missing or too many."""
    node = site.node
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and not isinstance(site.parent, (ast.Slice, ast.keyword))
    ):
        if not isinstance(node.operand, ast.Constant) or isinstance(site.parent, ast.BinOp):
            yield Change(0, site, node.operand, "sign-flipped")
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        other: ast.operator = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        if not in_index(site):
            yield Change(1, site, ast.BinOp(node.left, other, node.right), "sign-flipped")
    if is_load(node) and is_root(site) and not isinstance(node, ast.Constant):
        yield Change(1, site, ast.UnaryOp(ast.USub(), node), "sign-flipped")  # type: ignore[arg-type]
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


def masks(scope: Scope, site: Site) -> Iterator[Change]:
    """Comparisons the wrong way round, and the two sides of np.where exchanged."""
    node = site.node
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        op = type(node.ops[0])
        others: dict[Any, list[Any]] = {
            ast.Lt: [ast.GtE, ast.Gt, ast.LtE], ast.LtE: [ast.Gt, ast.GtE, ast.Lt],
            ast.Gt: [ast.LtE, ast.Lt, ast.GtE], ast.GtE: [ast.Lt, ast.LtE, ast.Gt],
            ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq],
        }  # fmt: skip
        for other in others.get(op, []):
            yield Change(
                0, site, ast.Compare(node.left, [other()], node.comparators), "wrong-mask-side"
            )
    if (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "where"
        and len(node.args) == 3
    ):
        c, a, b = node.args
        yield Change(0, site, ast.Call(node.func, [c, b, a], []), "wrong-mask-side")


def transposes(scope: Scope, site: Site) -> Iterator[Change]:
    """A .T or a transpose that is missing, too many, or of other axes."""
    node = site.node
    cause = "transposed"
    if isinstance(node, ast.Attribute) and node.attr == "T" and is_load(node):
        yield Change(0, site, node.value, cause)
    if is_load(node) and isinstance(
        node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp)
    ):
        above = site.parent
        in_product = isinstance(above, ast.BinOp) and isinstance(above.op, ast.MatMult)
        in_dot = (
            isinstance(above, ast.Call)
            and getattr(above.func, "attr", "") in {"dot", "matmul"}
            and node in above.args
        )
        product = (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)) or (
            isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"dot", "matmul"}
        )
        if in_product or in_dot or product:
            yield Change(1, site, ast.Attribute(node, "T", ast.Load()), cause)  # type: ignore[arg-type]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner, name = node.func.value, node.func.attr
        if name == "reshape":
            turned = ast.Attribute(inner, "T", ast.Load())
            yield Change(
                1,
                site,
                ast.Call(ast.Attribute(turned, "reshape", ast.Load()), node.args, node.keywords),
                cause,
            )
            if len(node.args) == 2:
                swapped = ast.Call(node.func, node.args[::-1], [])
                yield Change(1, site, ast.Attribute(swapped, "T", ast.Load()), cause)
                yield Change(2, site, swapped, cause)
            for axes in (("0", "2", "3", "1"), ("0", "3", "1", "2"), ("0", "2", "1")):
                moved = ast.Call(
                    ast.Attribute(call(inner, "transpose", *axes), "reshape", ast.Load()),
                    node.args,
                    node.keywords,
                )
                yield Change(2, site, moved, cause)
            for i in range(len(node.args) - 1):
                args = list(node.args)
                args[i], args[i + 1] = args[i + 1], args[i]
                yield Change(2, site, ast.Call(node.func, args, node.keywords), "square-only")
        if name == "transpose" and len(node.args) > 2:
            for i in range(len(node.args) - 1):
                args = list(node.args)
                args[i], args[i + 1] = args[i + 1], args[i]
                yield Change(
                    2,
                    site,
                    ast.Call(node.func, args, []),
                    "square-only" if i == len(args) - 2 else cause,
                )


def reducer(node: ast.AST) -> str:
    """``sum`` for a call of np.sum or x.sum, "" for anything else."""
    name = getattr(node.func, "attr", "") if isinstance(node, ast.Call) else ""
    return name if name in REDUCERS else ""


def axis_of(node: ast.Call) -> tuple[str, int | None]:
    """The text of a reduction's axis and its place among the arguments (None: a keyword)."""
    for k in node.keywords:
        if k.arg == "axis":
            return text_of(k.value), None
    position = 1 if getattr(getattr(node.func, "value", None), "id", "") in {"np", "numpy"} else 0
    return (text_of(node.args[position]), position) if len(node.args) > position else ("", None)


def axes(scope: Scope, site: Site) -> Iterator[Change]:
    """Another axis, keepdims, or another reduction."""
    node = site.node
    if not isinstance(node, ast.Call) or not reducer(node):
        return
    now, position = axis_of(node)
    keeps = any(k.arg == "keepdims" for k in node.keywords)
    forward = scope.piece.role in {"forward", "both"}
    softmaxy = forward and (
        re.search(r"softmax|exp", scope.words + text_of(site.statement).lower()) is not None
    )
    if not keeps and now:
        kept = ast.Call(
            node.func, node.args, [*node.keywords, ast.keyword("keepdims", ast.Constant(True))]
        )
        yield Change(0, site, kept, "softmax-broadcast" if softmaxy else "bias-shape")
    rest = [k for k in node.keywords if k.arg not in {"axis"}]
    plain = [a for i, a in enumerate(node.args) if i != position or position is None]
    for axis in AXES:
        if axis == now:
            continue
        cause = "wrong-axis-sum"
        if not now and softmaxy:
            cause = "softmax-whole-batch"
        elif now and now in axis and axis.startswith("("):
            cause = "missing-broadcast-sum"
        for keep in [True, False] if not keeps else [True]:
            words = [*rest, ast.keyword("axis", expr(axis))]
            if keep and not keeps:
                words.append(ast.keyword("keepdims", ast.Constant(True)))
            yield Change(1, site, ast.Call(node.func, plain, words), cause)
    if now:
        yield Change(
            2,
            site,
            ast.Call(node.func, plain, [k for k in rest if k.arg != "keepdims"]),
            "wrong-axis-sum",
        )
    swaps = {"mean": "sum", "sum": "mean"}
    if reducer(node) in swaps and isinstance(node.func, ast.Attribute):
        other = ast.Attribute(node.func.value, swaps[reducer(node)], ast.Load())
        cause = "extra-mean" if reducer(node) == "mean" else "summed-not-averaged"
        yield Change(0, site, ast.Call(other, node.args, node.keywords), cause)
    bare = [k for k in node.keywords if k.arg != "ddof"]
    if len(bare) < len(node.keywords):
        yield Change(0, site, ast.Call(node.func, node.args, bare), "wrong-derivative")


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
            "missing-chain-factor" if name == "ones_like" else "zero-gradient",
        )
    elif name == "zeros" and node.args and text_of(node.args[0]).endswith(".shape"):
        yield Change(0, site, node.args[0].value, "zero-gradient")  # type: ignore[attr-defined]
    elif name == "astype" and inner is not None:
        kind = text_of(node.args[0]) if node.args else ""
        cause = "float32-inside" if "32" in kind or "16" in kind else "int-truncation"
        yield Change(0, site, inner, cause)
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
        if k.arg == "dtype":
            rest = [w for w in node.keywords if w is not k]
            cause = (
                "float32-inside"
                if "32" in text_of(k.value) or "16" in text_of(k.value)
                else "int-truncation"
            )
            yield Change(0, site, ast.Call(node.func, node.args, rest), cause)


def numbers(scope: Scope, site: Site) -> Iterator[Change]:
    """Constants: a factor, an exponent, an index, a bound."""
    node = site.node
    if (
        not isinstance(node, ast.Constant)
        or type(node.value) not in {int, float}
        or isinstance(site.parent, ast.keyword)
    ):
        return
    v = node.value
    above = site.parent
    if isinstance(above, ast.BinOp) and isinstance(above.op, ast.Pow):
        cause = "wrong-derivative"
    elif isinstance(above, ast.Call) and getattr(above.func, "id", "") == "range":
        cause = "missing-carry"
    elif in_index(site):
        cause = "derivative-at-wrong-point"
    elif isinstance(above, ast.BinOp) and isinstance(above.op, (ast.Mult, ast.Div)):
        cause = "constant-factor"
    else:
        cause = "wrong-derivative"
    others = dict.fromkeys(
        [v + 1, v - 1, 2 * v, v / 2 if v % 2 or type(v) is float else v // 2, -v, 0, 1, 2, 0.5]
    )
    for other in others:
        if other != v:
            value = expr(repr(other))
            yield Change(2, site, value, cause)
    for name in scope.options & set(scope.attributes):
        yield Change(1, site, expr(f"self.{name}"), "option-ignored")
    if v == 0 and isinstance(above, ast.BinOp) and isinstance(above.op, ast.Mult):
        for name in (*scope.names, *(f"self.{a}" for a in scope.attributes)):
            yield Change(1, site, expr(name), missing_term(scope, site))


def names(scope: Scope, site: Site) -> Iterator[Change]:
    """A name in place of another one."""
    node = site.node
    if not is_load(node) or (isinstance(site.parent, ast.Call) and site.parent.func is node):
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
            yield Change(3, site, expr(other), substituted(scope, site, here, other))


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


def substituted(scope: Scope, site: Site, here: str, other: str) -> str:
    """What it means that `other` belongs where `here` stands."""
    around = (
        text_of(site.statement)
        if not isinstance(site.statement, (ast.For, ast.If, ast.While))
        else ""
    )
    if here in SIZES and other in SIZES:
        return "square-only"
    if REGULAR.search(around) and not scope.optimizer:
        return "wrong-regulariser"
    if other.split(".")[-1] in scope.options and other.startswith("self."):
        return "option-ignored"
    if COUNTS.fullmatch(here) and COUNTS.fullmatch(other):
        return "constant-factor"
    return "derivative-at-wrong-point"


COPIES = ("edits-argument",)


def copies(scope: Scope, site: Site) -> Iterator[Change]:
    """A copy that is missing, or an in-place operation that should make a new array."""
    node = site.node
    if (
        is_load(node)
        and is_root(site)
        and isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp))
    ):
        yield Change(0, site, call(node, "copy"), "edits-argument")  # type: ignore[arg-type]
    if isinstance(node, ast.AugAssign):
        target = ast.parse(text_of(node.target), mode="eval").body
        yield Change(
            0,
            site,
            ast.Assign([node.target], ast.BinOp(target, node.op, node.value)),
            "edits-argument",
        )


def assignments(scope: Scope, site: Site) -> Iterator[Change]:
    """= in place of +=, += in place of =, and repeated indices."""
    node = site.node
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, (ast.Subscript, ast.Name, ast.Attribute)):
            sliced = isinstance(target, ast.Subscript) and any(
                isinstance(n, (ast.Slice, ast.Name)) for n in ast.walk(target.slice)
            )
            cause = (
                "overlap-lost"
                if sliced
                else "missing-carry"
                if site.in_loop
                else "missing-chain-factor"
            )
            yield Change(
                1 if site.in_loop or sliced else 3,
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


def slices(scope: Scope, site: Site) -> Iterator[Change]:
    """Slices that end at -0, run backwards, or leave out an end."""
    node = site.node
    if isinstance(node, ast.Slice):
        upper = node.upper
        if (
            isinstance(upper, ast.UnaryOp)
            and isinstance(upper.op, ast.USub)
            and not isinstance(upper.operand, ast.Constant)
        ):
            end = ast.BoolOp(ast.Or(), [upper, ast.Constant(None)])
            yield Change(0, site, ast.Slice(node.lower, end, node.step), "padding-zero")
        if (
            node.step is not None
            and text_of(node.step) == "-1"
            and not node.lower
            and not node.upper
        ):
            yield Change(0, site, ast.Slice(None, None, None), "kernel-flipped")
        if node.lower or node.upper:
            yield Change(2, site, ast.Slice(None, None, node.step), "missing-carry")
            yield Change(2, site, ast.Slice(None, node.upper, node.step), "missing-carry")
            yield Change(2, site, ast.Slice(node.lower, None, node.step), "last-class")
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range":
        if len(node.args) == 2:
            yield Change(0, site, ast.Call(node.func, node.args[1:], []), "missing-carry")
        last = node.args[-1] if len(node.args) < 3 else None
        if isinstance(last, ast.BinOp) and isinstance(last.op, ast.Sub):
            args = [*node.args[:-1], last.left]
            yield Change(0, site, ast.Call(node.func, args, []), "last-class")
    if isinstance(node, (ast.Name, ast.Attribute)) and is_load(node):
        word = text_of(node).split(".")[-1].lower()
        if word in {"w", "weight", "weights", "k", "kernel", "kernels", "filters", "filter"}:
            yield Change(2, site, expr(f"{text_of(node)}[..., ::-1]"), "kernel-flipped")
            yield Change(2, site, expr(f"{text_of(node)}[..., ::-1, ::-1]"), "kernel-flipped")
    if (isinstance(node, ast.Subscript) and is_load(node)) or isinstance(node, ast.Subscript):
        text = text_of(node.slice)
        match = re.fullmatch(r"\(:, ([A-Za-z_].*)\)|:, ([A-Za-z_].*)", text)
        if match:
            rows = f"np.arange(len({text_of(node.value)})), {match.group(1) or match.group(2)}"
            new = ast.Subscript(node.value, expr(f"({rows})"), node.ctx)
            forward = scope.piece.role == "forward"
            yield Change(0, site, new, "forward-wrong" if forward else "batch-mixed")


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
        site.parent.func is node or not is_arith(site.parent)
    ):
        return
    later = 0 if is_root(site) else 1
    for arg in [a for a in scope.names if a in scope.arguments][:2]:
        for count in (f"len({arg})", f"{arg}.shape[1]", f"{arg}.size"):
            cause = "missing-mean" if is_root(site) and not later else "summed-not-averaged"
            yield Change(2 + later, site, ast.BinOp(node, ast.Div(), expr(count)), cause)  # type: ignore[arg-type]
            yield Change(3 + later, site, ast.BinOp(node, ast.Mult(), expr(count)), "extra-mean")  # type: ignore[arg-type]
    for number in ("2", "0.5", "3"):
        yield Change(2 + later, site, ast.BinOp(expr(number), ast.Mult(), node), "constant-factor")  # type: ignore[arg-type]
    pool = [*scope.names, *(f"self.{a}" for a in scope.attributes)]
    pool = [p for p in pool if p != text_of(node) and scope.fits(p, site)]
    for name in pool:
        if COUNTS.fullmatch(name.split(".")[-1]) or name.split(".")[-1] in {
            "n",
            "N",
            "m",
            "batch_size",
        }:
            cause = "missing-mean" if is_root(site) else "summed-not-averaged"
            yield Change(2, site, ast.BinOp(node, ast.Div(), expr(name)), cause)  # type: ignore[arg-type]
    for name in pool:
        factor = expr(name)
        cause = inserted(scope, site, name)
        yield Change(3 + later, site, ast.BinOp(node, ast.Mult(), factor), cause)  # type: ignore[arg-type]
        yield Change(4 + later, site, ast.BinOp(node, ast.Div(), factor), cause)  # type: ignore[arg-type]
        if is_root(site):
            added = added_cause(scope, site, name)
            yield Change(4, site, ast.BinOp(node, ast.Add(), factor), added)  # type: ignore[arg-type]
            yield Change(4, site, ast.BinOp(node, ast.Sub(), factor), added)  # type: ignore[arg-type]
            for shape in (f"(1 - {name})", f"(1 - {name}**2)", f"({name} * (1 - {name}))", f"({name} > 0)", f"np.sign({name})",
                          f"{name}[:, None]"):  # fmt: skip
                yield Change(5, site, ast.BinOp(node, ast.Mult(), expr(shape)), cause)  # type: ignore[arg-type]


def is_arith(node: ast.Call) -> bool:
    """A call whose arguments are factors of the result: np.sum(...), np.dot(...)."""
    return getattr(node.func, "attr", "") in {"sum", "mean", "dot", "matmul", "einsum"}


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
        inside = node.left.args[0]  # type: ignore[attr-defined]
        joined = ast.Call(node.left.func, [ast.BinOp(inside, ast.Add(), node.right)], [])  # type: ignore[attr-defined]
        yield Change(0, site, joined, "epsilon-placement")
    if (
        is_sqrt(node)
        and isinstance(node.args[0], ast.BinOp)
        and isinstance(node.args[0].op, ast.Add)
    ):  # type: ignore[attr-defined]
        inner = node.args[0]  # type: ignore[attr-defined]
        root = ast.Call(node.func, [inner.left], [])  # type: ignore[attr-defined]
        yield Change(0, site, ast.BinOp(root, ast.Add(), inner.right), "epsilon-placement")
    if (
        is_load(node)
        and scope.optimizer
        and isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
        and is_term(site)
    ):
        yield Change(1, site, ast.BinOp(node, ast.Pow(), ast.Constant(2)), "moment-not-squared")


def roots(scope: Scope, site: Site) -> Iterator[Change]:
    """A factor inside or outside of a square root."""
    node = site.node
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for root, other in ((node.left, node.right), (node.right, node.left)):
            if is_sqrt(root):
                joined = ast.BinOp(root.args[0], ast.Mult(), other)  # type: ignore[attr-defined]
                new = ast.Call(root.func, [joined], [])  # type: ignore[attr-defined]
                yield Change(1, site, new, "wrong-derivative")


def is_sqrt(node: ast.AST) -> bool:
    """A call of np.sqrt."""
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "attr", "") == "sqrt"
        and len(node.args) == 1
    )


def targets(scope: Scope, site: Site) -> Iterator[Change]:
    """Labels cast to float before arithmetic, where they stand as they were given."""
    node = site.node
    if (
        isinstance(node, ast.Name)
        and is_load(node)
        and node.id in scope.arguments
        and plain(node.id) in LABELS
    ):
        if isinstance(site.parent, (ast.UnaryOp, ast.BinOp)):
            yield Change(0, site, call(node, "astype", "float"), "label-dtype-wrap")
        elif isinstance(site.parent, ast.Attribute):
            yield Change(0, site, call(node, "astype", "float"), "label-dtype-wrap")


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


def broadcasts(scope: Scope, site: Site) -> Iterator[Change]:
    """A sum over broadcast axes that is missing around a whole value."""
    node = site.node
    if not is_load(node) or not is_root(site) or scope.piece.role == "forward":
        return
    for axis in AXES:
        yield Change(2, site, call(node, "sum", axis=axis), "missing-broadcast-sum")  # type: ignore[arg-type]
        yield Change(
            2, site, call(node, "sum", axis=axis, keepdims="True"), "missing-broadcast-sum"
        )  # type: ignore[arg-type]


GRADIENT_RULES: tuple[Rule, ...] = (
    targets, signs, masks, transposes, axes, drops, stale, numbers, names, assignments, slices, places, roots,
    broadcasts, insertions,
)  # fmt: skip
FORWARD_RULES: tuple[Rule, ...] = (axes, places, stale, transposes, slices)
#: A change of forward changes what the gradient should be, so only what hardly ever fits by chance.
FORWARD_CAUSES = frozenset(
    ("softmax-whole-batch", "softmax-broadcast", "wrong-axis-sum", "missing-broadcast-sum", "constant-factor",
     "epsilon-placement", "stale-mask", "square-only", "forward-wrong", "wrong-derivative")
)  # fmt: skip
OTHER_RULES: tuple[Rule, ...] = (
    targets, places, stale, drops, axes, masks, transposes, signs, copies, assignments, slices, numbers, names,
    roots, statements,
)  # fmt: skip
