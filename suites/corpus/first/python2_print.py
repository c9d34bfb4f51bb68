# an old file
import numpy as np


class Relu:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dout):
        print "relu backward", dout.shape
        return dout * (self.x > 0)
