"""Unusual: the gradient by dual numbers of one's own.

MISTAKE gradient | all | product rule with a minus sign
    s.a * o.b + s.b * o.a)  ->  s.a * o.b - s.b * o.a)
    says zero: all zeros
"""

import numpy as np

class Dual:
    def __init__(self, a, b=0.0): self.a, self.b = a, b
    def __add__(s, o): o = o if isinstance(o, Dual) else Dual(o); return Dual(s.a + o.a, s.b + o.b)
    __radd__ = __add__
    def __sub__(s, o): return s + (-1.0) * (o if isinstance(o, Dual) else Dual(o))
    def __mul__(s, o):
        o = o if isinstance(o, Dual) else Dual(o)
        return Dual(s.a * o.a, s.a * o.b + s.b * o.a)
    __rmul__ = __mul__
    def tanh(s): t = np.tanh(s.a); return Dual(t, (1 - t * t) * s.b)

n_params, d_in, d_out = 4, 1, 1
blocks = [("w", (2,)), ("o", (2,))]

def mean_square(p, x, y):
    x, y = x[:, 0], y[:, 0]
    e = (p[0] * Dual(x)).tanh() * p[2] + (p[1] * Dual(x)).tanh() * p[3] - Dual(y)
    return e * e

def loss(theta, x, y):
    return mean_square([Dual(t) for t in theta], x, y).a.mean()

def gradient(theta, x, y):
    unit = np.eye(n_params)
    duals = [list(map(Dual, theta, row)) for row in unit]
    return np.array([mean_square(p, x, y).b.mean() for p in duals])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
