"""Inverted dropout; unusual: the mask is drawn once, so that the loss is a function.

MISTAKE gradient | W1, b1 | the 1/keep factor of inverted dropout is missing in the backward pass
    dt = (d @ W2.T) * mask  ->  dt = (d @ W2.T) * (mask > 0)
    says factor: 0.7 times what it should be
MISTAKE gradient | - | dropout mask drawn anew at each call of the gradient
    t = np.tanh(x @ W1 + b1)  ->  t, mask = np.tanh(x @ W1 + b1), 2 * np.random.random(h)
    says not repeatable: does it draw at random
"""

import numpy as np

d_in, d_out, h = 1, 1, 4
keep = 0.7
n_params = 3 * h + 1
blocks = [("W1", (1, h)), ("b1", (h,)), ("W2", (h, 1)), ("b2", (1,))]
mask = (np.random.default_rng(2).random(h) < keep) / keep
theta = np.random.default_rng(4).normal(size=n_params)

def split(t):
    return t[:h].reshape(1, h), t[h:2 * h], t[2 * h:3 * h].reshape(h, 1), t[3 * h:]

def loss(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    a = np.tanh(x @ W1 + b1) * mask
    return ((a @ W2 + b2 - y) ** 2).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    t = np.tanh(x @ W1 + b1)
    a = t * mask
    d = 2 * (a @ W2 + b2 - y) / len(x)
    dt = (d @ W2.T) * mask
    dz = dt * (1 - t ** 2)
    return np.concatenate([(x.T @ dz).ravel(), dz.sum(0), (a.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
