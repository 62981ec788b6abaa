"""Unusual: np.matrix inside."""

import numpy as np

d_in, d_out = 2, 1
n_params = 3
blocks = [("w", (2,)), ("b", (1,))]

def design(x):
    return np.matrix(np.column_stack([x, np.ones(len(x))]))

def loss(theta, x, y):
    r = design(x) * np.matrix(theta).T - np.matrix(y)
    return (r.T * r)[0, 0] / len(x)

def gradient(theta, x, y):
    X = design(x)
    r = X * np.matrix(theta).T - np.matrix(y)
    return np.asarray(2 * X.T * r / len(x)).ravel()

def hvp(theta, x, y, v):
    X = design(x)
    return (2 * X.T * (X * np.matrix(v).T) / len(x)).A1
