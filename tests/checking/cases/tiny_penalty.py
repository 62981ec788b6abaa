"""The loss has a penalty of 5e-6, the gradient has none.

FAIL gradient | W1, W2 | derived - expected is -1e-05 θ: is a penalty's share missing
"""
import numpy as np
d_in = d_out = 1
n_params = 13
blocks = [("W1", (1, 4)), ("b1", (4,)), ("W2", (4, 1)), ("b2", (1,))]
reg = 5e-6
def split(t): return t[..., None, :4], t[..., None, 4:8], t[..., 8:12, None], t[..., None, 12:]
def forward(t, x):
    W1, b1, W2, b2 = split(t); a = np.tanh(x @ W1 + b1); return a, a @ W2 + b2
def loss(theta, x, y):
    W1, b1, W2, b2 = split(theta)
    return ((forward(theta, x)[1] - y) ** 2).mean((-2, -1)) + reg * ((W1 ** 2).sum((-2,
            -1)) + (W2 ** 2).sum((-2, -1)))
def gradient(theta, x, y, c=0):
    W1, b1, W2, b2 = split(theta); a, f = forward(theta, x)
    d = 2 * (f - y) / y.shape[-2]
    d1 = d @ np.swapaxes(W2, -1, -2) * (1 - a ** 2)
    T = lambda m: np.swapaxes(m, -1, -2)
    g = [(T(x) @ d1 + c * reg * W1)[..., 0, :], d1.sum(-2), (T(a) @ d + c * reg * W2)[..., 0],
            d.sum(-2)]
    return np.concatenate(g, -1)
