"""A GRU cell of two units over 3 steps, squared error of the last state's read-out.

MISTAKE gradient | Wz, Wr, Wn, bias | path through the update gate's carry, z * h, is missing
-         ds = ds * z + drs * r + (dz @ Wz.T)[:, 1:] + (dr @ Wr.T)[:, 1:]
+         ds = drs * r + (dz @ Wz.T)[:, 1:] + (dr @ Wr.T)[:, 1:]

MISTAKE gradient | Wz, Wr, Wn, bias | path through reset gate times state is missing
-         ds = ds * z + drs * r + (dz @ Wz.T)[:, 1:] + (dr @ Wr.T)[:, 1:]
+         ds = ds * z + (dz @ Wz.T)[:, 1:] + (dr @ Wr.T)[:, 1:]

MISTAKE gradient | Wz, Wr, Wn, bias | sign of the update gate's gradient (as for h = z n + (1 - z)
    h)
-         dz = ds * (s - n) * z * (1 - z)
+         dz = ds * (n - s) * z * (1 - z)
"""
import numpy as np

L, h = 3, 2
d_in, d_out = L, 1
blocks = [("Wz", (1 + h, h)), ("Wr", (1 + h, h)), ("Wn", (1 + h, h)), ("bias", (3, h)), ("V",
        (h, 1))]
m = (1 + h) * h
n_params = 3 * m + 3 * h + h
sig = lambda u: 1 / (1 + np.exp(-u))

def unpack(t):
    Wz, Wr, Wn, B, V = np.split(t, [m, 2 * m, 3 * m, 3 * m + 3 * h])
    return Wz.reshape(1 + h, h), Wr.reshape(1 + h, h), Wn.reshape(1 + h, h), B.reshape(3, h), \
            V.reshape(h, 1)

def run(theta, x):
    Wz, Wr, Wn, B, V = unpack(theta)
    s, tape = np.zeros((len(x), h)), []
    for t in range(L):
        xh = np.concatenate([x[:, t:t + 1], s], 1)
        z, r = sig(xh @ Wz + B[0]), sig(xh @ Wr + B[1])
        xr = np.concatenate([x[:, t:t + 1], r * s], 1)
        n = np.tanh(xr @ Wn + B[2])
        tape.append((s, xh, z, r, xr, n))
        s = (1 - z) * n + z * s
    return tape, s, s @ V

def loss(theta, x, y):
    return ((run(theta, x)[2] - y) ** 2).mean()

def gradient(theta, x, y):
    Wz, Wr, Wn, B, V = unpack(theta)
    tape, last, f = run(theta, x)
    e = 2 * (f - y) / len(x)
    gz = gr = gn = gB = 0
    ds = e @ V.T
    for s, xh, z, r, xr, n in tape[::-1]:
        dn = ds * (1 - z) * (1 - n ** 2)
        dz = ds * (s - n) * z * (1 - z)
        drs = (dn @ Wn.T)[:, 1:]
        dr = drs * s * r * (1 - r)
        gz, gr, gn = gz + xh.T @ dz, gr + xh.T @ dr, gn + xr.T @ dn
        gB = gB + np.stack([dz.sum(0), dr.sum(0), dn.sum(0)])
        ds = ds * z + drs * r + (dz @ Wz.T)[:, 1:] + (dr @ Wr.T)[:, 1:]
    return np.concatenate([g.ravel() for g in (gz, gr, gn, gB, last.T @ e)])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
