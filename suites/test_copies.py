"""`twin_of` copies what `copy.deepcopy` copies: aliases, cycles, memory order, and hooks."""

from __future__ import annotations

import abc
import collections
import math

import numpy as np
import pytest

from gradcheck.conventions.live import copied_by_attributes, twin_of


class Layer(abc.ABC):  # noqa: B024 - as some write their base class
    def __init__(self):
        self.W = np.asfortranarray(np.arange(6.0).reshape(2, 3))
        self.params = {"W": self.W, "names": ["W", ("b", 1)]}
        self.me = self
        self.xp = math
        self.view = self.W[:, 1:]
        self.rng = np.random.default_rng(3)
        self.cells = np.array([[1, 2], None], dtype=object)


class Slotted:
    __slots__ = ("W",)

    def __init__(self):
        self.W = np.ones(2)


class Counted:
    def __init__(self):
        self.W = np.ones(2)

    def __deepcopy__(self, memo):
        twin = Counted()
        twin.copied = True
        return twin


class Stack(list):
    """A list with attributes of its own."""


def test_aliases_cycles_and_memory_order_survive():
    layer = Layer()
    twin = twin_of(layer, {})
    assert twin.W is twin.params["W"] is not layer.W
    assert twin.me is twin
    assert twin.xp is math
    assert twin.W.flags.f_contiguous
    assert twin.params["names"][1] == ("b", 1)
    assert twin.cells[0] == [1, 2]
    assert twin.cells[0] is not layer.cells[0]
    layer.W += 1.0
    np.testing.assert_array_equal(twin.W, np.arange(6.0).reshape(2, 3))
    assert twin.rng is not layer.rng
    assert twin.rng.random() == layer.rng.random()


def test_a_noted_array_is_replaced_at_every_alias():
    layer = Layer()
    new = np.zeros((2, 3))
    twin = twin_of(layer, {id(layer.W): new})
    assert twin.W is new
    assert twin.params["W"] is new


@pytest.mark.parametrize("cls", [Slotted, Counted, Stack, collections.OrderedDict, np.ndarray])
def test_other_classes_are_left_to_deepcopy(cls):
    assert not copied_by_attributes(cls)


def test_what_deepcopy_does_for_them_is_done():
    slotted = twin_of(Slotted(), {})
    np.testing.assert_array_equal(slotted.W, np.ones(2))
    assert twin_of(Counted(), {}).copied
    stack = Stack([np.ones(2)])
    stack.grad = np.zeros(1)
    twin = twin_of({"layers": stack}, {})["layers"]
    assert type(twin) is Stack
    assert twin.grad is not stack.grad
    with pytest.raises(TypeError):
        twin_of([(i for i in range(3))], {})
