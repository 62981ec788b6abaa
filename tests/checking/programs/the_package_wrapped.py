"""The package's own MAML and inner loop, under the names that are checked.

MISTAKE meta_gradient at 1 step | all | 0.01 in place of alpha
    MAML(model, alpha, steps)  ->  MAML(model, 0.01, steps)
    says alpha: 0.01 (not the alpha passed in) stands for α everywhere
MISTAKE adapt at 1 step | W1, b1, W2, b2 | 0.01 in place of alpha
    theta, x, y, alpha, steps)[-1]  ->  theta, x, y, 0.01, steps)[-1]
    says alpha: the step size of the inner loop is 0.01 (not the alpha passed in)
MISTAKE meta_gradient at 1 step | - | random draws
    MAML(model, alpha, steps)  ->  MAML(model, alpha * rng.random(), steps)
    says not repeatable: does it draw at random
MISTAKE adapt at 1 step | - | random draws
    theta, x, y, alpha, steps)[-1]  ->  theta, x, y, alpha * rng.random(), steps)[-1]
    says not repeatable: does it draw at random
"""

import numpy as np
import tinymeta as tm

model, rng = tm.MLP([1, 5, 1], "tanh"), np.random.default_rng()

def adapt(theta, x, y, alpha, steps):
    return tm.adapt(model, theta, x, y, alpha, steps)[-1]

def meta_gradient(theta, batch, alpha, steps):
    return tm.MAML(model, alpha, steps).meta_gradient(theta, batch)[1]
