"""What is known about one cause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class About:
    """One cause, for a student.

    Attributes
    ----------
    what
        What the code does, in one sentence.
    why
        Why that is wrong.
    fix
        Two lines of code by convention: ``nnfs``, ``fish``, ``cs231n``, or ``any``.
    taught
        Where it is explained.
    """

    what: str
    why: str
    fix: Mapping[str, str] = field(default_factory=dict)
    taught: str = ""


#: Where things are taught.
NNFS_9 = "Neural Networks from Scratch, chapter 9 (backpropagation)"
NNFS_CH14 = "Neural Networks from Scratch, chapter 14 (L1 and L2 regularization)"
NNFS_LOSS = "Neural Networks from Scratch, chapters 5, 9 and 16 (losses and their derivatives)"
NNFS_OPT = "Neural Networks from Scratch, chapter 10 (optimizers)"
NNFS_DROP = "Neural Networks from Scratch, chapter 15 (dropout)"
FISH_5 = "Deep Learning from Scratch, chapter 5 (error backpropagation)"
FISH_6 = (
    "Deep Learning from Scratch, chapter 6 (training: optimizers, batch normalisation, dropout)"
)
FISH_7 = "Deep Learning from Scratch, chapter 7 (convolution over im2col)"
FISH_4 = "Deep Learning from Scratch, chapter 4 (numerical gradients)"
CS_BP = "CS231n notes, 'Backpropagation, intuitions' and 'Vector, matrix and tensor derivatives'"
CS_A2 = "CS231n assignment 2 (batch normalisation, dropout, convolution)"
CS_A3 = "CS231n assignment 3 (recurrent layers, attention)"
NUMPY_B = "NumPy manual, 'Broadcasting'"
NUMPY_C = "NumPy manual, 'Copies and views'"
NUMPY_T = "NumPy manual, 'Data types' (overflow of integers)"
