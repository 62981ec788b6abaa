"""A ReLU network with two outputs, summed.

MISTAKE gradient | W1, b1 | ReLU's mask is missing on the way back
    dz = d @ W2.T * (z.real > 0)  ->  dz = d @ W2.T
"""

import numpy as np

d_in, d_out, h = 2, 2, 3
n_params = 2 * h + h + 2 * h + 2
blocks = [("W1", (2, h)), ("b1", (h,)), ("W2", (h, 2)), ("b2", (2,))]

def relu(z):
    return z * (z.real > 0)

def split(t):
    return t[:2 * h].reshape(2, h), t[2 * h:3 * h], t[3 * h:5 * h].reshape(h, 2), t[5 * h:]

def loss(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    return ((relu(x @ W1 + b1) @ W2 + b2 - y) ** 2).sum(1).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    z = x @ W1 + b1
    d = 2 * (relu(z) @ W2 + b2 - y) / len(x)
    dz = d @ W2.T * (z.real > 0)
    return np.concatenate([(x.T @ dz).ravel(), dz.sum(0), (relu(z).T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
