"""Unusual: a block whose derivative is 0 but for rounding."""

import numpy as np
import tinymeta as tm

d_in, d_out = 2, 3
n_params = 7
blocks = [("W", (2, 3)), ("common", (1,))]
r = np.random.default_rng(6)
pick = lambda k: (r.normal(size=(3, k, 2)), np.eye(3)[r.integers(0, 3, (3, k))])
batch = tm.Batch(*pick(5), *pick(6))

def logp(theta, x):
    z = x @ theta[:6].reshape(2, 3) + theta[6]
    return z - np.log(np.exp(z).sum(1, keepdims=True))

def loss(theta, x, y):
    return -(y * logp(theta, x)).sum(1).mean()

def gradient(theta, x, y):
    d = (np.exp(logp(theta, x)) - y) / len(x)
    return np.append((x.T @ d).ravel(), d.sum())

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
