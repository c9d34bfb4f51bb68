"""Indices that run the wrong way: ``w[K - 1 - k]`` for ``w[k]``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gradcheck.diagnose.edits import Change, Scope, Site


def reversed_index(scope: Scope, site: Site) -> Iterator[Change]:
    """The index that ``K - 1 - k`` turns round."""
    node = site.node
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub)):
        return
    size = node.left
    if not (isinstance(size, ast.BinOp) and isinstance(size.op, ast.Sub)):
        return
    if isinstance(size.right, ast.Constant) and size.right.value == 1:
        yield Change(1, site, node.right, "kernel-flipped")
