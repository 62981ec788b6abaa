"""The step size is 0.01 whatever alpha is.

FAIL 1 step | W1, b1, W2, b2 | 0.01 (not the alpha passed in) |! divided by K
"""
import numpy as np
import tinymeta as tm
model = tm.MLP([1, 5, 1], "tanh")
inner_lr = 0.01
def meta_gradient(theta, batch, alpha, steps):
    return tm.MAML(model, inner_lr, steps).meta_gradient(theta, batch)[1]
def adapt(theta, x, y, alpha, steps):
    return tm.adapt(model, theta, x, y, inner_lr, steps)[-1]
