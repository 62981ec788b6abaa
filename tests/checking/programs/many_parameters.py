"""A wider network: P = 181. Unusual: 181 parameters.

MISTAKE hvp | every block | outer product of the gradient given as the Hessian
-     return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
+     g = gradient(theta, x, y)
+     return g * (g @ v)

MISTAKE hvp | every block | only the diagonal of the Hessian
- H = 60   # wider
+ H = 3
=
-     return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
+     E = np.eye(len(theta))
+     return np.array([vi * gradient(theta + 1e-20j * e, x, y)[i].imag / 1e-20 for i, (vi,
+             e) in enumerate(zip(v, E))])

MISTAKE hvp | every block | H v = g(v) with y = 0, which holds for linear models only
- H = 60   # wider
+ H = 3
=
-     return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
+     return gradient(v, x, 0 * y)

MISTAKE gradient | every block | gradient rounded to two decimals
- H = 60   # wider
+ H = 3
=
-     return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])
+     return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)]).round(2)

MISTAKE gradient | every block | inputs centred in place by the gradient: x is changed, and the
    loss does not centre |
    gradient changes an argument in place, so that θ itself
- H = 60   # wider
+ H = 3
=
- def gradient(theta, x, y):
-     W1, b1, W2, b2 = pieces(theta)
+ def gradient(theta, x, y):
+     W1, b1, W2, b2 = pieces(theta)
+     x -= x.mean(0)
"""
import numpy as np

H = 60   # wider
d_in = d_out = 1
n_params = 3 * H + 1
blocks = [("W1", (1, H)), ("b1", (H,)), ("W2", (H, 1)), ("b2", (1,))]

def pieces(t):
    return t[:H].reshape(1, H), t[H:2 * H], t[2 * H:3 * H].reshape(H, 1), t[3 * H:]

def loss(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    return ((np.tanh(x @ W1 + b1) @ W2 + b2 - y) ** 2).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = pieces(theta)
    a = np.tanh(x @ W1 + b1)
    d = 2 * (a @ W2 + b2 - y) / len(x)
    d1 = (d @ W2.T) * (1 - a ** 2)
    return np.concatenate([(x.T @ d1).ravel(), d1.sum(0), (a.T @ d).ravel(), d.sum(0)])

def hvp(theta, x, y, v):
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
