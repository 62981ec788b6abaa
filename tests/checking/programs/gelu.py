"""GELU in the tanh approximation, one hidden layer.

MISTAKE gradient | W1, b1 | derivative of z^3 taken as z^2: the 3 is missing
-     inner = c * (1 + 3 * 0.044715 * z ** 2)
+     inner = c * (1 + 0.044715 * z ** 2)

MISTAKE gradient | W1, b1 | second term of the product rule dropped
-     return 0.5 * (1 + t) + 0.5 * z * (1 - t ** 2) * inner
+     return 0.5 * (1 + t)
"""
import numpy as np

d_in = d_out = 1
h = 5
n_params = 3 * h + 1
blocks = [("W1", (1, h)), ("b1", (h,)), ("W2", (h, 1)), ("b2", (1,))]
c = np.sqrt(2 / np.pi)

def gelu(z):
    return 0.5 * z * (1 + np.tanh(c * (z + 0.044715 * z ** 3)))

def gelu_prime(z):
    t = np.tanh(c * (z + 0.044715 * z ** 3))
    inner = c * (1 + 3 * 0.044715 * z ** 2)
    return 0.5 * (1 + t) + 0.5 * z * (1 - t ** 2) * inner

def params(theta):
    return theta[:h][None], theta[h:2 * h], theta[2 * h:-1][:, None], theta[-1:]

def loss(theta, x, y):
    W1, b1, W2, b2 = params(theta)
    return ((gelu(x @ W1 + b1) @ W2 + b2 - y) ** 2).mean()

def gradient(theta, x, y):
    W1, b1, W2, b2 = params(theta)
    z = x @ W1 + b1
    g = 2 / len(x) * (gelu(z) @ W2 + b2 - y)
    gz = (g @ W2.T) * gelu_prime(z)
    return np.concatenate([(x * gz).sum(0), gz.sum(0), (gelu(z) * g).sum(0), g.sum(0)])

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
