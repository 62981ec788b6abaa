"""Unusual: the largest error and a small square; one example decides."""

import numpy as np

d_in, d_out = 1, 1
n_params = 2
blocks = [("slope", (1,)), ("offset", (1,))]

def loss(theta, x, y):
    e = theta[0] * x[:, 0] + theta[1] - y[:, 0]
    return np.max(np.abs(e)) + 0.1 * np.mean(e ** 2)

def gradient(theta, x, y):
    e = theta[0] * x[:, 0] + theta[1] - y[:, 0]
    i = np.argmax(np.abs(e))
    g = 0.2 * np.array([np.mean(e * x[:, 0]), np.mean(e)])
    return g + np.sign(e[i].real) * np.array([x[i, 0], 1.0])

def hvp(theta, x, y, v):
    e = v[0] * x[:, 0] + v[1]
    return 0.2 * np.array([np.mean(e * x[:, 0]), np.mean(e)])
