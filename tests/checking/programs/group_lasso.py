"""Unusual: np.linalg.norm, which drops the imaginary part."""

import numpy as np

d_in, d_out = 4, 1
n_params = 4
blocks = [("first", (2,)), ("second", (2,))]
theta = np.array([0.6, -0.3, 1.1, 0.4])
lam = 0.3

def loss(theta, x, y):
    fit = np.linalg.norm(x @ theta - y[:, 0]) ** 2 / len(x)
    return fit + lam * (np.linalg.norm(theta[:2]) + np.linalg.norm(theta[2:]))

def gradient(theta, x, y):
    g = 2 * x.T @ (x @ theta - y[:, 0]) / len(x)
    for s in (slice(0, 2), slice(2, 4)):
        g[s] += lam * theta[s] / np.linalg.norm(theta[s])
    return g

def hvp(theta, x, y, v):
    h = 2 * x.T @ (x @ v) / len(x)
    for s in (slice(0, 2), slice(2, 4)):
        n = np.linalg.norm(theta[s])
        h[s] += lam * (v[s] / n - theta[s] * (theta[s] @ v[s]) / n ** 3)
    return h
