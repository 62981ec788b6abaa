"""The inner steps shrink, α / (1 + k).

MISTAKE meta_gradient at 2 steps | all | decay of the step size left out of the pullback
    v = v - alpha / (1 + k) * hvp  ->  v = v - alpha * hvp
"""

import numpy as np
from tanh_network import *

def adapt(theta, x, y, alpha, steps):
    w = theta
    for k in range(steps):
        w = w - alpha / (1 + k) * gradient(w, x, y)
    return w

def meta_gradient(theta, batch, alpha, steps):
    g = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws = [adapt(theta, xs, ys, alpha, k) for k in range(steps + 1)]
        v = gradient(ws[steps], xq, yq)
        for k in range(steps)[::-1]:
            v = v - alpha / (1 + k) * hvp(ws[k], xs, ys, v)
        g.append(v)
    return np.mean(g, axis=0)
