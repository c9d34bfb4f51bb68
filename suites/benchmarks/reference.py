"""How fast the reference is, side by side in one run, on one thread.

    python suites/benchmarks/reference.py            prints the three tables as Markdown

1. Softmax backward, 10,000 x 100, against one Jacobian matrix a row.
2. The fused output activation and loss against the separate pair.
3. A training step of 784-64-64-10 with Adam, batch 100, float32, against PyTorch in eager mode
   and against its matrix products alone.
"""

from __future__ import annotations

import os
import pathlib
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy and PyTorch are loaded
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "reference"))

import numpy as np  # noqa: E402
from gradcheck_reference import nnfs  # noqa: E402
from tabulate import tabulate  # noqa: E402

Work = Callable[[], object]


def compare(works: dict[str, Work], seconds: float = 1.0, rounds: int = 15) -> dict[str, float]:
    """Median processor seconds a call of each, measured in turns."""
    calls = {}
    for name, work in works.items():
        work()
        start = time.process_time()
        work()
        once = max(time.process_time() - start, 1e-7)
        calls[name] = max(1, int(seconds / rounds / once))
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.process_time()
            for _ in range(calls[name]):
                work()
            times[name].append((time.process_time() - start) / calls[name])
    return {name: statistics.median(values) for name, values in times.items()}


def softmax_backward() -> list[list[str]]:
    rng = np.random.default_rng(0)
    layer = nnfs.Activation_Softmax()
    layer.forward(rng.normal(size=(10_000, 100)))
    g = rng.normal(size=(10_000, 100))

    def jacobians() -> np.ndarray:
        dinputs = np.empty_like(g)
        for i, (row, up) in enumerate(zip(layer.output, g, strict=True)):
            column = row.reshape(-1, 1)
            dinputs[i] = (np.diagflat(column) - column @ column.T) @ up
        return dinputs

    layer.backward(g)
    if not np.allclose(layer.dinputs, jacobians(), rtol=1e-12, atol=1e-15):
        raise AssertionError("the two softmax backwards differ")
    t = compare({"reference": lambda: layer.backward(g), "jacobians": jacobians}, 2.0, 5)
    ratio = t["jacobians"] / t["reference"]
    row = ["softmax backward 10,000 x 100", ms(t["reference"]), ms(t["jacobians"]), f"{ratio:.1f}"]
    return [row]


def fused_pairs() -> list[list[str]]:
    rng, rows = np.random.default_rng(0), []
    for n, c in ((3, 3), (10, 3), (100, 10), (1000, 10), (1000, 100), (10_000, 100)):
        x = rng.normal(size=(n, c))
        for name, y, activation, loss, fused in (
            (
                "softmax + categorical",
                rng.integers(0, c, n),
                nnfs.Activation_Softmax(),
                nnfs.Loss_CategoricalCrossentropy(),
                nnfs.Activation_Softmax_Loss_CategoricalCrossentropy(),
            ),
            (
                "sigmoid + binary",
                rng.integers(0, 2, (n, c)),
                nnfs.Activation_Sigmoid(),
                nnfs.Loss_BinaryCrossentropy(),
                nnfs.Activation_Sigmoid_Loss_BinaryCrossentropy(),
            ),
        ):
            rows.append([name, f"{n:,} x {c}", *fused_row(x, y, activation, loss, fused)])
    return rows


def fused_row(x, y, activation, loss, fused) -> list[str]:
    """Milliseconds and ratios of the backward alone and of forward and backward."""
    activation.forward(x)
    fused.forward(x, y)

    def separate_backward() -> None:
        loss.backward(activation.output, y)
        activation.backward(loss.dinputs)

    def fused_backward() -> None:
        fused.backward(fused.output, y)

    def separate_both() -> None:
        activation.forward(x)
        loss.calculate(activation.output, y)
        separate_backward()

    def fused_both() -> None:
        fused.forward(x, y)
        fused_backward()

    t = compare(
        {
            "separate": separate_backward,
            "fused": fused_backward,
            "separate both": separate_both,
            "fused both": fused_both,
        },
        0.25,
    )
    return [
        ms(t["fused"]),
        ms(t["separate"]),
        f"{t['separate'] / t['fused']:.1f}",
        ms(t["fused both"]),
        ms(t["separate both"]),
        f"{t['separate both'] / t['fused both']:.1f}",
    ]


SIZES = (784, 64, 64, 10)


def reference_step(x: np.ndarray, y: np.ndarray) -> Work:
    layers: list[nnfs.Layer_Dense | nnfs.Activation_ReLU] = []
    for i, (d, m) in enumerate(pairwise(SIZES)):
        layers.append(nnfs.Layer_Dense(d, m, init="glorot", dtype="float32", rng=i))
        layers.append(nnfs.Activation_ReLU())
    layers.pop()
    last = nnfs.Activation_Softmax_Loss_CategoricalCrossentropy()
    flat, adam = nnfs.FlatParameters(layers), nnfs.Optimizer_Adam(decay=5e-7)
    layers[0].input_gradient = False
    for layer in (*layers, last):
        layer.reuse_buffers = True

    def step() -> None:
        values = x
        for layer in layers:
            layer.forward(values, True)
            values = layer.output
        last.forward(values, y)
        last.backward(last.output, y)
        g = last.dinputs
        for layer in reversed(layers):
            layer.backward(g)
            g = layer.dinputs
        adam.pre_update_params()
        adam.update_params(flat)
        adam.post_update_params()

    return step


def matrix_products(x: np.ndarray) -> Work:
    """The eight products of the step (none for the first layer's input gradient), and no more."""
    rng = np.random.default_rng(0)
    pairs = list(pairwise(SIZES))
    weights = [rng.normal(size=p).astype(np.float32) for p in pairs]
    values = [x, *(rng.normal(size=(len(x), m)).astype(np.float32) for _, m in pairs)]
    outputs = [np.empty_like(v) for v in values]
    dweights = [np.empty_like(w) for w in weights]

    def products() -> None:
        for i, w in enumerate(weights):
            np.matmul(values[i], w, out=outputs[i + 1])
        for i in reversed(range(len(weights))):
            np.matmul(values[i].T, values[i + 1], out=dweights[i])
            if i:
                np.matmul(values[i + 1], weights[i].T, out=outputs[i])

    return products


def torch_step(x: np.ndarray, y: np.ndarray) -> Work | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    torch.manual_seed(0)
    modules: list[torch.nn.Module] = []
    for d, m in pairwise(SIZES):
        modules += [torch.nn.Linear(d, m), torch.nn.ReLU()]
    net = torch.nn.Sequential(*modules[:-1])
    optimizer = torch.optim.Adam(net.parameters())
    loss, tx, ty = torch.nn.CrossEntropyLoss(), torch.tensor(x), torch.tensor(y)

    def step() -> None:
        optimizer.zero_grad()
        loss(net(tx), ty).backward()
        optimizer.step()

    return step


def training_step() -> list[list[str]]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(100, 784)).astype(np.float32), rng.integers(0, 10, 100)
    works = {"reference": reference_step(x, y), "matrix products": matrix_products(x)}
    eager = torch_step(x, y)
    if eager is not None:
        works["PyTorch eager"] = eager
    t = compare(works, 3.0, 31)
    return [[name, ms(s), f"{s / t['reference']:.2f}"] for name, s in t.items()]


def ms(seconds: float) -> str:
    return f"{1e3 * seconds:.4f}"


def table(rows: list[list[str]], headers: list[str]) -> str:
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def main() -> None:
    print("Milliseconds of processor time a call, median, one thread.\n")
    print(table(softmax_backward(), ["work", "reference", "Jacobian a row", "times faster"]))
    headers = ["pair", "size", "fused", "separate", "ratio"]
    headers += ["fused, both passes", "separate, both passes", "ratio"]
    print("\nBackward alone, then forward and backward:\n")
    print(table(fused_pairs(), headers))
    print("\nTraining step 784-64-64-10, batch 100, float32, Adam:\n")
    print(table(training_step(), ["work", "ms", "times the reference's time"]))


if __name__ == "__main__":
    main()
