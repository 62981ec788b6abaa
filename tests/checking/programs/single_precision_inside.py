"""A model in single precision, momentum inside: FOMAML, Reptile and MAML's gradient are in double.

SAYS taken as another inner loop, by which meta_gradient and first_order_meta_gradient and reptile
MISTAKE meta_gradient at 2 steps | all | the velocity's adjoint is not carried on
    u = 0.8 * u + v  ->  u = v
MISTAKE first_order_meta_gradient at 1 step | W, b, V | on the support set
    alpha, steps), xq, yq)  ->  alpha, steps), xs, ys)
"""
import numpy as np

H, f4 = 2, np.float32
d_in = d_out = 1
n_params = 3 * H
blocks = [("W", (1, H)), ("b", (H,)), ("V", (H, 1))]


def cut(theta, *arrays):
    t = theta.astype(f4)
    W, b, V = t[:H].reshape(1, H), t[H:2 * H], t[2 * H:].reshape(H, 1)
    return W, b, V, *(a.astype(f4) for a in arrays)


def loss(theta, x, y):
    W, b, V, x, y = cut(theta, x, y)
    return np.mean((np.tanh(x @ W + b) @ V - y) ** 2)


def gradient(theta, x, y):
    W, b, V, x, y = cut(theta, x, y)
    a = np.tanh(x @ W + b)
    e = f4(2 / len(x)) * (a @ V - y)
    d = e * V.T * (1 - a * a)
    return np.concatenate([(x.T @ d).ravel(), d.sum(0), (a.T @ e).ravel()])


def hvp(theta, x, y, v):
    W, b, V, x, y = cut(theta, x, y)
    dW, db, dV = cut(v)
    a = np.tanh(x @ W + b)
    e = f4(2 / len(x)) * (a @ V - y)
    da = (1 - a * a) * (x @ dW + db)
    de = f4(2 / len(x)) * (da @ V + a @ dV)
    dd = (de * V.T + e * dV.T) * (1 - a * a) - 2 * e * V.T * a * da
    return np.concatenate([(x.T @ dd).ravel(), dd.sum(0), (da.T @ e + a.T @ de).ravel()])


def path(theta, x, y, alpha, steps):
    ws, m = [theta], 0 * theta
    for _ in range(steps):
        m = 0.8 * m + gradient(ws[-1], x, y)
        ws.append(ws[-1] - alpha * m)
    return ws


def adapt(theta, x, y, alpha, steps):
    return path(theta, x, y, alpha, steps)[-1]


def tasks(batch):
    return zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query)


def meta_gradient(theta, batch, alpha, steps):
    total = 0
    for xs, ys, xq, yq in tasks(batch):
        *ws, end = path(theta, xs, ys, alpha, steps)
        v, u = gradient(end, xq, yq), 0 * theta
        for w in ws[::-1]:
            u = 0.8 * u + v
            v = v - alpha * hvp(w, xs, ys, u)
        total = total + v
    return total / len(batch.x_support)


def first_order_meta_gradient(theta, batch, alpha, steps):
    return np.mean([gradient(adapt(theta, xs, ys, alpha, steps), xq, yq)
                    for xs, ys, xq, yq in tasks(batch)], axis=0)


def reptile(theta, batch, alpha, steps):
    return np.mean([theta - adapt(theta, xs, ys, alpha, steps) for xs, ys, _, _ in tasks(batch)], 0)
