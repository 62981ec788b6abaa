"""The inner loop is pulled back to θ with strength 0.5.

MISTAKE meta_gradient at 1 step | all | theta's direct share through the proximal term is missing
    out = out + v + direct  ->  out = out + v
"""

import numpy as np
from tanh_network import *

lam = 0.5

def adapt(theta, x, y, alpha, steps):
    w = theta.copy()
    for _ in range(steps):
        w = w - alpha * (gradient(w, x, y) + lam * (w - theta))
    return w

def meta_gradient(theta, batch, alpha, steps):
    out = np.zeros_like(theta)
    for t in range(len(batch.x_support)):
        xs, ys = batch.x_support[t], batch.y_support[t]
        trace = [adapt(theta, xs, ys, alpha, k) for k in range(steps + 1)]
        v = gradient(trace[-1], batch.x_query[t], batch.y_query[t])
        direct = 0
        for w in trace[:-1][::-1]:
            direct = direct + alpha * lam * v
            v = v - alpha * (hvp(w, xs, ys, v) + lam * v)
        out = out + v + direct
    return out / len(batch.x_support)
