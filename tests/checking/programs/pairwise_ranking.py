"""log(1 + exp(-(f_i - f_j))) where y_i > y_j; the examples are coupled.

MISTAKE gradient | all | the lower item's share of each pair is missing
    df = p.sum(1) - p.sum(0)  ->  df = p.sum(1)
"""

import numpy as np

d_in, d_out = 2, 1
n_params = 4
blocks = [("w", (2,)), ("v", (2,))]

def score(theta, x):
    a = np.tanh(x * theta[:2])
    return a, a @ theta[2:]

def loss(theta, x, y):
    f = score(theta, x)[1]
    above = y > y.T
    diff = f[:, None] - f[None, :]
    return (above * np.log(1 + np.exp(-diff))).sum() / above.sum()

def gradient(theta, x, y):
    a, f = score(theta, x)
    above = y > y.T
    diff = f[:, None] - f[None, :]
    p = -1.0 * above / (1 + np.exp(diff)) / above.sum()
    df = p.sum(1) - p.sum(0)
    return np.concatenate([(df[:, None] * theta[2:] * (1 - a ** 2) * x).sum(0), df @ a])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
