"""A tape whose operations have ``compute`` and ``gradient``; tensors declare what they hold."""

import numpy


class Node:
    inputs: list
    grad: object

    def _set(self, op, inputs, kept=None):
        self.op, self.inputs, self.kept = op, inputs, kept

    def value(self):
        if self.kept is None:
            self.kept = self.op.compute(*[x.value() for x in self.inputs])
        return self.kept


class Tensor(Node):
    def __init__(self, array, requires_grad=True):
        self._set(None, [], numpy.asarray(array))

    @staticmethod
    def of(op, inputs):
        tensor = Tensor.__new__(Tensor)
        tensor._set(op, inputs)
        tensor.value()
        return tensor

    def backward(self, out_grad=None):
        start = out_grad if out_grad is not None else Tensor(numpy.ones(self.value().shape))
        found = {id(self): [start]}
        for node in reversed(ordered(self)):
            total = found[id(node)][0]
            for g in found[id(node)][1:]:
                total = total + g
            node.grad = total
            if node.op is None:
                continue
            gradients = node.op.gradient(total, node)
            gradients = gradients if isinstance(gradients, tuple) else (gradients,)
            for each, g in zip(node.inputs, gradients):
                found.setdefault(id(each), []).append(g)

    def __add__(self, other):
        return Plus()(self, other)

    def __mul__(self, other):
        return Times()(self, other)


def ordered(last):
    seen, order = set(), []

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for each in node.inputs:
                visit(each)
            order.append(node)

    visit(last)
    return order


class Operation:
    def __call__(self, *args):
        return Tensor.of(self, args)

    def compute(self, *args):
        raise NotImplementedError

    def gradient(self, out_grad, node):
        raise NotImplementedError


class Plus(Operation):
    def compute(self, a, b):
        return a + b

    def gradient(self, out_grad, node):
        return out_grad, out_grad


class Times(Operation):
    def compute(self, a, b):
        return a * b

    def gradient(self, out_grad, node):
        a, b = node.inputs
        return out_grad * b, out_grad * a


class Scaled(Operation):
    def __init__(self, scalar):
        self.scalar = scalar

    def compute(self, a):
        return a * self.scalar

    def gradient(self, out_grad, node):
        return (Scaled(self.scalar)(out_grad),)


class ScaledForgets(Scaled):
    def gradient(self, out_grad, node):
        return (out_grad,)


class Square(Operation):
    def compute(self, a):
        return a**2

    def gradient(self, out_grad, node):
        return out_grad * node.inputs[0]
