"""Errors that no argument and no input could avoid: they are the code's, not a wrong guess of ours.

A name that the file binds nowhere, a key that it reads but never stores, a division that gives a
float for a size.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Iterator

from gradcheck.targets import Loaded
from gradcheck.types import Case, Cause, Subject, Verdict

#: Errors of a forward whose inputs are arrays.
ALWAYS = re.compile(
    r"slice indices must be integers|'float' object cannot be interpreted as an integer|"
    r"NameError: name '(?P<name>\w+)' is not defined"
)
COMMON = re.compile(r"`(?P<name>\w+)` belongs to the class [^;]*; write [^;]*")
KEY = re.compile(r"KeyError: '(?P<key>\w+)'")


def refused(blank: Subject, text: str, loaded: Loaded) -> Subject:
    """The row of what could not be run: a fail where the code itself is at fault, else an error."""
    found = (
        forward_always_raises(blank, text, loaded)
        or key_never_stored(blank, text, loaded)
        or held_in_common(blank, text)
    )
    if found is None:
        return dataclasses.replace(blank, status="error", reason=text)
    found = dataclasses.replace(found, cause=cause_of(found))
    return dataclasses.replace(blank, status="fail", verdicts=(found,))


def cause_of(found: Verdict) -> Cause:
    """The cause of an error that no input avoids: the error itself has shown it."""
    from gradcheck.diagnose.causes import CAUSES, fix_for

    if found.law == "interleaved":
        id, text = "shared-state", CAUSES["shared-state"].what
    elif "NameError" in found.message or "never stored" in found.message:
        id, text = "name-error", CAUSES["name-error"].what
    else:
        id, text = (
            "forward-wrong",
            "a size or an index is a float: it was computed with / and not with //",
        )
    return Cause(id, text, "it was called, and raised whatever it was given", fix_for(id, "any"))


def forward_always_raises(blank: Subject, text: str, loaded: Loaded) -> Verdict | None:
    """The fail of a forward that raises for every input."""
    match = ALWAYS.search(text)
    if match is None or not text.startswith("input "):
        return None
    name = match["name"]
    if name and any(
        getattr(n, "id", getattr(n, "name", None)) == name and not is_use(n)
        for n in ast.walk(loaded.tree)
    ):
        return None
    if name and may_come_from_elsewhere(loaded):
        return None
    said = text.split(": ", 1)[1].removeprefix("forward raises ")
    message = f"forward raises {said} [contract, {blank.name}, {text.split(':')[0]}]"
    return Verdict("contract", "fail", "output", message, case=Case())


def held_in_common(blank: Subject, text: str) -> Verdict | None:
    """The fail of a class whose objects overwrite each other's parameters, as was seen."""
    match = COMMON.search(text)
    if match is None:
        return None
    message = f"{match[0]} [interleaved, {blank.name}]"
    return Verdict("interleaved", "fail", match["name"], message, case=Case())


def may_come_from_elsewhere(loaded: Loaded) -> bool:
    """Whether a module of which all names are imported could not be loaded here."""
    stars = any(
        isinstance(n, ast.ImportFrom) and any(a.name == "*" for a in n.names)
        for n in ast.walk(loaded.tree)
    )
    return stars and any("stand-in" in note or "not found" in note for note in loaded.notes)


def is_use(node: ast.AST) -> bool:
    """A name that is read, not bound."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def key_never_stored(blank: Subject, text: str, loaded: Loaded) -> Verdict | None:
    """The fail of code that reads a key of a dict of its own which nothing ever puts there."""
    match = KEY.search(text)
    if match is None:
        return None
    key = match["key"]
    holders = {name_of(n.value) for n in reads(loaded.tree, key)} - {""}
    for holder in sorted(holders):
        if own_dict(loaded.tree, holder) and not may_be_stored(loaded.tree, holder, key):
            said = text.split(";")[0]
            message = (
                f"{said}: {holder}[{key!r}] is read, but never stored [contract, {blank.name}]"
            )
            return Verdict("contract", "fail", key, message, case=Case())
    return None


def name_of(node: ast.AST) -> str:
    """``params`` of ``params`` and ``self.params``."""
    return str(getattr(node, "attr", getattr(node, "id", "")))


def reads(tree: ast.AST, key: str) -> Iterator[ast.Subscript]:
    """Where ``anything[key]`` is read."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Load)
            and constant(node) == key
        ):
            yield node


def constant(node: ast.Subscript) -> object:
    """The key of a subscript where it is written out, else None."""
    return node.slice.value if isinstance(node.slice, ast.Constant) else None


def own_dict(tree: ast.AST, holder: str) -> bool:
    """Whether a dict is made in this file, empty or written out, and nowhere taken from outside."""
    values = assigned(tree, holder)
    taken = any(isinstance(n, ast.arg) and n.arg == holder for n in ast.walk(tree))
    return bool(values) and all(map(is_new_dict, values)) and not taken


def assigned(tree: ast.AST, holder: str) -> list[ast.expr]:
    """What is assigned to a name or attribute of this name."""
    return [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, (ast.Assign, ast.AnnAssign)) and n.value is not None
        and any(name_of(t) == holder for t in (n.targets if isinstance(n, ast.Assign) else [n.target]))
    ]  # fmt: skip


def is_new_dict(value: ast.expr) -> bool:
    """``{}``, ``{"W1": ...}``, ``dict()``, ``OrderedDict()``."""
    if isinstance(value, ast.Dict):
        return all(isinstance(k, ast.Constant) for k in value.keys)
    return isinstance(value, ast.Call) and name_of(value.func) in {"dict", "OrderedDict"} and not value.args  # fmt: skip


def may_be_stored(tree: ast.AST, holder: str, key: str) -> bool:
    """Whether something may put the key there: by itself, by a computed key, or by a method."""
    in_place = {id(n.target) for n in ast.walk(tree) if isinstance(n, ast.AugAssign)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            written = constant(node) == key or not isinstance(node.slice, ast.Constant)
            if name_of(node.value) == holder and written and id(node) not in in_place:
                return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            filling = node.func.attr in {"update", "setdefault", "__setitem__"}
            if filling and name_of(node.func.value) == holder:
                return True
    return any(key in keys_of(value) for value in assigned(tree, holder))


def keys_of(value: ast.expr) -> set[object]:
    """The keys of ``{"W1": ...}`` or ``dict(W1=...)``."""
    if isinstance(value, ast.Dict):
        return {getattr(k, "value", None) for k in value.keys}
    return {k.arg for k in value.keywords} if isinstance(value, ast.Call) else set()
