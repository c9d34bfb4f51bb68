"""Operations in classes and functions of their own, applied to variables."""

import numpy as np


class Var:
    def __init__(self, data):
        self.data = data
        self.grad = None
        self.creator = None

    def backward(self):
        self.grad = np.ones_like(self.data) if self.grad is None else self.grad
        todo = [self.creator] if self.creator else []
        while todo:
            op = todo.pop()
            found = op.backward(op.output.grad)
            found = found if isinstance(found, tuple) else (found,)
            for var, g in zip(op.inputs, found, strict=True):
                var.grad = g if var.grad is None else var.grad + g
                if var.creator:
                    todo.append(var.creator)


class Operation:
    def __call__(self, *inputs):
        self.inputs = inputs
        self.output = Var(self.forward(*[v.data for v in inputs]))
        self.output.creator = self
        return self.output

    def forward(self, *xs):
        raise NotImplementedError

    def backward(self, g):
        raise NotImplementedError


class Times(Operation):
    def forward(self, x, y):
        return x * y

    def backward(self, g):
        return g * self.inputs[1].data, g * self.inputs[0].data


class TimesTwice(Operation):
    """both operands get the gradient of the first"""

    def forward(self, x, y):
        return x * y

    def backward(self, g):
        return g * self.inputs[1].data, g * self.inputs[1].data


class Sine(Operation):
    def forward(self, x):
        return np.sin(x)

    def backward(self, g):
        return g * np.cos(self.inputs[0].data)


class SineOfOutput(Operation):
    """cosine at the output"""

    def forward(self, x):
        return np.sin(x)

    def backward(self, g):
        return g * np.cos(self.output.data)


class Power(Operation):
    def __init__(self, exponent):
        self.exponent = exponent

    def forward(self, x):
        return x**self.exponent

    def backward(self, g):
        return g * self.exponent * self.inputs[0].data ** (self.exponent - 1)


class PowerLost(Operation):
    """the exponent is not multiplied by"""

    def __init__(self, exponent):
        self.exponent = exponent

    def forward(self, x):
        return x**self.exponent

    def backward(self, g):
        return g * self.inputs[0].data ** (self.exponent - 1)


Var.__mul__ = lambda a, b: Times()(a, b)


class Leaf:
    """a closure in every result"""

    def __init__(self, data, prev=()):
        self.data = data
        self.grad = np.zeros_like(data, dtype=float)
        self.prev = prev
        self._backward = lambda: None

    def __mul__(self, other):
        out = Leaf(self.data * other.data, (self, other))

        def _backward():
            self.grad += out.grad * other.data
            other.grad += out.grad * self.data

        out._backward = _backward
        return out

    def sum(self):
        out = Leaf(np.sum(self.data), (self,))

        def _backward():
            self.grad += out.grad

        out._backward = _backward
        return out

    def backward(self):
        order = []

        def visit(node):
            if node not in order:
                for p in node.prev:
                    visit(p)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data, dtype=float)
        for node in reversed(order):
            node._backward()


def softplus(x):
    out = Leaf(np.logaddexp(0.0, x.data), (x,))

    def _backward():
        x.grad += out.grad / (1 + np.exp(-x.data))

    out._backward = _backward
    return out


def softplus_of_output(x):
    out = Leaf(np.logaddexp(0.0, x.data), (x,))

    def _backward():
        x.grad += out.grad / (1 + np.exp(-out.data))

    out._backward = _backward
    return out


def matmul(a, b):
    out = Leaf(a.data @ b.data, (a, b))

    def _backward():
        a.grad += out.grad @ b.data.T
        b.grad += a.data.T @ out.grad

    out._backward = _backward
    return out


def matmul_set(a, b):
    """the right operand's gradient uses the left gradient"""
    out = Leaf(a.data @ b.data, (a, b))

    def _backward():
        a.grad += out.grad @ b.data.T
        b.grad += a.grad.T @ out.grad

    out._backward = _backward
    return out


class Pair:
    """a module on the tape: nothing to check by itself"""

    def forward(self, x):
        return matmul(x, x)
