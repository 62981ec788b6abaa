"""A linear Gaussian autoencoder; unusual: its noise is drawn once.

MISTAKE gradient | mu | KL term's gradient in the mean is missing
    dm = dz + m / n  ->  dm = dz
    says own variables: what is missing is x.T @ m / len(x)
MISTAKE gradient | logvar | 1/2 of exp(s/2)'s derivative is missing
    ds = dz * 0.5 * np.exp(0.5 * s)  ->  ds = dz * np.exp(0.5 * s)
"""

import numpy as np

d_in, d_out = 2, 2
n_params = 2 + 2 + 2
blocks = [("mu", (2,)), ("logvar", (2,)), ("dec", (2,))]
noise = np.random.default_rng(0).normal(size=1000)

def encode(theta, x):
    m, s = x @ theta[:2], x @ theta[2:4]
    return m, s, m + np.exp(0.5 * s) * noise[:len(x)]

def loss(theta, x, y):
    m, s, z = encode(theta, x)
    rec = ((np.outer(z, theta[4:]) - y) ** 2).sum(1)
    kl = 0.5 * (m ** 2 + np.exp(s) - s - 1)
    return (rec + kl).mean()

def gradient(theta, x, y):
    m, s, z = encode(theta, x)
    n = len(x)
    d = 2 * (np.outer(z, theta[4:]) - y) / n
    dz = d @ theta[4:]
    dm = dz + m / n
    ds = dz * 0.5 * np.exp(0.5 * s) * noise[:n] + 0.5 * (np.exp(s) - 1) / n
    return np.concatenate([x.T @ dm, x.T @ ds, z @ d])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
