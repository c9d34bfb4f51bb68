"""How a file puts its models together: its own statements and functions, or its layers in a row."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.construct import Recipe
from gradcheck.conventions.signature import arguments, plain
from gradcheck.guard import seeded
from gradcheck.guesses import guesses

ADDS = ("add", "add_layer", "append")
SETS = ("set", "setup", "compile", "configure")
ENDS = ("finalize", "finalise")
STEPS = (*ADDS, *SETS, *ENDS, "build", "set_loss", "set_optimizer", "set_accuracy")


def assembled(name: str, tree: ast.AST, namespace: Mapping[str, Any]) -> Iterator[Recipe]:
    """Recipes for a model from code of the file that builds one, then from its layers."""
    yield from built_by_functions(name, tree, namespace)
    for body in bodies(tree):
        for i, statement in enumerate(body):
            variable = assigned_call(statement, name)
            if variable is None:
                continue
            calls = [s for s in body[i + 1 :] if is_step(s, variable)]
            if calls:
                text = "; ".join(ast.unparse(s) for s in [statement, *calls])
                maker = functools.partial(run_statements, statement, calls, variable, namespace)
                yield Recipe(text, maker)
    own = composed(name, namespace)
    if own is not None:
        yield own


def built_by_functions(name: str, tree: ast.AST, namespace: Mapping[str, Any]) -> Iterator[Recipe]:
    """Calls of functions that put a model together and return it, and do nothing else with it."""
    for node in getattr(tree, "body", ()):
        if not isinstance(node, ast.FunctionDef) or not callable(namespace.get(node.name)):
            continue
        variable = next((v for s in node.body if (v := assigned_call(s, name))), None)
        if variable is None or not only_builds(node, variable):
            continue
        function = namespace[node.name]
        required = [a for a in arguments(function, method=False) if a.required]
        text = f"{node.name}({', '.join(guesses(a)[0] for a in required)})"
        yield Recipe(text, functools.partial(run_expression, text, namespace))


def only_builds(function: ast.FunctionDef, variable: str) -> bool:
    """Whether a function returns the model in a variable after nothing but building steps."""
    returned = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
    used = [
        n.func.attr
        for n in ast.walk(function)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
        and getattr(n.func.value, "id", "") == variable
    ]  # fmt: skip
    return set(used) <= set(STEPS) and [getattr(r.value, "id", "") for r in returned] == [variable]


def run_expression(text: str, namespace: Mapping[str, Any]) -> Any:
    """The value of an expression over a file's names."""
    with seeded(0):
        return eval(compile(text, "<assembly>", "eval"), {"np": np, **namespace})


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements in a file."""
    for node in ast.walk(tree):
        for part in ("body", "orelse"):
            body = getattr(node, part, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body


def assigned_call(statement: ast.stmt, name: str) -> str | None:
    """The variable of ``model = Name()``; a function that takes the class counts, too."""
    if not (isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)):
        return None
    target = statement.targets[0]
    called = getattr(statement.value.func, "id", None)
    return target.id if called == name and isinstance(target, ast.Name) else None


def is_step(statement: ast.stmt, variable: str) -> bool:
    """``variable.add(...)``, ``variable.set(...)`` and their kin."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    f = statement.value.func
    return (
        isinstance(f, ast.Attribute) and getattr(f.value, "id", "") == variable and f.attr in STEPS
    )


def run_statements(
    first: ast.stmt, calls: list[ast.stmt], variable: str, namespace: Mapping[str, Any]
) -> Any:
    """Execute the building statements in a copy of the file's names."""
    scope = {"np": np, **namespace}
    module = ast.Module([first, *calls], [])
    with seeded(0):
        exec(compile(ast.fix_missing_locations(module), "<assembly>", "exec"), scope)
    return scope[variable]


def picked(namespace: Mapping[str, Any]) -> dict[str, str | None]:
    """The file's class for each part of a model."""
    return {
        key: next((n for n, v in namespace.items() if isinstance(v, type) and fits(plain(n))), None)
        for key, fits in PARTS.items()
    }


def composed(name: str, namespace: Mapping[str, Any]) -> Recipe | None:
    """Dense, activation, dense, loss and optimizer of the file put into the model."""
    pick = picked(namespace)
    if not (pick["dense"] and pick["hidden"]):
        return None
    return put_together(name, namespace, hidden_layers(pick, ""))


def with_dropout(name: str, namespace: Mapping[str, Any]) -> Recipe | None:
    """The same with the file's dropout between the layers."""
    pick = picked(namespace)
    if not (pick["dense"] and pick["hidden"] and pick["dropout"]):
        return None
    return put_together(name, namespace, hidden_layers(pick, f"{pick['dropout']}(0.4)"))


def hidden_layers(pick: Mapping[str, str | None], between: str) -> list[str]:
    """A network with one hidden layer."""
    layers = [f"{pick['dense']}(4, 6)", f"{pick['hidden']}()", between, f"{pick['dense']}(6, 5)"]
    last = f"{pick['softmax']}()" if pick["softmax"] and pick["cce"] else ""
    return [part for part in (*layers, last) if part]


def one_layer(name: str, namespace: Mapping[str, Any]) -> Recipe | None:
    """A model of a single dense layer, as a linear regression is."""
    pick = picked(namespace)
    return put_together(name, namespace, [f"{pick['dense']}(4, 5)"]) if pick["dense"] else None


def put_together(name: str, namespace: Mapping[str, Any], layers: list[str]) -> Recipe | None:
    """``add`` the layers, ``set`` a loss that goes with the last one, ``finalize``."""
    pick, model = picked(namespace), namespace[name]
    fused = pick["softmax"] is not None and layers[-1] == f"{pick['softmax']}()"
    loss = pick["cce"] if fused else pick["mse"]
    add, set_parts, end = (first_method(model, names) for names in (ADDS, SETS, ENDS))
    if loss is None or not add or not set_parts:
        return None
    parts = {
        "loss": loss,
        "optimizer": pick["optimizer"],
        "accuracy": pick["accuracy" if fused else "regression"],
    }
    known = {a.name for a in arguments(getattr(model, set_parts))}
    given = ", ".join(f"{k}={v}()" for k, v in parts.items() if v and k in known)
    lines = [f"model = {name}()", *(f"model.{add}({layer})" for layer in layers)]
    lines.append(f"model.{set_parts}({given})")
    if end:
        lines.append(f"model.{end}()")
    body = ast.parse("\n".join(lines)).body
    return Recipe(
        "; ".join(lines), lambda: run_statements(body[0], list(body[1:]), "model", namespace)
    )


def first_method(cls: Any, names: tuple[str, ...]) -> str:
    """The first of these methods that a class has, or nothing."""
    return next((n for n in names if callable(getattr(cls, n, None))), "")


#: Cross entropies of one output, and those that hold a softmax of their own.
OTHER_CROSS = re.compile("binary|sigmoid|softmax|logit|smooth|weight|focal")
PARTS: dict[str, Callable[[str], bool]] = {
    "dense": lambda n: n in {"layerdense", "dense", "denselayer", "linear", "affine", "fullyconnected"},
    "hidden": lambda n: ("relu" in n or "tanh" in n) and "leaky" not in n and "loss" not in n,
    "dropout": lambda n: "dropout" in n,
    "softmax": lambda n: "softmax" in n and "loss" not in n,
    "cce": lambda n: ("crossentropy" in n or n in {"cceloss", "losscce", "cce", "nllloss"}) and not OTHER_CROSS.search(n),
    "mse": lambda n: "meansquared" in n or n in {"mseloss", "lossmse", "mse"},
    "optimizer": lambda n: n in {"optimizersgd", "sgd", "sgdoptimizer", "optimizeradam", "adam", "adamoptimizer"},
    "accuracy": lambda n: "accuracycategorical" in n or n in {"categoricalaccuracy", "classificationacc"},
    "regression": lambda n: "accuracyregression" in n or n in {"regressionaccuracy", "regressionacc"},
}  # fmt: skip
