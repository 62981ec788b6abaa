"""One head of attention over four scalars; the last token asks.

MISTAKE gradient | Q, K | scale 1/√(d) of the scores missing in the backward pass
    ds = ds / np.sqrt(h)  ->  pass
    says factor: 1.41421 times what it should be
MISTAKE gradient | Q, K | softmax Jacobian without the sum over the tokens
    ds = p * (dp - (p * dp).sum(1, keepdims=True))  ->  ds = p * dp
MISTAKE gradient | Q | query weights see the mean token, not the last one
    gQ = e[:, -1].T @ dq  ->  gQ = e.mean(1).T @ dq
"""

import numpy as np

L, h = 4, 2
d_in, d_out = L, 1
blocks = [("Q", (2, h)), ("K", (2, h)), ("V", (2, h)), ("o", (h,))]
n_params = 6 * h + h
theta = np.array([0.7, -0.4, 1.1, 0.3, -0.8, 0.5, 0.2, 0.9, 0.6, -1.0, 0.4, 0.8, 1.2, -0.7])
pos = np.array([0.5, 1.0, -0.5, -1.0])

def tokens(x):
    return np.stack([x, np.broadcast_to(pos, x.shape)], axis=-1)     # (N, L, 2)

def unpack(t):
    return [t[2 * h * i:2 * h * (i + 1)].reshape(2, h) for i in range(3)] + [t[6 * h:]]

def forward(theta, x):
    WQ, WK, WV, o = unpack(theta)
    e = tokens(x)
    q, k, v = e[:, -1] @ WQ, e @ WK, e @ WV
    s = np.einsum("nh,nlh->nl", q, k) / np.sqrt(h)
    p = np.exp(s)
    p = p / p.sum(1, keepdims=True)
    ctx = np.einsum("nl,nlh->nh", p, v)
    return e, q, k, v, p, ctx, ctx @ o

def loss(theta, x, y):
    return ((forward(theta, x)[-1] - y[:, 0]) ** 2).mean()

def gradient(theta, x, y):
    WQ, WK, WV, o = unpack(theta)
    e, q, k, v, p, ctx, f = forward(theta, x)
    d = 2 * (f - y[:, 0]) / len(x)
    dctx = np.outer(d, o)
    dv = p[:, :, None] * dctx[:, None, :]
    dp = np.einsum("nh,nlh->nl", dctx, v)
    ds = p * (dp - (p * dp).sum(1, keepdims=True))
    ds = ds / np.sqrt(h)
    dq = np.einsum("nl,nlh->nh", ds, k)
    dk = ds[:, :, None] * q[:, None, :]
    gQ = e[:, -1].T @ dq
    gK = np.einsum("nli,nlh->ih", e, dk)
    gV = np.einsum("nli,nlh->ih", e, dv)
    return np.concatenate([gQ.ravel(), gK.ravel(), gV.ravel(), d @ ctx])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
