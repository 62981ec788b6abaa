"""Unusual: the inner steps have normalised length.

MISTAKE meta_gradient at 1 step | all | norm of the inner gradient taken as constant in the pullback
    v / n - g * (g @ v) / n ** 3)  ->  v / n)
"""

import numpy as np
from tanh_network import *

def adapt(theta, x, y, alpha, steps):
    w = theta
    for _ in range(steps):
        g = gradient(w, x, y)
        w = w - alpha * g / np.sqrt(0.1 + (g * g).sum())
    return w

def meta_gradient(theta, batch, alpha, steps):
    out = np.zeros(n_params)
    for x, y, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws = [adapt(theta, x, y, alpha, k) for k in range(steps + 1)]
        v = gradient(ws[-1], xq, yq)
        for w in ws[-2::-1]:
            g = gradient(w, x, y)
            n = np.sqrt(0.1 + g @ g)
            v = v - alpha * hvp(w, x, y, v / n - g * (g @ v) / n ** 3)
        out += v
    return out / len(batch.x_support)
