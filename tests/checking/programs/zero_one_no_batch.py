"""Bernoulli likelihood picked by where(y == 1). Unusual: y 0 or 1 by comparison."""
import numpy as np

d_in, d_out = 2, 1
n_params = 3
blocks = [("w", (2,)), ("b", (1,))]

def prob(theta, x):
    return 1 / (1 + np.exp(-(x @ theta[:2] + theta[2])))

def loss(theta, x, y):
    p = prob(theta, x)
    return -np.log(np.where(y[:, 0] == 1, p, 1 - p)).mean()

def gradient(theta, x, y):
    d = (prob(theta, x) - (y[:, 0] == 1)) / len(x)
    return np.append(d @ x, d.sum())

def hvp(theta, x, y, v):
    p = prob(theta, x)
    d = p * (1 - p) * (x @ v[:2] + v[2]) / len(x)
    return np.append(d @ x, d.sum())
