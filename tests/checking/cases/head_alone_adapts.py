"""Only the output layer is adapted.

PASS | taken as another inner loop; W1, b1: this is θ_0: nothing is adapted there
"""
import numpy as np
import tinymeta as tm
model = tm.MLP([1, 5, 1], "tanh")
head = np.r_[np.zeros(10), np.ones(6)]
def meta_gradient(theta, batch, alpha, steps): return tm.MAML(model, alpha * head,
        steps).meta_gradient(theta, batch)
def adapt(theta, x, y, alpha, steps): return tm.adapt(model, theta, x, y, alpha * head, steps)[-1]
