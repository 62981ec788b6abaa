"""Unusual: the meta-gradient is numerical, without any H v."""

import numpy as np
from tanh_network import *

def meta_loss(theta, batch, alpha, steps):
    total = 0
    for x, y, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w = theta
        for _ in range(steps):
            w = w - alpha * gradient(w, x, y)
        total = total + loss(w, xq, yq)
    return total / len(batch.x_support)

def meta_gradient(theta, batch, alpha, steps):
    steps_along = 1e-30j * np.eye(len(theta))
    return np.array([meta_loss(theta + e, batch, alpha, steps).imag for e in steps_along]) / 1e-30
