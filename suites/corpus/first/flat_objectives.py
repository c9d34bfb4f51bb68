"""Costs over one flat vector of parameters, as optimisers of SciPy want them."""
import numpy as np


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_grad(s):
    return s * (1 - s)


def forward_backward_prop(X, labels, params, dimensions):
    ofs = 0
    Dx, H, Dy = (dimensions[0], dimensions[1], dimensions[2])
    W1 = np.reshape(params[ofs:ofs + Dx * H], (Dx, H))
    ofs += Dx * H
    b1 = np.reshape(params[ofs:ofs + H], (1, H))
    ofs += H
    W2 = np.reshape(params[ofs:ofs + H * Dy], (H, Dy))
    ofs += H * Dy
    b2 = np.reshape(params[ofs:ofs + Dy], (1, Dy))
    h = sigmoid(X @ W1 + b1)
    y_hat = softmax(h @ W2 + b2)
    cost = -np.sum(labels * np.log(y_hat))
    d2 = y_hat - labels
    gradW2 = h.T @ d2
    gradb2 = d2.sum(axis=0)
    d1 = d2 @ W2.T * sigmoid_grad(h)
    gradW1 = X.T @ d1
    gradb1 = d1.sum(axis=0)
    grad = np.concatenate((gradW1.flatten(), gradb1.flatten(), gradW2.flatten(), gradb2.flatten()))
    return cost, grad


def affine_sigmoid_backward_prop(X, labels, params, dimensions):
    """The same, with a mistake: sigmoid_grad of the pre-activation."""
    ofs = 0
    Dx, H, Dy = (dimensions[0], dimensions[1], dimensions[2])
    W1 = np.reshape(params[ofs:ofs + Dx * H], (Dx, H))
    ofs += Dx * H
    b1 = np.reshape(params[ofs:ofs + H], (1, H))
    ofs += H
    W2 = np.reshape(params[ofs:ofs + H * Dy], (H, Dy))
    ofs += H * Dy
    b2 = np.reshape(params[ofs:ofs + Dy], (1, Dy))
    z1 = X @ W1 + b1
    h = sigmoid(z1)
    y_hat = softmax(h @ W2 + b2)
    cost = -np.sum(labels * np.log(y_hat))
    d2 = y_hat - labels
    d1 = d2 @ W2.T * sigmoid_grad(z1)
    grad = np.concatenate(((X.T @ d1).flatten(), d1.sum(axis=0).flatten(), (h.T @ d2).flatten(), d2.sum(axis=0).flatten()))
    return cost, grad


def sigmoidGradient(z):
    g = sigmoid(z)
    return g * (1 - g)


def nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_=0.0):
    Theta1 = np.reshape(nn_params[:hidden_layer_size * (input_layer_size + 1)], (hidden_layer_size, input_layer_size + 1))
    Theta2 = np.reshape(nn_params[hidden_layer_size * (input_layer_size + 1):], (num_labels, hidden_layer_size + 1))
    m = y.size
    a1 = np.concatenate([np.ones((m, 1)), X], axis=1)
    z2 = a1 @ Theta1.T
    a2 = np.concatenate([np.ones((m, 1)), sigmoid(z2)], axis=1)
    a3 = sigmoid(a2 @ Theta2.T)
    Y = np.eye(num_labels)[y.reshape(-1)]
    J = (-1 / m) * np.sum(Y * np.log(a3) + (1 - Y) * np.log(1 - a3))
    J += lambda_ / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    d3 = a3 - Y
    d2 = d3.dot(Theta2)[:, 1:] * sigmoidGradient(z2)
    Theta1_grad = d2.T.dot(a1) / m
    Theta2_grad = d3.T.dot(a2) / m
    Theta1_grad[:, 1:] += lambda_ / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] += lambda_ / m * Theta2[:, 1:]
    grad = np.concatenate([Theta1_grad.ravel(), Theta2_grad.ravel()])
    return J, grad


def nnCostFunctionBad(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_=0.0):
    Theta1 = np.reshape(nn_params[:hidden_layer_size * (input_layer_size + 1)], (hidden_layer_size, input_layer_size + 1))
    Theta2 = np.reshape(nn_params[hidden_layer_size * (input_layer_size + 1):], (num_labels, hidden_layer_size + 1))
    m = y.size
    a1 = np.concatenate([np.ones((m, 1)), X], axis=1)
    z2 = a1 @ Theta1.T
    a2 = np.concatenate([np.ones((m, 1)), sigmoid(z2)], axis=1)
    a3 = sigmoid(a2 @ Theta2.T)
    Y = np.eye(num_labels)[y.reshape(-1)]
    J = (-1 / m) * np.sum(Y * np.log(a3) + (1 - Y) * np.log(1 - a3))
    d3 = a3 - Y
    d2 = d3.dot(Theta2)[:, 1:] * sigmoid(z2)
    grad = np.concatenate([(d2.T.dot(a1) / m).ravel(), (d3.T.dot(a2) / m).ravel()])
    return J, grad


def KL_divergence(x, y):
    return x * np.log(x / y) + (1 - x) * np.log((1 - x) / (1 - y))


def sparse_autoencoder_cost(theta, visible_size, hidden_size, lambda_, sparsity_param, beta, data):
    W1 = theta[0:hidden_size * visible_size].reshape(hidden_size, visible_size)
    W2 = theta[hidden_size * visible_size:2 * hidden_size * visible_size].reshape(visible_size, hidden_size)
    b1 = theta[2 * hidden_size * visible_size:2 * hidden_size * visible_size + hidden_size]
    b2 = theta[2 * hidden_size * visible_size + hidden_size:]
    m = data.shape[1]
    z2 = W1.dot(data) + np.tile(b1, (m, 1)).transpose()
    a2 = sigmoid(z2)
    z3 = W2.dot(a2) + np.tile(b2, (m, 1)).transpose()
    h = sigmoid(z3)
    rho_hat = np.sum(a2, axis=1) / m
    rho = np.tile(sparsity_param, hidden_size)
    cost = np.sum((h - data) ** 2) / (2 * m) + (lambda_ / 2) * (np.sum(W1 ** 2) + np.sum(W2 ** 2)) + \
        beta * np.sum(KL_divergence(rho, rho_hat))
    sparsity_delta = np.tile(-rho / rho_hat + (1 - rho) / (1 - rho_hat), (m, 1)).transpose()
    delta3 = -(data - h) * h * (1 - h)
    delta2 = (W2.transpose().dot(delta3) + beta * sparsity_delta) * a2 * (1 - a2)
    W1grad = delta2.dot(data.transpose()) / m + lambda_ * W1
    W2grad = delta3.dot(a2.transpose()) / m + lambda_ * W2
    b1grad = np.sum(delta2, axis=1) / m
    b2grad = np.sum(delta3, axis=1) / m
    grad = np.concatenate((W1grad.reshape(hidden_size * visible_size), W2grad.reshape(hidden_size * visible_size),
                           b1grad.reshape(hidden_size), b2grad.reshape(visible_size)))
    return cost, grad


def softmax_cost(theta, num_classes, input_size, lambda_, data, labels):
    m = data.shape[1]
    theta = theta.reshape(num_classes, input_size)
    td = theta.dot(data)
    td = td - np.max(td, axis=0)
    p = np.exp(td) / np.sum(np.exp(td), axis=0)
    indicator = np.zeros((num_classes, m))
    indicator[labels, np.arange(m)] = 1
    cost = (-1 / m) * np.sum(indicator * np.log(p)) + (lambda_ / 2) * np.sum(theta * theta)
    grad = (-1 / m) * (indicator - p).dot(data.transpose()) + lambda_ * theta
    return cost, grad.flatten()


def softmax_cost_wrong(theta, num_classes, input_size, lambda_, data, labels):
    m = data.shape[1]
    theta = theta.reshape(num_classes, input_size)
    td = theta.dot(data)
    td = td - np.max(td, axis=0)
    p = np.exp(td) / np.sum(np.exp(td), axis=0)
    indicator = np.zeros((num_classes, m))
    indicator[labels, np.arange(m)] = 1
    cost = (-1 / m) * np.sum(indicator * np.log(p)) + (lambda_ / 2) * np.sum(theta * theta)
    grad = (-1 / m) * (indicator - p).dot(data.transpose()) + 2 * lambda_ * theta
    return cost, grad.flatten()


def costFunction(theta, X, y):
    m = y.size
    h = sigmoid(X.dot(theta))
    J = (1 / m) * np.sum(-y * np.log(h) - (1 - y) * np.log(1 - h))
    grad = (1 / m) * (h - y).dot(X)
    return J, grad


def lrCostFunction(theta, X, y, lambda_):
    """bug: theta[0] is regularised in the gradient, not in the cost"""
    m = y.size
    h = sigmoid(X.dot(theta))
    J = (1 / m) * np.sum(-y * np.log(h) - (1 - y) * np.log(1 - h)) + lambda_ / (2 * m) * np.sum(theta[1:] ** 2)
    grad = (1 / m) * (h - y).dot(X) + (lambda_ / m) * theta
    return J, grad


def cost(theta, X, y):
    return np.mean(-y * np.log(sigmoid(X @ theta)) - (1 - y) * np.log(1 - sigmoid(X @ theta)))


def gradient(theta, X, y):
    return (1 / len(X)) * X.T @ (sigmoid(X @ theta) - y)


def costReg(theta, X, y, learningRate):
    first = cost(theta, X, y)
    return first + learningRate / (2 * len(X)) * np.sum(np.power(theta[1:], 2))


def gradientReg(theta, X, y, learningRate):
    grad = gradient(theta, X, y)
    reg = learningRate / len(X) * theta
    return grad + reg


def cofiCostFunc(params, Y, R, num_users, num_movies, num_features, lambda_=0.0):
    X = params[:num_movies * num_features].reshape(num_movies, num_features)
    Theta = params[num_movies * num_features:].reshape(num_users, num_features)
    err = (X @ Theta.T - Y) * R
    J = 0.5 * np.sum(err ** 2) + lambda_ / 2 * (np.sum(X ** 2) + np.sum(Theta ** 2))
    X_grad = err @ Theta + lambda_ * X
    Theta_grad = err.T @ X + lambda_ * Theta
    return J, np.concatenate([X_grad.ravel(), Theta_grad.ravel()])


def cofiCostFuncUnrated(params, Y, R, num_users, num_movies, num_features, lambda_=0.0):
    X = params[:num_movies * num_features].reshape(num_movies, num_features)
    Theta = params[num_movies * num_features:].reshape(num_users, num_features)
    err = X @ Theta.T - Y
    J = 0.5 * np.sum(err ** 2 * R) + lambda_ / 2 * (np.sum(X ** 2) + np.sum(Theta ** 2))
    X_grad = err @ Theta + lambda_ * X
    Theta_grad = err.T @ X + lambda_ * Theta
    return J, np.concatenate([X_grad.ravel(), Theta_grad.ravel()])


def half_squared_cost(theta, X, y):
    return np.sum((X @ theta - y) ** 2) / (2 * len(y)), X.T @ (X @ theta - y) / len(y)


def forward_propagate(X, theta1, theta2):
    hidden = sigmoid(np.insert(X, 0, 1.0, axis=1) @ theta1.T)
    return hidden, sigmoid(np.insert(hidden, 0, 1.0, axis=1) @ theta2.T)


def backprop(params, input_size, hidden_size, num_labels, X, y, learning_rate):
    """the rate is the strength of the penalty; y is one-hot"""
    theta1 = params[:hidden_size * (input_size + 1)].reshape(hidden_size, -1)
    theta2 = params[hidden_size * (input_size + 1):].reshape(num_labels, -1)
    hidden, h = forward_propagate(X, theta1, theta2)
    J = np.sum(-y * np.log(h) - (1 - y) * np.log(1 - h)) / len(X)
    J += learning_rate / 2 * (np.sum(theta1 ** 2) + np.sum(theta2 ** 2))
    d2 = (h - y) @ theta2[:, 1:] * hidden * (1 - hidden)
    g1 = d2.T @ np.insert(X, 0, 1.0, axis=1) / len(X) + learning_rate * theta1
    g2 = (h - y).T @ np.insert(hidden, 0, 1.0, axis=1) / len(X) + learning_rate * theta2
    return J, np.concatenate((np.ravel(g1), np.ravel(g2)))
