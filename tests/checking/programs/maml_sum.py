"""MAML over all tasks at once.

MISTAKE meta_gradient | every block | sum over the tasks in place of the mean: T times |
    T = 4 times what it should be: a sum where the mean is
-     return v.mean(axis=0)
+     return v.sum(axis=0)

MISTAKE meta_gradient | every block | query gradient at theta_0, before adaptation |
    the query gradient is taken at θ_0; it belongs at θ_S
-     v = gradient(thetas[steps], xq, yq)                        # (T, P)
+     v = gradient(thetas[0], xq, yq)                        # (T, P)

MISTAKE meta_gradient | every block | Hessian at theta_{k+1} in place of theta_k |
    H is taken at θ_{k+1}; it belongs at θ_k, or every H is
-         v = v - alpha * hvp(thetas[k], xs, ys, v)
+         v = v - alpha * hvp(thetas[k + 1], xs, ys, v)

MISTAKE meta_gradient | every block | only the last step's Hessian (truncated) |
    only the last step's I - αH is there, or the first step's I
-     for k in range(steps - 1, -1, -1):
+     for k in range(steps - 1, max(steps - 2, -1), -1):
"""
import numpy as np

n_params = 3
d_in = d_out = 1
blocks = [("amplitude", (1,)), ("frequency", (1,)), ("phase", (1,))]

def _terms(theta, x, y):
    A, w, p = theta[..., 0:1], theta[..., 1:2], theta[..., 2:3]
    u = w * x[..., 0] + p
    return A, x[..., 0], np.sin(u), np.cos(u), A * np.sin(u) - y[..., 0]

def loss(theta, x, y):
    return (_terms(theta, x, y)[-1] ** 2).mean(-1)

def gradient(theta, x, y):
    A, x, s, c, e = _terms(theta, x, y)
    return 2 * np.stack([(e * s).mean(-1), (e * A * c * x).mean(-1), (e * A * c).mean(-1)], -1)

def hvp(theta, x, y, v):
    A, x, s, c, e = _terms(theta, x, y)
    a, w, p = v[..., 0:1], v[..., 1:2], v[..., 2:3]
    du = w * x + p
    de = a * s + A * c * du
    h0 = de * s + e * c * du
    h2 = de * A * c + e * (a * c - A * s * du)
    return 2 * np.stack([h0.mean(-1), (h2 * x).mean(-1), h2.mean(-1)], -1)

def meta_gradient(theta, batch, alpha, steps):
    xs, ys, xq, yq = batch.x_support, batch.y_support, batch.x_query, batch.y_query
    thetas = [np.repeat(theta[None], len(xs), axis=0)]
    for _ in range(steps):
        last = thetas[-1]
        thetas.append(last - alpha * gradient(last, xs, ys))
    v = gradient(thetas[steps], xq, yq)                        # (T, P)
    for k in range(steps - 1, -1, -1):
        v = v - alpha * hvp(thetas[k], xs, ys, v)
    return v.mean(axis=0)
