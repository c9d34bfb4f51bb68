"""Buy two apples: layers of numbers instead of arrays."""


class MulLayer:
    def __init__(self):
        self.x = None
        self.y = None

    def forward(self, x, y):
        self.x = x
        self.y = y
        return x * y

    def backward(self, dout):
        return dout * self.y, dout * self.x


class AddLayer:
    def __init__(self):
        pass

    def forward(self, x, y):
        return x + y

    def backward(self, dout):
        return dout * 1, dout * 1


class DivLayer:
    """x / y; the price per head."""

    def forward(self, x, y):
        self.x = x
        self.y = y
        return x / y

    def backward(self, dout):
        dx = dout / self.y
        dy = dout * self.x / self.y**2
        return dx, dy


if __name__ == "__main__":
    apple, number, tax = 100.0, 2.0, 1.1
    price = MulLayer()
    taxed = MulLayer()
    print(taxed.forward(price.forward(apple, number), tax))
