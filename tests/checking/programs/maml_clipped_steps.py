"""Unusual: inner gradients are clipped entry by entry at 0.5.

MISTAKE meta_gradient at 1 step | all | clipping of the inner gradient ignored in the pullback
    hvp(w, x, y, free * v)  ->  hvp(w, x, y, v)
"""

import numpy as np
from tanh_network import *

limit = 0.5

def adapt(theta, x, y, alpha, steps):
    w = theta
    for _ in range(steps):
        g = gradient(w, x, y)
        w = w - alpha * np.where(np.abs(g) < limit, g, limit * np.sign(g.real))
    return w

def meta_gradient(theta, batch, alpha, steps):
    out = []
    for x, y, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws = [adapt(theta, x, y, alpha, k) for k in range(steps + 1)]
        v = gradient(ws[-1], xq, yq)
        for w in ws[-2::-1]:
            free = np.abs(gradient(w, x, y)) < limit
            v = v - alpha * hvp(w, x, y, free * v)
        out.append(v)
    return np.mean(out, axis=0)
