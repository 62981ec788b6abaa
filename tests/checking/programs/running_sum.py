"""The target is the running sum of the answers: the examples are coupled.

MISTAKE gradient | all | running sum in the wrong direction on the way back
    d = np.cumsum(e[::-1])[::-1]  ->  d = np.cumsum(e)
"""

import numpy as np

d_in, d_out, n_params = 1, 1, 4
blocks = [("w", (2,)), ("o", (2,))]

def loss(theta, x, y):
    f = np.tanh(x * theta[:2]) @ theta[2:]
    return ((np.cumsum(f) - y[:, 0]) ** 2).mean()

def gradient(theta, x, y):
    a = np.tanh(x * theta[:2])
    e = 2 * (np.cumsum(a @ theta[2:]) - y[:, 0]) / len(x)
    d = np.cumsum(e[::-1])[::-1]
    return np.concatenate([(d[:, None] * theta[2:] * (1 - a ** 2) * x).sum(0), d @ a])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
