"""Unusual: recursion over the steps; no path is kept.

MISTAKE meta_gradient at 2 steps | all | recursion stops after one step
    steps - 1  ->  0
    says iterate: the number of steps is 1, not the one passed in
"""

import numpy as np
from tanh_network import *

def through(w, x, y, alpha, steps, last):
    """d last(theta_S) / d w, last gives the query gradient"""
    if steps == 0:
        return last(w)
    v = through(w - alpha * gradient(w, x, y), x, y, alpha, steps - 1, last)
    return v - alpha * hvp(w, x, y, v)

def meta_gradient(theta, batch, alpha, steps):
    tasks = zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query)
    return np.mean([through(theta, x, y, alpha, steps, lambda w: gradient(w, xq, yq))
                    for x, y, xq, yq in tasks], axis=0)
