"""Which array is the gradient of what: by name, by shape, by the order of the return."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gradcheck.conventions import places
from gradcheck.conventions.calls import Calls
from gradcheck.conventions.function_options import STATES
from gradcheck.conventions.live import Live
from gradcheck.conventions.places import Place
from gradcheck.conventions.signature import arguments
from gradcheck.conventions.stand_ins import Recorder
from gradcheck.types import Array, Case, Op, Slot

PARAMETER_NAMES = {"weight", "w", "bias", "b", "gamma", "beta", "kernel", "filter", "alpha"}


@dataclass(frozen=True)
class Trial:
    """What one forward and backward of an object showed."""

    slots: tuple[Slot, ...]
    calls: Calls
    output: Place | None
    shapes: list[tuple[int, ...]]
    params: dict[str, Place]
    grads: dict[str, Place]
    problem: str = ""
    missing: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    remark: str = ""
    warm: bool = False  # its parameters are those after a first forward


def read_gradients(
    live: Live, calls: Calls, slots: tuple[Slot, ...], arrays: list[Array], place: Place | None,
    shapes: list[tuple[int, ...]], params: dict[Place, Array], middle: dict[Place, bytes],
) -> Trial:  # fmt: skip
    """Which arrays backward made, and what each of them is the gradient of."""
    after = {p: a for p, a in places.walk(live).items() if np.asarray(a).dtype.kind in "fiu"}
    touched = {p for p, a in after.items() if middle.get(p) != a.tobytes()}
    touched |= {p for p in after if p[0] == ("attr", "ret")}
    touched |= {p for p, a in after.items() if any(a is w for w, _ in Recorder.seen)}
    inner = [p for p in params if p[0][1] in {"obj", "args"}]
    offered = {p: a for p, a in after.items() if p in touched or places.is_gradient_place(p)}
    own = first_of_each({p: params[p] for p in inner}, offered)
    offered.pop(place, None)  # type: ignore[arg-type]
    marked = {
        p for p in own if places.is_gradient_place(p) and (p in touched or not likely_parameter(p))
    }
    aliases = {p: a for p, a in own.items() if p not in marked}
    pairs = places.pair(aliases, {p: a for p, a in offered.items() if p not in aliases})
    again = places.pair(
        {p: a for p, a in aliases.items() if p not in pairs},
        {p: a for p, a in offered.items() if p in touched},
    )
    pairs |= {p: g for p, g in again.items() if g not in pairs and g not in pairs.values()}
    for p, a in aliases.items():  # ``{"W": ...}`` returned for ``self.params["W"]``
        named = [q for q in after if q[0] == ("attr", "ret") and q[-1] == p[-1]]
        if p not in pairs and named and after[named[0]].shape == a.shape:
            pairs[p] = named[0]
    aliases = {p: a for p, a in aliases.items() if p not in pairs.values()}
    grads: dict[str, Place] = {}
    used = set(pairs.values())
    # What backward returns under a parameter's own name is that one's, whatever its shape.
    called = {p[-1] for p in inner}
    used |= {p for p in after if p[0] == ("attr", "ret") and p[-1] in called}
    for slot, array in zip(slots, arrays, strict=True):
        found = input_gradient(
            slot.name,
            array,
            {p: a for p, a in offered.items() if p not in used},
            touched,
            len(slots),
            set(aliases),
        )
        if found is not None and not slot.domain.startswith("index"):
            grads[slot.name] = found
            used.add(found)
    rest = [p for p in after if p[0] == ("attr", "ret") and p not in used]
    for p in [p for p in aliases if p not in pairs]:
        match = next((r for r in rest if after[r].shape == aliases[p].shape), None)
        if match is not None:
            pairs[p] = match
            rest.remove(match)
    pairs |= only_one_left(aliases, pairs, {p: a for p, a in offered.items() if p not in used})
    pairs |= last_returned(aliases, pairs, rest)
    updated = [p for p in aliases if p not in pairs and p in touched and p[0] == ("attr", "obj")]
    if pairs:  # velocities and running statistics change too; only a trained name is an update
        updated = [p for p in updated if likely_parameter(p)]
    names = unique_labels([*pairs, *updated])
    for p, g in pairs.items():
        grads[names[p]] = g
    for p in updated:
        grads[names[p]] = (("attr", "memory"), ("key", "step"), ("key", names[p]))
    kept = {names[p]: p for p in [*pairs, *updated]}
    known = {np.shape(a) for a in (*arrays, *params.values())}
    unread = [f"{p[-1][1]}, shape {after[p].shape}" for p in rest if after[p].shape not in known]
    alone = [p for p in aliases if p not in kept.values()] if kept else []
    lonely = [p for p in alone if likely_parameter(p) or (unread and of_a_layer(p))]
    lonely += [
        p for p in aliases if p not in kept.values() and p not in lonely
        and (kept_otherwise(live, p) or left_out(p, pairs))
    ]  # fmt: skip
    return Trial(
        slots, calls, place, shapes, kept, grads, unread=tuple(unread),
        missing=tuple(places.label(p[1:]) for p in lonely),
        moved=tuple(names[p] for p in pairs if p in touched),
    )  # fmt: skip


def only_one_left(
    params: dict[Place, Array], pairs: dict[Place, Place], offered: dict[Place, Array]
) -> dict[Place, Place]:
    """One parameter without a gradient, and one array called ``grad`` of its shape."""
    lonely = [p for p in params if p not in pairs]
    free = [
        g for g in offered
        if g not in pairs.values() and g not in params and places.is_gradient_place(g)
    ]  # fmt: skip
    fits = [g for g in free if len(lonely) == 1 and offered[g].shape == params[lonely[0]].shape]
    return {lonely[0]: fits[0]} if len(fits) == 1 else {}


def last_returned(
    params: dict[Place, Array], pairs: dict[Place, Place], rest: list[Place]
) -> dict[Place, Place]:
    """The one argument without a gradient, and the one result that no name or shape gave to another.

    It has the wrong shape, which the contract says better than that there is none.
    """
    lonely = [p for p in params if p not in pairs]
    free = [g for g in rest if g not in pairs.values()]
    if len(lonely) != 1 or len(free) != 1 or lonely[0][0] != ("attr", "args"):
        return {}
    return {lonely[0]: free[0]}


def likely_parameter(place: Place) -> bool:
    """A name that everybody uses for a trained parameter."""
    return places.norm(places.words(place)[0]) in PARAMETER_NAMES


def kept_otherwise(live: Live, place: Place) -> bool:
    """Whether what is kept as an array's gradient has another shape: ``self.dscale`` of ``self.scale``."""
    owner, shape = places.read(live, place[:-1]), np.shape(places.read(live, place))
    name = places.norm(str(place[-1][1]))
    held = vars(owner).items() if hasattr(owner, "__dict__") else ()
    return any(
        isinstance(v, (np.floating, np.ndarray))
        and np.shape(v) != shape
        and name in places.stems(k)
        for k, v in held
    )


#: Names of numbers that are kept beside parameters and not trained.
HELD = re.compile(r"mean|var|std|pos|^pe$|mask|running|moving|enc|table", re.IGNORECASE)


def left_out(place: Place, pairs: dict[Place, Place]) -> bool:
    """Whether the gradients of its neighbours stand under their names: ``grads["W1"]``, and no ``"W3"``."""
    return place[-1][0] == "key" and not HELD.search(str(place[-1][1])) and isinstance(place[-1][1], str) and any(
        p[:-1] == place[:-1] and g[-1] == p[-1] for p, g in pairs.items()
    )  # fmt: skip


def of_a_layer(place: Place) -> bool:
    """One of a list of parameters, a layer each: ``weights[0]``."""
    return isinstance(place[-1][1], int) and likely_parameter(place[:-1])


def first_of_each(found: dict[Place, Array], offered: dict[Place, Array]) -> dict[Place, Array]:
    """One place for each array: the shortest path to it (aliases point to the same data).

    A longer path (``params[0]``) is taken where a gradient has its name and none has the short one.
    """
    best: dict[int, tuple[bool, int, Place]] = {}
    aliases = {id(a) for a in found.values()}
    several = len(aliases) < len(found)
    for p, a in found.items():
        own = [places.score(p, g) for g, b in offered.items() if several and b.shape == a.shape]
        rank = (not any(own), len(p), p)
        if id(a) not in best or rank[:2] < best[id(a)][:2]:
            best[id(a)] = rank
    return {p: found[p] for *_, p in best.values()}


def unique_labels(found: list[Place]) -> dict[Place, str]:
    """Short names where they are unique (``W``), whole paths where they are not."""
    short = {p: places.words(p)[0] if len(p) > 1 else places.label(p) for p in found}
    count: dict[str, int] = {}
    for s in short.values():
        count[s] = count.get(s, 0) + 1
    return {
        p: s if count[s] == 1 and not s.isdigit() else places.label(p[1:]) for p, s in short.items()
    }


def input_gradient(
    name: str,
    array: Array,
    offered: dict[Place, Array],
    touched: set[Place],
    slots: int,
    params: set[Place],
) -> Place | None:
    """The gradient of one input: by name, then by shape, then the only array returned."""
    fresh = {p: a for p, a in offered.items() if p in touched and p not in params}
    mine = places.norm(name)
    by_name = [
        p for p in fresh if any(places.same(s, mine) for s in places.stems(str(places.words(p)[0])))
    ]
    returned = [p for p in fresh if p[0] == ("attr", "ret")]
    generic = [p for p in fresh if places.norm(str(p[-1][1])) in GENERIC_INPUT_GRADIENTS]
    if slots > 1:
        generic = []
    for group in (by_name, returned, generic, list(fresh)):
        fits = [p for p in group if fresh[p].shape == array.shape]
        if fits:
            return min(fits, key=len)  # its own before that of a part inside
    if by_name:
        return by_name[0]
    if len(returned) == 1 and slots == 1:
        return returned[0]
    return generic[0] if generic else None


GENERIC_INPUT_GRADIENTS = {
    "dinput", "dx", "dprev", "gradinput", "daprev", "din", "inputgrad", "inputgradient", "dlossdinput",
    "gradientinput", "dxinput", "dldx", "gradx", "dlossdx", "dinp", "inputdelta", "dldinput", "delta",
    "inputerror", "dz", "grad", "gradient", "prevgrad", "backwardoutput", "dvalue", "gradin",
}  # fmt: skip


def without_upstream(trial: Trial) -> bool:
    """Whether forward gives one number and backward takes nothing: a loss that needs no labels."""
    takes = [a for a in arguments(trial.calls.backward_function) if a.required]
    return not takes and trial.shapes == [()]


def of_parameters(op: Op, trial: Trial) -> bool:
    """Whether such a loss has gradients of its parameters and asks for none of its data."""
    return (
        without_upstream(trial)
        and bool(op.gradient_names)
        and not {s.name for s in op.slots} & set(op.gradient_names)
    )


#: Names of inputs that have the shape of the first one, or a shape that is known.
ALIKE = re.compile(
    r"^([xyabuvqkmhcs]|[xyabuv]\d|x_?\w|q(uer(y|ies))?|k(eys?)?|v(alues?)?|left|right|other|skip|residual|shortcut|inputs?\d?|in\d|w(eights?)?|b(ias(es)?)?|kernels?|gamma|beta|.*mask.*|.*(prev|hidden|state).*)$",
)


def of_unknown_shape(trial: Trial) -> bool:
    """Whether no gradient fits an input whose name does not tell its shape: it may be another one."""
    lost = [s.name for s in trial.slots[1:] if s.name not in trial.grads]
    return bool(trial.unread) and any(not ALIKE.match(n) for n in lost)


def more_axes(trial: Trial) -> bool:
    """Whether the output has more axes than the input: images may be meant where rows were given."""
    return any(len(shape) > len(trial.slots[0].shape) for shape in trial.shapes)


def states_of_other_sizes(trial: Trial) -> bool:
    """Whether a state that is handed in has a size that no output has: two inputs may be crossed."""
    sizes = {n for shape in trial.shapes for n in shape}
    drawn = {s.name: s.sized(dict(Case().sizes)) for s in trial.slots[1:] if STATES.match(s.name)}
    return any(not set(shape) <= sizes for shape in drawn.values())
