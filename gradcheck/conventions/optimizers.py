"""Optimizers in every form: a step is parameters and gradients in, parameters out.

The form is found by trying: an object handed over with the attributes the source reads from it
(``layer.weights``, ``layer.dweights``), dicts, lists, single arrays, or a function with a config.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from gradcheck.construct import guesses
from gradcheck.conventions import places
from gradcheck.conventions.live import Live, Refused, call_quietly
from gradcheck.conventions.recognise import update_method
from gradcheck.conventions.signature import arguments, plain, tree_of
from gradcheck.types import Array, Op, Primals


class Holder:
    """A stand-in for a layer, a parameter or a model: whatever attributes the optimizer reads."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def __getattr__(self, name: str) -> Any:
        """``get_weights()`` and ``set_weights(value)`` of an attribute that is there or to be set."""
        verb, _, attribute = name.partition("_")
        if verb == "set" and attribute:
            return lambda value: setattr(self, attribute, value)
        if verb == "get" and attribute:
            return lambda: vars(self).get(attribute, [])  # a cache that is not there yet
        raise AttributeError(f"a stand-in layer has no {name}")


@dataclass
class Bench:
    """Parameters and gradients in the container one optimizer wants, kept over the steps."""

    form: str
    arrays: dict[str, Array] = field(default_factory=dict)
    grads: dict[str, Array] = field(default_factory=dict)
    layer: Any = None
    config: Any = None
    returned: Any = None
    pairs: dict[str, tuple[str, str]] = field(default_factory=dict)


def attributes_read(cls: Any, names: set[str]) -> list[str]:
    """The attributes the class's source reads or writes on objects other than ``self``."""
    tree = tree_of(cls)
    found: list[str] = []
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "self") not in {
            "self",
            "np",
            "numpy",
            "math",
        }:
            found.append(node.attr)
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "")
            in {
                "hasattr",
                "getattr",
                "setattr",
            }
            and len(node.args) > 1
            and isinstance(node.args[1], ast.Constant)
        ):
            found.append(str(node.args[1].value))
    found = [a[4:] if a.startswith(("get_", "set_")) else a for a in found]
    return [
        a
        for a in dict.fromkeys(found)
        if a not in {"shape", "items", "keys", "values", "append", "copy", "T"}
    ]


def attribute_pairs(found: list[str]) -> dict[str, tuple[str, str]]:
    """``weights -> (weights, dweights)`` among the attributes an optimizer reads."""
    pairs = {}
    for name in found:
        for other in found:
            if (
                other != name
                and any(places.same(s, places.norm(name)) for s in places.stems(other))
                and (
                    other.lower().lstrip("_").startswith(("d", "g", "delta"))
                    or "grad" in other.lower()
                )
            ):
                pairs[name] = (name, other)
                break
    return pairs


FORMS = (
    "layer",
    "dicts",
    "lists",
    "arrays",
    "named_array",
    "layers",
    "model",
    "params_objects",
    "grads_only",
)


def shapes_for(form: str) -> dict[str, tuple[int, ...]]:
    """Two parameters of different shapes (one where a form takes a single array)."""
    return (
        {"W": (4, 5)}
        if form in {"arrays", "named_array", "function"}
        else {"W": (4, 5), "b": (1, 5)}
    )


def make_layer(
    pairs: dict[str, tuple[str, str]], params: Primals, grads: Primals, spare: list[str]
) -> Holder:
    """An object with parameter and gradient attributes under the names the optimizer reads."""
    kind: type[Holder] = type(
        "Holder", (Holder,), {}
    )  # code that writes to the class must not meet itself again
    holder = kind()
    for key, (p, g) in zip(params, pairs.values(), strict=False):
        setattr(holder, p, params[key])
        setattr(holder, g, grads[key])
    for name in spare:
        if not hasattr(holder, name) and name in {
            "trainable",
            "is_trainable",
            "has_params",
            "has_weights",
        }:
            setattr(holder, name, True)
    return holder


def call_step(opt: Any, method: str, bench: Bench, params: Primals, grads: Primals) -> Primals:
    """One step of an optimizer in one form; the containers live on, arrays are put into them.

    Raises
    ------
    Exception
        Whatever the user's code raises under this form.
    """
    update = getattr(opt, method) if method != "__call__" else opt
    form = bench.form
    for hook in hooks_of(opt, "pre"):
        call_quietly(getattr(opt, hook))
    result = None
    if form == "layer":
        if bench.layer is None:
            bench.layer = make_layer(bench.pairs, params, grads, [])
        for key, (p, g) in zip(params, bench.pairs.values(), strict=False):
            setattr(bench.layer, p, params[key])
            setattr(bench.layer, g, grads[key])
        call_quietly(update, bench.layer)
        result = {
            k: getattr(bench.layer, p)
            for k, (p, _) in zip(params, bench.pairs.values(), strict=False)
        }
    elif form in {"dicts", "dicts_swapped"}:
        bench.arrays, bench.grads = dict(params), dict(grads)
        pair = (bench.arrays, bench.grads) if form == "dicts" else (bench.grads, bench.arrays)
        out = call_quietly(update, *pair)
        result = out if isinstance(out, dict) and set(out) == set(params) else bench.arrays
    elif form in {"lists", "lists_swapped"}:
        held = list(params.values())
        pair2 = (held, list(grads.values())) if form == "lists" else (list(grads.values()), held)
        out = call_quietly(update, *pair2)
        held = list(out) if isinstance(out, (list, tuple)) and len(out) == len(held) else held
        result = dict(zip(params, held, strict=True))
    elif form in {"arrays", "arrays_swapped", "named_array", "array_named", "step_only"}:
        result = {k: one_array(update, form, k, params[k], grads[k]) for k in params}
    elif form == "function":
        result = {}
        for k in params:
            out = (
                call_quietly(opt, params[k], grads[k], bench.config)
                if bench.config is not None
                else call_quietly(opt, params[k], grads[k])
            )
            if isinstance(out, tuple):
                result[k], bench.config = out[0], out[1]
            else:
                result[k] = params[k] if out is None else out
    else:
        result = in_containers(opt, update, bench, params, grads)
    for hook in hooks_of(opt, "post"):
        call_quietly(getattr(opt, hook))
    return {k: np.asarray(v) for k, v in result.items()}


def hooks_of(opt: Any, when: str) -> list[str]:
    """Methods without arguments that are called before or after every update, by their names."""
    own = dict.fromkeys(n for c in type(opt).__mro__[:-1] for n in vars(c))
    return [
        n
        for n in own
        if plain(n).startswith(when)
        and any(w in plain(n) for w in ("update", "step", "param"))
        and callable(getattr(opt, n))
        and not [a for a in arguments(getattr(opt, n)) if a.required]
    ]


def one_array(update: Callable[..., Any], form: str, key: str, w: Array, g: Array) -> Array:
    """A step on a single array; the new value is returned or written in place."""
    args: dict[str, tuple[Any, ...]] = {
        "arrays": (w, g), "arrays_swapped": (g, w), "named_array": (key, w, g), "array_named": (w, g, key),
        "step_only": (g,),
    }  # fmt: skip
    out = call_quietly(update, *args[form])
    if form == "step_only":
        return np.asarray(w - np.asarray(out))
    return w if out is None else np.asarray(out)


def in_containers(
    opt: Any, update: Callable[..., Any], bench: Bench, params: Primals, grads: Primals
) -> Primals:
    """Layers in a list, a model with layers, or parameter objects given at construction."""
    form, _, kind = bench.form.partition(":")
    if form == "model_given":
        model = bench.config
        if isinstance(model.params, dict):
            model.params.update(params)
            model.grads.update(grads)
            call_quietly(update)
            return dict(model.params)
        model.params[:], model.grads[:] = list(params.values()), list(grads.values())
        call_quietly(update)
        return dict(zip(params, model.params, strict=True))
    if form == "given":
        held = bench.config
        for one, key in zip(held, params, strict=True):
            write_parameter(one, params[key], grads[key])
        call_quietly(update)
        return {k: read_parameter(h, params[k]) for h, k in zip(held, params, strict=True)}
    if bench.layer is None:
        bench.layer = Holder()
    holder = bench.layer
    pairs = bench.pairs or {k: (k, f"d{k}") for k in params}
    for key, (p, g) in zip(params, pairs.values(), strict=False):
        setattr(holder, p, params[key])
        setattr(holder, g, grads[key])
    as_list = kind == "lists"
    holder.params = list(params.values()) if as_list else params
    holder.grads = list(grads.values()) if as_list else grads
    holder.parameters, holder.gradients = holder.params, holder.grads
    before = {k: v.copy() for k, v in params.items()}
    argument = {
        "layers": [holder],
        "container": holder,
        "model": Holder(layers=[holder], params=holder.params, grads=holder.grads, trainable_layers=[holder]),
    }[form]  # fmt: skip
    call_quietly(update, argument)
    held_now = dict(zip(params, holder.params, strict=True)) if as_list else holder.params
    after = {}
    for key, (p, _) in zip(params, pairs.values(), strict=False):
        moved = not np.array_equal(held_now[key], before[key])
        after[key] = held_now[key] if moved else getattr(holder, p)
    return after


def write_parameter(held: Any, value: Array, gradient: Array) -> None:
    """Fill a parameter object."""
    for name in ("data", "value", "w", "params"):
        setattr(held, name, value)
    for name in ("grad", "gradient", "g", "grads"):
        setattr(held, name, gradient)


def read_parameter(held: Any, given: Array) -> Array:
    """The value a step left in a parameter object: the spelling that was assigned, else `given`,
    which was edited in place."""
    values = [getattr(held, n) for n in ("data", "value", "w", "params")]
    return next((np.asarray(v) for v in values if v is not given), given)


#: What layers call their parameters when the optimizer finds the names out at run time.
USUAL_PAIRS: tuple[dict[str, tuple[str, str]], ...] = (
    {"weights": ("weights", "dweights"), "biases": ("biases", "dbiases")},
    {"W": ("W", "dW"), "b": ("b", "db")},
)


def candidate_forms(cls: Any, method: str) -> Iterator[tuple[str, dict[str, tuple[str, str]]]]:
    """The forms an update method may have, from the number and names of its arguments."""
    args = [a for a in arguments(getattr(cls, method)) if a.required]
    pairs = attribute_pairs(attributes_read(cls, set()))
    names = [plain(a.name) for a in args]
    if len(args) == 1:
        many = names[0].endswith("s") and "params" not in names[0]
        order = ["layers", "layer"] if many else ["layer", "model", "layers"]
        if pairs:
            yield from ((f if f == "layer" else f + ":dicts", pairs) for f in order)
        for kind in ("dicts", "lists"):
            for form in (
                ("layers", "container", "model") if many else ("container", "layers", "model")
            ):
                yield f"{form}:{kind}", pairs
        yield from (("layer", usual) for usual in USUAL_PAIRS if usual != pairs)
        yield "step_only", pairs
    if len(args) == 2:
        swapped = any(w in names[0] for w in ("grad", "dw", "delta")) and not any(
            w in names[1] for w in ("grad", "dw")
        )
        suffix = "_swapped" if swapped else ""
        yield from ((f + suffix, {}) for f in ("dicts", "lists", "arrays"))
    if len(args) == 3:
        yield from (("named_array", {}), ("array_named", {}))


def trial(
    opt: Any, method: str, form: str, pairs: dict[str, tuple[str, str]], config: Any = None
) -> bool:
    """Whether a step under this form moves every parameter to finite values of its shape."""
    rng = np.random.default_rng(8)
    params = {k: rng.normal(size=s) for k, s in shapes_for(form).items()}
    grads = {k: rng.normal(size=v.shape) for k, v in params.items()}
    bench = Bench(form, pairs=pairs, config=config)
    old = {k: v.copy() for k, v in params.items()}
    after = call_step(opt, method, bench, params, {k: v.copy() for k, v in grads.items()})
    for _ in range(2):
        after = call_step(opt, method, bench, {k: np.array(v) for k, v in after.items()}, grads)
    return all(
        np.shape(after[k]) == old[k].shape
        and np.all(np.isfinite(after[k]))
        and np.any(after[k] != old[k])
        for k in old
    )


def optimizer_op(
    name: str, make: Callable[[], Any], cls: Any, built: str, line: int | None = None
) -> Op:
    """The Op of an optimizer class.

    Raises
    ------
    Refused
        No form of the update step works; the text names the last error.
    """
    method = update_method(cls)
    if method is None:
        raise Refused("has no update step")
    last = ""
    ran: tuple[str, dict[str, tuple[str, str]]] | None = None
    if not [a for a in arguments(getattr(cls, method)) if a.required]:
        return given_op(name, cls, method)
    for form, pairs in candidate_forms(cls, method):
        try:
            if trial(make(), method, form, pairs):
                return op_of(name, make, method, form, pairs, built, cls)
            ran = ran or (form, pairs)
        except NotImplementedError as error:
            raise Refused(f"{method} raises NotImplementedError") from error
        except Exception as error:
            last = f"{method} ({form}) raises {type(error).__name__}: {error}"
    if ran is not None:  # it runs, but moves nothing or gives NaN: the laws say so
        return op_of(name, make, method, *ran, built, cls)
    raise Refused(f"no way to call {method} was found; last: {last}")


MODEL_NAMES = {"model", "net", "network", "nn"}


def model_given(name: str, cls: Any, method: str, values: dict[str, Any]) -> Op:
    """The Op of an optimizer given a model at construction: it reads ``model.params`` and ``.grads``.

    Raises
    ------
    Refused
        It cannot be built from such a model, or its step changes nothing.
    """
    shapes = shapes_for("model_given")
    now = {k: np.ones(s) for k, s in shapes.items()}

    def maker(model: Any) -> Live:
        live = Live(cls(model, **values))
        live.memory["bench"] = Bench("model_given", config=model)
        return live

    def as_dicts() -> Live:
        return maker(Holder(params={k: v.copy() for k, v in now.items()}, grads=dict(now)))

    def as_lists() -> Live:
        return maker(Holder(params=[v.copy() for v in now.values()], grads=list(now.values())))

    def step(live: Live, params: Primals, grads: Primals) -> Primals:
        return call_step(live.obj, method, live.memory["bench"], params, grads)

    last, refuse = "", cast(Any, None)
    for make in (as_lists, as_dicts):
        try:
            fresh = {k: v.copy() for k, v in now.items()}
            after = step(make(), fresh, {k: v.copy() for k, v in now.items()})
        except Exception as error:
            last = f"{method} of {name}(model) raises {type(error).__name__}: {error}"
            continue
        if all(not np.array_equal(after[k], now[k]) for k in now):
            return Op(
                name=name, kind="optimizer", convention="given", make=make, parameters=lambda _l: {},
                with_parameters=lambda _v, make=make: make(), forward=refuse, backward=refuse, step=step,  # type: ignore[misc]
                built=f"{name}(model)", obj=cls, reading=f"{method}(model_given)",
            )  # fmt: skip
        last = last or f"{method} leaves the parameters of the model it was given unchanged"
    raise Refused(last)


def given_parameters(cls: Any) -> bool:
    """Whether an optimizer takes its parameters at construction and steps without arguments."""
    method = update_method(cls)
    if method is None or [a for a in arguments(getattr(cls, method)) if a.required]:
        return False
    required = [a for a in arguments(cls.__init__) if a.required]
    first = plain(required[0].name) if required else ""
    return "param" in first or first in MODEL_NAMES


def given_op(name: str, cls: Any, method: str) -> Op:
    """The Op of an optimizer that is given its parameters at construction: ``SGD(params, lr)``.

    Raises
    ------
    Refused
        It cannot be built from parameter objects.
    """
    others = [a for a in arguments(cls.__init__) if a.required][1:]
    values = {a.name: ast.literal_eval(guesses(a)[0]) for a in others}

    if plain(next(a for a in arguments(cls.__init__) if a.required).name) in MODEL_NAMES:
        return model_given(name, cls, method, values)

    def fresh(held: list[Any]) -> Live:
        live = Live(cls(held, **values))
        live.memory["bench"] = Bench("given", config=held)
        return live

    def make() -> Live:
        held = [Holder() for _ in shapes_for("given")]
        for one, shape in zip(held, shapes_for("given").values(), strict=True):
            write_parameter(one, np.zeros(shape), np.zeros(shape))
        return fresh(held)

    def step(live: Live, params: Primals, grads: Primals) -> Primals:
        return call_step(live.obj, method, live.memory["bench"], params, grads)

    try:
        live = make()
        now = {k: np.ones(s) for k, s in shapes_for("given").items()}
        after = step(live, now, {k: np.ones_like(v) for k, v in now.items()})
    except Exception as error:
        raise Refused(
            f"{method} of {name}(params) raises {type(error).__name__}: {error}"
        ) from error
    if any(np.array_equal(after[k], np.ones(s)) for k, s in shapes_for("given").items()):
        raise Refused(f"{method} leaves the parameters it was given unchanged")
    refuse: Any = None
    return Op(
        name=name, kind="optimizer", convention="given", make=make, parameters=lambda _l: {},
        with_parameters=lambda _v: make(), forward=refuse, backward=refuse, step=step,
        built=f"{name}(parameters)", obj=cls, reading=f"{method}(given)",
    )  # fmt: skip


def op_of(
    name: str,
    make: Callable[[], Any],
    method: str,
    form: str,
    pairs: dict[str, tuple[str, str]],
    built: str,
    cls: Any,
    config: Any = None,
) -> Op:
    """An Op whose `step` takes one step on a live optimizer (state and containers live in it)."""

    def fresh() -> Live:
        live = Live(make())
        live.memory["bench"] = Bench(form, pairs=pairs, config=copy.deepcopy(config))
        return live

    def step(live: Live, params: Primals, grads: Primals) -> Primals:
        return call_step(live.obj, method, live.memory["bench"], params, grads)

    refuse: Any = None
    return Op(
        name=name, kind="optimizer", convention={"layer": "nnfs", "dicts": "fish"}.get(form, form),
        make=fresh, parameters=lambda _l: {}, with_parameters=lambda _v: fresh(), forward=refuse, backward=refuse,
        step=step, built=built, obj=cls, reading=f"{method}({form})",
    )  # fmt: skip


def defaults_read(function: Any) -> dict[str, float]:
    """The numbers in ``config.get("decay_rate", 0.99)`` and ``config.setdefault(...)``."""
    found: dict[str, float] = {}
    tree = tree_of(function)
    for node in ast.walk(tree) if tree is not None else ():
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in {"get", "setdefault"} and len(node.args) == 2:
            key, value = (a.value if isinstance(a, ast.Constant) else None for a in node.args)
            if isinstance(key, str) and isinstance(value, float):
                found[key] = value
    return found


def function_optimizer(name: str, function: Any) -> Op:
    """The Op of ``f(w, dw, config) -> (w, config)``.

    Raises
    ------
    Refused
        The function cannot be called that way.
    """
    last, ran = "", False
    given = {**defaults_read(function), "learning_rate": 1e-2}
    for config in (given, None):
        try:
            moves = trial(function, "__call__", "function", {}, copy.deepcopy(config))
            if moves:
                return op_of(
                    name,
                    lambda: function,
                    "__call__",
                    "function",
                    {},
                    f"{name}(w, dw, config)",
                    function,
                    config,
                )
            ran = True
        except Exception as error:
            last = f"raises {type(error).__name__}: {error}"
    if ran:  # it runs, but moves nothing or gives NaN: the laws say so
        return op_of(
            name,
            lambda: function,
            "__call__",
            "function",
            {},
            f"{name}(w, dw, config)",
            function,
            given,
        )
    raise Refused(f"cannot be called as {name}(w, dw, config): {last}")
