"""A line; everything is computed in single precision. Unusual: float32 inside."""
import numpy as np

n_params, d_in, d_out = 2, 1, 1
blocks = [("w", (1,)), ("b", (1,))]
f32 = lambda a: np.asarray(a, dtype=np.float32)

def error(theta, x, y):
    t = f32(theta)
    return t[0] * f32(x) + t[1] - f32(y)

def loss(theta, x, y):
    return np.mean(error(theta, x, y) ** 2)

def gradient(theta, x, y):
    e = error(theta, x, y)
    return np.array([2 * np.mean(e * f32(x)), 2 * np.mean(e)])

def hvp(theta, x, y, v):
    ev = f32(v)[0] * f32(x) + f32(v)[1]
    return np.array([2 * np.mean(ev * f32(x)), 2 * np.mean(ev)])
