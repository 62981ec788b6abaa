"""At θ = 0 with ReLU wrong factors cannot show.

FAIL gradient | W1, b1, W2 | -7 times what it should be; 3 times what it should be
"""
import numpy as np
d_in = d_out = 1
n_params = 13
theta = np.zeros(13)
blocks = [("W1", (1, 4)), ("b1", (4,)), ("W2", (4, 1)), ("b2", (1,))]
relu = lambda z: z * (z.real > 0)
T = lambda m: np.swapaxes(m, -1, -2)
def split(t): return t[..., None, :4], t[..., None, 4:8], t[..., 8:12, None], t[..., None, 12:]
def forward(t, x):
    W1, b1, W2, b2 = split(t); z = x @ W1 + b1; return z, relu(z) @ W2 + b2
def loss(theta, x, y): return ((forward(theta, x)[1] - y) ** 2).mean((-2, -1))
def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta); z, f = forward(theta, x)
    d = 2 * (f - y) / y.shape[-2]
    d1 = -7 * d @ T(W2) * (z.real > 0)
    return np.concatenate([(T(x) @ d1)[..., 0, :], d1.sum(-2), 3 * (T(relu(z)) @ d)[..., 0],
            d.sum(-2)], -1)
def hvp(theta, x, y, v): return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
