"""The inner loop draws at random.

FAIL 1 step | | meta_gradient gives other numbers when it is called again; adapt gives other
    numbers when it is called again
"""
import numpy as np
import tinymeta as tm
model, rng = tm.MLP([1, 5, 1], "tanh"), np.random.default_rng()
def adapt(theta, x, y, alpha, steps):
    some = rng.permutation(len(x))[:3]
    return tm.adapt(model, theta, x[some], y[some], alpha, steps)[-1]
def meta_gradient(theta, batch, alpha, steps):
    some = rng.permutation(batch.x_support.shape[1])[:3]
    b = tm.Batch(batch.x_support[:, some], batch.y_support[:, some], batch.x_query, batch.y_query)
    return tm.MAML(model, alpha, steps).meta_gradient(theta, b)[1]
