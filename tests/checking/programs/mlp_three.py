"""Three hidden layers: tanh, sigmoid, tanh; backpropagation in a loop.

MISTAKE gradient | W1, b1, W2, b2 | the sigmoid layer's derivative is skipped
-         delta = delta * slope[l](a[l + 1])
+         if l != 1: delta = delta * slope[l](a[l + 1])

MISTAKE gradient | W3 | activation applied twice to the input of layer 3
-         grads = [(a[l].T @ delta).ravel(), delta.sum(0)] + grads
+         grads = [((a[l] if l != 2 else act[0](a[2])).T @ delta).ravel(), delta.sum(0)] + grads

MISTAKE gradient | W1, b1, W2, b2 | sigmoid layer differentiated as tanh
- slope = [lambda a: 1 - a ** 2, lambda a: a * (1 - a), lambda a: 1 - a ** 2, lambda a: 1]
+ slope = [lambda a: 1 - a ** 2, lambda a: 1 - a ** 2, lambda a: 1 - a ** 2, lambda a: 1]
"""
import numpy as np

widths = [1, 4, 3, 3, 1]
d_in = d_out = 1
blocks = []
for i, (m, n) in enumerate(zip(widths, widths[1:]), 1):
    blocks += [(f"W{i}", (m, n)), (f"b{i}", (n,))]
n_params = sum(int(np.prod(s)) for _, s in blocks)
sigmoid = lambda z: 1 / (1 + np.exp(-z))
act = [np.tanh, sigmoid, np.tanh, lambda z: z]
slope = [lambda a: 1 - a ** 2, lambda a: a * (1 - a), lambda a: 1 - a ** 2, lambda a: 1]

def unflatten(theta):
    out, i = [], 0
    for _, s in blocks:
        n = int(np.prod(s))
        out.append(theta[i:i + n].reshape(s))
        i += n
    return out[::2], out[1::2]

def activations(theta, x):
    W, b = unflatten(theta)
    a = [x]
    for l in range(4):
        a.append(act[l](a[-1] @ W[l] + b[l]))
    return a

def loss(theta, x, y):
    return ((activations(theta, x)[-1] - y) ** 2).mean()

def gradient(theta, x, y):
    W, b = unflatten(theta)
    a = activations(theta, x)
    delta = 2 * (a[-1] - y) / len(x)
    grads = []
    for l in (3, 2, 1, 0):
        delta = delta * slope[l](a[l + 1])
        grads = [(a[l].T @ delta).ravel(), delta.sum(0)] + grads
        delta = delta @ W[l].T
    return np.concatenate(grads)

def hvp(theta, x, y, v):
    # complex step through the gradient
    return gradient(theta + 1e-20j * v, x, y).imag / 1e-20
