"""Unusual: P = 1; no blocks, no d_in."""

import numpy as np

n_params = 1

def loss(theta, x, y):
    return ((np.exp(theta[..., None] * np.tanh(x)) - y) ** 2).mean((-2, -1))

def gradient(theta, x, y):
    t = np.tanh(x)
    f = np.exp(theta[..., None] * t)
    return (2 * (f - y) * f * t).mean(-2)

def hvp(theta, x, y, v):
    t = np.tanh(x)
    f = np.exp(theta[..., None] * t)
    return ((2 * f * f + 2 * (f - y) * f) * t * t).mean(-2) * v
