"""CAVIA: only the context adapts, from 0, whatever θ says of it.

MISTAKE meta_gradient at 1 step | W, b, u | no mask in the pullback: as if all were adapted
    hvp(w, xs, ys, is_context * v)  ->  hvp(w, xs, ys, v)
MISTAKE meta_gradient at 1 step | W, b, u | mixed derivative of theta and context is dropped
    v = v - alpha * hvp(w, xs, ys, is_context * v)
    ->  v = v - alpha * is_context * hvp(w, xs, ys, is_context * v)
    says first-order: not taken back through adapt
MISTAKE meta_gradient at 1 step | W, b, u | the outer gradient is the support set's
    v = gradient(path[-1], xq, yq)  ->  v = gradient(path[-1], xs, ys)
    says swap: the outer loss is taken on the support set
MISTAKE meta_gradient at 1 step | c | the context starts from 0, whatever theta says: derivative 0
    total = total + v * (1 - is_context)  ->  total = total + v
    says should be zero: should be 0
"""
import numpy as np

H, C = 4, 2
d_in = d_out = 1
blocks = [("W", (1 + C, H)), ("b", (H,)), ("u", (H,)), ("c", (C,))]
m = (1 + C) * H
n_params = m + 2 * H + C

def forward(t, x):
    W, b, u, c = t[:m].reshape(1 + C, H), t[m:m+H], t[m+H:m+2*H], t[m+2*H:]
    z = np.concatenate([x, np.broadcast_to(c, (len(x), C))], axis=1)
    return z, np.tanh(z @ W + b), W, u

def loss(theta, x, y):
    z, a, W, u = forward(theta, x)
    return np.mean((a @ u - y[:, 0]) ** 2)

def gradient(theta, x, y):
    z, a, W, u = forward(theta, x)
    e = 2 * (a @ u - y[:, 0]) / len(x)
    d = np.outer(e, u) * (1 - a ** 2)
    return np.concatenate([(z.T @ d).ravel(), d.sum(0), a.T @ e, (d @ W.T)[:, 1:].sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20

is_context = np.zeros(n_params)
is_context[-C:] = 1

def adapt(theta, x, y, alpha, steps):
    w = theta * (1 - is_context)
    for _ in range(steps):
        w = w - alpha * is_context * gradient(w, x, y)
    return w

def meta_gradient(theta, batch, alpha, steps):
    total = 0
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        path = [theta * (1 - is_context)]
        for k in range(steps):
            path.append(path[-1] - alpha * is_context * gradient(path[-1], xs, ys))
        v = gradient(path[-1], xq, yq)
        for w in path[-2::-1]:
            v = v - alpha * hvp(w, xs, ys, is_context * v)
        total = total + v * (1 - is_context)
    return total / len(batch.x_support)
