"""f = u v x; unusual: the gradient is 0 at the file's θ = 0.

SAYS u, v: derivative 0 at the θ given
"""

import numpy as np

d_in = d_out = 1
n_params = 2
blocks = [("u", (1,)), ("v", (1,))]
theta = np.zeros(2)

def loss(theta, x, y):
    u, v = theta
    return np.mean((u * v * x - y) ** 2)

def gradient(theta, x, y):
    u, v = theta
    d = np.mean(2 * (u * v * x - y) * x)
    return np.array([d * v, d * u])

def hvp(theta, x, y, w):
    u, v = theta
    d = np.mean(2 * (u * v * x - y) * x)
    c = np.mean(2 * x * x)
    dd = c * (w[0] * v + u * w[1])
    return np.array([dd * v + d * w[1], dd * u + d * w[0]])
