class Layer:
    trainable = False

    def forward(self, inputs):
        raise NotImplementedError

    def backward(self, grad):
        raise NotImplementedError


class TrainableLayer(Layer):
    trainable = True

    @property
    def parameters(self):
        return {'W': self.W, 'b': self.b}

    @property
    def gradients(self):
        return {'W': self.grad_W, 'b': self.grad_b}
