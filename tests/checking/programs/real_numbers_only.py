"""Unusual: θ is made real inside, and H v is a difference of gradients."""

import numpy as np

n_params = 2

def parts(theta, x):
    t = np.asarray(theta, dtype=float)
    return t[..., 1:], np.tanh(t[..., :1] * x[..., 0])

def loss(theta, x, y):
    b, a = parts(theta, x)
    return ((a * b - y[..., 0]) ** 2).mean(-1)

def gradient(theta, x, y):
    b, a = parts(theta, x)
    d = 2 * (a * b - y[..., 0])
    return np.stack([(d * b * (1 - a * a) * x[..., 0]).mean(-1), (d * a).mean(-1)], -1)

def hvp(theta, x, y, v):
    return (gradient(theta + 1e-5 * v, x, y) - gradient(theta - 1e-5 * v, x, y)) / 2e-5
