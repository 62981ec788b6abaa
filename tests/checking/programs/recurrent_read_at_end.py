"""An Elman network over three numbers, read at the end.

MISTAKE gradient | Wh | recurrent weights see the state after, not before, the step
    gWh = gWh + states[t].T @ dz  ->  gWh = gWh + states[t + 1].T @ dz
    says own variables: states[t].T @ dz[t]; these are the sum over t of states[t+1].T @ dz[t]
MISTAKE gradient | Wx, Wh, bh | recurrent matrix not transposed in backpropagation through time
    dh = dz @ Wh.T  ->  dh = dz @ Wh
MISTAKE gradient | Wx, Wh, bh | tanh' is given the state, which is a tanh already
    (1 - states[t + 1] ** 2)  ->  (1 - np.tanh(states[t + 1]) ** 2)
    says argument: tanh is taken of what is a tanh already, as in 1 - tanh(a)² for 1 - a²
"""

import numpy as np

L, h = 3, 2
d_in, d_out = L, 1
blocks = [("Wx", (1, h)), ("Wh", (h, h)), ("bh", (h,)), ("Wo", (h, 1)), ("bo", (1,))]
n_params = h + h * h + h + h + 1

def unpack(t):
    Wx, Wh, bh, Wo, bo = np.split(t, np.cumsum([h, h * h, h, h]))
    return Wx.reshape(1, h), Wh.reshape(h, h), bh, Wo.reshape(h, 1), bo

def run(theta, x):
    Wx, Wh, bh, Wo, bo = unpack(theta)
    states = [np.zeros((len(x), h))]
    for t in range(L):
        states.append(np.tanh(x[:, t:t + 1] @ Wx + states[-1] @ Wh + bh))
    return states, states[-1] @ Wo + bo

def loss(theta, x, y):
    return ((run(theta, x)[1] - y) ** 2).mean()

def gradient(theta, x, y):
    Wx, Wh, bh, Wo, bo = unpack(theta)
    states, f = run(theta, x)
    d = 2 * (f - y) / len(x)
    gWx, gWh, gbh = 0, 0, 0
    dh = d @ Wo.T
    for t in reversed(range(L)):
        dz = dh * (1 - states[t + 1] ** 2)
        gWx = gWx + x[:, t:t + 1].T @ dz
        gWh = gWh + states[t].T @ dz
        gbh = gbh + dz.sum(0)
        dh = dz @ Wh.T
    return np.concatenate([gWx.ravel(), gWh.ravel(), gbh, (states[-1].T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
