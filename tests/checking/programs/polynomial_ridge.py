"""A cubic polynomial; ridge penalty on the slopes, none on the constant.

MISTAKE gradient | constant | the penalty is on the constant too
    + lam * penal * theta  ->  + lam * theta
MISTAKE gradient | all | powers in the opposite order in the gradient
    return 2 * A.T @ r / len(x) + lam  ->  return 2 * A[:, ::-1].T @ r / len(x) + lam
MISTAKE Hessian × vector | slopes | penalty's Hessian lam is missing
    (A @ v) / len(x) + lam * penal * v  ->  (A @ v) / len(x)
    says penalty: derived - expected is -0.3 v
"""

import numpy as np

degree = 3
lam = 0.3
d_in = d_out = 1
n_params = degree + 1
blocks = [("constant", (1,)), ("slopes", (3,))]
penal = np.array([0., 1., 1., 1.])
theta = np.array([0.9, -0.4, 0.3, -0.2])

def design(x):
    return np.concatenate([x ** k for k in range(degree + 1)], axis=1)   # (K, 4)

def loss(theta, x, y):
    r = design(x) @ theta - y[:, 0]
    return (r ** 2).mean() + 0.5 * lam * (penal * theta ** 2).sum()

def gradient(theta, x, y):
    A = design(x)
    r = A @ theta - y[:, 0]
    return 2 * A.T @ r / len(x) + lam * penal * theta

def hvp(theta, x, y, v):
    A = design(x)
    return 2 * A.T @ (A @ v) / len(x) + lam * penal * v
