"""`Model`: a network that trains, predicts, saves and loads. Source: NNFS chapters 18 to 22."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Mapping, Sequence

import numpy as np

from ..functional.checks import Array
from . import parameters, persistence
from .history import Callback, Evaluation, History, ProgressBar, Tally, print_step
from .loop import Batches, Run, check_data
from .network import Network


class Model(Network):
    """A network: ``add`` layers, ``set`` the rest, ``finalize``, ``train``.

    Any layer with the book's ``forward(inputs, training)``, ``output``, ``backward(dvalues)``,
    ``dinputs`` can be added, and any loss with ``calculate`` and ``backward``.

    Examples
    --------
    >>> from gradcheck_reference import nnfs
    >>> model = Model()
    >>> model.add(nnfs.Layer_Dense(1, 1, init=0.1, rng=0))
    >>> model.add(nnfs.Activation_Linear())
    >>> model.set(loss=nnfs.Loss_MeanSquaredError(), optimizer=nnfs.Optimizer_SGD(0.5))
    >>> model.finalize()
    >>> X = np.array([[-1.0], [0.0], [1.0]])
    >>> history = model.train(X, 3 * X + 1, epochs=100, print_every=0)
    >>> model.predict(np.array([[2.0]])).round(3)
    array([[7.]])
    """

    # --- training

    def train(
        self,
        X: Array,
        y: Array,
        *,
        epochs: int = 1,
        batch_size: int | None = None,
        print_every: int = 1,
        validation_data: tuple[Array, Array] | None = None,
        callbacks: Sequence[Callback] = (),
        seed: int | None = None,
        progress: bool = False,
    ) -> History:
        """Train for some epochs.

        Parameters
        ----------
        X : (N, ...)
            Inputs; in another float dtype than the parameters they are converted once.
        y : (N,) or (N, ...)
            Labels or targets.
        batch_size
            Samples a step; the last batch of an epoch may be smaller. All samples when None.
        print_every
            Print the book's line every so many steps; 0 prints nothing.
        validation_data
            Inputs and labels that are evaluated after every epoch. This changes nothing in the
            model.
        callbacks
            Each is called as ``callback(model, step)`` after every step; a true result ends
            training.
        seed
            Shuffle before every epoch, with this seed; None keeps the order of the data.
        progress
            Keep a line with loss, accuracy and time left on a terminal.

        Returns
        -------
        History
            Its `stopped` is True after Ctrl-C or where a callback ended training; what was
            trained until then stays in the model.

        Raises
        ------
        ValueError
            Arguments that do not fit, no optimizer, or no layer with parameters.
        """
        self._ready()
        if self.optimizer is None or not self.trainable_layers:
            raise ValueError("training needs an optimizer and a layer with parameters")
        if epochs < 0:
            raise ValueError(f"epochs = {epochs}, but should be at least 0")
        dtype = next(iter(self.named_parameters().values())).dtype
        X, y = check_data(X, y, dtype)
        if self.fused is not None and y.ndim == 1 and y.dtype.kind in "iu":
            y = y.astype(np.intp)  # once, not in every step
        batches = Batches(X, y, batch_size, seed)
        watchers = list(callbacks)
        if print_every:
            watchers.append(functools.partial(print_step, every=print_every))
        if progress:
            watchers.append(ProgressBar(sys.stderr))
        if hasattr(self.accuracy, "init"):
            self.accuracy.init(batches.y)
        return Run(self, batches, epochs, watchers, validation_data)()

    # --- use

    def evaluate(self, X: Array, y: Array, *, batch_size: int | None = None) -> Evaluation:
        """Mean loss (without penalties) and accuracy over data; the model stays as it was.

        Raises
        ------
        ValueError
            No samples, or other numbers of inputs and labels.
        """
        self._ready()
        tally = Tally()
        with self.unchanged():
            if hasattr(self.accuracy, "init"):
                self.accuracy.init(y)
            for part_X, part_y in Batches(*check_data(X, y), batch_size, None):
                loss, output = self.loss_of(part_X, part_y)
                tally.add(loss, self.batch_accuracy(output, part_y), len(part_X))
        return tally.evaluation(self.accuracy is not None)

    def predict(self, X: Array, *, batch_size: int | None = None) -> Array:
        """The outputs (for a softmax, the confidences) for `X`; the model stays as it was."""
        self._ready()
        size = batch_size or max(len(X), 1)
        with self.unchanged():
            parts = [
                np.array(self.forward(X[start : start + size]))
                for start in range(0, max(len(X), 1), size)
            ]
        return np.concatenate(parts)

    def summary(self) -> str:
        """Layers, shapes and numbers of parameters, as text.

        Examples
        --------
        >>> from gradcheck_reference import nnfs
        >>> model = Model()
        >>> model.add(nnfs.Layer_Dense(2, 3))
        >>> model.add(nnfs.Activation_ReLU())
        >>> print(model.summary())
        0  Layer_Dense      weights (2, 3), biases (1, 3)  9
        1  Activation_ReLU                                 0
        9 parameters
        """
        return parameters.summary(self.layers)

    # --- parameters and files

    def named_parameters(self) -> dict[str, Array]:
        """The live parameter arrays by layer number and name, such as ``0.weights``."""
        return parameters.named(self.layers)

    def named_gradients(self) -> dict[str, Array]:
        """The gradients of the last backward pass under the names of `named_parameters`."""
        return parameters.named(self.layers, "d")

    def get_parameters(self) -> list[tuple[Array, ...]]:
        """Copies of the parameters: one tuple for each trainable layer (NNFS chapter 21)."""
        return parameters.get_parameters(self.layers)

    def set_parameters(self, values: Sequence[Sequence[Array]]) -> None:
        """Copy in what `get_parameters` gave: all, or nothing.

        Raises
        ------
        ValueError
            Another number of layers or arrays, or another shape.
        """
        parameters.set_parameters(self.layers, values)

    def set_named_parameters(self, values: Mapping[str, Array]) -> None:
        """Copy in arrays under the names of `named_parameters`: all, or nothing.

        Raises
        ------
        ValueError
            Missing or unknown names, or another shape.
        """
        parameters.set_named(self.layers, values)

    def save_parameters(self, path: str | os.PathLike[str]) -> None:
        """Write the parameters to one file; `load_parameters` reads them back exactly."""
        persistence.save_parameters(self, path)

    def load_parameters(self, path: str | os.PathLike[str]) -> None:
        """Read parameters saved from a model of the same layers: all, or nothing.

        Raises
        ------
        ModelFileError
            The file cannot be used; the message says why.
        """
        persistence.load_parameters(self, path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole model, optimizer state included, to one file.

        Raises
        ------
        ModelFileError
            A part is not of this package or holds something that is not data.
        """
        persistence.save_model(self, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Model:
        """A model from a file of `save`: it evaluates, and goes on training, identically.

        Raises
        ------
        ModelFileError
            The file cannot be used; the message says why.
        """
        return persistence.load_model(path)
