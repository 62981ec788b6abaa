"""Unusual: gradients are read-only views in odd memory order."""

import numpy as np

d_in, d_out = 2, 2
n_params = 4
blocks = [("W", (2, 2))]

def loss(theta, x, y):
    return (np.cosh(x @ theta.reshape(2, 2) - y) - 1).mean()

def gradient(theta, x, y):
    G = np.asfortranarray(x.T @ np.sinh(x @ theta.reshape(2, 2) - y) / y.size)
    twice = np.empty(8, dtype=G.dtype)
    twice[::2] = G.ravel(order="C")
    view = twice[::2]
    view.flags.writeable = False
    return view

def hvp(theta, x, y, v):
    V = x @ v.reshape(2, 2)
    return (x.T @ (np.cosh(x @ theta.reshape(2, 2) - y) * V) / y.size).ravel()
