"""Targets beyond 1 are missing; the mean is over those that are there.

MISTAKE gradient | all | the constant has the wrong sign in the error: 0 is right where no target is
    - y  # error  ->  - 2 * theta[6:] - y
"""

import numpy as np

d_in, d_out, n_params = 2, 3, 9
blocks = [("W", (2, 3)), ("b", (3,))]

def loss(theta, x, y):
    there = np.abs(y) < 1
    e = x @ theta[:6].reshape(2, 3) + theta[6:] - y
    return (there * e ** 2).sum() / max(there.sum(), 1)

def gradient(theta, x, y):
    there = np.abs(y) < 1
    e = x @ theta[:6].reshape(2, 3) + theta[6:] - y  # error
    d = 2 * there * e / max(there.sum(), 1)
    return np.concatenate([(x.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    there = np.abs(y) < 1
    d = 2 * there * (x @ v[:6].reshape(2, 3) + v[6:]) / max(there.sum(), 1)
    return np.concatenate([(x.T @ d).ravel(), d.sum(0)])
