"""One hidden layer of ELU with α = 0.5.

MISTAKE gradient | W1, b1 | ELU's α is missing from its derivative
    np.where(z.real > 0, 1.0, ALPHA * np.exp(z))  ->  np.where(z.real > 0, 1.0, np.exp(z))
    says slope: W1, b1: elu_grad is not the derivative of elu.
MISTAKE gradient | W1, b1 | derivative taken at a = elu(z) in place of z
    dz = dout.dot(W2.T) * elu_grad(z)  ->  dz = dout.dot(W2.T) * elu_grad(a)
"""

import numpy as np

ALPHA = 0.5
d_in, d_out, h = 1, 1, 3
n_params = 3 * h + 1
blocks = [("W1", (1, h)), ("b1", (h,)), ("W2", (h, 1)), ("b2", (1,))]

def elu(z):
    return np.where(z.real > 0, z, ALPHA * (np.exp(z) - 1))

def elu_grad(z):
    return np.where(z.real > 0, 1.0, ALPHA * np.exp(z))

def unpack(t):
    return t[:h].reshape(1, h), t[h:2 * h], t[2 * h:3 * h].reshape(h, 1), t[3 * h:]

def loss(theta, x, y):
    W1, b1, W2, b2 = unpack(theta)
    return np.mean((elu(x @ W1 + b1) @ W2 + b2 - y) ** 2)

def gradient(theta, x, y):
    W1, b1, W2, b2 = unpack(theta)
    z = x @ W1 + b1
    a = elu(z)
    dout = 2 * (a @ W2 + b2 - y) / len(y)
    dz = dout.dot(W2.T) * elu_grad(z)
    return np.hstack([x.T.dot(dz).ravel(), dz.sum(axis=0), a.T.dot(dout).ravel(), dout.sum(axis=0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
