"""|sin(ω x) - y|; unusual: ω is of the order 1e5, and θ curves on the scale 1e-5.

STOPS at MAML, 1 step | central differences do not settle
MISTAKE Hessian × vector | all | given as 0, as if sin were a line
    -(np.sign((np.sin(a) - y).real) * np.sin(a) * (1e5 * x) ** 2).mean(-2) * v  ->  0 * v
    says zero: all zeros
"""

import numpy as np

n_params = 1
theta = np.array([0.7])

def loss(theta, x, y):
    return np.abs(np.sin(1e5 * theta[..., None] * x) - y).mean((-2, -1))

def gradient(theta, x, y):
    a = 1e5 * theta[..., None] * x
    return (np.sign((np.sin(a) - y).real) * np.cos(a) * 1e5 * x).mean(-2)

def hvp(theta, x, y, v):
    a = 1e5 * theta[..., None] * x
    return -(np.sign((np.sin(a) - y).real) * np.sin(a) * (1e5 * x) ** 2).mean(-2) * v
