"""Tensors that remember how they were made, and walk back through it."""

import numpy as np


class Number:
    """one number; inner functions add to the gradients"""

    def __init__(self, value, made_from=()):
        self.value = value
        self.grad = 0.0
        self.parents = made_from
        self.push = lambda: None

    def __add__(self, other):
        other = other if isinstance(other, Number) else Number(other)
        out = Number(self.value + other.value, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Number) else Number(other)
        out = Number(self.value * other.value, (self, other))

        def push():
            self.grad += out.grad * other.value
            other.grad += out.grad * self.value

        out.push = push
        return out

    __radd__ = __add__
    __rmul__ = __mul__

    def squash(self):
        out = Number(1 / (1 + 2.718281828459045**-self.value), (self,))

        def push():
            self.grad += out.grad * out.value * (1 - out.value)

        out.push = push
        return out

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) in seen:
                return
            seen.add(id(node))
            for parent in node.parents:
                visit(parent)
            order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.push()


class NumberSet:
    """gradients are set, so a number used twice loses one of them"""

    def __init__(self, value, made_from=()):
        self.value = value
        self.grad = 0.0
        self.parents = made_from
        self.push = lambda: None

    def __add__(self, other):
        out = NumberSet(self.value + other.value, (self, other))

        def push():
            self.grad = out.grad
            other.grad = out.grad

        out.push = push
        return out

    def __mul__(self, other):
        out = NumberSet(self.value * other.value, (self, other))

        def push():
            self.grad = out.grad * other.value
            other.grad = out.grad * self.value

        out.push = push
        return out

    backward = Number.backward


class NumberHasty:
    """the walk goes down at once, so a number made on the way passes its first part on twice"""

    def __init__(self, value, made_from=()):
        self.value = value
        self.grad = 0.0
        self.parents = made_from
        self.push = lambda: None

    def __add__(self, other):
        out = NumberHasty(self.value + other.value, (self, other))

        def push():
            self.grad += out.grad
            other.grad += out.grad

        out.push = push
        return out

    def __mul__(self, other):
        out = NumberHasty(self.value * other.value, (self, other))

        def push():
            self.grad += out.grad * other.value
            other.grad += out.grad * self.value

        out.push = push
        return out

    def backward(self):
        self.grad = 1.0
        waiting = [self]
        while waiting:
            node = waiting.pop(0)
            node.push()
            waiting.extend(node.parents)


class Array:
    """arrays; gradients of operands of other shapes are summed; backward takes a gradient"""

    def __init__(self, data, requires_grad=False, sources=()):
        self.data = np.asarray(data, dtype=float)
        self.requires_grad = requires_grad
        self.grad = None
        self.sources = sources

    def __add__(self, other):
        return self.derived(self.data + other.data, (self, lambda g: g), (other, lambda g: g))

    def __mul__(self, other):
        a, b = self.data, other.data
        return self.derived(a * b, (self, lambda g: g * b), (other, lambda g: g * a))

    def __matmul__(self, other):
        a, b = self.data, other.data
        return self.derived(a @ b, (self, lambda g: g @ b.T), (other, lambda g: a.T @ g))

    def sum(self):
        shape = self.data.shape
        return self.derived(self.data.sum(), (self, lambda g: np.broadcast_to(g, shape).copy()))

    def tanh(self):
        y = np.tanh(self.data)
        return self.derived(y, (self, lambda g: g * (1 - y**2)))

    def derived(self, data, *sources):
        asks = any(s.requires_grad for s, _ in sources)
        return type(self)(data, asks, sources)

    def backward(self, grad=None):
        grad = np.ones_like(self.data) if grad is None else grad
        self.grad = grad if self.grad is None else self.grad + grad
        for source, pull in self.sources:
            if source.requires_grad:
                source.backward(shrink(pull(grad), source.data.shape))


def shrink(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1:
            grad = grad.sum(axis=i, keepdims=True)
    return grad


class ArrayTurned(Array):
    """the matrix product gives its right operand the gradient of the left one's rows"""

    def __matmul__(self, other):
        a, b = self.data, other.data
        return self.derived(a @ b, (self, lambda g: g @ b.T), (other, lambda g: (g.T @ a).T * 2))


class ArrayRepeats(Array):
    """one index twice keeps one of its gradients"""

    def __getitem__(self, index):
        def pull(g):
            back = np.zeros_like(self.data)
            back[index] = g
            return back

        return self.derived(self.data[index], (self, pull))


class ArrayGathers(Array):
    """one index twice adds both"""

    def __getitem__(self, index):
        def pull(g):
            back = np.zeros_like(self.data)
            np.add.at(back, index, g)
            return back

        return self.derived(self.data[index], (self, pull))


class Weights(Array):
    """nothing of its own"""

    def __init__(self, data):
        super().__init__(data, True)
