"""A tanh network 1-4-1 with weight decay on W1 and W2.

MISTAKE gradient | W1, W2 | the 2 of the penalty is missing
    2 * reg * W1  ->  reg * W1
    2 * reg * W2  ->  reg * W2
    says penalty: derived - expected is -0.1 θ
MISTAKE gradient | W1, W2 | a penalty of 5e-6 is in the loss alone
    reg = 0.1  ->  reg = 5e-6
     + 2 * reg * W1  ->
     + 2 * reg * W2  ->
    says penalty: derived - expected is -1e-05 θ
"""

import numpy as np

d_in = d_out = 1
n_params = 13
blocks = [("W1", (1, 4)), ("b1", (4,)), ("W2", (4, 1)), ("b2", (1,))]
reg = 0.1

def T(a):
    return np.swapaxes(a, -1, -2)

def forward(t, x):
    W1, b1, W2, b2 = np.split(t[..., None, :], [4, 8, 12], axis=-1)
    a = np.tanh(x @ W1 + b1)
    return a, a @ T(W2) + b2, W1, W2

def loss(theta, x, y):
    a, f, W1, W2 = forward(theta, x)
    return ((f - y) ** 2).mean((-2, -1)) + reg * (W1 ** 2 + W2 ** 2).sum((-2, -1))

def gradient(theta, x, y):
    a, f, W1, W2 = forward(theta, x)
    d = 2 * (f - y) / y.shape[-2]
    d1 = d @ W2 * (1 - a ** 2)
    gW1 = (T(x) @ d1 + 2 * reg * W1)[..., 0, :]
    gW2 = (T(d) @ a + 2 * reg * W2)[..., 0, :]
    return np.concatenate([gW1, d1.sum(-2), gW2, d.sum(-2)], -1)

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
