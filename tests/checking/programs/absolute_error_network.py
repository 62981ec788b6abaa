"""Unusual: np.abs, which has a kink and drops the imaginary part."""

import numpy as np

d_in = d_out = 1
n_params = 7
blocks = [("w", (2,)), ("b", (2,)), ("o", (2,)), ("c", (1,))]

def run(t, x):
    a = np.tanh(x * t[:2] + t[2:4])
    return a, a @ t[4:6] + t[6]

def loss(theta, x, y):
    return np.abs(run(theta, x)[1] - y[:, 0]).mean()

def gradient(theta, x, y):
    a, f = run(theta, x)
    d = np.sign((f - y[:, 0]).real) / len(x)
    z = np.outer(d, theta[4:6]) * (1 - a ** 2)
    return np.concatenate([x[:, 0] @ z, z.sum(0), d @ a, [d.sum()]])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
