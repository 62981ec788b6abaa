"""Unusual: a constant of 1e4 in the loss eats digits of differences."""

import numpy as np

n_params, d_in, d_out = 2, 1, 1
blocks = [("k", (1,)), ("x0", (1,))]
E0 = 1.0e4

def loss(theta, x, y):
    return E0 + np.mean(0.5 * theta[0] * (x - theta[1]) ** 2 - y * theta[1])

def gradient(theta, x, y):
    d = x - theta[1]
    return np.array([np.mean(0.5 * d ** 2), np.mean(-theta[0] * d - y)])

def hvp(theta, x, y, v):
    d = x - theta[1]
    return np.array([np.mean(-d) * v[1], np.mean(-d) * v[0] + theta[0] * v[1]])
