"""The support gradients of the inner loop are left in.

FAIL 1 step | W1, b1, W2, b2 | the support gradients of the inner loop are added: buffers not set
    to zero?
"""
import numpy as np
import tinymeta as tm
model = tm.MLP([1, 5, 1], "tanh")
def meta_gradient(theta, batch, alpha, steps):
    g = tm.MAML(model, alpha, steps).meta_gradient(theta, batch)[1]
    left = [sum(model.gradient(w, x, y) for w in tm.adapt(model, theta, x, y, alpha, steps)[:-1])
            for x, y in zip(batch.x_support, batch.y_support)]
    return g + np.mean(left, 0)
