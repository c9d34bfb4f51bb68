"""Everything the reference offers, as data, so that tests and reports can go through all of it.

>>> layer = next(e for e in entries("nnfs") if e.name == "Layer_Dense")
>>> layer.make, dict(layer.inputs), type(build(layer)).__name__
('Layer_Dense(4, 3)', {'inputs': ('N', 4)}, 'Layer_Dense')
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gradcheck_reference.registry_tables import FISH, FUNCTIONAL, NNFS, Row

Skin = Literal["functional", "nnfs", "fish"]
Shape = tuple[int | str, ...]

ROOT = "gradcheck_reference"


@dataclass(frozen=True)
class Entry:
    """One class, or one pair of functions, in one configuration.

    Attributes
    ----------
    name
        Of the class; of a pair of functions, the forward's.
    module
        Where it is imported from.
    kind
        ``layer``, ``activation``, ``loss``, ``optimizer``, ``accuracy``, ``model``, ``function``.
    skin
        ``functional``, ``nnfs`` or ``fish``.
    source
        Book and chapter, or paper.
    make
        An expression that builds the object (of a pair, the forward), to be evaluated with the
        names of the module, ``np`` and ``partial``.
    inputs
        The shape of every differentiable argument; a text is a free size, "N" the batch.
    labels
        ``index`` (also one-hot), ``binary``, ``sign``, ``real``, ``simplex``, ``rows`` (whole
        numbers, not differentiable), or "" for none.
    domain
        What the first input may hold: ``real``, ``unit`` (0 to 1), ``simplex``, ``log_simplex``.
    backward
        Of a pair of functions, the name of the backward.
    """

    name: str
    module: str
    kind: str
    skin: Skin
    source: str
    make: str
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    labels: str = ""
    domain: str = "real"
    backward: str = ""

    @property
    def target(self) -> str:
        """``module::name``, as the checker takes it."""
        return f"{self.module}::{self.name}"


def entries(skin: str | None = None) -> list[Entry]:
    """All entries, or those of one skin.

    Raises
    ------
    ValueError
        An unknown skin.

    Examples
    --------
    >>> len(entries()) > 150
    True
    """
    if skin not in (None, "functional", "nnfs", "fish"):
        raise ValueError(f"skin = {skin!r}, but should be 'functional', 'nnfs' or 'fish'")
    found = [_function(row) for row in FUNCTIONAL]
    found += [_class(row, "nnfs") for row in NNFS] + [_class(row, "fish") for row in FISH]
    return [entry for entry in found if skin in (None, entry.skin)]


def build(entry: Entry) -> Any:
    """The object of an entry, new in every call.

    Examples
    --------
    >>> y, cache = build(entries("functional")[0])(np.ones((2, 4)), np.ones((4, 3)), np.ones(3))
    >>> y.shape
    (2, 3)
    """
    names = vars(importlib.import_module(entry.module))
    return eval(entry.make, {**names, "np": np, "partial": functools.partial})


def _class(row: Row, skin: Skin) -> Entry:
    return Entry(
        name=row.make.partition("(")[0],
        module=f"{ROOT}.{skin}",
        kind=row.kind,
        skin=skin,
        source=row.source,
        make=row.make,
        inputs=row.inputs,
        labels=row.labels,
        domain=row.domain,
    )


def _function(row: Row) -> Entry:
    """``dense.dense(stride=2)`` stands for the pair dense_forward, dense_backward of dense."""
    path, _, options = row.make.partition("(")
    module, _, stem = path.rpartition(".")
    forward = f"{stem}_forward"
    return Entry(
        name=forward,
        module=f"{ROOT}.functional.{module}",
        kind=row.kind,
        skin="functional",
        source=row.source,
        make=f"partial({forward}, {options}" if options else forward,
        inputs=row.inputs,
        labels=row.labels,
        domain=row.domain,
        backward=f"{stem}_backward",
    )
