"""Each parameter has a step size of its own, times α.

MISTAKE meta_gradient at 1 step | all | diag(α) on the wrong side of the Hessian
    v = v - hvp(ws[k], xs, ys, alpha * rate * v)  ->  v = v - alpha * rate * hvp(ws[k], xs, ys, v)
"""

import numpy as np
from tanh_network import *

rate = np.linspace(0.4, 1.6, n_params)

def adapt(theta, x, y, alpha, steps):
    w = theta
    for _ in range(steps):
        w = w - alpha * rate * gradient(w, x, y)
    return w

def meta_gradient(theta, batch, alpha, steps):
    T = len(batch.x_support)
    result = 0
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws = [theta]
        for _ in range(steps):
            ws.append(ws[-1] - alpha * rate * gradient(ws[-1], xs, ys))
        v = gradient(ws[-1], xq, yq)
        for k in reversed(range(steps)):
            v = v - hvp(ws[k], xs, ys, alpha * rate * v)
        result = result + v
    return result / T
