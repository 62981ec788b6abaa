"""A tanh network; unusual: at the file's θ = 0 most of the gradient is 0.

SAYS W1, b1, W2: derivative 0 at the θ given
MISTAKE gradient | W1, b1 | -2 times; H v is right
    d1 = d @  ->  d1 = -2 * d @
    says factor: 2 times what it should be, and the sign is flipped
"""

import numpy as np
from tanh_network import *

theta = np.zeros(n_params)

def gradient(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    a = np.tanh(x @ W1 + b1)
    d = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = d @ W2.T * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])
