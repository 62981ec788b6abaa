"""A tanh network 1-3-1, one task at a time.

MISTAKE Hessian × vector | all | only the diagonal of the Hessian
    gradient(theta + 1e-20j * v, x, y).imag / 1e-20
    ->  v * [(gradient(theta + 1e-20j * e, x, y) @ e).imag / 1e-20 for e in np.eye(10)]
MISTAKE Hessian × vector | all | H v = g(v) with y = 0, which holds for linear models only
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20  ->  return gradient(v, x, 0 * y)
    says not linear: H v is not linear in v
MISTAKE gradient | all | gradient rounded to two decimals
    (a.T @ d).ravel(), d.sum(0)])  ->  (a.T @ d).ravel(), d.sum(0)]).round(2)
    says own variables: the right numbers are x.T @ 
    says own variables: .sum(axis=0)
    says own variables: the right numbers are a.T @ d
    says own variables: d.sum(axis=0)
MISTAKE gradient | - | x is centred in place, which the loss does not do
    a = np.tanh(x @ W1 + b1)  ->  x -= x.mean(0); a = np.tanh(x @ W1 + b1)
    says in place: `x -= x.mean(0)
MISTAKE Hessian × vector | all | the outer product of the gradient is given as the Hessian
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
    ->  g = gradient(theta, x, y); return g * (g @ v)
"""

import numpy as np

H = 3
d_in = d_out = 1
n_params = 3 * H + 1
blocks = [("W1", (1, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

def pieces(t):
    return t[:H].reshape(1, H), t[H:2 * H], t[2 * H:3 * H].reshape(H, 1), t[3 * H:]

def loss(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    return ((np.tanh(x @ W1 + b1) @ W2 + b2 - y) ** 2).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    a = np.tanh(x @ W1 + b1)
    d = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = (d @ W2.T) * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
