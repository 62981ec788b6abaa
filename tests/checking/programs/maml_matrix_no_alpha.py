"""MAML with the Jacobian of the inner loop as an explicit matrix.

MISTAKE meta_gradient | every block | alpha is missing before the Hessian |
    α is missing from I - αH, or 1.0 (not the alpha passed in)
-             M = np.eye(n_params) - alpha * hessian(w, xs, ys)
+             M = np.eye(n_params) - hessian(w, xs, ys)

MISTAKE meta_gradient | every block | only the last task counts; the sum over tasks is missing |
    task 3 of 4 alone counts (counted from 0)
-     return np.mean(grads, axis=0)
+     return grads[-1]

MISTAKE meta_gradient | every block | matrix of the newest step multiplied from the wrong side |
    the product of I - αH is taken from the first step to the
-             J = M @ J
+             J = J @ M

MISTAKE meta_gradient | every block | Hessian by a one-sided difference with a step of 0.3
-     return np.array([hvp(theta, x, y, e) for e in np.eye(n_params)])
+     return np.array([(gradient(theta + 0.3 * e, x, y) - gradient(theta, x,
+             y)) / 0.3 for e in np.eye(n_params)])
"""
import numpy as np

d_in, d_out, m = 2, 2, 3
n_params = 2 * m + m + 2 * m
blocks = [("W", (2, m)), ("b", (m,)), ("V", (m, 2))]

def views(t):
    return t[:2 * m].reshape(2, m), t[2 * m:3 * m], t[3 * m:].reshape(m, 2)

def loss(theta, x, y):
    W, b, V = views(theta)
    return np.sum((np.log1p(np.exp(x @ W + b)) @ V - y) ** 2) / y.size

def gradient(theta, x, y):
    W, b, V = views(theta)
    z = x @ W + b
    a = np.log1p(np.exp(z))
    e = 2 * (a @ V - y) / y.size
    dz = (e @ V.T) / (1 + np.exp(-z))
    return np.hstack([(x.T @ dz).ravel(), dz.sum(0), (a.T @ e).ravel()])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20

def hessian(theta, x, y):
    return np.array([hvp(theta, x, y, e) for e in np.eye(n_params)])

def meta_gradient(theta, batch, alpha, steps):
    grads = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w, J = theta, np.eye(n_params)
        for _ in range(steps):
            M = np.eye(n_params) - alpha * hessian(w, xs, ys)
            J = M @ J
            w = w - alpha * gradient(w, xs, ys)
        grads.append(J.T @ gradient(w, xq, yq))
    return np.mean(grads, axis=0)
