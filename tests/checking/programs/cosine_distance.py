"""One minus the cosine between answer and target.

MISTAKE gradient | all | norm of the output taken as constant
    d = -(u - cos * f / nf) / nf  ->  d = -u / nf
"""

import numpy as np

d_in, d_out = 2, 3
n_params = 9
blocks = [("W", (2, 3)), ("b", (3,))]

def output(theta, x):
    return x @ theta[:6].reshape(2, 3) + theta[6:]

def loss(theta, x, y):
    f = output(theta, x)
    nf, ny = np.sqrt((f ** 2).sum(1)), np.sqrt((y ** 2).sum(1))
    return np.mean(1 - (f * y).sum(1) / (nf * ny))

def gradient(theta, x, y):
    f = output(theta, x)
    nf = np.sqrt((f ** 2).sum(1, keepdims=True))
    u = y / np.sqrt((y ** 2).sum(1, keepdims=True))
    cos = (f * u).sum(1, keepdims=True) / nf
    d = -(u - cos * f / nf) / nf / len(x)
    return np.concatenate([(x.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
