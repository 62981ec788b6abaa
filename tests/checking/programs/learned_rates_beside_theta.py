"""Meta-SGD: the loss is of θ (P,), the meta-gradient of ω = (θ, rates) (2P,).

MISTAKE meta_gradient at 1 step | omega after θ | sign of the rates' share
    d = d - v * gradient  ->  d = d + v * gradient
    says sign: the sign is flipped
MISTAKE meta_gradient at 1 step | all | theta's and alpha's gradients exchanged
    np.concatenate([v, d])  ->  np.concatenate([d, v])
    says order: the right numbers in another order
"""
import numpy as np

H = 4
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

P = n_params = 3 * H + 1
blocks = [("W1", (1, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

omega = np.concatenate([np.random.default_rng(1).normal(size=P), np.full(P, 0.03)])

def adapt(omega, x, y, alpha, steps):
    theta, rate = omega[:P], omega[P:]
    for _ in range(steps):
        theta = theta - rate * gradient(theta, x, y)
    return theta

def meta_gradient(omega, batch, alpha, steps):
    theta, rate = omega[:P], omega[P:]
    total = 0
    for xs, ys, xq, yq in zip(batch.x_support, batch.y_support, batch.x_query, batch.y_query):
        ws = [theta]
        for _ in range(steps):
            ws.append(ws[-1] - rate * gradient(ws[-1], xs, ys))
        v, d = gradient(ws[-1], xq, yq), 0
        for w in ws[-2::-1]:
            d = d - v * gradient(w, xs, ys)
            v = v - hvp(w, xs, ys, rate * v)
        total = total + np.concatenate([v, d])
    return total / len(batch.x_support)
