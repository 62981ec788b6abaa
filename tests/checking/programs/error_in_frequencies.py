"""Unusual: the error is |FFT|², complex inside; H v is a difference of gradients.

MISTAKE gradient | all | 1/n of the transform is missing
    np.fft.fft(e)).real / n  ->  np.fft.fft(e)).real
    says factor: K = 5 times what it should be
"""

import numpy as np

d_in = d_out = 1
n_params = 3
blocks = [("amp", (1,)), ("freq", (1,)), ("level", (1,))]

def signal(theta, x):
    return theta[0] * np.sin(theta[1] * x[:, 0]) + theta[2]

def weights(n):
    return 1.0 / (1 + np.minimum(np.arange(n), n - np.arange(n)))

def loss(theta, x, y):
    e = signal(theta, x) - y[:, 0]
    return np.sum(weights(len(e)) * np.abs(np.fft.fft(e)) ** 2) / len(e) ** 2

def gradient(theta, x, y):
    e = signal(theta, x) - y[:, 0]
    n = len(e)
    de = 2 * np.fft.ifft(weights(n) * np.fft.fft(e)).real / n
    u = theta[1] * x[:, 0]
    return np.array([de @ np.sin(u), de @ (theta[0] * np.cos(u) * x[:, 0]), de.sum()])

def hvp(theta, x, y, v, eps=1e-5):
    return (gradient(theta + eps * v, x, y) - gradient(theta - eps * v, x, y)) / (2 * eps)
