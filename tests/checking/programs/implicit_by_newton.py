"""Implicit MAML: the optimum of L + λ/2 |w - θ|² by Newton's steps; the complex step fails.

MISTAKE meta_gradient at 1 step | all | the query gradient at the optimum alone
    grads.append(np.linalg.solve(A, gradient(w, xq, yq)))  ->  grads.append(gradient(w, xq, yq))
    says first-order: not taken back through adapt
MISTAKE meta_gradient at 1 step | all | multiplied by (I + H/lam), not solved
    np.linalg.solve(A, gradient(w, xq, yq))  ->  A @ gradient(w, xq, yq)
"""
import numpy as np

H = 2
d_in = d_out = 1

def unpack(t):
    return t[:H].reshape(1, H), t[H:2*H], t[2*H:3*H].reshape(H, 1), t[3*H:3*H+1]

def loss(t, x, y):
    W1, b1, W2, b2 = unpack(t)
    return np.mean((np.tanh(x @ W1 + b1) @ W2 + b2 - y) ** 2)

def gradient(t, x, y):
    W1, b1, W2, b2 = unpack(t)
    a = np.tanh(x @ W1 + b1)
    d = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = (d @ W2.T) * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])

def hvp(t, x, y, v):
    return gradient(t + 1e-20j * v, x, y).imag / 1e-20

n_params = 3 * H + 1
blocks = [("W1", (1, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

lam = 30.0

def hessian(w, x, y):
    return np.array([hvp(w, x, y, e) for e in np.eye(n_params)])

def adapt(theta, x, y, alpha, steps):
    # solved to the end, whatever alpha and steps are
    w = theta
    for _ in range(6):
        g = gradient(w, x, y) + lam * (w - theta)
        w = w - np.linalg.solve(hessian(w, x, y) + lam * np.eye(n_params), g)
    return w

def meta_gradient(theta, batch, alpha, steps):
    grads = []
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        w = adapt(theta, xs, ys, alpha, steps)
        A = np.eye(n_params) + hessian(w, xs, ys) / lam
        grads.append(np.linalg.solve(A, gradient(w, xq, yq)))
    return np.mean(grads, axis=0)
