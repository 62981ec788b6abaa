"""Unusual: p - y is right for one-hot y alone, and no batch is given.

SAYS checked with y one-hot
MISTAKE gradient | all | twice too large; there is no square
    (probabilities(theta, x) - y) / len(x)  ->  2 * (probabilities(theta, x) - y) / len(x)
    says factor: 2 or D_out/2 = 2 times what it should be
"""

import numpy as np

d_in, d_out = 3, 4
n_params = 16
blocks = [("W", (3, 4)), ("b", (4,))]

def probabilities(theta, x):
    z = x @ theta[:12].reshape(3, 4) + theta[12:]
    e = np.exp(z)
    return e / e.sum(-1, keepdims=True)

def loss(theta, x, y):
    return -np.mean(np.sum(y * np.log(probabilities(theta, x)), -1))

def gradient(theta, x, y):
    d = (probabilities(theta, x) - y) / len(x)
    return np.concatenate([(x.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
