"""Linear regression with two outputs, its H v by hand.

MISTAKE gradient | all | divided by K alone, the loss is a mean over the outputs too: times D_out
    y) / (y.shape[-2] * y.shape[-1])  ->  y) / y.shape[-2]
    says factor: 2 or D_out = 2 times what it should be
MISTAKE Hessian × vector | b | bias row of H v is a mean over the examples, divided by K twice
    change.sum(axis=-2)  ->  change.mean(axis=-2)
    says factor: 1/K = 1/5 or 2/K·D_out = 0.2 times what it should be
MISTAKE Hessian × vector | all | the direction's bias part c is missing: cross terms of the Hessian
    x @ V + c  ->  x @ V
    says term: the term c_l is missing
"""

import numpy as np

d_in, d_out = 3, 2
n_params = 8
blocks = [("W", (3, 2)), ("b", (2,))]

def unpack(theta):
    W = theta[..., :6].reshape(theta.shape[:-1] + (3, 2))
    return W, theta[..., None, 6:]

def pack(dW, db):
    return np.concatenate([dW.reshape(dW.shape[:-2] + (6,)), db], axis=-1)

def loss(theta, x, y):
    W, b = unpack(theta)
    return ((x @ W + b - y) ** 2).mean(axis=(-2, -1))

def gradient(theta, x, y):
    W, b = unpack(theta)
    delta = 2 * (x @ W + b - y) / (y.shape[-2] * y.shape[-1])
    return pack(np.swapaxes(x, -1, -2) @ delta, delta.sum(axis=-2))

def hvp(theta, x, y, v):
    V, c = unpack(v)
    change = 2 * (x @ V + c) / (y.shape[-2] * y.shape[-1]) + 0 * theta[..., None, 6:]
    return pack(np.swapaxes(x, -1, -2) @ change, change.sum(axis=-2))
