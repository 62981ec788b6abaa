"""Softmax; unusual: y holds 0, 1 or 2 as floats, used as an index."""

import numpy as np
import tinymeta as tm

d_in, d_out = 2, 1
n_params = 6
blocks = [("W", (2, 3))]
gen = np.random.default_rng(15)
def make(k): return gen.normal(size=(4, k, 2)), gen.integers(0, 3, (4, k, 1)).astype(float)
batch = tm.Batch(*make(6), *make(5))

def softmax(theta, x):
    e = np.exp(x @ theta.reshape(2, 3))
    return e / e.sum(1, keepdims=True)

def loss(theta, x, y):
    labels = y[:, 0].astype(int)
    return -np.log(softmax(theta, x)[np.arange(len(x)), labels]).mean()

def gradient(theta, x, y):
    p = softmax(theta, x)
    p[np.arange(len(x)), y[:, 0].astype(int)] -= 1
    return (x.T @ p / len(x)).ravel()

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
