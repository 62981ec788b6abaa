"""MAML with the inner loop's Jacobian as a matrix; H from columns.

MISTAKE meta_gradient at 1 step | all | α is missing before the Hessian
    alpha * hessian  ->  hessian
    says alpha: α is missing from I - αH
MISTAKE meta_gradient at 1 step | all | only the last task counts; the sum over tasks is missing
    return np.mean(grads, axis=0)  ->  return grads[-1]
    says task: task 3 of 4 alone counts (counted from 0)
MISTAKE meta_gradient at 2 steps | all | matrix of the newest step multiplied from the wrong side
    J = M @ J  ->  J = J @ M
    says product order: the product of I - αH is taken from the first step to the last
MISTAKE meta_gradient at 1 step | all | Hessian by a one-sided difference with a step of 0.3
    hvp(theta, x, y, e)  ->  (gradient(theta + 0.3 * e, x, y) - gradient(theta, x, y)) / 0.3
"""

import numpy as np
from tanh_network import *

def hessian(theta, x, y):
    return np.array([hvp(theta, x, y, e) for e in np.eye(n_params)])

def meta_gradient(theta, batch, alpha, steps):
    grads = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w, J = theta, np.eye(n_params)
        for _ in range(steps):
            M = np.eye(n_params) - alpha * hessian(w, xs, ys)
            J = M @ J
            w = w - alpha * gradient(w, xs, ys)
        grads.append(J.T @ gradient(w, xq, yq))
    return np.mean(grads, axis=0)
