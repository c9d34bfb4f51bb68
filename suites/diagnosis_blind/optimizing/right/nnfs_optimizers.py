"""Optimizers for layers with weights/biases and dweights/dbiases."""
import numpy as np


class Optimizer_Adam:
    def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def pre_update_params(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate / (1. + self.decay * self.iterations)

    def update_params(self, layer):
        if not hasattr(layer, 'weight_cache'):
            layer.weight_momentums = np.zeros_like(layer.weights)
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_momentums = np.zeros_like(layer.biases)
            layer.bias_cache = np.zeros_like(layer.biases)
        layer.weight_momentums = self.beta_1 * layer.weight_momentums + (1 - self.beta_1) * layer.dweights
        layer.bias_momentums = self.beta_1 * layer.bias_momentums + (1 - self.beta_1) * layer.dbiases
        weight_momentums_corrected = layer.weight_momentums / (1 - self.beta_1 ** (self.iterations + 1))
        bias_momentums_corrected = layer.bias_momentums / (1 - self.beta_1 ** (self.iterations + 1))
        layer.weight_cache = self.beta_2 * layer.weight_cache + (1 - self.beta_2) * layer.dweights ** 2
        layer.bias_cache = self.beta_2 * layer.bias_cache + (1 - self.beta_2) * layer.dbiases ** 2
        weight_cache_corrected = layer.weight_cache / (1 - self.beta_2 ** (self.iterations + 1))
        bias_cache_corrected = layer.bias_cache / (1 - self.beta_2 ** (self.iterations + 1))
        layer.weights += -self.current_learning_rate * weight_momentums_corrected / \
            (np.sqrt(weight_cache_corrected) + self.epsilon)
        layer.biases += -self.current_learning_rate * bias_momentums_corrected / \
            (np.sqrt(bias_cache_corrected) + self.epsilon)

    def post_update_params(self):
        self.iterations += 1


class _Optimizer_PerArray:
    """Common part: the rule for one array is in `_step`, its state in a dict that hangs on the layer."""

    def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.epsilon = epsilon
        self.iterations = 0

    def pre_update_params(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate / (1. + self.decay * self.iterations)

    def update_params(self, layer):
        if not hasattr(layer, 'optimizer_state'):
            layer.optimizer_state = {'weights': {}, 'biases': {}}
        for name in ('weights', 'biases'):
            array = getattr(layer, name)
            array += self._step(getattr(layer, 'd' + name), layer.optimizer_state[name])

    def post_update_params(self):
        self.iterations = self.iterations + 1


class Optimizer_AMSGrad(_Optimizer_PerArray):
    def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        super().__init__(learning_rate, decay, epsilon)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def _step(self, gradient, state):
        t = self.iterations + 1
        state['m'] = self.beta_1 * state.get('m', 0.) + (1 - self.beta_1) * gradient
        state['v'] = self.beta_2 * state.get('v', 0.) + (1 - self.beta_2) * gradient * gradient
        m_hat = state['m'] / (1 - self.beta_1 ** t)
        v_hat = state['v'] / (1 - self.beta_2 ** t)
        state['v_max'] = np.maximum(state.get('v_max', 0.), v_hat)
        return -self.current_learning_rate * m_hat / (np.sqrt(state['v_max']) + self.epsilon)


class Optimizer_Adamax(_Optimizer_PerArray):
    def __init__(self, learning_rate=0.002, decay=0., epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        super().__init__(learning_rate, decay, epsilon)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def _step(self, gradient, state):
        state['m'] = self.beta_1 * state.get('m', 0.) + (1. - self.beta_1) * gradient
        state['u'] = np.maximum(self.beta_2 * state.get('u', 0.), np.abs(gradient))
        step_size = self.current_learning_rate / (1. - self.beta_1 ** (self.iterations + 1))
        return -step_size * state['m'] / (state['u'] + self.epsilon)


class Optimizer_NAdam:
    def __init__(self, learning_rate=0.002, epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.step = 0

    def pre_update_params(self):
        self.step += 1

    def update_params(self, layer):
        b1, b2, t = self.beta_1, self.beta_2, self.step
        if not hasattr(layer, 'nadam'):
            layer.nadam = [[np.zeros_like(layer.weights), np.zeros_like(layer.weights)],
                           [np.zeros_like(layer.biases), np.zeros_like(layer.biases)]]
        for (m, v), p, g in zip(layer.nadam, (layer.weights, layer.biases), (layer.dweights, layer.dbiases)):
            m[...] = b1 * m + (1 - b1) * g
            v[...] = b2 * v + (1 - b2) * g ** 2
            look_ahead = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1 ** t)
            p -= self.learning_rate * look_ahead / (np.sqrt(v / (1 - b2 ** t)) + self.epsilon)

    def post_update_params(self):
        pass


class Optimizer_RMSprop:
    def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7, rho=0.9):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self.epsilon = epsilon
        self.rho = rho

    def pre_update_params(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate * (1. / (1. + self.decay * self.iterations))

    def update_params(self, layer):
        if not hasattr(layer, 'weight_cache'):
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_cache = np.zeros_like(layer.biases)
        layer.weight_cache = self.rho * layer.weight_cache + (1 - self.rho) * layer.dweights**2
        layer.bias_cache = self.rho * layer.bias_cache + (1 - self.rho) * layer.dbiases**2
        layer.weights += -self.current_learning_rate * layer.dweights / (np.sqrt(layer.weight_cache) + self.epsilon)
        layer.biases += -self.current_learning_rate * layer.dbiases / (np.sqrt(layer.bias_cache) + self.epsilon)

    def post_update_params(self):
        self.iterations += 1
