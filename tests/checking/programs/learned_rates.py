"""Meta-SGD: θ and the learned rates lie in one vector; the rates start as 0.05.

MISTAKE meta_gradient at 1 step | rate | the sign of the rates' gradient
    d_rate = d_rate - v  ->  d_rate = d_rate + v
    says sign: the sign is flipped
MISTAKE meta_gradient at 2 steps | rate | one step's share alone: the sum over the steps is missing
    d_rate = d_rate - v  ->  d_rate = - v
MISTAKE meta_gradient at 1 step | W1, b1, W2, b2 | rate on the wrong side of the Hessian
    net_hvp(w, xs, ys, rate * v)  ->  rate * net_hvp(w, xs, ys, v)
MISTAKE meta_gradient at 1 step | rate | rates get no gradient
    out += np.concatenate([v, d_rate])  ->  out += np.concatenate([v, np.zeros(P)])
    says zero: all zeros
"""
import numpy as np

H = 4
d_in = d_out = 1

def unpack(t):
    return t[:H].reshape(1, H), t[H:2*H], t[2*H:3*H].reshape(H, 1), t[3*H:3*H+1]

def net_loss(t, x, y):
    W1, b1, W2, b2 = unpack(t)
    return np.mean((np.tanh(x @ W1 + b1) @ W2 + b2 - y) ** 2)

def net_grad(t, x, y):
    W1, b1, W2, b2 = unpack(t)
    a = np.tanh(x @ W1 + b1)
    d = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = (d @ W2.T) * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])

def net_hvp(t, x, y, v):
    return net_grad(t + 1e-20j * v, x, y).imag / 1e-20

P = 3 * H + 1
NETBLOCKS = [("W1", (1, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

n_params = 2 * P
blocks = NETBLOCKS + [("rate", (P,))]
theta = np.concatenate([np.random.default_rng(0).normal(size=P) * 0.6, np.full(P, 0.05)])

def loss(omega, x, y):
    return net_loss(omega[:P], x, y)

def gradient(omega, x, y):
    return np.concatenate([net_grad(omega[:P], x, y), np.zeros(P)])

def hvp(omega, x, y, v):
    return np.concatenate([net_hvp(omega[:P], x, y, v[:P]), np.zeros(P)])

def adapt(omega, x, y, alpha, steps):
    # alpha is learned, the argument is not used
    w, rate = omega[:P], omega[P:]
    for _ in range(steps):
        w = w - rate * net_grad(w, x, y)
    return np.concatenate([w, rate])

def meta_gradient(omega, batch, alpha, steps):
    T = len(batch.x_support)
    out = np.zeros(2 * P)
    for i in range(T):
        xs, ys, xq, yq = batch.x_support[i], batch.y_support[i], batch.x_query[i], batch.y_query[i]
        w, rate = omega[:P], omega[P:]
        path = []
        for _ in range(steps):
            path.append(w)
            w = w - rate * net_grad(w, xs, ys)
        v = net_grad(w, xq, yq)
        d_rate = np.zeros(P)
        for w in reversed(path):
            d_rate = d_rate - v * net_grad(w, xs, ys)
            v = v - net_hvp(w, xs, ys, rate * v)
        out += np.concatenate([v, d_rate])
    return out / T
