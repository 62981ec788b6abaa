"""Each inner step sees two of the support examples, round and round.

MISTAKE meta_gradient at 1 step | all | the Hessian is of the whole support set
    some(xs, k), some(ys, k),  ->  xs, ys,
"""

import numpy as np
from tanh_network import *

B = 2

def some(x, k):
    return x[np.arange(k * B, (k + 1) * B) % len(x)]

def adapt(theta, x, y, alpha, steps):
    w = theta
    for k in range(steps):
        w = w - alpha * gradient(w, some(x, k), some(y, k))
    return w

def meta_gradient(theta, batch, alpha, steps):
    total = 0
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws = [theta]
        for k in range(steps):
            ws.append(ws[-1] - alpha * gradient(ws[-1], some(xs, k), some(ys, k)))
        v = gradient(ws[-1], xq, yq)
        for k in range(steps - 1, -1, -1):
            v = v - alpha * hvp(ws[k], some(xs, k), some(ys, k), v)
        total = total + v / len(batch.x_support)
    return total
