"""Unusual: the batch is a SimpleNamespace; logarithms of y and θ.

MISTAKE gradient | top | 1/theta of the logarithm is missing
    return np.array([d.sum() / theta[0],  ->  return np.array([d.sum(),
"""

from types import SimpleNamespace
import numpy as np

rng = np.random.default_rng(14)
def curve(k):
    dose = rng.uniform(0.2, 4, (5, k, 1))
    return dose, dose / (1 + dose) + 0.05 * rng.random((5, k, 1))
(xs, ys), (xq, yq) = curve(6), curve(3)
batch = SimpleNamespace(x_support=xs, y_support=ys, x_query=xq, y_query=yq)

n_params, d_in, d_out = 2, 1, 1
blocks = [("top", (1,)), ("half", (1,))]
theta = np.array([0.9, 1.4])

def loss(theta, x, y):
    f = theta[0] * x / (theta[1] + x)
    return ((np.log(f) - np.log(y)) ** 2).mean()

def gradient(theta, x, y):
    d = 2 * (np.log(theta[0]) + np.log(x) - np.log(theta[1] + x) - np.log(y)) / x.size
    return np.array([d.sum() / theta[0], -(d / (theta[1] + x)).sum()])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
