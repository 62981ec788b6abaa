"""Student's t with three degrees of freedom, scales learned, by einsum.

MISTAKE gradient | logs | sign of the log-scale's gradient
    gs = (1 - w * u)  ->  gs = (w * u - 1)
    says sign: the sign is flipped
"""

import numpy as np

nu = 3.0
d_in, d_out = 2, 2
n_params = 8
blocks = [("W", (2, 2)), ("b", (2,)), ("logs", (2,))]

def standard(theta, x, y):
    W = theta[..., :4].reshape(theta.shape[:-1] + (2, 2))
    s = np.exp(-theta[..., None, 6:])
    return (np.einsum("...ki,...io->...ko", x, W) + theta[..., None, 4:6] - y) * s, s

def loss(theta, x, y):
    u, s = standard(theta, x, y)
    return ((nu + 1) / 2 * np.log(1 + u ** 2 / nu) - np.log(s)).mean((-2, -1))

def gradient(theta, x, y):
    u, s = standard(theta, x, y)
    n = u.shape[-1] * u.shape[-2]
    w = (nu + 1) * u / (nu + u ** 2)
    d = w * s / n
    gW = np.einsum("...ki,...ko->...io", x, d)
    gs = (1 - w * u).sum(-2) / n
    return np.concatenate([gW.reshape(gW.shape[:-2] + (4,)), d.sum(-2), gs], -1)

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
