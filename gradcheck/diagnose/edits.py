"""One-place changes of the user's code, each with the cause it would confirm.

A cause can be tried out: change the one place where it would sit, and see whether the law that
failed now passes.  `edits` enumerates the changes, the likeliest first; `repairs` tries them.
"""

from __future__ import annotations

import ast
import itertools
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.diagnose.code import compiled, placed
from gradcheck.diagnose.pieces import Piece
from gradcheck.diagnose.senseless import senseless


@dataclass(frozen=True)
class Site:
    """One place in a function where a node may be exchanged.

    ``path`` are the ancestors, outermost first; ``container``/``key`` is where the node hangs.
    """

    node: Any
    container: Any
    key: Any
    path: tuple[ast.AST, ...]
    statement: ast.stmt

    def put(self, node: Any) -> None:
        """Hang another node here."""
        if isinstance(self.key, int):
            self.container[self.key] = node
        else:
            setattr(self.container, self.key, node)

    @property
    def parent(self) -> ast.AST:
        """The node directly above."""
        return self.path[-1]

    @property
    def in_loop(self) -> bool:
        """Whether it stands in a for or while loop."""
        return any(isinstance(p, (ast.For, ast.While)) for p in self.path)


class Moved(list[ast.stmt]):
    """Statements that take the place of as many, beginning with the one at the site."""


class Both(Moved):
    """Two statements one after the other, each changed in the same way."""


@dataclass(frozen=True)
class Change:
    """An edit not made yet: what goes where, how likely (0 first), and what it would mean."""

    priority: int
    site: Site
    new: Any
    cause: str


@dataclass(frozen=True)
class Edit:
    """An edit made: the function's other code, and the statement before and after."""

    piece: Piece
    change: Change
    cause: str
    line: int
    before: str
    after: str
    code: types.CodeType


@dataclass(frozen=True)
class Scope:
    """What a rule may use: the names a function and its class know, and what they mean."""

    piece: Piece
    names: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    optimizer: bool = False
    words: str = ""
    keys: tuple[str, ...] = field(default=())
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    entries: tuple[str, ...] = ()

    @property
    def pool(self) -> list[str]:
        """Everything that may be a factor or term: names, attributes, entries of dictionaries."""
        return [*self.names, *(f"self.{a}" for a in self.attributes), *self.entries]

    def alike(self, here: str, other: str) -> bool:
        """Whether one name may stand for another: the same shape, as far as that is known."""
        a, b = self.shapes.get(here), self.shapes.get(other)
        return a is None or b is None or a == b

    def fits(self, name: str, site: Site) -> bool:
        """Whether a factor broadcasts into what the statement assigns."""
        target = getattr(site.statement, "target", None) or next(
            iter(getattr(site.statement, "targets", [])), None
        )
        known = self.shapes.get(ast.unparse(target)) if target is not None else None
        mine = self.shapes.get(name)
        if known is None or mine is None:
            return True
        return len(mine) <= len(known) and all(
            a in (1, b) for a, b in zip(mine[::-1], known[::-1], strict=False)
        )


Rule = Callable[[Scope, Site], Iterator[Change]]


def scope_of(
    piece: Piece, optimizer: bool, shapes: Mapping[str, tuple[int, ...]] | None = None
) -> Scope:
    """The scope of a function."""
    args = [
        a.arg
        for a in [*piece.node.args.posonlyargs, *piece.node.args.args, *piece.node.args.kwonlyargs]
    ]
    names: dict[str, None] = dict.fromkeys(a for a in args if a not in {"self", "ctx"})
    attributes: dict[str, None] = {}
    keys: dict[str, None] = {}
    for node in ast.walk(piece.node):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.setdefault(node.id)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.isidentifier()
        ):
            keys.setdefault(node.value)
    stored = [
        n.id
        for n in ast.walk(piece.node)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    known = {k: v for k, v in (shapes or {}).items() if stored.count(k) < 2}
    options: set[str] = set()
    for node in ast.walk(piece.owner) if piece.owner else ():
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
            if isinstance(node.ctx, ast.Store):
                attributes.setdefault(node.attr)
        elif isinstance(node, ast.FunctionDef) and node.name == "__init__":
            options |= {a.arg for a in [*node.args.args, *node.args.kwonlyargs]} - {"self"}
    text = f"{piece.owner.name if piece.owner else ''} {piece.node.name}".lower()
    return Scope(
        piece,
        tuple(names),
        tuple(attributes),
        tuple(args),
        frozenset(options),
        optimizer,
        text,
        tuple(keys),
        known,
        kept_entries(piece),
    )


def kept_entries(piece: Piece) -> tuple[str, ...]:
    """``self.params["gain"]`` and the like, as they stand somewhere in the class or function."""
    found: dict[str, None] = {}
    holders: dict[str, None] = {}
    for node in ast.walk(piece.owner or piece.node):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            text = ast.unparse(node)
            inside = text.startswith("self.") or piece.owner is None
            if inside and isinstance(node.slice.value, str) and "grad" not in text:
                found.setdefault(text)
                holders.setdefault(ast.unparse(node.value))
    if piece.owner is None:
        found |= {f"{h}[{k!r}]": None for h in holders if h != "grads" for k in piece.keys}
    return tuple(found)


def sites(piece: Piece) -> Iterator[Site]:
    """Every node of a function's body with the place it hangs in."""

    def walk(
        node: ast.AST, path: tuple[ast.AST, ...], statement: ast.stmt | None
    ) -> Iterator[Site]:
        for name, value in ast.iter_fields(node):
            if node is piece.node and name != "body":
                continue
            children = value if isinstance(value, list) else [value]
            for i, child in enumerate(children):
                if not isinstance(child, ast.AST):
                    continue
                here = child if isinstance(child, ast.stmt) else statement
                if here is not None and not is_docstring(child):
                    container, key = (value, i) if isinstance(value, list) else (node, name)
                    yield Site(child, container, key, (*path, node), here)
                    yield from walk(child, (*path, node), here)

    yield from walk(piece.node, (), None)


def is_docstring(node: ast.AST) -> bool:
    """A statement that is only a text."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def changes(
    piece: Piece,
    rules: tuple[Rule, ...],
    optimizer: bool = False,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> list[Change]:
    """All changes of one function, the likeliest first.

    None for a function with a while loop: a change could make it run for ever.
    """
    if any(isinstance(n, ast.While) for n in ast.walk(piece.node)):
        return []
    scope = scope_of(piece, optimizer, shapes)
    found = [c for site in sites(piece) for rule in rules for c in rule(scope, site)]
    found = [c for c in found if not senseless(c)]
    if not optimizer:
        found = [in_regulariser(c) for c in found]
    return sorted(found, key=lambda c: c.priority)


#: Words of a statement that adds a regularisation term.
REGULAR = re.compile(r"regulari[sz]|_l[12]\b|\breg\b|lambda_|\bdL[12]\b", re.IGNORECASE)
#: Causes that say more than "the regularisation term is wrong".
OWN_WORDS = {"missing-regulariser", "bias-shape", "accumulates", "edits-argument"}


def in_regulariser(change: Change) -> Change:
    """A change inside a statement that adds a regularisation term is about that term."""
    statement = change.site.statement
    if not isinstance(statement, (ast.Assign, ast.AugAssign)) or change.cause in OWN_WORDS:
        return change
    if not REGULAR.search(ast.unparse(statement)) or not REGULAR.search(summand(change.site)):
        return change
    return replace(change, cause="wrong-regulariser")


def summand(site: Site) -> str:
    """The summand of the statement's value that a site stands in; the statement where it has one."""
    inside = [*site.path[site.path.index(site.statement) + 1 :], site.node] if site.statement in site.path else []  # fmt: skip
    for above, node in itertools.pairwise(inside):
        if not isinstance(above, ast.BinOp) or not isinstance(above.op, (ast.Add, ast.Sub)):
            break
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, (ast.Add, ast.Sub)):
            return ast.unparse(node)
    return ast.unparse(site.statement)


def made(piece: Piece, change: Change) -> types.CodeType | None:
    """The function's code with a change in place; the tree is put back before this returns."""
    site, new = change.site, change.new
    like = site.node if hasattr(site.node, "lineno") else site.statement
    for node in new if isinstance(new, list) else [new]:
        placed(node, like)
    if isinstance(new, list):  # statements in place of one, or of as many
        before = list(site.container)
        taken = len(new) if isinstance(new, Moved) else 1
        site.container[site.key : site.key + taken] = new
        code = compiled(piece)
        site.container[:] = before
    else:
        site.put(new)
        code = compiled(piece)
        site.put(site.node)
    return None if code is None or same_code(code, piece.function.__code__) else code


def same_code(a: types.CodeType, b: types.CodeType) -> bool:
    """Whether two code objects do the same."""
    return a.co_code == b.co_code and a.co_consts == b.co_consts and a.co_names == b.co_names


def edited(piece: Piece, change: Change, code: types.CodeType) -> Edit:
    """A change with the statement before and after, for the report."""
    site, new = change.site, change.new
    before = ast.unparse(site.statement)
    if isinstance(new, Both):
        before = f"{before}; {ast.unparse(site.container[site.key + 1])}"
        after = "; ".join(ast.unparse(n) for n in new)
    elif isinstance(new, Moved):
        after = f"{before} (moved behind `{first(ast.unparse(new[-2]))}`)"
    elif isinstance(new, list):
        after = "; ".join(ast.unparse(n) for n in new)
    else:
        site.put(new)
        after = ast.unparse(new if site.node is site.statement else site.statement)
        site.put(site.node)
    line = getattr(site.node, "lineno", site.statement.lineno)
    return Edit(piece, change, change.cause, line, first(before), first(after), code)


def first(text: str) -> str:
    """The first line of a statement."""
    return text.splitlines()[0] if text else "(removed)"
