"""The least that NumPy can do: one-step MAML written out for one network, 1-n-n-1 with ReLU.

The same operations as in one_step.py, without loops over layers, choices, checks or names for what
others should understand: so few calls of NumPy that what is left is NumPy's own time.  run.py
measures it beside the library: the difference is what being general costs, and no NumPy program
that we know is faster.
"""

import numpy as np


def bare(n, theta, x, y, x_, y_, alpha):
    """The mean query loss and the exact meta-gradient (P,), one step; x, y, x_, y_ (T, K, 1)."""
    T, K, _ = x.shape
    dtype, rows = theta.dtype, T * K
    W1, W2 = theta[:2 * n].reshape(2, n), theta[2 * n:-n - 1].reshape(n + 1, n)
    W3 = theta[-n - 1:].reshape(n + 1, 1)
    W2t, W3t = W2[:-1].T, W3[:-1].T
    a0 = np.empty((T, K, 2), dtype)
    a0[..., :1], a0[..., 1:] = x, 1
    A0 = a0.reshape(rows, 2)
    z = np.dot(A0, W1)
    s1 = (z > 0).astype(dtype)
    A1 = np.empty((rows, n + 1), dtype)
    np.multiply(z, s1, A1[:, :-1])
    A1[:, -1] = 1
    z = np.dot(A1, W2)
    s2 = (z > 0).astype(dtype)
    A2 = np.empty((rows, n + 1), dtype)
    np.multiply(z, s2, A2[:, :-1])
    A2[:, -1] = 1
    D3 = np.dot(A2, W3)
    D3 -= y.reshape(rows, 1)
    D3 *= 2 / K
    D2 = np.dot(D3, W3t)
    D2 *= s2
    D1 = np.dot(D2, W2t)
    D1 *= s1
    a1, a2, d1 = A1.reshape(T, K, n + 1), A2.reshape(T, K, n + 1), D1.reshape(T, K, n)
    d2, d3 = D2.reshape(T, K, n), D3.reshape(T, K, 1)
    U1 = np.matmul(a0.swapaxes(1, 2), d1)
    U1 *= -alpha
    U1 += W1
    U3 = np.matmul(a2.swapaxes(1, 2), d3)
    U3 *= -alpha
    U3 += W3
    b0 = np.empty((T, K, 2), dtype)
    b0[..., :1], b0[..., 1:] = x_, 1
    z = np.matmul(b0, U1)
    r1 = (z > 0).astype(dtype)
    b1 = np.empty((T, K, n + 1), dtype)
    np.multiply(z, r1, b1[..., :-1])
    b1[..., -1] = 1
    B1 = b1.reshape(rows, n + 1)
    z = np.dot(B1, W2).reshape(T, K, n)
    G = np.matmul(b1, a1.swapaxes(1, 2))
    G *= -alpha
    z += np.matmul(G, d2)
    r2 = (z > 0).astype(dtype)
    b2 = np.empty((T, K, n + 1), dtype)
    np.multiply(z, r2, b2[..., :-1])
    b2[..., -1] = 1
    e3 = np.matmul(b2, U3)
    e3 -= y_
    loss = (e3 * e3).sum() / (T * K)
    e3 *= 2 / K
    e2 = e3 * U3[:, :-1].swapaxes(1, 2)
    e2 *= r2
    E2 = e2.reshape(rows, n)
    F = np.matmul(e2, d2.swapaxes(1, 2))
    F *= -alpha
    e1 = np.dot(E2, W2t).reshape(T, K, n)
    e1 += np.matmul(F, a1[..., :-1])
    e1 *= r1
    total = np.empty(theta.size, dtype)
    t1, t2 = total[:2 * n].reshape(2, n), total[2 * n:-n - 1].reshape(n + 1, n)
    t3 = total[-n - 1:].reshape(n + 1, 1)
    np.dot(b0.reshape(rows, 2).T, e1.reshape(rows, n), t1)
    np.dot(B1.T, E2, t2)
    np.dot(b2.reshape(rows, n + 1).T, e3.reshape(rows, 1), t3)
    V1 = np.matmul(b0.swapaxes(1, 2), e1)
    V1 *= -alpha
    V3 = np.matmul(b2.swapaxes(1, 2), e3)
    V3 *= -alpha
    Z1 = np.matmul(a0, V1).reshape(rows, n)
    Z1 *= s1
    Z2 = np.matmul(G.swapaxes(1, 2), e2).reshape(rows, n)
    Z2 += np.dot(Z1, W2[:-1])
    Z2 *= s2
    H3 = np.matmul(a2, V3).reshape(rows, 1)
    H3 += np.dot(Z2, W3[:-1])
    H3 *= 2 / K
    H2 = np.dot(H3, W3t)
    H2 += (d3 * V3[:, :-1].swapaxes(1, 2)).reshape(rows, n)
    H2 *= s2
    H1 = np.dot(H2, W2t)
    H1 += np.matmul(F.swapaxes(1, 2), b1[..., :-1]).reshape(rows, n)
    H1 *= s1
    t1 += np.dot(A0.T, H1)
    t2 += np.dot(A1.T, H2)
    t2[:-1] += np.dot(Z1.T, D2)
    t3 += np.dot(A2.T, H3)
    t3[:-1] += np.dot(Z2.T, D3)
    return loss, total / T
