"""Softmax regression whose labels are smoothed by 0.1.

MISTAKE gradient | all | label smoothing is left out of the gradient
    d = (probs(theta, x) - smooth(y))  ->  d = (probs(theta, x) - y)
MISTAKE Hessian × vector | all | softmax's Hessian taken as diagonal: no coupling of the classes
    dp = p * dz - p * (p * dz).sum(axis=1, keepdims=True)  ->  dp = p * (1 - p) * dz
    says own variables: W: the right numbers are x.T @ (p * (dz - sum(p * dz))) / len(x)
    says own variables: .sum(axis=0) / len(x); these are dp.sum(axis=0) / len(x)
"""

import numpy as np
import tinymeta as tm

d_in, d_out, n_params = 2, 3, 9
blocks = [("W", (2, 3)), ("b", (3,))]
eps = 0.1
rng = np.random.default_rng(5)
onehot = lambda k: np.eye(3)[rng.integers(0, 3, (3, k))]
batch = tm.Batch(rng.normal(size=(3, 5, 2)), onehot(5), rng.normal(size=(3, 8, 2)), onehot(8))

def probs(theta, x):
    z = x @ theta[:6].reshape(2, 3) + theta[6:]
    e = np.exp(z - z.max(axis=1, keepdims=True).real)
    return e / e.sum(axis=1, keepdims=True)

def smooth(y):
    return (1 - eps) * y + eps / 3

def loss(theta, x, y):
    return -np.sum(smooth(y) * np.log(probs(theta, x))) / len(x)

def gradient(theta, x, y):
    d = (probs(theta, x) - smooth(y)) / len(x)
    return np.concatenate([(x.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    p = probs(theta, x)
    dz = x @ v[:6].reshape(2, 3) + v[6:]
    dp = p * dz - p * (p * dz).sum(axis=1, keepdims=True)
    return np.concatenate([(x.T @ dp).ravel(), dp.sum(0)]) / len(x)
