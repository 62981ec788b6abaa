"""One tanh layer, a sigmoid output, cross-entropy.

MISTAKE gradient | all | sigmoid' multiplied once more: cross-entropy had cancelled it
    d2 = (p - y) / len(x)  ->  d2 = (p - y) * p * (1 - p) / len(x)
"""

import numpy as np
import tinymeta as tm

d_in, d_out, h = 2, 1, 2
n_params = 4 * h + 1
blocks = [("W1", (2, h)), ("b1", (h,)), ("W2", (h, 1)), ("b2", (1,))]
rng = np.random.default_rng(21)
def some(k): return rng.normal(size=(3, k, 2)), rng.integers(0, 2, size=(3, k, 1)).astype(float)
batch = tm.Batch(*some(7), *some(6))

def layers(theta):
    return theta[:2 * h].reshape(2, h), theta[2 * h:3 * h], theta[3 * h:-1, None], theta[-1:]

def forward(theta, x):
    W1, b1, W2, b2 = layers(theta)
    a = np.tanh(x @ W1 + b1)
    return a, 1 / (1 + np.exp(-(a @ W2 + b2)))

def loss(theta, x, y):
    p = forward(theta, x)[1]
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = layers(theta)
    a, p = forward(theta, x)
    d2 = (p - y) / len(x)
    d1 = (d2 @ W2.T) * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d2).ravel(), d2.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
