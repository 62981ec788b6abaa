"""Two sigmoid layers with the examples in columns, (features, m), and means by 1 / m.

MISTAKE gradient | W1, b1 | the hidden layer's slope is missing
    dZ1 = dA1 * A1 * (1 - A1)  ->  dZ1 = dA1
    says own variables: W1: the right numbers are (dA1 * A1 * (1 - A1)) @ x / len(x)
    says own variables: b1: the right numbers are (dA1 * A1 * (1 - A1)).sum(axis=1) / len(x)
MISTAKE gradient | b1 | the bias's gradient is summed from the weights'
    db1 = dZ1.sum(axis=1) / m  ->  db1 = dW1.sum(axis=1)
    says own variables: right numbers are dZ1.sum(axis=1) / len(x); these are dW1.sum(axis=1)
MISTAKE gradient | all | the output's slope is taken of the error
    dZ2 = E * A2 * (1 - A2)  ->  dZ2 = E * (1 - E)
    says own variables: W2: the right numbers are (E * A2 * (1 - A2)) @ A1.T / len(x)
    says own variables: b2: the right numbers are (E * A2 * (1 - A2)).sum(axis=1) / len(x)
"""
import numpy as np

n, h = 2, 3
d_in, d_out = n, 2
blocks = [("W1", (h, n)), ("b1", (h,)), ("W2", (2, h)), ("b2", (2,))]
n_params = h * n + h + 2 * h + 2

def unpack(t):
    i, j = h * n, h * n + h
    return t[:i].reshape(h, n), t[i:j, None], t[j:j + 2 * h].reshape(2, h), t[j + 2 * h:, None]

def forward(t, X):
    W1, b1, W2, b2 = unpack(t)
    A1 = 1 / (1 + np.exp(-(W1 @ X + b1)))
    return A1, 1 / (1 + np.exp(-(W2 @ A1 + b2)))

def loss(t, x, y):
    return ((forward(t, x.T)[1] - y.T) ** 2).sum() / (2 * len(x))

def gradient(t, x, y):
    X, m = x.T, len(x)
    A1, A2 = forward(t, X)
    E = A2 - y.T
    dZ2 = E * A2 * (1 - A2)
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1) / m
    dA1 = unpack(t)[2].T @ dZ2
    dZ1 = dA1 * A1 * (1 - A1)
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1) / m
    return np.concatenate([dW1.ravel(), db1, dW2.ravel(), db2])

def hvp(t, x, y, v):
    return gradient(t + 1e-20j * v, x, y).imag / 1e-20
