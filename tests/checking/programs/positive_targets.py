"""Gamma regression with log link: y must be positive. Unusual: y must be positive; own batch."""
import numpy as np
import tinymeta as tm

d_in, d_out, n_params = 2, 1, 3
blocks = [("w", (2,)), ("b", (1,))]
_g = np.random.default_rng(4)
_make = lambda k: (_g.normal(size=(3, k, 2)), _g.gamma(2.0, size=(3, k, 1)))
batch = tm.Batch(*_make(6), *_make(7))

def loss(theta, x, y):
    eta = x @ theta[:2] + theta[2]
    return np.mean(np.log(y[:, 0] / np.exp(eta)) * -1 + y[:, 0] * np.exp(-eta) - 1)

def gradient(theta, x, y):
    eta = x @ theta[:2] + theta[2]
    d = (1 - y[:, 0] * np.exp(-eta)) / len(x)
    return np.append(x.T @ d, d.sum())

def hvp(theta, x, y, v):
    eta = x @ theta[:2] + theta[2]
    d = y[:, 0] * np.exp(-eta) * (x @ v[:2] + v[2]) / len(x)
    return np.append(x.T @ d, d.sum())
