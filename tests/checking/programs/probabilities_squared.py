"""Linear scores, softmax, squared error of the probabilities.

MISTAKE gradient | all | softmax Jacobian taken as diagonal
    d = p * (g - np.sum(p * g, axis=1, keepdims=True))  ->  d = g * p * (1 - p)
    says own variables: the right numbers are x.T @ (p * (g - sum(p * g))); these are x.T @ d
    says own variables: .sum(axis=0); these are d.sum(axis=0)
"""
import numpy as np
import tinymeta as tm

d_in, d_out = 2, 3
blocks = [("W", (2, 3)), ("b", (3,))]
n_params = 9
g_ = np.random.default_rng(12)
def sets(k): return g_.normal(size=(2, k, 2)), np.eye(3)[g_.integers(0, 3, (2, k))]
batch = tm.Batch(*sets(5), *sets(7))

def softmax(z):
    e = np.exp(z - z.real.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)

def loss(t, x, y):
    return np.sum((softmax(x @ t[:6].reshape(2, 3) + t[6:]) - y) ** 2) / len(x)

def gradient(t, x, y):
    p = softmax(x @ t[:6].reshape(2, 3) + t[6:])
    g = 2 * (p - y) / len(x)
    d = p * (g - np.sum(p * g, axis=1, keepdims=True))
    return np.concatenate([(x.T @ d).ravel(), d.sum(0)])

def hvp(t, x, y, v):
    return gradient(t + 1e-20j * v, x, y).imag / 1e-20
