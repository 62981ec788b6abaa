"""MAML over all tasks at once.

MISTAKE meta_gradient at 1 step | all | sum over the tasks in place of the mean: T times
    return v.mean(axis=0)  ->  return v.sum(axis=0)
    says factor: T = 4 times what it should be
MISTAKE meta_gradient at 1 step | all | query gradient at θ_0, before adaptation
    v = gradient(thetas[steps], xq, yq)  ->  v = gradient(thetas[0], xq, yq)
    says iterate: the query gradient is taken at θ_0
MISTAKE meta_gradient at 1 step | all | Hessian at θ_{k+1} in place of θ_k
    v = v - alpha * hvp(thetas[k], xs, ys, v)  ->  v = v - alpha * hvp(thetas[k + 1], xs, ys, v)
    says iterate: H is taken at θ_{k+1}
MISTAKE meta_gradient at 2 steps | all | only the last step's Hessian (truncated)
    for k in range(steps - 1, -1, -1):  ->  for k in range(steps - 1, max(steps - 2, -1), -1):
    says term: only the last step's I - αH is there
"""

import numpy as np
from one_sine import *

def meta_gradient(theta, batch, alpha, steps):
    xs, ys, xq, yq = batch.x_support, batch.y_support, batch.x_query, batch.y_query
    thetas = [np.repeat(theta[None], len(xs), axis=0)]
    for _ in range(steps):
        last = thetas[-1]
        thetas.append(last - alpha * gradient(last, xs, ys))
    v = gradient(thetas[steps], xq, yq)                        # (T, P)
    for k in range(steps - 1, -1, -1):
        v = v - alpha * hvp(thetas[k], xs, ys, v)
    return v.mean(axis=0)
