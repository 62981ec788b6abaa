"""Unusual: slogdet is real; H v is a difference of gradients.

STOPS at Hessian × vector | a difference of gradients?
MISTAKE gradient | all | 1/2 of the log determinant is missing
    S = 0.5 * (inv - np.outer(alpha, alpha))  ->  S = inv - 0.5 * np.outer(alpha, alpha)
"""

import numpy as np

n_params = 3
d_in = d_out = 1
blocks = [("log_amp", (1,)), ("log_len", (1,)), ("log_noise", (1,))]
theta = np.array([0.2, -0.1, -0.7])

def kernel(theta, x):
    d2 = (x - x.T) ** 2
    K = np.exp(2 * theta[0] - 0.5 * d2 * np.exp(-2 * theta[1]))
    return d2, K, np.exp(2 * theta[2]) * np.eye(len(x))

def loss(theta, x, y):
    d2, K, N = kernel(theta, x)
    alpha = np.linalg.solve(K + N, y[:, 0])
    return 0.5 * y[:, 0] @ alpha + 0.5 * np.linalg.slogdet(K + N)[1]

def gradient(theta, x, y):
    d2, K, N = kernel(theta, x)
    inv = np.linalg.inv(K + N)
    alpha = inv @ y[:, 0]
    S = 0.5 * (inv - np.outer(alpha, alpha))
    return np.array([np.sum(S * 2 * K), np.sum(S * K * d2 * np.exp(-2 * theta[1])),
                     np.sum(S * 2 * N)])

def hvp(theta, x, y, v, eps=1e-5):
    return (gradient(theta + eps * v, x, y) - gradient(theta - eps * v, x, y)) / (2 * eps)
