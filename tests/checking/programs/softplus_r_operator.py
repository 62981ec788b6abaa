"""A softplus network, H v by the R-operator.

MISTAKE Hessian × vector | W1, b1 | the term with the second derivative of the activation is dropped
    + (d2 @ W2.T) * s * (1 - s) * Rz  ->
MISTAKE Hessian × vector | W1, b1 | the change of W2 along v is missing on the way back
    + (d2 @ V2.T) * s  ->
MISTAKE Hessian × vector | W2 | product rule in W2's row: R{a} delta is missing
    Ra.T @ d2 + a.T @ Rd2  ->  a.T @ Rd2
    says own variables: what is missing is Ra.T @ d2
MISTAKE Hessian × vector | all | the change of the hidden units does not reach the output
    Rd2 = 2 * (Ra @ W2 + a @ V2 + c2) / len(x)  ->  Rd2 = 2 * (a @ V2 + c2) / len(x)
"""

import numpy as np

d_in, d_out, h = 2, 1, 4
n_params = 2 * h + h + h + 1
blocks = [("W1", (2, h)), ("b1", (h,)), ("W2", (h, 1)), ("b2", (1,))]

def softplus(z): return np.log1p(np.exp(z))
def sigma(z): return 1 / (1 + np.exp(-z))

def split(t):
    return t[:2 * h].reshape(2, h), t[2 * h:3 * h], t[3 * h:4 * h].reshape(h, 1), t[4 * h:]

def join(*parts):
    return np.concatenate([p.ravel() for p in parts])

def loss(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    return np.mean((softplus(x @ W1 + b1) @ W2 + b2 - y) ** 2)

def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    z = x @ W1 + b1
    a = softplus(z)
    d2 = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = d2 @ W2.T * sigma(z)
    return join(x.T @ d1, d1.sum(0), a.T @ d2, d2.sum(0))

def hvp(theta, x, y, v):
    W1, b1, W2, b2 = split(theta)
    V1, c1, V2, c2 = split(v)
    z = x @ W1 + b1
    a, s = softplus(z), sigma(z)
    d2 = 2 * (a @ W2 + b2 - y) / len(x)
    Rz = x @ V1 + c1
    Ra = s * Rz
    Rd2 = 2 * (Ra @ W2 + a @ V2 + c2) / len(x)
    Rd1 = (Rd2 @ W2.T) * s + (d2 @ V2.T) * s + (d2 @ W2.T) * s * (1 - s) * Rz
    return join(x.T @ Rd1, Rd1.sum(0), Ra.T @ d2 + a.T @ Rd2, Rd2.sum(0))
