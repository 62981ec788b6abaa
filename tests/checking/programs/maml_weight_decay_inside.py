"""Unusual: the inner loop has weight decay, the judge has not.

MISTAKE meta_gradient at 1 step | all | inner weight decay is missing in the pullback
    (hvp(w, xs, ys, v) + wd * v)  ->  hvp(w, xs, ys, v)
"""

import numpy as np
from one_sine import *

wd = 0.3

def adapt(theta, x, y, alpha, steps):
    w = theta
    for _ in range(steps):
        w = w - alpha * (gradient(w, x, y) + wd * w)
    return w

def meta_gradient(theta, batch, alpha, steps):
    xs, ys = batch.x_support, batch.y_support
    ws = [np.tile(theta, (len(xs), 1))]
    for _ in range(steps):
        ws.append(adapt(ws[-1], xs, ys, alpha, 1))
    v = gradient(ws.pop(), batch.x_query, batch.y_query)
    for w in ws[::-1]:
        v = v - alpha * (hvp(w, xs, ys, v) + wd * v)
    return v.mean(0)
