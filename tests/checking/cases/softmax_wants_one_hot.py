"""p - y is the gradient for probabilities y alone.

PASS | checked with y one-hot, as the loss wants
"""
import numpy as np
d_in, d_out, n_params = 2, 3, 9
blocks = [("W1", (2, 3)), ("b1", (3,))]
def scores(th, x): return x @ th[..., :6].reshape(th.shape[:-1] + (2, 3)) + th[..., None, 6:]
def soft(z):
    e = np.exp(z - z.real.max(-1, keepdims=True)); return e / e.sum(-1, keepdims=True)
def loss(theta, x, y): return -(y * np.log(soft(scores(theta, x)))).sum(-1).mean(-1)
def gradient(theta, x, y):
    d = (soft(scores(theta, x)) - y) / x.shape[-2]
    W = np.swapaxes(x, -1, -2) @ d
    return np.concatenate([W.reshape(W.shape[:-2] + (6,)), d.sum(-2)], -1)
def hvp(theta, x, y, v): return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
