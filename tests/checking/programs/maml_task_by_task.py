"""MAML, one task after another, the path in a list.

SAYS the model knows one task at a time
MISTAKE meta_gradient at 1 step | all | first-order gradient where the exact one is claimed
    v = v - alpha * hvp(w, xs, ys, v)  ->  pass
    says first-order: the Hessian term is missing
MISTAKE meta_gradient at 2 steps | all | every Hessian taken at θ_0
    v = v - alpha * hvp(w, xs, ys, v)  ->  v = v - alpha * hvp(theta, xs, ys, v)
    says iterate: every H is taken at θ_0
MISTAKE meta_gradient at 2 steps | all | the Jacobians are multiplied first step first
    for w in reversed(path[:-1]):  ->  for w in path[:-1]:
    says product order: the product of I - αH is taken from the first step to the last
MISTAKE meta_gradient at 1 step | all | S + 1 inner steps
    for k in range(steps):  ->  for k in range(steps + 1):
    says iterate: the number of steps is 2, not the one passed in
MISTAKE meta_gradient at 1 step | all | each task starts where the last one ended
    path = [theta]  ->  path = [theta if i == 0 else path[-1]]
    says iterate: θ is not reset
MISTAKE meta_gradient at 1 step | all | sign: (I + α H)
    v = v - alpha * hvp  ->  v = v + alpha * hvp
    says sign: I + αH stands where I - αH belongs
MISTAKE meta_gradient at 1 step | all | Hessian on the query set
    v = v - alpha * hvp(w, xs, ys, v)  ->  v = v - alpha * hvp(w, xq, yq, v)
    says swap: H is taken on the query set
MISTAKE meta_gradient at 2 steps | all | S ignored: always one inner step
    for k in range(steps):  ->  for k in range(1):
    says iterate: the number of steps is 1, not the one passed in
MISTAKE meta_gradient at 1 step | all | support loss judged: the query set is never looked at
    v = gradient(path[-1], xq, yq)  ->  v = gradient(path[-1], xs, ys)
    says swap: the outer gradient is taken on the support set
MISTAKE meta_gradient at 1 step | all | query losses averaged over all the steps
    v = gradient(path[-1], xq, yq)  ->  v = gradient(path[-1], xq, yq) / (steps + 1)
    v)  ->  v) + gradient(w, xq, yq) / (steps + 1)
    says another quantity: the query losses before and after each step are averaged
MISTAKE meta_gradient at 1 step | all | the support gradients of the inner loop are added
    total = total + v  ->  total = total + v + sum(gradient(w, xs, ys) for w in path[:-1])
    says another quantity: the support gradients of the inner loop are added
"""

import numpy as np
from tanh_network import *

def meta_gradient(theta, batch, alpha, steps):
    total = np.zeros(n_params)
    n_tasks = len(batch.x_support)
    for i in range(n_tasks):
        xs, ys = batch.x_support[i], batch.y_support[i]
        xq, yq = batch.x_query[i], batch.y_query[i]
        path = [theta]
        for k in range(steps):
            path.append(path[-1] - alpha * gradient(path[-1], xs, ys))
        v = gradient(path[-1], xq, yq)
        for w in reversed(path[:-1]):
            v = v - alpha * hvp(w, xs, ys, v)
        total = total + v
    return total / n_tasks
