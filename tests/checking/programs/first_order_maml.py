"""First-order MAML, under that name.

MISTAKE first_order_meta_gradient at 1 step | W1, b1, W2, b2 | the query gradient is taken at θ
    out.append(gradient(w, batch.x_query[i]  ->  out.append(gradient(theta, batch.x_query[i]
    says iterate: the query gradient is taken at θ_0
"""

import numpy as np
from tanh_network import *

def first_order_meta_gradient(theta, batch, alpha, steps):
    out = []
    for i in range(len(batch.x_support)):
        w = theta
        for _ in range(steps):
            w = w - alpha * gradient(w, batch.x_support[i], batch.y_support[i])
        out.append(gradient(w, batch.x_query[i], batch.y_query[i]))
    return np.mean(out, axis=0)
