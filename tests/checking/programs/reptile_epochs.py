"""Unusual: an inner step is an epoch of minibatches of two.

MISTAKE reptile at 2 steps | W1, b1, W2, b2 | one epoch whatever `steps` says
    ends = [adapt(theta, x, y, alpha, steps)  ->  ends = [adapt(theta, x, y, alpha, 1)
"""

import numpy as np
from tanh_network import *

def adapt(theta, x, y, alpha, steps):
    w = theta.copy()
    for epoch in range(steps):
        for start in range(0, len(x), 2):
            w -= alpha * gradient(w, x[start:start + 2], y[start:start + 2])
    return w

def reptile(theta, batch, alpha, steps):
    ends = [adapt(theta, x, y, alpha, steps) for x, y in zip(batch.x_support, batch.y_support)]
    return theta - np.mean(ends, axis=0)
