"""The inner loop has momentum 0.8; the file's adapt says so.

SAYS taken as another inner loop
MISTAKE meta_gradient at 2 steps | all | the momentum buffer's own derivative is dropped
    vm = mu * vm  ->  vm = 0 * vm
"""

import numpy as np
from tanh_network import *

mu = 0.8

def adapt(theta, x, y, alpha, steps):
    w, m = theta, 0 * theta
    for _ in range(steps):
        m = mu * m + gradient(w, x, y)
        w = w - alpha * m
    return w

def meta_gradient(theta, batch, alpha, steps):
    out = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws, m = [theta], 0 * theta
        for _ in range(steps):
            m = mu * m + gradient(ws[-1], xs, ys)
            ws.append(ws[-1] - alpha * m)
        v, vm = gradient(ws[-1], xq, yq), np.zeros_like(theta)
        for w in ws[-2::-1]:
            vm = vm - alpha * v
            v = v + hvp(w, xs, ys, vm)
            vm = mu * vm
        out.append(v)
    return sum(out) / len(out)
