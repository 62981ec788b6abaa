"""A Cauchy link: the chance of y > 0 is 1/2 + arctan(z)/π.  Any y will do.

MISTAKE gradient | all | the branch of y <= 0 lacks its divisor: right where all y are positive
    -1 / (1 - p)  ->  -1
"""

import numpy as np

d_in, d_out, n_params = 2, 1, 3
blocks = [("w", (2,)), ("b", (1,))]

def chance(theta, x):
    z = x @ theta[:2] + theta[2]
    return z, 0.5 + np.arctan(z) / np.pi

def loss(theta, x, y):
    z, p = chance(theta, x)
    return -np.mean(np.log(np.where(y[:, 0] > 0, p, 1 - p)))

def gradient(theta, x, y):
    z, p = chance(theta, x)
    d = -np.where(y[:, 0] > 0, 1 / p, -1 / (1 - p)) / np.pi / (1 + z ** 2) / len(x)
    return np.append(d @ x, d.sum())

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
