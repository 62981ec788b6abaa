"""Sine activations with ω₀ = 5, weight decay on the matrices.

MISTAKE gradient | W1, b1 | factor w0 of the inner function missing
    * np.cos(z) * w0  ->  * np.cos(z)
    says factor: 0.2 times what it should be
MISTAKE gradient | b1 | weight decay on b1 too, which the loss leaves free
    dz.sum(0),  ->  dz.sum(0) + 2 * wd * b1,
    says penalty: derived - expected is 0.1 θ
"""

import numpy as np

w0, wd, h = 5.0, 0.05, 3
d_in = d_out = 1
n_params = h + h + h + 1
blocks = [("W1", (1, h)), ("b1", (h,)), ("W2", (h, 1)), ("b2", (1,))]
theta = 0.4 * np.random.default_rng(3).normal(size=n_params)

def cut(t): return t[:h].reshape(1, h), t[h:2 * h], t[2 * h:3 * h].reshape(h, 1), t[3 * h:]

def loss(theta, x, y):
    W1, b1, W2, b2 = cut(theta)
    f = np.sin(w0 * (x @ W1 + b1)) @ W2 + b2
    return ((f - y) ** 2).mean() + wd * ((W1 ** 2).sum() + (W2 ** 2).sum())

def gradient(theta, x, y):
    W1, b1, W2, b2 = cut(theta)
    z = w0 * (x @ W1 + b1)
    d = 2 * (np.sin(z) @ W2 + b2 - y) / len(x)
    dz = d @ W2.T * np.cos(z) * w0
    return np.concatenate([(x.T @ dz + 2 * wd * W1).ravel(), dz.sum(0),
                           (np.sin(z).T @ d + 2 * wd * W2).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
