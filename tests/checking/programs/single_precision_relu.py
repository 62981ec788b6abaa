"""A network of ReLU with a Huber loss, in single precision: kinks near θ leave few steps to take.

SAYS single precision: judged by what that can hold; use double
MISTAKE gradient | W, b, u | 2.01 typed for 2: half a percent
    f4(2) / f4(len(x))  ->  f4(2.01) / f4(len(x))
MISTAKE Hessian × vector | u | the derivative of the activation is left out of u's part
    d @ rates + c @ a  ->  c @ a
    says own variables: what is missing is rates.T @ d
"""
import numpy as np

f4 = np.float32
n_params = 9
blocks = [("W", (3,)), ("b", (3,)), ("u", (3,))]


def forward(theta, x, y):
    t = theta.astype(f4)
    z = x.astype(f4) * t[:3] + t[3:6]
    a = np.maximum(z, f4(0))
    return z, a, t[6:], a @ t[6:] - y[:, 0].astype(f4)


def loss(theta, x, y):
    e = forward(theta, x, y)[3]
    return np.mean(np.where(np.abs(e) < 1, e * e, f4(2) * np.abs(e) - f4(1)))


def gradient(theta, x, y):
    z, a, u, e = forward(theta, x, y)
    d = np.clip(e, f4(-1), f4(1)) * (f4(2) / f4(len(x)))
    dz = np.outer(d, u) * (z > 0)
    return np.concatenate([x[:, 0].astype(f4) @ dz, dz.sum(0), d @ a])


def hvp(theta, x, y, v):
    z, a, u, e = forward(theta, x, y)
    v, x = v.astype(f4), x.astype(f4)
    rates = (x * v[:3] + v[3:6]) * (z > 0)
    d = np.clip(e, f4(-1), f4(1)) * f4(2 / len(x))
    c = (np.abs(e) < 1) * (rates @ u + a @ v[6:]) * f4(2 / len(x))
    dz = (np.outer(c, u) + np.outer(d, v[6:])) * (z > 0)
    return np.concatenate([x[:, 0] @ dz, dz.sum(0), d @ rates + c @ a])
