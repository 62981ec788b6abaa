"""Fourth power of the parameters: gradient and Hessian vanish at 0. Unusual: gradient and
Hessian are 0 at the file's theta.
"""
import numpy as np

d_in, d_out = 2, 1
n_params = 2
blocks = [("w", (2,))]
theta = np.array([0.0, 0.0])

def loss(theta, x, y):
    return (theta ** 4).sum() + np.mean(x @ theta ** 2 * y[:, 0]) ** 2

def gradient(theta, x, y):
    m = np.mean(x * y, axis=0)
    return 4 * theta ** 3 + 4 * theta * m * (m @ theta ** 2)

def hvp(theta, x, y, v):
    m = np.mean(x * y, axis=0)
    s = m @ theta ** 2
    return 12 * theta ** 2 * v + 4 * v * m * s + 8 * theta * m * (m @ (theta * v))
