"""Adam in the inner loop; unusual: its derivative by complex steps.

MISTAKE meta_gradient at 1 step | all | the pullback is that of plain gradient descent
    adapt(theta + 1j * e, xs, ys, alpha, steps).imag  ->  (e - alpha * hvp(theta, xs, ys, e))
"""

import numpy as np
from tanh_network import *

b1, b2, tiny = 0.9, 0.99, 1e-3

def adapt(theta, x, y, alpha, steps):
    w, m, s = theta, 0 * theta, 0 * theta
    for k in range(1, steps + 1):
        g = gradient(w, x, y)
        m = b1 * m + (1 - b1) * g
        s = b2 * s + (1 - b2) * g * g
        w = w - alpha * (m / (1 - b1 ** k)) / np.sqrt(s / (1 - b2 ** k) + tiny)
    return w

def meta_gradient(theta, batch, alpha, steps):
    P, T = len(theta), len(batch.x_support)
    out = np.zeros(P)
    for t in range(T):
        xs, ys = batch.x_support[t], batch.y_support[t]
        q = gradient(adapt(theta, xs, ys, alpha, steps), batch.x_query[t], batch.y_query[t])
        for i in range(P):
            e = np.zeros(P); e[i] = 1e-20
            tangent = adapt(theta + 1j * e, xs, ys, alpha, steps).imag / 1e-20
            out[i] += q @ tangent / T
    return out
