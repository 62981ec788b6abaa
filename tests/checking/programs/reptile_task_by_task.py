"""Reptile, one task after another.

MISTAKE reptile at 1 step | W1, b1, W2, b2 | each task starts where the last one ended
    update += start - w  ->  update += start - w; start = w
    says another quantity: θ moves from task to task
MISTAKE reptile at 1 step | W1, b1, W2, b2 | the gradient at θ_S, not θ - θ_S
    update += start - w  ->  update += gradient(w, batch.x_support[t], batch.y_support[t])
MISTAKE reptile at 1 step | W1, b1, W2, b2 | divided by α
    return update / T  ->  return update / T / alpha
    says factor: 1/α = 1/0.05 times what it should be
MISTAKE reptile at 1 step | W1, b1, W2, b2 | trained on the query set
    batch.x_support[t], batch.y_support  ->  batch.x_query[t], batch.y_query
    says swap: the inner loop adapts on the query set
"""

import numpy as np
from tanh_network import *

def inner(theta, x, y, alpha, steps):
    w = theta.copy()
    for _ in range(steps):
        w = w - alpha * gradient(w, x, y)
    return w

def reptile(theta, batch, alpha, steps):
    T = batch.x_support.shape[0]
    start = theta.copy()
    update = np.zeros_like(theta)
    for t in range(T):
        w = inner(start, batch.x_support[t], batch.y_support[t], alpha, steps)
        update += start - w
    return update / T
