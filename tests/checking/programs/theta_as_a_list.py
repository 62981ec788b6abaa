"""Right, but θ is a list of two arrays, and so is the gradient.

STOPS at making it | expected one flat vector (P,): np.concatenate(
"""

import numpy as np

theta = [np.array([[0.3]]), np.array([0.1])]

def loss(theta, x, y):
    return ((x @ theta[0] + theta[1] - y) ** 2).mean((-2, -1))

def gradient(theta, x, y):
    e = x @ theta[0] + theta[1] - y
    return [2 * x.T @ e / len(x), 2 * e.mean(0)]

def hvp(theta, x, y, v):
    return gradient(v, x, 0 * y)
