"""Unusual: loops in Python; the gradient is a list of numbers."""

import numpy as np

n_params = 3
d_in, d_out = 2, 1
blocks = [("w", (2,)), ("b", (1,))]

def res(theta, x, y):
    return [theta[0] * xi[0] + theta[1] * xi[1] + theta[2] - yi[0] for xi, yi in zip(x, y)]

def loss(theta, x, y):
    r = res(theta, x, y)
    return sum(e ** 2 for e in r) / len(r)

def gradient(theta, x, y):
    r = res(theta, x, y)
    n = len(r)
    return [2 * sum(e * xi[0] for e, xi in zip(r, x)) / n,
            2 * sum(e * xi[1] for e, xi in zip(r, x)) / n,
            2 * sum(r) / n]

def hvp(theta, x, y, v):
    return gradient(v, x, [[0.0]] * len(x))
