"""A point: primals on a grid where every step is exact, and the function evaluated around it.

All numbers of a primal are multiples of a power of two chosen per entry, and so are the entries of
every direction. `x + h*d` and `x - h*d` are then exact in the primal's own dtype, and the
claimed change along a step is exactly ``2 h <g, d>``: rounding of the *argument* never enters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gradcheck.types import Array, Primals, Pullback

Vjp = Callable[[Primals], tuple[Array, Pullback]]

#: Entries much smaller than the rest of their array are moved as if they were this share of its
#: rms, so that a step is never lost in the rounding of the output.
SMALL = 0.125
#: Steps are COARSEST / RATIO**j times the entry's scale.
COARSEST, RATIO = 0.125, 4.0
MOST_RUNGS = 20


def is_float(a: Array) -> bool:
    """True for real floating-point arrays: what a derivative can be taken in."""
    return bool(np.issubdtype(np.asarray(a).dtype, np.floating))


def entry_scale(x: Array) -> Array:
    """How far each entry is moved at a step of 1: its size, and at least rms/8 of its array.

    Returns float64; 1 everywhere in an array of zeros, 0 for entries that are not finite.
    """
    a = np.abs(x, dtype=np.float64)
    finite = np.isfinite(a)
    clean = bool(finite.all())
    kept = a if clean else a[finite]
    rms = float(np.sqrt(np.mean(kept * kept))) if kept.size else 0.0
    if not np.isfinite(rms) or rms == 0.0:
        rms = float(kept.max()) if kept.size and kept.max() > 0 else 1.0
        rms = rms if np.isfinite(rms) else 1.0
        return np.where(finite, np.maximum(a, rms), 0.0)
    scale: Array = np.maximum(a, SMALL * rms)
    return scale if clean else np.where(finite, scale, 0.0)


@dataclass(frozen=True)
class Direction:
    """Moves some entries of one primal: `values` at the flat places `flat` (None: all)."""

    name: str
    flat: Array | None
    values: Array


@dataclass(frozen=True)
class _Primal:
    """One differentiable primal, flattened: numbers, scale, and its power of two per entry."""

    shape: tuple[int, ...]
    flat: Array
    scale: Array
    power: Array
    bits: int  # fraction bits of the dtype
    direction_bits: int

    @cached_property
    def own(self) -> Array:
        """The size of each entry, its scale where it is zero."""
        size = np.abs(self.flat, dtype=np.float64)
        return np.where(size > 0, np.minimum(size, self.scale), self.scale)

    @property
    def rungs(self) -> int:
        """How many steps COARSEST/RATIO**j are exact (one bit is kept for a factor of 1/2)."""
        return max(1, (self.bits - 1 - self.direction_bits - 4) // 2 + 1)


class Point:
    """The function at one point.

    Parameters
    ----------
    vjp
        ``(primals) -> (output, pullback)``; must not edit what it is given.
    primals
        Arrays by name. Float arrays are differentiable; the others stay as they are.
    scales
        Entry scales by name, broadcast to the primal, in place of `entry_scale`.

    Attributes
    ----------
    output
        The base output as float64, flat.
    forward_calls, backward_calls
        Evaluations so far.
    """

    def __init__(
        self, vjp: Vjp, primals: Mapping[str, Any], scales: Mapping[str, Any] | None = None
    ) -> None:
        self._vjp = vjp
        self.forward_calls = 0
        self.backward_calls = 0
        self.names: list[str] = []
        self._parts: dict[str, _Primal] = {}
        self.primals: Primals = {}
        for name, value in primals.items():
            x = np.asarray(value)
            if is_float(x):
                part = _on_grid(x, None if scales is None else scales.get(name))
                self._parts[name] = part
                self.names.append(name)
                x = part.flat.reshape(part.shape)
            self.primals[name] = x
        self._signs: dict[str, Array] = {}
        self._scratch = {n: p.flat.copy() for n, p in self._parts.items()}
        with np.errstate(all="ignore"):
            output, self._pullback = vjp(dict(self.primals))
        self.forward_calls += 1
        self.raw = np.array(output)
        self.shape: tuple[int, ...] = self.raw.shape
        self.output = self.raw.astype(np.float64).ravel()

    def size(self, name: str) -> int:
        return int(self._parts[name].flat.size)

    def shape_of(self, name: str) -> tuple[int, ...]:
        return self._parts[name].shape

    def scale(self, name: str) -> Array:
        """The entry scale of a primal, flat float64."""
        return self._parts[name].scale

    def rungs(self, direction: Direction) -> int:
        """How many steps are exact; more for an entry that is small beside its scale."""
        part = self._parts[direction.name]
        if direction.values.size != 1:
            return part.rungs
        index = 0 if direction.flat is None else int(direction.flat[0])
        size, power = abs(float(part.flat[index])), float(part.power[index])
        if not math.isfinite(size):
            return part.rungs
        extra = int(math.log2(power / size) / 2.0) if size > 0 else MOST_RUNGS
        return min(MOST_RUNGS, part.rungs + extra)

    def eps(self, name: str) -> float:
        return float(2.0 ** -self._parts[name].bits)

    def backward(self, cotangent: Array) -> Primals:
        """The claimed gradients for a cotangent of the output's shape, as the code returns them."""
        self.backward_calls += 1
        seed = np.asarray(cotangent, np.float64).reshape(self.shape)
        dtype = self.raw.dtype if is_float(self.raw) else np.dtype(np.float64)
        with np.errstate(all="ignore"):
            return dict(self._pullback(seed.astype(dtype)))

    def along(
        self, name: str, weights: Array | None = None, flat: Array | Sequence[int] | None = None
    ) -> Direction:
        """The direction ``scale * weights`` over the entries `flat`, rounded to the grid."""
        part = self._parts[name]
        index = None if flat is None else np.asarray(flat, np.intp)
        scale = part.scale if index is None else part.scale[index]
        power = part.power if index is None else part.power[index]
        unit = power * 2.0**-part.direction_bits
        values = scale / unit
        if weights is not None:
            values *= weights
        np.rint(values, out=values)
        values *= unit
        return Direction(name, index, values.astype(part.flat.dtype, copy=False))

    def random(
        self, name: str, rng: np.random.Generator, flat: Array | Sequence[int] | None = None
    ) -> Direction:
        """A direction with components ±U[0.5, 1.5] times the entry scale."""
        return self.along(name, signs(rng, self.size(name) if flat is None else len(flat)), flat)

    def at(self, direction: Direction, step: float) -> Array:
        """The output at ``x + step * direction``, float64, flat."""
        part, buffer = self._parts[direction.name], self._scratch[direction.name]
        dtype = buffer.dtype.type
        if direction.flat is None:
            np.multiply(direction.values, dtype(step), out=buffer)
            buffer += part.flat
            return self._run({direction.name: buffer.reshape(part.shape)})
        buffer[...] = part.flat
        buffer[direction.flat] += direction.values * dtype(step)
        return self._run({direction.name: buffer.reshape(part.shape)})

    def jitter(self, base: float, rng: np.random.Generator, wide: bool = False) -> dict[str, Array]:
        """A random displacement of all primals together, about `base` of their scale each.

        One draw of signs serves all displacements, turned by a random offset each time. An entry
        that is small beside its scale moves in proportion to itself, unless `wide`.
        """
        moves = {}
        for name, part in self._parts.items():
            grid = part.power * 2.0 ** (1 - part.bits)
            if name not in self._signs:
                self._signs[name] = signs(rng, part.flat.size)
            turned = np.roll(self._signs[name], int(rng.integers(max(1, part.flat.size))))
            turned *= np.float32(base if rng.integers(2) else -base)
            move = turned * ((part.scale if wide else part.own) / grid)
            np.rint(move, out=move)
            move *= grid
            moves[name] = move
        return moves

    def displaced(self, moves: Mapping[str, Array], times: float) -> Array:
        """The output with all primals moved by ``times * moves``."""
        return self._run(self._moved(moves, times))

    def gradients_displaced(
        self, moves: Mapping[str, Array], times: float, cotangent: Array
    ) -> Primals:
        """The claimed gradients there (one forward and one backward)."""
        self.forward_calls += 1
        self.backward_calls += 1
        moved = {n: a.copy() for n, a in self._moved(moves, times).items()}
        dtype = self.raw.dtype if is_float(self.raw) else np.dtype(np.float64)
        with np.errstate(all="ignore"):
            _, pullback = self._vjp({**self.primals, **moved})
            return dict(pullback(np.asarray(cotangent).reshape(self.shape).astype(dtype)))

    def _moved(self, moves: Mapping[str, Array], times: float) -> Primals:
        moved = {}
        for name, move in moves.items():
            part, buffer = self._parts[name], self._scratch[name]
            np.add(part.flat, times * move, out=buffer, casting="same_kind")
            moved[name] = buffer.reshape(part.shape)
        return moved

    def _run(self, changed: Primals) -> Array:
        self.forward_calls += 1
        with np.errstate(all="ignore"):
            output, _ = self._vjp({**self.primals, **changed})
        y = np.array(output, dtype=np.float64).ravel()
        if y.size != self.output.size:
            raise ValueError(
                f"the output has {y.size} numbers after a small step, {self.output.size} before it"
            )
        return y


def signs(rng: np.random.Generator, n: int) -> Array:
    """n numbers ±U[0.5, 1.5], float32: none is negligible, and equal errors hardly ever cancel."""
    v = rng.random(n, dtype=np.float32)
    v *= np.float32(2.0)
    v -= np.float32(1.0)
    v += np.copysign(np.float32(0.5), v)
    return v


def _on_grid(x: Array, scale: Any) -> _Primal:
    """Round a primal to a grid on which it can be moved exactly (relative change below 8 eps)."""
    flat = np.array(x).ravel()
    bits = int(np.finfo(flat.dtype).nmant)
    if bits > 52:
        raise TypeError(f"{flat.dtype} primals are not supported; use float64")
    if scale is None:
        s = entry_scale(flat)
    else:
        s = np.broadcast_to(np.asarray(scale, np.float64), x.shape).ravel().copy()
    _, exponent = np.frexp(np.maximum(np.abs(flat, dtype=np.float64), s))
    power = np.ldexp(1.0, np.where(np.isfinite(flat), exponent, 0))
    power[s == 0] = 1.0
    grid = power * 2.0 ** (1 - bits)
    with np.errstate(invalid="ignore"):
        flat = (np.rint(flat / grid) * grid).astype(flat.dtype)
    return _Primal(tuple(x.shape), flat, s, power, bits, max(2, bits // 5))
