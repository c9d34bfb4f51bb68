"""Derivatives of a function that is handed over: at a number, of an array, in either order of arguments."""
import numpy as np
def derivative(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / (2.0 * h)
def numerical_derivative(x, func, eps=1e-6):
    return (func(x + eps) - func(x)) / eps
def finite_difference_gradient(func, theta, eps=1e-5):
    grad = np.zeros_like(theta)
    for i in range(theta.size):
        e = np.zeros_like(theta); e.flat[i] = eps
        grad.flat[i] = (func(theta + e) - func(theta - e)) / (2 * eps)
    return grad
def numerical_diff(f, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in range(x.size):
        t = x.flat[idx]
        x.flat[idx] = t + h; a = f(x)
        x.flat[idx] = t - h; b = f(x)
        grad.flat[idx] = (a - b) / (2*h); x.flat[idx] = t
    return grad
def central_diff(f, x, h):
    return (f(x+h/2)-f(x-h/2))/h
def second_derivative(f, x):
    return (f(x+1e-3)-2*f(x)+f(x-1e-3))/1e-6
def gradient_descent(f, x0, lr=0.1, n=5):
    for _ in range(n): x0 = x0 - lr * derivative(f, x0)
    return x0
def tangent_line(f, x):
    d = numerical_derivative(x, f)
    return lambda t: d * t + f(x) - d * x
def numerical_diff_plot(f, xs):
    return (f(xs + 1e-4) - f(xs - 1e-4)) / 2e-4
def function_1(x):
    return 0.01 * x**2 + 0.1 * x


# ---- wrong ----

def wrong_derivative(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / h
def numerical_derivative_wrong(x, func, eps=1e-6):
    return func(x + eps) - func(x) / eps
def finite_difference_gradient_shifted(func, theta, eps=1e-5):
    grad = np.zeros_like(theta)
    for i in range(theta.size):
        theta.flat[i] += eps
        a = func(theta)
        theta.flat[i] -= 2 * eps
        grad.flat[i] = (a - func(theta)) / (2 * eps)
    return grad
def central_difference(fn, x0):
    h = 1e-17
    return (fn(x0 + h) - fn(x0 - h)) / (2 * h)
