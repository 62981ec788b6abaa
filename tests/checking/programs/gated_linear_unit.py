"""(x A + a) sigmoid(x B + b), then a linear read-out.

MISTAKE gradient | B, b | sigmoid' = s (1 - s) of the gate given as s
    dgate = dm * lin * gate * (1 - gate)  ->  dgate = dm * lin * gate
MISTAKE gradient | A, a | the linear branch is multiplied by itself, not by the gate
    dlin = dm * gate  ->  dlin = dm * lin
"""

import numpy as np

d_in, d_out, h = 2, 1, 2
blocks = [("A", (2, h)), ("a", (h,)), ("B", (2, h)), ("b", (h,)), ("C", (h, 1))]
n_params = 2 * h + h + 2 * h + h + h

def unpack(t):
    A, a, B, b, C = np.split(t, [2 * h, 3 * h, 5 * h, 6 * h])
    return A.reshape(2, h), a, B.reshape(2, h), b, C.reshape(h, 1)

def forward(theta, x):
    A, a, B, b, C = unpack(theta)
    lin = x @ A + a
    gate = 1 / (1 + np.exp(-(x @ B + b)))
    return lin, gate, (lin * gate) @ C

def loss(theta, x, y):
    return ((forward(theta, x)[2] - y) ** 2).mean()

def gradient(theta, x, y):
    A, a, B, b, C = unpack(theta)
    lin, gate, f = forward(theta, x)
    e = 2 * (f - y) / len(x)
    dm = e @ C.T
    dlin = dm * gate
    dgate = dm * lin * gate * (1 - gate)
    return np.concatenate([(x.T @ dlin).ravel(), dlin.sum(0), (x.T @ dgate).ravel(), dgate.sum(0),
                           ((lin * gate).T @ e).ravel()])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
