"""MAML, task by task, with the trajectory kept in a list.

MISTAKE meta_gradient | every block | first-order gradient where the exact one is claimed |
    the Hessian term is missing: this is the first-order
-             v = v - alpha * hvp(w, xs, ys, v)
+             pass

MISTAKE meta_gradient | every block | every Hessian taken at theta_0 |
    every H is taken at θ_0; each belongs at its own θ_k
-             v = v - alpha * hvp(w, xs, ys, v)
+             v = v - alpha * hvp(theta, xs, ys, v)

MISTAKE meta_gradient | every block | product of the Jacobians in the wrong order (first step
    first) |
    the product of I - αH is taken from the first step to the
-         for w in reversed(path[:-1]):
+         for w in path[:-1]:

MISTAKE meta_gradient | every block | S + 1 inner steps |
    the number of steps is 2, not the one passed in, or one
-         for k in range(steps):
+         for k in range(steps + 1):

MISTAKE meta_gradient | every block | theta is not reset between tasks: each task starts where the
    last one ended |
    θ is not reset: each task starts where the one before ended
-         path = [theta]
+         path = [theta if i == 0 else path[-1]]

MISTAKE meta_gradient | every block | sign: (I + alpha H) |
    I + αH stands where I - αH belongs
-             v = v - alpha * hvp(w, xs, ys, v)
+             v = v + alpha * hvp(w, xs, ys, v)

MISTAKE meta_gradient | every block | Hessian on the query set |
    H is taken on the query set; it belongs to the support set
-             v = v - alpha * hvp(w, xs, ys, v)
+             v = v - alpha * hvp(w, xq, yq, v)

MISTAKE meta_gradient | every block | S ignored: always one inner step |
    the number of steps is 1, not the one passed in, or one
-         for k in range(steps):
+         for k in range(1):

MISTAKE meta_gradient | every block | support loss judged: the query set is never looked at |
    the outer gradient is taken on the support set; it belongs
-         v = gradient(path[-1], xq, yq)
+         v = gradient(path[-1], xs, ys)

MISTAKE meta_gradient | every block | query losses averaged over all the steps |
    the query losses before and after each step are averaged;
-         v = gradient(path[-1], xq, yq)
+         v = gradient(path[-1], xq, yq) / (steps + 1)
=
-             v = v - alpha * hvp(w, xs, ys, v)
+             v = v - alpha * hvp(w, xs, ys, v) + gradient(w, xq, yq) / (steps + 1)
"""
import numpy as np

H = 3
d_in = d_out = 1
n_params = 3 * H + 1
blocks = [("W1", (1, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

def pieces(t):
    return t[:H].reshape(1, H), t[H:2 * H], t[2 * H:3 * H].reshape(H, 1), t[3 * H:]

def loss(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    return ((np.tanh(x @ W1 + b1) @ W2 + b2 - y) ** 2).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    a = np.tanh(x @ W1 + b1)
    d = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = (d @ W2.T) * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20

def meta_gradient(theta, batch, alpha, steps):
    total = np.zeros(n_params)
    n_tasks = len(batch.x_support)
    for i in range(n_tasks):
        xs, ys = batch.x_support[i], batch.y_support[i]
        xq, yq = batch.x_query[i], batch.y_query[i]
        path = [theta]
        for k in range(steps):
            path.append(path[-1] - alpha * gradient(path[-1], xs, ys))
        v = gradient(path[-1], xq, yq)
        for w in reversed(path[:-1]):
            v = v - alpha * hvp(w, xs, ys, v)
        total = total + v
    return total / n_tasks
