"""Unusual: np.vdot, which conjugates."""

import numpy as np

d_in, d_out = 1, 1
n_params = 4
blocks = [("a", (2,)), ("w", (2,))]

def error(theta, x, y):
    return np.cos(x * theta[2:]) @ theta[:2] - y[:, 0]

def loss(theta, x, y):
    e = error(theta, x, y)
    return np.vdot(e, e).real / len(e)

def gradient(theta, x, y):
    e = error(theta, x, y)
    d = 2 * e / len(e)
    da = d @ np.cos(x * theta[2:])
    dw = -(d @ (x * np.sin(x * theta[2:]))) * theta[:2]
    return np.concatenate([da, dw])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
