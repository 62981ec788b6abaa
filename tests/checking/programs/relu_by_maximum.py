"""Unusual: ReLU by np.maximum; H v is a difference of gradients.

STOPS at Hessian × vector | a difference of gradients?
"""

import numpy as np

H = 6
d_in, d_out = 2, 1
n_params = 4 * H + 1
blocks = [("W1", (2, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

def split(t):
    return t[:2 * H].reshape(2, H), t[2 * H:3 * H], t[3 * H:4 * H].reshape(H, 1), t[4 * H:]

def loss(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    return ((np.maximum(x @ W1 + b1, 0) @ W2 + b2 - y) ** 2).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    h = np.maximum(x @ W1 + b1, 0)
    d = 2 * (h @ W2 + b2 - y) / len(x)
    dh = d @ W2.T
    dh[h <= 0] = 0
    return np.concatenate([(x.T @ dh).ravel(), dh.sum(0), (h.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v, eps=1e-5):
    return (gradient(theta + eps * v, x, y) - gradient(theta - eps * v, x, y)) / (2 * eps)
