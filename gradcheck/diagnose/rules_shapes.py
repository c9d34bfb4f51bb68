"""Axes, transposes, reductions, slices and windows."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Iterator

from gradcheck.diagnose.edits import Change, Scope, Site
from gradcheck.diagnose.rules_common import AXES, REDUCERS, call, expr, is_load, is_root, text_of


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
            yield Change(1, site, ast.Attribute(node, "T", ast.Load()), cause)
            yield Change(1, site, call(node, "swapaxes", "-1", "-2"), cause)
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
            for axes in (("0", "2", "3", "1"), ("0", "3", "1", "2"), ("0", "2", "1", "3"), ("0", "2", "1"), ("1", "0", "2")):  # fmt: skip
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


def numbers_in(axis: str) -> set[str]:
    """The axes an argument names."""
    return set(re.findall(r"-?\d+", axis))


def axes(scope: Scope, site: Site) -> Iterator[Change]:
    """Another axis, keepdims, or another reduction."""
    node = site.node
    if not isinstance(node, ast.Call) or not reducer(node):
        return
    now, position = axis_of(node)
    keeps = any(k.arg == "keepdims" for k in node.keywords)
    forward = scope.piece.role in {"forward", "both"}
    near = scope.words + text_of(site.statement).lower()
    softmaxy = forward and (
        re.search(r"softmax|exp", near) is not None or "exp(" in ast.unparse(scope.piece.node)
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
        elif not forward and reducer(node) == "sum" and numbers_in(now) < numbers_in(axis) and now:
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


def slices(scope: Scope, site: Site) -> Iterator[Change]:
    """Slices that end at -0, run backwards, or leave out an end."""
    node = site.node
    if isinstance(node, ast.Slice):
        yield from moved_windows(scope, site, node)
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
    if isinstance(node, ast.Subscript) and is_load(node):
        yield from windows(scope, site, node)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range":
        if len(node.args) == 2:
            yield Change(0, site, ast.Call(node.func, node.args[1:], []), "missing-carry")
        last = node.args[-1] if len(node.args) < 3 else None
        if isinstance(last, ast.BinOp) and isinstance(last.op, ast.Sub):
            args = [*node.args[:-1], last.left]
            yield Change(0, site, ast.Call(node.func, args, []), "last-class")
        if last is not None and re.search(r"\bmax\(", text_of(last)):
            yield Change(0, site, expr(f"range({text_of(last)} + 1)"), "last-class")
            for count in [n for n in scope.names if scope.shapes.get(n) == ()]:
                yield Change(1, site, expr(f"range({count})"), "last-class")
    if isinstance(node, (ast.Name, ast.Attribute)) and is_load(node):
        word = text_of(node).split(".")[-1].lower()
        if word in {"w", "weight", "weights", "k", "kernel", "kernels", "filters", "filter"}:
            yield Change(2, site, expr(f"{text_of(node)}[..., ::-1]"), "kernel-flipped")
            yield Change(2, site, expr(f"{text_of(node)}[..., ::-1, ::-1]"), "kernel-flipped")
    if (isinstance(node, ast.Subscript) and is_load(node)) or isinstance(node, ast.Subscript):
        text = text_of(node.slice)
        match = re.fullmatch(r"\(:, ([A-Za-z_][^:,]*)\)|:, ([A-Za-z_][^:,]*)", text)
        if match:
            rows = f"np.arange(len({text_of(node.value)})), {match.group(1) or match.group(2)}"
            new = ast.Subscript(node.value, expr(f"({rows})"), node.ctx)
            yield Change(0, site, new, "batch-mixed")


def moved_windows(scope: Scope, site: Site, node: ast.Slice) -> Iterator[Change]:
    """Both ends of a window counted from another place: ``r:r + k`` that should be ``q:q + k``."""
    if not isinstance(node.lower, ast.Name) or node.upper is None:
        return
    here = node.lower.id
    if here not in {n.id for n in ast.walk(node.upper) if isinstance(n, ast.Name)}:
        return
    others = {
        n.lower.id for n in ast.walk(scope.piece.node)
        if isinstance(n, ast.Slice) and isinstance(n.lower, ast.Name)
    }  # fmt: skip
    for other in sorted(others - {here}):
        ends = (re.sub(rf"\b{here}\b", other, text_of(e)) for e in (node.lower, node.upper))
        lower, upper = (expr(e) for e in ends)
        new = ast.Slice(lower, upper, node.step)
        yield Change(1, site, new, "derivative-at-wrong-point")
    for option in sorted(scope.options & set(scope.attributes)):
        ends = (re.sub(rf"\b{here}\b", f"({here} * self.{option})", text_of(e)) for e in (node.lower, node.upper))  # fmt: skip
        lower, upper = (expr(e) for e in ends)
        cause = "stride-ignored" if "stride" in option else "option-ignored"
        yield Change(1, site, ast.Slice(lower, upper, node.step), cause)


def windows(scope: Scope, site: Site, node: ast.Subscript) -> Iterator[Change]:
    """All slices of one subscript at once: crops that end at -0 or begin at 0, reversed axes."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    cut = [p for p in parts if isinstance(p, ast.Slice) and (p.lower or p.upper or p.step)]
    if not cut:
        return

    def put(one: Callable[[ast.Slice], ast.Slice]) -> ast.Subscript:
        new: list[ast.expr] = [one(p) if isinstance(p, ast.Slice) else p for p in parts]
        index = ast.Tuple(new, ast.Load()) if isinstance(node.slice, ast.Tuple) else new[0]
        return ast.Subscript(node.value, index, ast.Load())

    if all(p.step is not None and text_of(p.step) == "-1" for p in cut):
        yield Change(0, site, put(lambda p: ast.Slice(None, None, None)), "kernel-flipped")
    if any(is_minus_name(p.upper) for p in cut):
        closed = put(
            lambda p: (
                ast.Slice(p.lower, either_end(p.upper), p.step) if is_minus_name(p.upper) else p
            )
        )
        yield Change(0, site, closed, "padding-zero")  # fmt: skip
    pads = [n for n in scope.pool if re.fullmatch(r"(self\.)?p(ad(ding)?)?", n)]
    if all(p.lower is None and p.upper is not None and p.step is None for p in cut):
        for pad in pads:
            yield Change(1, site, put(behind(pad)), "option-ignored")


def behind(pad: str) -> Callable[[ast.Slice], ast.Slice]:
    """``:H`` -> ``pad:pad + H``."""

    def moved(p: ast.Slice) -> ast.Slice:
        return (
            p if p.upper is None else ast.Slice(expr(pad), ast.BinOp(expr(pad), ast.Add(), p.upper))
        )

    return moved


def is_minus_name(node: ast.expr | None) -> bool:
    """``-pad``: the end of a slice that takes nothing where pad is 0."""
    if not isinstance(node, ast.UnaryOp) or not isinstance(node.op, ast.USub):
        return False
    return not isinstance(node.operand, ast.Constant)


def either_end(node: ast.expr | None) -> ast.expr:
    """``-pad or None``."""
    assert node is not None
    return ast.BoolOp(ast.Or(), [node, ast.Constant(None)])


def subscripts(scope: Scope, site: Site) -> Iterator[Change]:
    """Two axes of an operand, or of the result, exchanged in ``np.einsum("nij,njd->nid", ...)``."""
    node, above = site.node, site.parent
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return
    if not isinstance(above, ast.Call) or getattr(above.func, "attr", "") != "einsum":
        return
    if re.fullmatch(r"[a-z]+(,[a-z]+)*->[a-z]*", node.value) is None:
        return
    parts = re.split(r"(,|->)", node.value)
    for k, part in enumerate(parts):
        for i, j in itertools.combinations(range(len(part)), 2) if part.isalpha() else ():
            letters = list(part)
            letters[i], letters[j] = letters[j], letters[i]
            text = "".join([*parts[:k], *letters, *parts[k + 1 :]])
            yield Change(1, site, ast.Constant(text), "transposed")


def broadcasts(scope: Scope, site: Site) -> Iterator[Change]:
    """A sum over broadcast axes that is missing around a whole value."""
    node = site.node
    if not is_load(node) or not is_root(site) or scope.piece.role == "forward":
        return
    product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)
    softmaxy = re.search(r"softmax|attention", scope.words) is not None
    for axis in AXES:
        plainly = call(node, "sum", axis=axis)
        kept = call(node, "sum", axis=axis, keepdims="True")
        diagonal = product and softmaxy and axis in {"-1", "1"}
        yield Change(2, site, plainly, "missing-broadcast-sum")
        yield Change(
            2, site, kept, "softmax-diagonal-only" if diagonal else "missing-broadcast-sum"
        )
