"""Unusual: adapted by squared error, judged by log cosh.

MISTAKE meta_gradient at 1 step | all | gradient of the inner loss where the judge is log cosh
    v = gradient(adapt(  ->  v = squared_gradient(adapt(
"""

import numpy as np

d_in, d_out, n_params = 1, 1, 3
blocks = [("coef", (3,))]

def F(x): return np.concatenate([x, np.sin(2 * x), np.ones_like(x)], 1)

def loss(theta, x, y):
    return np.log(np.cosh(F(x) @ theta - y[:, 0])).mean()

def gradient(theta, x, y):
    return F(x).T @ np.tanh(F(x) @ theta - y[:, 0]) / len(x)

def hvp(theta, x, y, v):
    return F(x).T @ ((1 - np.tanh(F(x) @ theta - y[:, 0]) ** 2) * (F(x) @ v)) / len(x)

def squared_gradient(theta, x, y):
    return 2 * F(x).T @ (F(x) @ theta - y[:, 0]) / len(x)

def adapt(theta, x, y, alpha, steps):
    for _ in range(steps):
        theta = theta - alpha * squared_gradient(theta, x, y)
    return theta

def meta_gradient(theta, batch, alpha, steps):
    g = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        M = np.eye(3) - alpha * 2 * F(xs).T @ F(xs) / len(xs)
        v = gradient(adapt(theta, xs, ys, alpha, steps), xq, yq)
        g.append(np.linalg.matrix_power(M, steps) @ v)
    return np.mean(g, 0)
