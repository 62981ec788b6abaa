"""Only the last layer is adapted.

SAYS nothing is adapted there
MISTAKE meta_gradient at 1 step | all | the mask of the adapted part is missing in the pullback
    hvp(ws.pop(), xs, ys, head * v)  ->  hvp(ws.pop(), xs, ys, v)
"""

import numpy as np
from tanh_network import *

head = np.zeros(n_params)
head[2 * H:] = 1.0

def adapt(theta, x, y, alpha, steps):
    w = theta
    for _ in range(steps):
        w = w - alpha * head * gradient(w, x, y)
    return w

def meta_gradient(theta, batch, alpha, steps):
    grads = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws = [theta]
        for _ in range(steps):
            ws.append(ws[-1] - alpha * head * gradient(ws[-1], xs, ys))
        v = gradient(ws.pop(), xq, yq)
        while ws:
            v = v - alpha * hvp(ws.pop(), xs, ys, head * v)
        grads.append(v)
    return np.mean(grads, 0)
