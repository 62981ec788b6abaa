"""At θ = 0 a wrong factor cannot show; H v is right.

FAIL gradient | W1, b1 | 2 times what it should be, and the sign is flipped; ✓ Hessian × vector;
    W1, b1, W2: derivative 0 at the θ given |! square
"""
import numpy as np
d_in = d_out = 1
n_params = 13
theta = np.zeros(13)
blocks = [("W1", (1, 4)), ("b1", (4,)), ("W2", (4, 1)), ("b2", (1,))]
def split(t): return t[..., None, :4], t[..., None, 4:8], t[..., 8:12, None], t[..., None, 12:]
def forward(t, x):
    W1, b1, W2, b2 = split(t); a = np.tanh(x @ W1 + b1); return a, a @ W2 + b2
def loss(theta, x, y): return ((forward(theta, x)[1] - y) ** 2).mean((-2, -1))
def gradient(theta, x, y):
    W1, b1, W2, b2 = split(theta); a, f = forward(theta, x)
    d = 2 * (f - y) / y.shape[-2]
    T = lambda m: np.swapaxes(m, -1, -2)
    d1 = -2 * d @ T(W2) * (1 - a ** 2)
    return np.concatenate([(T(x) @ d1)[..., 0, :], d1.sum(-2), (T(a) @ d)[..., 0], d.sum(-2)], -1)
import tinymeta as tm
net = tm.MLP([1, 4, 1], "tanh")
def hvp(theta, x, y, v): return net.hvp(theta, x, y, v)
