"""Elman network that answers at every time; x and y are one sequence of K steps.

MISTAKE gradient | U, W, b | no backpropagation through time: the later errors' share is missing
-         ds = (e[t] @ V.T) + back
+         ds = (e[t] @ V.T)

MISTAKE gradient | U, W, b | backpropagation through time is truncated after two steps
-         back = dz @ W.T
+         back = dz @ W.T if t % 2 else np.zeros(h)
"""
import numpy as np

d_in, d_out, h = 1, 1, 3
blocks = [("U", (1, h)), ("W", (h, h)), ("b", (h,)), ("V", (h, 1)), ("c", (1,))]
n_params = h + h * h + h + h + 1

def unpack(t):
    return t[:h].reshape(1, h), t[h:h + h * h].reshape(h, h), t[h + h * h:2 * h + h * h], \
            t[-h - 1:-1].reshape(h, 1), t[-1:]

def run(theta, x):
    U, W, b, V, c = unpack(theta)
    s, out = np.zeros(h), []
    for xt in x:
        s = np.tanh(xt @ U + s @ W + b)
        out.append(s)
    S = np.array(out)
    return S, S @ V + c

def loss(theta, x, y):
    return np.mean((run(theta, x)[1] - y) ** 2)

def gradient(theta, x, y):
    U, W, b, V, c = unpack(theta)
    S, f = run(theta, x)
    e = 2 * (f - y) / len(x)
    gU, gW, gb = 0 * U, 0 * W, 0 * b
    back = np.zeros(h)
    for t in range(len(x) - 1, -1, -1):
        ds = (e[t] @ V.T) + back
        dz = ds * (1 - S[t] ** 2)
        before = S[t - 1] if t > 0 else np.zeros(h)
        gU = gU + np.outer(x[t], dz)
        gW = gW + np.outer(before, dz)
        gb = gb + dz
        back = dz @ W.T
    return np.concatenate([gU.ravel(), gW.ravel(), gb, (S.T @ e).ravel(), e.sum(0)])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
