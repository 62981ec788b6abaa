"""Logistic growth by Euler's steps, its sensitivities beside it.

MISTAKE gradient | all | sensitivities are stepped with the state after the step
    at = u  ->  at = u + dt * r * u * (1 - u / c)
"""

import numpy as np

n_params = 2
d_in = d_out = 1
blocks = [("rate", (1,)), ("capacity", (1,))]
theta = np.array([0.9, 1.5])
dt, N = 0.1, 12

def simulate(theta, x):
    r, c = theta
    u = 0.2 + 0.05 * np.tanh(x[:, 0])
    S = np.zeros((2, len(u)))
    for _ in range(N):
        at = u
        u = u + dt * r * u * (1 - u / c)
        S = S + dt * np.array([S[0] * r * (1 - 2 * at / c) + at * (1 - at / c),
                               S[1] * r * (1 - 2 * at / c) + r * at ** 2 / c ** 2])
    return u, S

def loss(theta, x, y):
    return np.mean((simulate(theta, x)[0] - y[:, 0]) ** 2)

def gradient(theta, x, y):
    u, S = simulate(theta, x)
    return S @ (2 * (u - y[:, 0])) / len(x)

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
