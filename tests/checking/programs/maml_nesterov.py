"""Unusual: Nesterov momentum inside, its derivative forward in a matrix.

MISTAKE meta_gradient at 2 steps | all | the Hessian is at w, not at the look-ahead point
    hvp(look, xs, ys, c) for c in dlook.T  ->  hvp(w, xs, ys, c) for c in dlook.T
"""

import numpy as np
from tanh_network import *

mu = 0.6

def adapt(theta, x, y, alpha, steps):
    w, m = theta, 0 * theta
    for _ in range(steps):
        m = mu * m - alpha * gradient(w + mu * m, x, y)
        w = w + m
    return w

def meta_gradient(theta, batch, alpha, steps):
    I, out = np.eye(n_params), 0
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w, m, dw, dm = theta, 0 * theta, I, 0 * I
        for _ in range(steps):
            look, dlook = w + mu * m, dw + mu * dm
            dg = np.stack([hvp(look, xs, ys, c) for c in dlook.T], axis=1)
            m, dm = mu * m - alpha * gradient(look, xs, ys), mu * dm - alpha * dg
            w, dw = w + m, dw + dm
        out = out + dw.T @ gradient(w, xq, yq)
    return out / len(batch.x_support)
