"""MAML in a class with settings of its own.

MISTAKE meta_gradient at 1 step | all | α is ignored, 0.01 is used
    total = 0  ->  total, alpha = 0, self.inner_lr
    says alpha: 0.01 (not the alpha passed in) stands for α everywhere
MISTAKE meta_gradient at 2 steps | all | S is ignored, always one step
    for _ in range(steps):  ->  for _ in range(self.inner_steps):
    says iterate: the number of steps is 1, not the one passed in
MISTAKE meta_gradient at 1 step | - | random draws: two tasks are drawn at each call
    np.arange(len(batch.x_support))  ->  self.rng.permutation(len(batch.x_support))[:2]
    says not repeatable: does it draw at random
MISTAKE meta_gradient at 1 step | all | meta-gradient clipped entry by entry at 0.1
    return total / len(chosen)  ->  return np.clip(total / len(chosen), -0.1, 0.1)
    says clipped: numbers beyond 0.1 are cut off there
MISTAKE meta_gradient at 1 step | all | returns the updated parameters, not the gradient
    return total / len(chosen)  ->  return theta - 0.1 * total / len(chosen)
MISTAKE meta_gradient at 2 steps | all | divided by the number of inner steps
    return total / len(chosen)  ->  return total / len(chosen) / steps
    says factor: 1/S = 1/2 times what it should be
MISTAKE meta_gradient at 1 step | all | query sets of all the tasks pooled for each task
    batch.x_query[i], batch.y_query[i]
    ->  batch.x_query.reshape(-1, 1), batch.y_query.reshape(-1, 1)
"""

import numpy as np
from tanh_network import *

class Trainer:
    def __init__(self, seed=0):
        self.rng = np.random.default_rng(seed)
        self.inner_lr, self.inner_steps = 0.01, 1

    def grad(self, theta, batch, alpha, steps):
        chosen = np.arange(len(batch.x_support))
        total = 0
        for i in chosen:
            w, path = theta, []
            for _ in range(steps):
                path.append(w)
                w = w - alpha * gradient(w, batch.x_support[i], batch.y_support[i])
            v = gradient(w, batch.x_query[i], batch.y_query[i])
            while path:
                v = v - alpha * hvp(path.pop(), batch.x_support[i], batch.y_support[i], v)
            total = total + v
        return total / len(chosen)

trainer = Trainer()

def meta_gradient(theta, batch, alpha, steps):
    return trainer.grad(theta, batch, alpha, steps)
