"""A learner with a memory: it reads (x_t, y_{t-1}), and predicts at each step.

MISTAKE gradient | A, R, b | later errors do not reach earlier states
    dh = e[t] * u + back  ->  dh = e[t] * u
MISTAKE gradient | R | state after the step in place of before
    gR = gR + np.outer(hs[t], dz)  ->  gR = gR + np.outer(hs[t + 1], dz)
    says own variables: h[t].T @ dz[t]; these are the sum over t of h[t+1].T @ dz[t]
MISTAKE gradient | u | read-out sees the state before the step
    gu = gu + e[t] * hs[t + 1]  ->  gu = gu + e[t] * hs[t]
    says own variables: e.T @ h[t+1]; these are the sum over t of e.T @ h[t]
MISTAKE gradient | u | only the last step's share
    gu = gu + e[t] * hs[t + 1]  ->  gu = gu if t < len(x) - 1 else e[t] * hs[t + 1]
    says own variables: the right numbers are the sum over t of e.T @ h[t+1]
"""
import numpy as np

# a learner with a memory: reads (x_t, y_{t-1}) one after another, predicts y_t at each step
n = 2
d_in = d_out = 1
blocks = [("A", (2, n)), ("R", (n, n)), ("b", (n,)), ("u", (n,))]
n_params = 2 * n + n * n + 2 * n

def parts(t):
    return t[:2*n].reshape(2, n), t[2*n:2*n+n*n].reshape(n, n), t[2*n+n*n:3*n+n*n], t[3*n+n*n:]

def read(theta, x, y):
    A, R, b, u = parts(theta)
    before = np.vstack([np.zeros((1, 1)), y[:-1]])
    inputs = np.hstack([x, before])
    h, hs, out = np.zeros(n), [np.zeros(n)], []
    for i in inputs:
        h = np.tanh(i @ A + h @ R + b)
        hs.append(h)
        out.append(h @ u)
    return inputs, hs, np.array(out)

def loss(theta, x, y):
    return np.mean((read(theta, x, y)[2] - y[:, 0]) ** 2)

def gradient(theta, x, y):
    A, R, b, u = parts(theta)
    inputs, hs, f = read(theta, x, y)
    e = 2 * (f - y[:, 0]) / len(x)
    gA, gR, gb, gu = 0, 0, 0, 0
    back = np.zeros(n)
    for t in reversed(range(len(x))):
        dh = e[t] * u + back
        dz = dh * (1 - hs[t + 1] ** 2)
        gA = gA + np.outer(inputs[t], dz)
        gR = gR + np.outer(hs[t], dz)
        gb = gb + dz
        gu = gu + e[t] * hs[t + 1]
        back = R @ dz
    return np.concatenate([gA.ravel(), gR.ravel(), gb, gu])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
