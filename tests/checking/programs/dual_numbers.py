"""The gradient by dual numbers of one's own, one parameter after another. Unusual: own forward-
mode differentiation.

MISTAKE gradient | every block | product rule with a minus sign |
    all zeros: never written, or is a term missing?
-         return Dual(s.a * o.a, s.a * o.b + s.b * o.a)
+         return Dual(s.a * o.a, s.a * o.b - s.b * o.a)
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
    return np.array([mean_square([Dual(t, u) for t, u in zip(theta, row)], x,
            y).b.mean() for row in unit])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
