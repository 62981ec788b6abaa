"""A recurrent network reads four numbers and gives one.

MISTAKE gradient | b | the bias is not summed over time
    gb = gb + dz.sum(0)  ->  gb = dz.sum(0)
    says own variables: the sum of the values that gb takes one after another
MISTAKE gradient | Wx | Wx's gradient is not summed over time
    gWx = gWx + x[:, t:t+1].T @ dz  ->  gWx = x[:, t:t+1].T @ dz
    says own variables: the sum of the values that gWx takes one after another
MISTAKE gradient | Wx, Wh, b | tanh' at the state of the step before
    dz = dh * (1 - hs[t + 1] ** 2)  ->  dz = dh * (1 - hs[t] ** 2)
MISTAKE gradient | Wx, Wh, b | truncated after two steps
    for t in range(L - 1, -1, -1)  ->  for t in range(L - 1, L - 3, -1)
"""
import numpy as np

L, n = 4, 2
d_in, d_out = L, 1
blocks = [("Wx", (1, n)), ("Wh", (n, n)), ("b", (n,)), ("V", (n, 1)), ("c", (1,))]
n_params = n + n * n + n + n + 1

def unpack(t):
    i = np.cumsum([0, n, n * n, n, n, 1])
    return (t[i[0]:i[1]].reshape(1, n), t[i[1]:i[2]].reshape(n, n), t[i[2]:i[3]],
            t[i[3]:i[4]].reshape(n, 1), t[i[4]:i[5]])

def states(theta, x):
    Wx, Wh, b, V, c = unpack(theta)
    hs = [np.zeros((len(x), n))]
    for t in range(L):
        hs.append(np.tanh(x[:, t:t+1] @ Wx + hs[-1] @ Wh + b))
    return hs

def loss(theta, x, y):
    Wx, Wh, b, V, c = unpack(theta)
    return np.mean((states(theta, x)[-1] @ V + c - y) ** 2)

def gradient(theta, x, y):
    Wx, Wh, b, V, c = unpack(theta)
    hs = states(theta, x)
    e = 2 * (hs[-1] @ V + c - y) / len(x)
    gWx, gWh, gb = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh = e @ V.T
    for t in range(L - 1, -1, -1):
        dz = dh * (1 - hs[t + 1] ** 2)
        gWx = gWx + x[:, t:t+1].T @ dz
        gWh = gWh + hs[t].T @ dz
        gb = gb + dz.sum(0)
        dh = dz @ Wh.T
    return np.concatenate([gWx.ravel(), gWh.ravel(), gb, (hs[-1].T @ e).ravel(), e.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
